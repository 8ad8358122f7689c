"""The shape of a type: one view of every type a contract may use, from which all checks are made.

Type expressions come in many spellings (`X | None`, `Annotated`, aliases, dataclasses, generics). `shape_of` reads
each once; validation, edge checks, masking and the search for types that cannot travel all walk the result.
"""

import dataclasses
import datetime
import decimal
import enum
import functools
import types
import typing
import uuid
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

PERSONAL = msgspec.Meta(extra_json_schema={"x-personal": True}, extra={"personal": True})
"""The mark behind `Personal`: msgspec carries it into JSON Schema."""

SCALARS: frozenset[type] = frozenset(
    {bool, int, float, str, bytes, decimal.Decimal, uuid.UUID}
    | {datetime.datetime, datetime.date, datetime.time, datetime.timedelta}
)
"""Plain types that travel as one JSON value and, in a path or a query, as one word."""

Kind = Any  # a type expression; Python has no type for those before 3.14


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain value (also None and `Literal`)."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Words:
    """A `Choice`."""

    kind: type[enum.Enum]

    @property
    def known(self) -> frozenset[str]:
        """The words that this version knows."""
        return frozenset(str(member.value) for member in self.kind)


@dataclass(frozen=True, slots=True)
class Items:
    """A list, set or tuple of any length, of one kind."""

    kind: Kind
    item: Kind


@dataclass(frozen=True, slots=True)
class Positions:
    """A tuple of a fixed length."""

    kind: Kind
    items: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary."""

    kind: Kind
    key: Kind
    value: Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record; `name` is the one on the wire."""

    name: str
    kind: Kind
    required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A Value, dataclass, TypedDict or NamedTuple with its fields; `tag` is the (field, word) that tells it in a union."""

    kind: Kind
    fields: tuple[Field, ...]
    tag: tuple[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Union_:
    """One of several kinds."""

    kind: Kind
    options: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A Pydantic model: travels as a whole argument or result, checked by Pydantic."""

    kind: type


@dataclass(frozen=True, slots=True)
class Unfit:
    """A type that cannot travel, and why."""

    kind: Kind
    why: str


Shape = Scalar | Words | Items | Positions | Table | Record | Union_ | Model | Unfit


def shape_of(kind: Kind) -> Shape:
    """The shape of a type expression. Never raises: what cannot travel is `Unfit`."""
    bare = _bare(kind)
    try:
        return _shape_of(bare)
    except TypeError:  # not hashable
        return Unfit(kind, "it is not a type")


def _bare(kind: Kind) -> Kind:
    """The type without `Annotated`, `NewType` and `type X = ...`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif hasattr(kind, "__supertype__"):
            kind = kind.__supertype__
        elif type(kind).__name__ == "TypeAliasType":
            kind = kind.__value__
        else:
            return kind


@functools.cache
def _shape_of(kind: Kind) -> Shape:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is None or kind is type(None) or kind in SCALARS or origin is Literal:
        return Scalar(type(None) if kind is None else kind)
    if origin in (Union, types.UnionType):
        return Union_(kind, arguments)
    if isinstance(kind, typing.TypeVar):
        return Unfit(kind, "a type variable is not filled in")
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return Positions(kind, arguments)
    container = origin if isinstance(origin, type) else kind
    if isinstance(container, type) and not _is_record(container):
        if issubclass(container, (list, set, frozenset, tuple)) or container in (Sequence, Set):
            if not arguments:
                return Unfit(kind, f"`{container.__name__}` does not say of what: write `{container.__name__}[str]` or so")
            return Items(kind, arguments[0])
        if issubclass(container, dict) or container is Mapping:
            if len(arguments) != 2:
                return Unfit(kind, "`dict` does not say of what: write `dict[str, int]` or so")
            return Table(kind, arguments[0], arguments[1])
    return _class_shape(kind, container)


def _class_shape(kind: Kind, container: Kind) -> Shape:
    if kind is Any or kind is object:
        return Unfit(kind, f"`{getattr(kind, '__name__', kind)}` promises nothing: name a type")
    if not isinstance(container, type):
        return Unfit(kind, f"`{kind}` cannot travel as JSON")
    if issubclass(container, enum.Enum):
        if not issubclass(container, str) or "UNKNOWN" not in container.__members__ or not _opens(container):
            return Unfit(kind, f"`{container.__name__}` could never learn a new member: "
                               "derive it from `atoll.Choice` and give it `UNKNOWN = \"unknown\"`")
        return Words(container)
    if hasattr(container, "__pydantic_core_schema__") and hasattr(container, "model_validate_json"):
        return Model(container)
    if _is_record(container):
        try:
            return _record(kind, container)
        except (NameError, TypeError) as error:
            return Unfit(kind, f"the fields of `{container.__name__}` cannot be read: {error}")
    return Unfit(kind, f"`{container.__name__}` cannot travel as JSON: make it a `Value`, or send what it holds")


def _opens(words: type[enum.Enum]) -> bool:
    return words._missing_.__func__ is not enum.Enum._missing_.__func__  # type: ignore[attr-defined]  # classmethods


def _is_record(container: type) -> bool:
    return (
        issubclass(container, msgspec.Struct)
        or dataclasses.is_dataclass(container)
        or typing.is_typeddict(container)
        or (issubclass(container, tuple) and hasattr(container, "_fields"))
    )


def _record(kind: Kind, container: type) -> Record:
    if issubclass(container, msgspec.Struct):
        config = container.__struct_config__
        tag = (config.tag_field or "type", config.tag) if config.tag is not None else None
        found = msgspec.structs.fields(kind)
        return Record(kind, tuple(Field(field.encode_name, field.type, field.required) for field in found), tag)
    hints = typing.get_type_hints(container, include_extras=True)
    if dataclasses.is_dataclass(container):
        missing = dataclasses.MISSING
        return Record(kind, tuple(
            Field(field.name, hints[field.name], field.default is missing and field.default_factory is missing)
            for field in dataclasses.fields(container) if field.init
        ))
    if typing.is_typeddict(container):
        required = container.__required_keys__
        return Record(kind, tuple(Field(name, hint, name in required) for name, hint in hints.items()))
    defaults = getattr(container, "_field_defaults", {})
    return Record(kind, tuple(Field(name, hint, name not in defaults) for name, hint in hints.items()))


def children(shape: Shape) -> Iterator[Kind]:
    """The kinds that this shape is made of, one level down."""
    match shape:
        case Items(item=item):
            yield item
        case Positions(items=items):
            yield from items
        case Table(key=key, value=value):
            yield key
            yield value
        case Record(fields=fields):
            yield from (field.kind for field in fields)
        case Union_(options=options):
            yield from options
        case _:
            return


def unfit(kind: Kind) -> Iterator[str]:
    """Every reason why values of this type cannot travel; none for a good type."""
    seen: set[int] = set()
    waiting: list[tuple[Kind, bool]] = [(kind, True)]
    found = False
    while waiting:
        current, whole = waiting.pop()
        shape = shape_of(current)
        if isinstance(shape, Unfit):
            found = True
            yield shape.why
        if isinstance(shape, Model):
            if whole:
                return
            found = True
            yield f"the Pydantic model `{shape.kind.__name__}` travels only as a whole argument or result"
        if isinstance(shape, Record):
            if id(shape) in seen:
                continue
            seen.add(id(shape))
        waiting += [(child, False) for child in children(shape)]
    if not found:
        try:
            msgspec.json.Decoder(kind)
        except (TypeError, NameError) as error:
            yield str(error).splitlines()[0]


def is_personal(kind: Kind) -> bool:
    """Whether a field of this kind is marked `Personal`, also inside `| None` and lists."""
    if get_origin(kind) is Annotated and PERSONAL in get_args(kind)[1:]:
        return True
    return any(is_personal(argument) for argument in get_args(kind))


@functools.cache
def personal_fields(record: Kind) -> frozenset[str]:
    """The names of a record's fields that are marked `Personal`."""
    shape = shape_of(record)
    fields = shape.fields if isinstance(shape, Record) else ()
    return frozenset(field.name for field in fields if is_personal(field.kind))
