"""What services promise each other: values, events, problems, operations, contracts. Pure: no input or output."""

from atoll.contract.arguments import Argument, Place
from atoll.contract.asyncapi import Subscriber, asyncapi
from atoll.contract.blanking import blanked, masked
from atoll.contract.codec import Codec, codec_of
from atoll.contract.compiling import compile_operation, raw_operation
from atoll.contract.contract import (
    Contract,
    compile_contract,
    contract,
    contract_of,
    contracts_of,
    is_contract,
    publishers_of,
    service_of,
)
from atoll.contract.described import Described
from atoll.contract.document import also_publishing, contract_from_document
from atoll.contract.event import Event, event_key, event_name, key_of
from atoll.contract.faults import Fault, Invalid
from atoll.contract.fitness import unfit
from atoll.contract.names import snake_case, words
from atoll.contract.openapi import openapi
from atoll.contract.operation import Encoded, Operation, Query, ResultForm, Words
from atoll.contract.problem import Problem
from atoll.contract.problems import (
    PLATFORM_PROBLEMS,
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
from atoll.contract.raw_body import RawBody
from atoll.contract.value import Choice, Page, Personal, Value
from atoll.contract.verbs import Deprecation, declared_of, delete, get, patch, post, put
from atoll.contract.wire import MEDIA_TYPE, arrived, from_wire, to_wire

__all__ = [
    "MEDIA_TYPE",
    "PLATFORM_PROBLEMS",
    "AnswerErased",
    "Argument",
    "BrokenContract",
    "Choice",
    "Codec",
    "Contract",
    "DeadlineExceeded",
    "Deprecation",
    "Described",
    "Encoded",
    "Event",
    "Fault",
    "Forbidden",
    "InternalError",
    "Invalid",
    "InvalidInput",
    "KeyNotKept",
    "KeyReused",
    "MethodNotAllowed",
    "NoSuchOperation",
    "Operation",
    "Overloaded",
    "Page",
    "PayloadTooLarge",
    "Personal",
    "Place",
    "Problem",
    "Query",
    "RateLimited",
    "RawBody",
    "ResultForm",
    "Subscriber",
    "Unauthenticated",
    "Unavailable",
    "Undecided",
    "UnknownProblem",
    "UnsupportedMediaType",
    "Value",
    "Words",
    "also_publishing",
    "arrived",
    "asyncapi",
    "blanked",
    "codec_of",
    "compile_contract",
    "compile_operation",
    "contract",
    "contract_from_document",
    "contract_of",
    "contracts_of",
    "declared_of",
    "delete",
    "event_key",
    "event_name",
    "from_wire",
    "get",
    "is_contract",
    "key_of",
    "masked",
    "openapi",
    "patch",
    "post",
    "publishers_of",
    "put",
    "raw_operation",
    "service_of",
    "snake_case",
    "to_wire",
    "unfit",
    "words",
]
