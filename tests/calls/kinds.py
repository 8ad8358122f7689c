"""Types that a contract may use, made up by hypothesis, each with values that fit it and values that do not."""

import dataclasses
import datetime
import decimal
import operator
import types
import typing
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypedDict, cast

import msgspec
import pydantic
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from atoll import Choice, Page, Personal, Value

Type = Any  # a type expression


@dataclass(frozen=True)
class Kind:
    """A type, its values, and the same with junk in them. `is_word`: it can stand in a path or a query."""

    type: Type
    right: SearchStrategy[Any] = field(repr=False)  # Any: of this type
    junk: SearchStrategy[Any] = field(repr=False)  # Any: of any type, in any place
    is_word: bool = False


class Colour(Choice):
    """A choice."""

    RED = "red"
    GREEN = "green"
    UNKNOWN = "unknown"


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: str = "none"


class Sizes(TypedDict, total=False):
    """A dictionary with known names."""

    small: int
    large: float


class Cat(Value, tag="cat"):
    """One of a tagged union."""

    lives: int


class Dog(Value, tag="dog"):
    """The other."""

    name: Personal[str]
    owner: str | None = None


class Tree(Value):
    """A type that holds itself."""

    leaf: int | None = None
    below: tuple["Tree", ...] = ()


class Even(Value):
    """A type with a rule of its own."""

    number: int

    def __post_init__(self) -> None:
        if str(self.number)[-1:] in set("13579"):  # text, too: a test gives it some
            raise ValueError("is odd")


class Grown(Even):
    """A later version, with more in it."""

    more: str = "more"


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.0
    tags: list[str] = dataclasses.field(default_factory=list[str])


class Model(pydantic.BaseModel):
    """A Pydantic model, whole."""

    name: str
    size: int | None = None
    parts: list[float] = []


EVIL = [
    "",
    ".",
    "..",
    "fixed",
    "a/b",
    "a b",
    "a+b",
    "a&b=c",
    "100%",
    "%2F",
    "?",
    "#",
    ";",
    "\x00",
    "\r\n",
    "\ud800",
]
MORE_EVIL = ["\u2028", "\ufeff", "\U0001f600", "null", "true", "1", "1e5", '"', "\\", "é", "e\u0301", "a,b", "NaN"]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [word for word in EVIL + MORE_EVIL if word != "\ud800"]
)
offsets = st.integers(-1439, 1439).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))

# From 1975 on, when the last country gave up an offset of odd seconds (Liberia, -0:44:30), which RFC 3339 cannot say.
moments = (
    st.datetimes()
    | st.datetimes(timezones=offsets)
    | st.datetimes(datetime.datetime(1975, 1, 1), timezones=st.timezones())  # noqa: DTZ001  # gets its zone from `timezones`
)

SCALARS: dict[Type, SearchStrategy[Any]] = {  # Any: of the type that is the key
    bool: st.booleans(),
    int: st.integers() | st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: text,
    bytes: st.binary(max_size=8),
    decimal.Decimal: st.decimals(allow_nan=False, allow_infinity=False).filter(
        lambda number: number or number.is_signed() is False
    )
    | st.sampled_from([decimal.Decimal(word) for word in ("0.10", "1E+30", "1E-30", "0E-7")]),
    uuid.UUID: st.uuids(),
    datetime.datetime: moments,
    datetime.date: st.dates(),
    datetime.time: st.times() | st.times(timezones=st.just(datetime.UTC)),
    datetime.timedelta: st.timedeltas(datetime.timedelta(days=-10_000), datetime.timedelta(days=10_000)),
    Colour: st.sampled_from(list(Colour)),
    Literal["a", "b"]: st.sampled_from(["a", "b"]),
}


class Deep(list[object]):
    """Lists in lists, shown by how deep they go: to print all of them takes a stack that nobody has."""

    def __init__(self, levels: int) -> None:
        nested: list[object] = []
        for _ in range(levels - 1):
            nested = [nested]
        super().__init__([nested])
        self._levels = levels

    def __repr__(self) -> str:
        return f"<{self._levels} lists in one another>"


class Alien:
    """Nothing that a contract knows."""

    def __repr__(self) -> str:
        return "<alien>"


STRANGE: list[object] = [
    float("nan"),
    float("inf"),
    float("-inf"),
    -0.0,
    10**30,
    -(10**30),
    10**400,
    2**64,
    "\ud800",
    b"\xff",
    decimal.Decimal("NaN"),
    decimal.Decimal("sNaN"),
    decimal.Decimal("Infinity"),
    decimal.Decimal("-0"),
    datetime.datetime(2026, 1, 1),  # noqa: DTZ001  # without a zone: that is the point
    datetime.time(1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(seconds=30))),
    datetime.timedelta.max,
    datetime.timedelta.min,
    Alien(),
    object,
    Ellipsis,
    1j,
    range(3),
    Colour.UNKNOWN,
    "blue",
    {1: 2},
    {"a": Alien()},
    {1, 2},
    [[[]]],
    (),
    Deep(50),
    Deep(5_000),
    Grown(number=2),
    Even(number=cast(int, "two")),
    Tree(leaf=1, below=(Tree(leaf=cast(int, "x")),)),
    Pair(1, "x"),
    Point(1),
    Point(cast(int, "x")),
    Cat(lives=9),
    Dog(name=cast(str, 7)),
    Model(name="x"),
    Model.model_construct(name=cast(str, 7)),
    memoryview(b"abc"),
]
"""Values that some type has to refuse."""


@st.composite
def junk(draw: st.DrawFn) -> object:
    """Any value that somebody could give where it does not belong."""
    index = draw(st.integers(0, len(STRANGE)))
    return draw(st.one_of(*SCALARS.values())) if index == len(STRANGE) else STRANGE[index]


JUNK = st.none() | junk()


def _spoiled(right: SearchStrategy[Any]) -> SearchStrategy[Any]:  # Any: values of some type
    return right | JUNK


def _hashable(values: SearchStrategy[Any]) -> SearchStrategy[Any]:  # Any: values of some type
    return values.filter(_is_hashable)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


scalars: SearchStrategy[Kind] = st.sampled_from(
    [Kind(kind, right, _spoiled(right), is_word=True) for kind, right in SCALARS.items()]
)


def containers(inner: SearchStrategy[Kind]) -> SearchStrategy[Kind]:
    """Types made of other types."""
    return st.one_of(
        inner.map(lambda kind: _items(_of(list, kind.type), kind, list)),
        inner.map(lambda kind: _items(_of(tuple, kind.type, ...), kind, tuple)),
        st.tuples(inner, inner).map(_pair),
        scalars.map(lambda kind: _items(_of(set, kind.type), kind, set)),
        scalars.map(lambda kind: _items(_of(frozenset, kind.type), kind, frozenset)),
        st.tuples(scalars.filter(lambda kind: kind.type is not bool), inner).map(_table),
        inner.filter(lambda kind: not _holds_none(kind.type)).map(_optional),
        st.lists(st.tuples(inner, st.booleans()), min_size=1, max_size=3).flatmap(_record),
        st.lists(inner, min_size=1, max_size=3).map(_dataclass),
        inner.map(_page),
    )


def _of(container: type, *arguments: Type) -> Type:
    return types.GenericAlias(container, arguments)


def _few(values: SearchStrategy[Any], made: Callable[[list[Any]], Any]) -> SearchStrategy[Any]:  # Any: of some type
    return st.lists(values, max_size=3).map(made)


def _items(kind: Type, inner: Kind, made: Callable[[list[Any]], Any]) -> Kind:  # Any: of some type
    junk = _hashable(inner.junk) if made in (set, frozenset) else inner.junk
    return Kind(kind, _few(inner.right, made), _spoiled(_few(junk, made)), is_word=inner.is_word)


def _page(inner: Kind) -> Kind:
    def made(values: SearchStrategy[Any]) -> SearchStrategy[Any]:  # Any: items of some type
        return st.builds(Page, items=_few(values, tuple))

    kind: Any = operator.getitem(cast(Any, Page), inner.type)  # Any: filled in at run time
    return Kind(kind, made(inner.right), _spoiled(made(inner.junk)))


def _is_page(kind: Kind) -> bool:
    origin: object = typing.get_origin(kind.type)
    return origin is Page


def _pair(inner: tuple[Kind, Kind]) -> Kind:
    left, right = inner
    return Kind(
        _of(tuple, left.type, right.type),
        st.tuples(left.right, right.right),
        _spoiled(st.tuples(left.junk, right.junk)),
    )


def _table(inner: tuple[Kind, Kind]) -> Kind:
    key, value = inner
    return Kind(
        _of(dict, key.type, value.type),
        st.dictionaries(key.right, value.right, max_size=3),
        _spoiled(st.dictionaries(_hashable(key.junk), value.junk, max_size=3)),
    )


def _optional(inner: Kind) -> Kind:
    kind: Any = inner.type | None  # Any: a type expression
    return Kind(kind, inner.right | st.none(), _spoiled(inner.junk), is_word=inner.is_word)


def _holds_none(kind: Type) -> bool:
    return type(None) in typing.get_args(kind) and not isinstance(kind, types.GenericAlias)


def _record(fields: list[tuple[Kind, bool]]) -> SearchStrategy[Kind]:
    """A Value of these fields, some with a default."""
    names = [f"field_{index}" for index in range(len(fields))]
    defaults = {name: kind.right for name, (kind, has_default) in zip(names, fields, strict=True) if has_default}

    def made(values: dict[str, Any]) -> Kind:  # Any: defaults of any type
        def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
            namespace["__annotations__"] = {name: kind.type for name, (kind, _) in zip(names, fields, strict=True)}
            namespace.update({name: value for name, value in values.items() if _can_be_default(value)})

        record = types.new_class("Record", (Value,), exec_body=fill)
        right = {name: kind.right for name, (kind, _) in zip(names, fields, strict=True)}
        junk = {name: kind.junk for name, (kind, _) in zip(names, fields, strict=True)}
        return Kind(record, st.builds(record, **right), _spoiled(st.builds(record, **junk)))

    return st.fixed_dictionaries(defaults).map(made)


def _can_be_default(value: object) -> bool:
    return not isinstance(value, list | dict | set | msgspec.Struct) and not dataclasses.is_dataclass(value)


def _dataclass(fields: list[Kind]) -> Kind:
    names = [f"field_{index}" for index in range(len(fields))]
    made = dataclasses.make_dataclass("Data", [(name, kind.type) for name, kind in zip(names, fields, strict=True)])
    right = {name: kind.right for name, kind in zip(names, fields, strict=True)}
    junk = {name: kind.junk for name, kind in zip(names, fields, strict=True)}
    return Kind(made, st.builds(made, **right), _spoiled(st.builds(made, **junk)))


def _named(kind: Type, right: SearchStrategy[Any]) -> Kind:  # Any: of this type
    return Kind(kind, right, _spoiled(right))


small = st.integers(-9, 9)
short = st.floats(-1, 1)

NAMED: list[Kind] = [
    _named(Pair, st.builds(Pair, small, text)),
    _named(Sizes, st.fixed_dictionaries({}, optional={"small": small, "large": short})),
    _named(Cat, st.builds(Cat, lives=small)),
    _named(Cat | Dog, st.builds(Cat, lives=small) | st.builds(Dog, name=text, owner=st.none() | text)),
    _named(Even, st.builds(Even, number=small.map(lambda number: number * 2))),
    _named(Point, st.builds(Point, x=small, y=short, tags=st.lists(text, max_size=2))),
    _named(
        Tree,
        st.recursive(
            st.builds(Tree, leaf=st.none() | small),
            lambda below: st.builds(Tree, leaf=st.none(), below=st.lists(below, max_size=2).map(tuple)),
            max_leaves=4,
        ),
    ),
    _named(int | str, small | text),
    _named(int | float | None, small | short | st.none()),
    _named(list[int] | str, st.lists(small, max_size=2) | text),
]

kinds: SearchStrategy[Kind] = st.recursive(scalars | st.sampled_from(NAMED), containers, max_leaves=4).map(
    lambda kind: _pair((kind, kind)) if _is_page(kind) else kind
)
"""Types as a whole. A page as a whole asks for arguments that say where it begins, so it comes in pairs."""

model = _named(Model, st.builds(Model, name=text, size=st.none() | st.integers(-9, 9), parts=st.just([1.5])))

word_kinds: SearchStrategy[Kind] = st.one_of(
    scalars,
    scalars.map(_optional),
    scalars.map(lambda kind: _items(_of(list, kind.type), kind, list)),
    scalars.map(lambda kind: _items(_of(tuple, kind.type, ...), kind, tuple)),
    scalars.map(lambda kind: _items(_of(frozenset, kind.type), kind, frozenset)),
)
