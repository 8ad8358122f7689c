"""The shape of a type: one view of every type a contract may use, from which all checks are made.

Type expressions come in many spellings (`X | None`, `Annotated`, aliases, dataclasses, generics). `shape_of` reads
each once; validation, edge checks, masking and the search for types that cannot travel all walk the result.
"""

import datetime
import decimal
import enum
import types
import typing
import uuid
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args

import msgspec

from atoll.contract.record import Kind, fill, is_record, is_tuple_record, origin_of, read_fields, read_tag
from atoll.kernel import spelled

SCALARS: frozenset[type] = frozenset(
    {bool, int, float, str, bytes, decimal.Decimal, uuid.UUID}
    | {datetime.datetime, datetime.date, datetime.time, datetime.timedelta}
)
"""Plain types that travel as one JSON value and, in a path or a query, as one word."""

NOTHING = type(None)

_Untyped = typing.NewType("_Untyped", object)

UNTYPED: Kind = _Untyped
"""Any JSON at all: only for what a document does not say. Nobody can write it in a contract of their own."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain value (also None and `Literal`)."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Words:
    """A `Choice`, and the words of it that this version knows."""

    kind: type[enum.Enum]
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, set or tuple of any length, of one kind."""

    kind: Kind
    item: Kind
    is_set: bool


@dataclass(frozen=True, slots=True)
class Positions:
    """A tuple of a fixed length, or a NamedTuple, which may end after its first `required`."""

    kind: Kind
    items: tuple[Kind, ...]
    required: int


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary."""

    kind: Kind
    key: Kind
    value: Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record; `name` is the one on the wire, `default` msgspec.NODEFAULT where no plain one is known."""

    name: str
    kind: Kind
    required: bool
    default: Any = msgspec.NODEFAULT  # Any: a value of the field


@dataclass(frozen=True, slots=True)
class Record:
    """A Value, dataclass or TypedDict.

    `tag` is the (field, word) that tells it from others in a union; `ruled`, that it has a rule, a `__post_init__`.
    """

    kind: Kind
    fields: Mapping[str, Field]
    tag: tuple[str, object] | None
    ruled: bool


@dataclass(frozen=True, slots=True)
class OneOf:
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


@dataclass(frozen=True, slots=True)
class Untyped:
    """What a document says nothing of: any JSON."""

    kind: Kind


Shape = Scalar | Words | Items | Positions | Table | Record | OneOf | Model | Untyped | Unfit


def shape_of(kind: Kind) -> Shape:
    """The shape of a type expression; equal ones share it. Never raises: what cannot travel is `Unfit`.

    That is not remembered, since what a type names may only be written further down in its module.
    """
    known = _by_identity.get(id(kind))  # first, since many type expressions hash slowly and some not at all
    if known is not None:
        return known[1]
    shape = _shared(kind)
    if not isinstance(shape, Unfit):
        _by_identity[id(kind)] = (kind, shape)  # holds the kind, so that its identity stays its own
    return shape


_by_identity: dict[int, tuple[Kind, Shape]] = {}
_by_kind: dict[Kind, Shape] = {}


def _shared(kind: Kind) -> Shape:
    try:
        kind = bare(kind)
        shape = _by_kind.get(kind)
        if shape is None:
            shape = _shape(kind)
            if not isinstance(shape, Unfit):
                _by_kind[kind] = shape
        return shape
    except TypeError:  # not hashable
        return Unfit(kind, f"`{kind}` is not a type")
    except NameError as error:  # of an alias, which is read when it is used
        return Unfit(kind, f"`{kind}` cannot be read: {error}")
    except RecursionError:
        return Unfit(kind, f"`{kind}` names itself and nothing else")


def bare(kind: Kind) -> Kind:
    """The type without `Annotated`, `NewType` and `type X = ...`."""
    return peel(kind)[0]


def peel(kind: Kind) -> tuple[Kind, tuple[object, ...]]:
    """The type without what is wrapped around it, and everything that was noted on the way."""
    notes: tuple[object, ...] = ()
    while True:
        origin = origin_of(kind)
        if origin is Annotated:
            notes += get_args(kind)[1:]
            kind = get_args(kind)[0]
        elif hasattr(kind, "__supertype__") and kind is not UNTYPED:
            kind = kind.__supertype__
        elif _is_alias(kind):
            kind = kind.__value__
        elif _is_alias(origin):
            kind = fill(origin.__value__, dict(zip(origin.__type_params__, get_args(kind), strict=False)))
        else:
            return kind, notes


def _is_alias(kind: Kind) -> bool:
    return type(kind).__name__ == "TypeAliasType"  # typing's from Python 3.12 on, or typing_extensions'


def _shape(kind: Kind) -> Shape:
    origin, arguments = origin_of(kind), get_args(kind)
    if kind is None or kind is NOTHING:
        return Scalar(NOTHING)
    if origin is Literal or (isinstance(kind, type) and kind in SCALARS):
        return Scalar(kind)
    if origin in (Union, types.UnionType):
        return OneOf(kind, tuple(_flat(arguments)))
    if isinstance(kind, typing.TypeVar):
        return Unfit(kind, f"the type variable `{kind.__name__}` is not filled in")
    if kind is UNTYPED:
        return Untyped(kind)
    if kind is Any or kind is object:
        return Unfit(kind, f"`{spelled(kind)}` promises nothing: name a type")
    container: Any = origin or kind  # Any: a class, or what was written instead of one
    if not isinstance(container, type):
        return Unfit(kind, f"`{spelled(kind)}` has no JSON")
    return _class_shape(kind, container, arguments)


def _flat(options: tuple[Kind, ...]) -> Iterator[Kind]:
    for option in options:
        shape = shape_of(option)
        yield from shape.options if isinstance(shape, OneOf) else (option,)


def _class_shape(kind: Kind, container: type[Any], arguments: tuple[Kind, ...]) -> Shape:  # Any: any class at all
    if is_record(container):
        return _record_shape(kind, container)
    if container is tuple and arguments and arguments[-1] is not Ellipsis:
        return Positions(kind, arguments, len(arguments))
    if issubclass(container, list | set | frozenset | tuple) or container in (Sequence, AbstractSet):
        if not arguments:
            return Unfit(kind, f"`{container.__name__}` does not say of what: write `{container.__name__}[str]` or so")
        return Items(kind, arguments[0], issubclass(container, set | frozenset) or container is AbstractSet)
    if issubclass(container, dict) or container is Mapping:
        if len(arguments) != 2:
            return Unfit(kind, "`dict` does not say of what: write `dict[str, int]` or so")
        return Table(kind, arguments[0], arguments[1])
    if issubclass(container, enum.Enum):
        return _words_shape(container)
    if hasattr(container, "__pydantic_core_schema__") and hasattr(container, "model_validate_json"):
        return Model(container)
    return Unfit(kind, f"`{container.__name__}` has no JSON: make it a `Value`, or send what it holds")


def _words_shape(words: type[enum.Enum]) -> Words | Unfit:
    unknown = words.__members__.get("UNKNOWN")
    learns = words._missing_.__func__ is not enum.Enum._missing_.__func__  # type: ignore[attr-defined]  # both are classmethods
    if unknown is None or unknown.value != "unknown" or not learns or not issubclass(words, str):
        return Unfit(
            words,
            f"`{words.__name__}` could never learn a new member: "
            'derive it from `atoll.Choice` and give it `UNKNOWN = "unknown"`',
        )
    return Words(words, frozenset(str(member.value) for member in words))


def _record_shape(kind: Kind, container: type[Any]) -> Record | Positions | Unfit:  # Any: any record class
    try:
        fields = tuple(Field(*field) for field in read_fields(kind, container))
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        return Unfit(kind, f"the fields of `{container.__name__}` cannot be read: {error}")
    if is_tuple_record(container):
        return Positions(kind, tuple(field.kind for field in fields), sum(field.required for field in fields))
    if issubclass(container, msgspec.Struct):
        config = container.__struct_config__
        if config.array_like or config.forbid_unknown_fields:
            option = "array_like" if config.array_like else "forbid_unknown_fields"
            return Unfit(kind, f"`{container.__name__}` is `{option}`, so that no field could ever be added")
    by_name = {field.name: field for field in fields}
    return Record(kind, by_name, read_tag(container), hasattr(container, "__post_init__"))


def children(shape: Shape) -> Iterator[tuple[str, Kind]]:
    """The kinds that this shape is made of, one level down, each with the name of its field where it has one."""
    match shape:
        case Items(item=item):
            yield "", item
        case Positions(items=items):
            yield from (("", item) for item in items)
        case Table(key=key, value=value):
            yield "", key
            yield "", value
        case Record(fields=fields):
            yield from ((field.name, field.kind) for field in fields.values())
        case OneOf(options=options):
            yield from (("", option) for option in options)
        case _:
            return


def shapes_in(kind: Kind) -> Iterator[Shape]:
    """Every shape that a type is made of, itself first, each once, however often a type names itself."""
    seen: dict[int, Shape] = {}  # holds them, so that their identities stay their own
    waiting = [kind]
    for each in waiting:  # which grows on the way
        shape = shape_of(each)
        if id(shape) not in seen:
            seen[id(shape)] = shape
            yield shape
            waiting += [child for _, child in children(shape)]
