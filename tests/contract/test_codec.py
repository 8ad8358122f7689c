"""Values to bytes and back: every kind of type that a contract can use, and what JSON has no word for."""

import dataclasses
import datetime
import decimal
import math
import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar

import msgspec
import pytest

from atoll import Choice, Page, Personal, Value
from atoll.contract import Codec, Invalid, codec_of, unfit

T = TypeVar("T")
U = TypeVar("U")


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


class Lead(Value):
    """A value."""

    id: str
    email: Personal[str] | None = None


class Mail(Value, tag="mail"):
    """One of a union."""

    to: str


class Call(Value, tag="call"):
    """The other."""

    number: int


class Tree(Value):
    """A type that names itself."""

    leaf: int
    below: tuple["Tree", ...] = ()


class Nest(Value, Generic[T]):
    """A generic type that names itself."""

    item: T
    inner: "Nest[T] | None" = None


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Chain:
    """A dataclass that names itself."""

    next: Optional["Chain"] = None


@dataclasses.dataclass
class Box(Generic[T]):
    """A generic dataclass."""

    item: T
    more: list[T] = dataclasses.field(default_factory=list[T])


@dataclasses.dataclass
class Numbers(Box[int]):
    """A dataclass that fills in what it extends."""

    name: str = "numbers"


@dataclasses.dataclass
class Both(Box[int], Generic[T]):
    """A dataclass that fills in what it extends, and has an open place of the same name itself."""

    other: T | None = None


class Sizes(TypedDict, total=False):
    """A dictionary of known names."""

    small: int
    large: float


class Named(TypedDict):
    """One with a name that may be missing."""

    name: str
    nick: NotRequired[str]


class Wrapped(TypedDict, Generic[T]):
    """A generic one."""

    item: T


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: str = "none"


class Couple(NamedTuple, Generic[T, U]):
    """A generic one."""

    left: T
    right: U


LeadId = NewType("LeadId", str)
Positive = Annotated[int, msgspec.Meta(gt=0)]
UTC = datetime.UTC
ID = uuid.UUID("0190a0a0-0000-7000-8000-000000000000")

GOOD: list[tuple[Any, Any, bytes]] = [  # Any: types and values of all kinds
    (bool, True, b"true"),
    (int, -7, b"-7"),
    (int, 2**64, b"18446744073709551616"),
    (int, 10**400, b"1" + b"0" * 400),
    (float, 1.5, b"1.5"),
    (float, -0.0, b"-0.0"),
    (str, 'a"\\\x00é\U0001f600\u2028', b'"a\\"\\\\\\u0000' + 'é\U0001f600\u2028"'.encode()),
    (str, "", b'""'),
    (bytes, b"\x00\xff", b'"AP8="'),
    (decimal.Decimal, decimal.Decimal("0.10"), b'"0.10"'),
    (decimal.Decimal, decimal.Decimal("1E+400"), b'"1E+400"'),
    (uuid.UUID, ID, b'"0190a0a0-0000-7000-8000-000000000000"'),
    (datetime.datetime, datetime.datetime(2026, 1, 31, 12, tzinfo=UTC), b'"2026-01-31T12:00:00Z"'),
    (datetime.datetime, datetime.datetime(2026, 1, 31, 12), b'"2026-01-31T12:00:00"'),  # noqa: DTZ001  # its own case
    (datetime.date, datetime.date(2026, 1, 31), b'"2026-01-31"'),
    (datetime.time, datetime.time(12, 30), b'"12:30:00"'),
    (datetime.timedelta, datetime.timedelta(hours=1, microseconds=1), b'"PT3600.000001S"'),
    (datetime.timedelta, -datetime.timedelta(days=1), b'"-P1D"'),
    (None, None, b"null"),
    (Literal["a", 1], 1, b"1"),
    (Source, Source.WEB, b'"web"'),
    (str | None, None, b"null"),
    (int | str, "7", b'"7"'),
    (list[int], [1, 2], b"[1,2]"),
    (tuple[int, ...], (1, 2), b"[1,2]"),
    (tuple[int, str], (1, "a"), b'[1,"a"]'),
    (set[str], {"b", "a"}, b'["a","b"]'),
    (frozenset[int], frozenset({2, 1}), b"[1,2]"),
    (Sequence[int], [1], b"[1]"),
    (AbstractSet[int], {1}, b"[1]"),
    (dict[str, int], {"a": 1}, b'{"a":1}'),
    (Mapping[str, int], {"a": 1}, b'{"a":1}'),
    (dict[int, str], {1: "a"}, b'{"1":"a"}'),
    (dict[uuid.UUID, int], {ID: 1}, b'{"0190a0a0-0000-7000-8000-000000000000":1}'),
    (dict[datetime.date, int], {datetime.date(2026, 1, 31): 1}, b'{"2026-01-31":1}'),
    (dict[Literal["a", "b"], int], {"a": 1}, b'{"a":1}'),
    (Lead, Lead(id="7", email="a@b"), b'{"id":"7","email":"a@b"}'),
    (Personal[Lead], Lead(id="7"), b'{"id":"7","email":null}'),
    (list[Personal[str]], ["a"], b'["a"]'),
    (Mail | Call, Call(number=7), b'{"type":"call","number":7}'),
    (list[Mail | Call | None], [Mail(to="a"), None], b'[{"type":"mail","to":"a"},null]'),
    (Tree, Tree(leaf=1, below=(Tree(leaf=2),)), b'{"leaf":1,"below":[{"leaf":2,"below":[]}]}'),
    (Nest[int], Nest(item=1, inner=Nest(item=2)), b'{"item":1,"inner":{"item":2,"inner":null}}'),
    (Page[Lead], Page(items=(Lead(id="7"),), next="x"), b'{"items":[{"id":"7","email":null}],"next":"x"}'),
    (Point, Point(1, 2.5), b'{"x":1,"y":2.5}'),
    (Chain, Chain(Chain()), b'{"next":{"next":null}}'),
    (Box[int], Box(1, [2]), b'{"item":1,"more":[2]}'),
    (Numbers, Numbers(1, [2]), b'{"item":1,"more":[2],"name":"numbers"}'),
    (Both[str], Both(1, [2], "x"), b'{"item":1,"more":[2],"other":"x"}'),
    (Sizes, {"small": 1}, b'{"small":1}'),
    (Named, {"name": "a"}, b'{"name":"a"}'),
    (Wrapped[int], {"item": 1}, b'{"item":1}'),
    (Pair, Pair(1), b'[1,"none"]'),
    (Couple[int, str], Couple(1, "a"), b'[1,"a"]'),
    (LeadId, LeadId("7"), b'"7"'),
    (dict[LeadId, Positive], {LeadId("7"): 1}, b'{"7":1}'),
]

each_good = pytest.mark.parametrize(("kind", "value", "data"), GOOD, ids=[f"{kind}" for kind, _, _ in GOOD])


@each_good
def test_a_value_becomes_json_and_the_same_value_again(kind: Any, value: object, data: bytes) -> None:  # Any: a type
    """Equal, and of the same class."""
    codec: Codec[object] = codec_of(kind)

    assert codec.encode(value) == data
    assert codec.decode(data) == value
    assert type(codec.decode(data)) is type(value)


@each_good
def test_such_a_type_can_travel(kind: Any, value: object, data: bytes) -> None:  # Any: a type
    """No contract is refused for it."""
    assert list(unfit(kind)) == []


@each_good
def test_the_public_edge_takes_it(kind: Any, value: object, data: bytes) -> None:  # Any: a type
    """Strictness is about what is unknown."""
    assert codec_of(kind).decode(data, strict=True) == value


@each_good
def test_white_space_says_nothing(kind: Any, value: object, data: bytes) -> None:  # Any: a type
    """JSON may be pretty."""
    pretty = msgspec.json.format(data, indent=2)

    assert codec_of(kind).decode(b" \n\t" + pretty + b"\r\n ") == value


def test_an_unknown_word_is_read_as_unknown() -> None:
    """Readers go on when a later version knows more."""
    assert codec_of(list[Source]).decode(b'["web","carrier-pigeon"]') == [Source.WEB, Source.UNKNOWN]


def test_an_unknown_field_is_passed_over() -> None:
    """Within a major version change only adds."""
    assert codec_of(Lead).decode(b'{"id":"7","later":{"a":[1]}}') == Lead(id="7")


def test_the_fields_of_a_subclass_are_passed_over() -> None:
    """What travels is what the contract names."""

    class Grown(Lead):
        more: int = 1

    codec = codec_of(Lead)

    assert codec.decode(codec.encode(Grown(id="7"))) == Lead(id="7")


def test_a_wrong_field_is_found_by_whoever_decodes() -> None:
    """Construction is checked by the type checkers alone."""
    codec = codec_of(Lead)

    data = codec.encode(Lead(id=7))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of it

    with pytest.raises(Invalid) as caught:
        codec.decode(data)
    assert [fault.pointer for fault in caught.value.faults] == ["/id"]


def test_of_a_field_that_is_given_twice_the_last_counts() -> None:
    """As with most readers of JSON (RFC 8259, 4)."""
    assert codec_of(Lead).decode(b'{"id":"7","id":"8"}') == Lead(id="8")


@pytest.mark.parametrize("data", [b'{"id":1,"id":"8"}', b'{"id":"8","id":1}'])
def test_a_field_that_is_given_twice_has_to_fit_both_times(data: bytes) -> None:
    """Nothing hides behind a second one."""
    with pytest.raises(Invalid) as caught:
        codec_of(Lead).decode(data)

    assert [fault.pointer for fault in caught.value.faults] == ["/id"]


class Measure(Value):
    """Floats in every place."""

    value: float = 0.0
    maybe: float | None = None
    many: tuple[float | None, ...] = ()
    table: dict[str, float | int | None] | None = None
    point: Point | None = None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_who_decodes_a_float(number: float) -> None:
    """It travels as null, which no float is."""
    codec = codec_of(list[float])

    with pytest.raises(Invalid, match="/0: expected `float`, got `null`"):
        codec.decode(codec.encode([number]))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        ("maybe", "/maybe"),
        ("many", "/many/1"),
        ("table", "/table/a~1b"),
        ("value", "/value"),
        ("point", "/point/y"),
    ],
)
def test_what_is_no_number_is_not_taken_for_none(number: float, place: str, pointer: str) -> None:
    """An optional float would read null as None; the sender refuses instead, and says where."""
    values: dict[str, Any] = {  # Any: fields of different types
        "maybe": number,
        "many": (1.5, number, None),
        "table": {"a/b": number},
        "value": number,
        "point": Point(1, number),
    }

    with pytest.raises(Invalid) as caught:
        codec_of(Measure).encode(Measure(**{place: values[place]}))

    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (pointer, f"`{number}` cannot travel as JSON")
    ]


def test_none_in_an_optional_float_travels() -> None:
    """The search for NaN finds none."""
    codec = codec_of(Measure)
    value = Measure(maybe=None, many=(None, 1.0), table={"a": None, "b": 1, "c": 2.5})

    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("word", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_travels_between_services_and_not_through_the_edge(word: str) -> None:
    """Text has a word for it; what comes from outside would spoil every sum."""
    codec = codec_of(dict[str, decimal.Decimal])
    data = codec.encode({"price": decimal.Decimal(word)})

    assert str(codec.decode(data)["price"]) == word
    with pytest.raises(Invalid, match=f"/price: `{word}` is not a number"):
        codec.decode(data, strict=True)


def test_a_moment_can_be_made_to_need_its_zone() -> None:
    """Without the constraint, one without stays as it is."""
    aware: Any = Annotated[datetime.datetime, msgspec.Meta(tz=True)]  # Any: a type expression

    with pytest.raises(Invalid, match="expected `datetime` with a timezone component"):
        codec_of(aware).decode(b'"2026-01-31T12:00:00"')


def test_an_equal_set_gives_equal_bytes() -> None:
    """Digests of bodies are compared across processes, where sets have another order."""
    words = {f"word-{number}" for number in range(50)}

    data = codec_of(dict[str, frozenset[str]]).encode({"words": frozenset(words)})

    assert data == b'{"words":["' + '","'.join(sorted(words)).encode() + b'"]}'


def test_a_set_whose_items_have_no_order_travels_all_the_same() -> None:
    """Moments with and without a zone."""
    codec = codec_of(set[datetime.datetime])
    moments = {datetime.datetime(2026, 1, 1, tzinfo=UTC), datetime.datetime(2026, 1, 1)}  # noqa: DTZ001  # its own case

    assert codec.decode(codec.encode(moments)) == moments


@pytest.mark.parametrize(
    "value",
    [
        object(),
        1j,
        "\ud800",
        {"a": "\udfff"},
        {1.5j: 1},
        {(1, 2): 3},
        [object],
        iter([1]),
        10**5000,
        type("Words", (str,), {})("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_json_is_refused_by_its_sender(value: object) -> None:
    """Before anything is sent, and as a fault of the input."""
    with pytest.raises(Invalid, match="the whole: cannot travel as JSON"):
        codec_of(list[int]).encode(value)


def test_what_holds_itself_is_refused_by_its_sender() -> None:
    """It has no end."""
    herself: list[object] = []
    herself.append(herself)

    with pytest.raises(Invalid, match="nested too deeply, or holds itself"):
        codec_of(list[int]).encode(herself)


def test_a_type_has_one_codec() -> None:
    """However often it is asked for."""
    assert codec_of(list[Lead]) is codec_of(list[Lead])
    assert codec_of(Lead).kind is Lead
