"""What an answer says about the service that was called: whether it can answer at all."""

from atoll.calls.ports import Again, Response
from atoll.contract import DeadlineExceeded, Operation, Overloaded, Problem, Unavailable, UnknownProblem, from_wire
from atoll.resilience import Fared

_OUT_OF_REACH = (502, 503, 504)


def problem_of(operation: Operation, body: bytes, status: int) -> Problem:
    """The problem in an answer, as the class that its contract has for it."""
    return from_wire(body, operation.problems, status=status)


def is_out_of_reach(operation: Operation, response: Response) -> bool:
    """Whether the service could not answer, or not in time: a declared problem of the same status is an answer."""
    if response.status not in (Unavailable.status, DeadlineExceeded.status):
        return False
    return isinstance(problem_of(operation, response.body, response.status), Unavailable | DeadlineExceeded)


def fared(operation: Operation, response: Response) -> Fared:
    """How a service has fared that gave this answer.

    A failure within a handler (500) is an answer: it hides no outage, and leaving the service alone would not mend it.
    """
    if response.status not in _OUT_OF_REACH:
        return Fared.WELL
    problem = problem_of(operation, response.body, response.status)
    if isinstance(problem, UnknownProblem):  # a proxy before it, or a stranger: 502 and 504 say what ours do
        return Fared.FAILED
    if not isinstance(problem, Unavailable | DeadlineExceeded):
        return Fared.WELL
    if isinstance(problem, Overloaded):
        return Fared.SHED if response.again is Again.ANYWAY else Fared.UNKNOWN
    return Fared.UNKNOWN if response.again is Again.NO else Fared.FAILED


def may_be_sent_again(operation: Operation, response: Response, how: Fared) -> bool:
    """Whether a request may be sent again after this answer: nothing is done twice that must be done once."""
    if how not in (Fared.FAILED, Fared.SHED) or response.again is Again.NO:
        return False
    return response.again is Again.ANYWAY or operation.is_idempotent
