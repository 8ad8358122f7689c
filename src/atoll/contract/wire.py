"""Problems on the wire: RFC 9457 JSON, with the problem's own fields beside the standard members."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from atoll.contract.problem import Problem, fields_of
from atoll.contract.problems import UnknownProblem

P = TypeVar("P", bound=Problem)

MEDIA_TYPE = "application/problem+json"


class _Head(msgspec.Struct):
    """The members that every problem has."""

    code: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
    retryable: bool = False
    trace_id: str | None = None


def to_wire(problem: Problem, trace_id: str | None) -> bytes:
    """The problem as JSON. Never fails: fields without JSON are left out, so that its caller has the sentence alone."""
    head: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title(),
        "status": problem.status,
        "detail": _sentence(problem),
        "code": problem.code,
        "retryable": problem.retryable,
    }
    if trace_id is not None:
        head["trace_id"] = trace_id
    try:
        return msgspec.json.encode(head | problem.fields())
    except (TypeError, ValueError, OverflowError, RecursionError):
        return msgspec.json.encode(head)


def _sentence(problem: Problem) -> str:
    try:
        return str(problem).encode(errors="backslashreplace").decode()
    except ValueError:  # a number with more digits than Python turns into text
        return problem.title()


def from_wire(
    data: bytes,
    known: Mapping[str, type[Problem]],
    unknown: type[UnknownProblem] = UnknownProblem,
    *,
    status: int = 0,
) -> Problem:
    """The problem in an answer, as the class that was raised when its code is known here.

    A code from a later minor version, and a body that is no problem at all (a proxy's page), become `UnknownProblem`,
    which is retryable where the answer says so; `status` is that of the answer, for a body that does not say it.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (ValueError, RecursionError):
        head = _Head()
    problem = _known(data, known.get(head.code))
    if problem is None:
        message = head.detail or head.title or " ".join(data[:200].decode(errors="replace").split())
        problem = unknown(original_code=head.code, original_status=head.status or status, message=message)
        problem.__dict__["retryable"] = head.retryable
    arrived(problem)
    if head.trace_id is not None:
        problem.__dict__["trace_id"] = head.trace_id
    return problem


def arrived(problem: P) -> P:
    """The problem, marked as what a call came to: a handler that lets it pass has failed, not judged its own caller."""
    problem.__dict__["arrived"] = True
    return problem


def _known(data: bytes, kind: type[Problem] | None) -> Problem | None:
    if kind is None:
        return None
    try:
        record = msgspec.json.decode(data, type=fields_of(kind))
    except (ValueError, OverflowError, RecursionError):
        return None
    return kind(**{name: getattr(record, name) for name in record.__struct_fields__})
