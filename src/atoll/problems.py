"""The platform's own problems: what any operation can answer with, beside what its contract lists.

Those that services raise and catch most are in `atoll` too.
"""

from atoll.contract import (
    AnswerErased,
    BrokenContract,
    DeadlineExceeded,
    Forbidden,
    InternalError,
    InvalidInput,
    KeyNotKept,
    KeyReused,
    MethodNotAllowed,
    NoSuchOperation,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Undecided,
    UnknownProblem,
    UnsupportedMediaType,
)

__all__ = [
    "AnswerErased",
    "BrokenContract",
    "DeadlineExceeded",
    "Forbidden",
    "InternalError",
    "InvalidInput",
    "KeyNotKept",
    "KeyReused",
    "MethodNotAllowed",
    "NoSuchOperation",
    "Overloaded",
    "PayloadTooLarge",
    "RateLimited",
    "Unauthenticated",
    "Unavailable",
    "Undecided",
    "UnknownProblem",
    "UnsupportedMediaType",
]
