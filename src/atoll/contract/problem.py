"""Problems: the answers of an operation that are not its result. Exceptions here, RFC 9457 on the wire.

The same class is raised by the handler and, with equal fields, at the caller, wherever the two are placed.
"""

import functools
import inspect
import string
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

import msgspec

from atoll.contract.names import snake_case, words
from atoll.contract.shape import is_personal
from atoll.kernel import AtollError

P = TypeVar("P", bound="Problem")

RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "retryable", "trace_id"})
"""Members of a problem on the wire that a class's own fields cannot be called."""

MEDIA_TYPE = "application/problem+json"


@dataclass_transform(kw_only_default=True)
class Problem(AtollError):
    """An answer that is not the result: an exception with typed, keyword-only fields.

    `status` is the HTTP status (400 to 599), `code` the stable name (the class's name in snake_case unless given),
    `retryable` whether the same call can succeed later, `detail` a sentence with fields in braces. The title is the
    docstring's first line.

    >>> class ScoreNotFound(Problem, status=404, detail="lead {lead_id} has no score yet: post it to /scores first"):
    ...     '''There is no such score.'''
    ...     lead_id: str
    >>> problem = ScoreNotFound(lead_id="7")
    >>> problem.code, problem.status, str(problem)
    ('score_not_found', 404, 'lead 7 has no score yet: post it to /scores first')
    """

    status: ClassVar[int] = 500
    template: ClassVar[str | None] = None
    trace_id: ClassVar[str | None] = None
    """The trace in which it was answered; set on the instance that arrives at a caller."""
    arrived: ClassVar[bool] = False
    """Whether it came as the answer to a call, rather than being raised here."""

    def __init_subclass__(
        cls, *, status: int | None = None, code: str | None = None, retryable: bool = False, detail: str | None = None
    ) -> None:
        super().__init_subclass__()
        cls.code = code or snake_case(cls.__name__)
        cls.status = cls.status if status is None else status
        cls.retryable = retryable
        cls.template = detail

    def __init__(self, **fields: object) -> None:
        record = fields_of(type(self))
        try:
            values = record(**fields)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None
        for name in record.__struct_fields__:
            setattr(self, name, getattr(values, name))
        super().__init__()

    @classmethod
    def title(cls) -> str:
        """What people read first: one sentence for all problems of this class."""
        own = cls.__dict__.get("__doc__")
        return inspect.cleandoc(own).splitlines()[0] if own else words(cls.__name__).capitalize() + "."

    def fields(self) -> dict[str, object]:
        """The problem's own fields."""
        return {name: getattr(self, name) for name in fields_of(type(self)).__struct_fields__}

    def __str__(self) -> str:
        shown = {name: "***" if name in _personal(type(self)) else value for name, value in self.fields().items()}
        if self.template is not None:
            return string.Formatter().vformat(self.template, (), shown)
        return ", ".join([self.title().rstrip("."), *(f"{name}={value!r}" for name, value in shown.items())])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Problem) and other.fields() == self.fields()

    def __hash__(self) -> int:
        return hash((type(self), str(self)))

    def __reduce__(self) -> tuple[Any, ...]:  # Any: pickle's protocol
        return (_restore, (type(self), self.fields(), self.__dict__.get("trace_id"), self.arrived))


def _restore(kind: type[P], fields: dict[str, object], trace_id: str | None, arrived: bool) -> P:
    problem = kind(**fields)
    if trace_id is not None:
        problem.__dict__["trace_id"] = trace_id
    if arrived:
        problem.__dict__["arrived"] = True
    return problem


@functools.cache
def fields_of(kind: type[Problem]) -> type[msgspec.Struct]:
    """The problem's fields as a record, which carries them over the wire."""
    fields: list[tuple[str, Any, Any]] = []  # Any: type expressions and defaults
    for owner in reversed(kind.__mro__):
        if not issubclass(owner, Problem) or owner is Problem:
            continue
        for name, hint in inspect.get_annotations(owner, eval_str=True).items():
            if getattr(hint, "__origin__", hint) is ClassVar:
                continue
            default = owner.__dict__.get(name, msgspec.NODEFAULT)
            fields.append((name, hint, default))
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, frozen=True, module=kind.__module__)


@functools.cache
def _personal(kind: type[Problem]) -> frozenset[str]:
    record = fields_of(kind)
    return frozenset(field.name for field in msgspec.structs.fields(record) if is_personal(field.type))


class _Head(msgspec.Struct):
    """The members that every problem has on the wire."""

    code: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
    retryable: bool = False
    trace_id: str | None = None


def to_wire(problem: Problem, trace_id: str | None) -> bytes:
    """The problem as RFC 9457 JSON; its fields are members beside the standard ones."""
    body: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title(),
        "status": problem.status,
        "detail": str(problem),
        "code": problem.code,
        "retryable": problem.retryable,
    }
    if trace_id is not None:
        body["trace_id"] = trace_id
    return msgspec.json.encode(body | problem.fields())


def from_wire(data: bytes, known: dict[str, type[Problem]], unknown: type["Problem"]) -> Problem:
    """The problem in an answer, as the class that was raised when its code is known here.

    A code from a later minor version, and a body that is no problem at all (a proxy's page), become `unknown`, whose
    fields are `original_code`, `original_status` and `message`.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
    except ValueError:
        head = _Head()
    problem: Problem | None = None
    if (kind := known.get(head.code)) is not None:
        try:
            record = msgspec.json.decode(data, type=fields_of(kind))
            problem = kind(**{name: getattr(record, name) for name in record.__struct_fields__})
        except (ValueError, TypeError):
            problem = None
    if problem is None:
        message = head.detail or head.title or data[:200].decode(errors="replace")
        problem = cast(Any, unknown)(original_code=head.code, original_status=head.status, message=message)
    problem.__dict__["arrived"] = True
    if head.trace_id is not None:
        problem.__dict__["trace_id"] = head.trace_id
    return problem
