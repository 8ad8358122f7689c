"""Problems: the answers of an operation that are not its result. Exceptions here, RFC 9457 on the wire (see `wire`).

The same class is raised by the handler and, with equal fields, at the caller, wherever the two are placed.
"""

import inspect
from typing import Any, ClassVar, TypeVar, dataclass_transform

import msgspec

from atoll.contract.names import snake_case, words
from atoll.contract.personal import shown
from atoll.contract.record import origin_of
from atoll.kernel import AtollError

P = TypeVar("P", bound="Problem")


@dataclass_transform(kw_only_default=True, eq_default=False)  # it has its own
class Problem(AtollError):
    """An answer that is not the result: an exception with typed, keyword-only fields.

    `status` is the HTTP status (400 to 599), `code` the stable name (the class's name in snake_case unless given),
    `retryable` whether the same call can succeed later, `detail` a sentence with fields in braces. What a class does
    not say is what the class it derives from says, but for the code. The title is the docstring's first line.

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
        cls,
        *,
        status: int | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init_subclass__()
        cls.code = code or snake_case(cls.__name__)
        cls.status = cls.status if status is None else status
        cls.retryable = cls.retryable if retryable is None else retryable
        cls.template = cls.template if detail is None else detail

    def __init__(self, **fields: object) -> None:
        try:
            values = fields_of(type(self))(**fields)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None
        for name in values.__struct_fields__:
            setattr(self, name, getattr(values, name))
        super().__init__()

    @classmethod
    def title(cls) -> str:
        """What people read first: one sentence for all problems of this class."""
        own = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
        return own.splitlines()[0] if own else words(cls.__name__).capitalize() + "."

    def fields(self) -> dict[str, object]:
        """The problem's own fields."""
        return {name: getattr(self, name) for name in fields_of(type(self)).__struct_fields__}

    def __str__(self) -> str:
        contents = dict(shown(fields_of(type(self))(**self.fields())))
        if self.template is not None:
            try:
                return self.template.format_map(contents)
            except (LookupError, ValueError, TypeError, AttributeError):
                pass  # told as a mistake of the contract; whoever meets it nevertheless gets the sentence below
        return ", ".join([self.title().rstrip("."), *(f"{name}={content!r}" for name, content in contents.items())])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and type(other) is type(self) and other.fields() == self.fields()

    def __hash__(self) -> int:
        return hash((type(self), str(self)))

    def __reduce__(self) -> tuple[Any, ...]:  # Any: pickle's protocol
        fields = self.fields()
        rest = {name: content for name, content in self.__dict__.items() if name not in fields}
        return _restore, (type(self), fields), rest


def _restore(kind: type[P], fields: dict[str, object]) -> P:
    return kind(**fields)


RESERVED = frozenset(
    {"type", "title", "status", "detail", "instance", "code", "retryable", "trace_id"} | set(dir(Problem))
)
"""What a class's own fields cannot be called: members of a problem on the wire, and attributes of every problem."""


def fields_of(kind: type[Problem]) -> type[msgspec.Struct]:
    """The problem's fields as a record, which carries them over the wire."""
    record = _records.get(kind)
    if record is None:
        record = _records[kind] = msgspec.defstruct(
            kind.__name__, _declared_fields(kind), kw_only=True, frozen=True, module=kind.__module__
        )
        record.__qualname__ = kind.__qualname__
    return record


_records: dict[type[Problem], type[msgspec.Struct]] = {}


def _declared_fields(kind: type[Problem]) -> list[tuple[str, Any, Any]]:  # Any: type expressions and defaults
    fields: dict[str, tuple[str, Any, Any]] = {}  # Any: as above
    for owner in reversed(kind.__mro__):
        if not issubclass(owner, Problem) or owner is Problem:
            continue
        for name, hint in inspect.get_annotations(owner, eval_str=True).items():
            if (origin_of(hint) or hint) is not ClassVar:
                fields[name] = (name, hint, owner.__dict__.get(name, msgspec.NODEFAULT))
    return list(fields.values())
