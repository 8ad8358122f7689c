"""The platform's own problems: any operation can answer with one of these, so contracts do not list them.

Problem
├── InvalidInput           422  what was sent does not fit the contract
├── KeyReused              422  the idempotency key belongs to another request
├── KeyNotKept             400  the operation cannot promise to be done once
├── Unauthenticated        401  nobody knows who asks
├── Forbidden              403  it is known who asks, and they may not
├── NoSuchOperation        404  nothing is served at this path
├── MethodNotAllowed       405  the path is served, not by this method
├── AnswerErased           410  it was done, and what was answered is no longer kept
├── PayloadTooLarge        413  the body is longer than is taken here
├── UnsupportedMediaType   415  the body is not JSON
├── RateLimited            429  somebody asks too often
├── Undecided              500  nobody knows whether it took place
├── InternalError          500  the handler failed; the trace leads to why
├── BrokenContract         502  the answer does not fit the contract
├── UnknownProblem         502  the answer is a problem that this version does not know
├── Unavailable            503  the service cannot answer now
│   └── Overloaded         503  it has more to do than it can
└── DeadlineExceeded       504  there was no answer in time
"""

from atoll.contract.faults import Fault
from atoll.contract.problem import Problem


class InvalidInput(Problem, status=422):
    """The input does not fit the contract."""

    errors: tuple[Fault, ...]

    def __str__(self) -> str:
        said = "; ".join(f"{fault.place} {fault.pointer or '(the whole)'}: {fault.detail}" for fault in self.errors)
        return f"the input does not fit the contract: {said}"


class Unauthenticated(Problem, status=401, detail="{reason}"):
    """Nobody knows who asks."""

    reason: str


class Forbidden(Problem, status=403, detail="{reason}"):
    """The caller may not do this."""

    reason: str


class NoSuchOperation(Problem, status=404, detail="nothing is served at {path}"):
    """There is no such operation."""

    path: str


class MethodNotAllowed(Problem, status=405, detail="{path} does not take {method}; it takes {allowed}"):
    """The path is served, but not by this method."""

    path: str
    method: str
    allowed: str


class AnswerErased(
    Problem,
    status=410,
    detail="{operation} was done under this idempotency key, and its answer was erased with the data it was about",
):
    """The answer is no longer kept, because the data of its subject was erased."""

    operation: str


class PayloadTooLarge(Problem, status=413, detail="the body has more than {limit_bytes} bytes: send less at a time"):
    """The body is too long."""

    limit_bytes: int


class UnsupportedMediaType(Problem, status=415, detail="send the body as application/json, not as {media_type}"):
    """The body is not JSON."""

    media_type: str


class RateLimited(
    Problem,
    status=429,
    retryable=True,
    detail="more than {per_s} requests a second: ask again in {retry_after_s} s",
):
    """Somebody asks too often."""

    per_s: float
    retry_after_s: float


class InternalError(Problem, status=500, detail="{operation} failed; its service's log says why, under this trace id"):
    """The service failed."""

    operation: str


class BrokenContract(Problem, status=502):
    """The answer does not fit the contract."""

    operation: str
    errors: tuple[Fault, ...]

    def __str__(self) -> str:
        said = "; ".join(f"{fault.pointer or '(the whole)'}: {fault.detail}" for fault in self.errors)
        return f"the answer of {self.operation} does not fit its contract: {said}"


class UnknownProblem(Problem, status=502):
    """The answer is a problem that this version does not know."""

    original_code: str
    original_status: int
    message: str

    def __str__(self) -> str:
        said = self.original_code or "an answer that is no problem of Atoll's"
        return f"{said} (status {self.original_status}): {self.message}"


class KeyNotKept(
    Problem, status=400, detail="{operation} keeps no answers, so that asking twice may do it twice: send no key"
):
    """The request has an idempotency key, and the operation cannot promise to be done once."""

    operation: str


class KeyReused(Problem, status=422, detail="the idempotency key was used before, for another request: make a new one"):
    """The idempotency key belongs to another request."""

    operation: str


class Undecided(
    Problem,
    status=500,
    code="outcome_unknown",
    detail="whether {operation} took place is not known: look, or ask again under the same idempotency key",
):
    """The database went away in the middle of the commit."""

    operation: str


class Unavailable(Problem, status=503, retryable=True, detail="{service} cannot answer now: {reason}"):
    """The service cannot answer now."""

    service: str
    reason: str


class Overloaded(Unavailable, code="overloaded", detail="{service} has more to do than it can: {reason}"):
    """The service has more to do than it can."""


class DeadlineExceeded(Problem, status=504, retryable=True, detail="{operation} did not answer in time"):
    """There was no answer in time."""

    operation: str


PLATFORM_PROBLEMS: dict[str, type[Problem]] = {
    problem.code: problem
    for problem in (
        InvalidInput,
        Unauthenticated,
        Forbidden,
        NoSuchOperation,
        MethodNotAllowed,
        AnswerErased,
        PayloadTooLarge,
        UnsupportedMediaType,
        RateLimited,
        InternalError,
        BrokenContract,
        UnknownProblem,
        KeyNotKept,
        KeyReused,
        Undecided,
        Unavailable,
        Overloaded,
        DeadlineExceeded,
    )
}
"""By code: what every caller can read, whatever the contract lists."""
