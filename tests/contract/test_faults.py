"""Faults: every one of an input, each with a JSON Pointer (RFC 6901) to it."""

import dataclasses
import decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Choice, Value
from atoll.contract import Invalid, codec_of
from atoll.contract.faults import FAULTS_MAX, fault_in
from tests.contract.refusals import faults_if_any

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=3, pattern="^[a-z]*$")]
Count = Annotated[int, msgspec.Meta(ge=0, le=9)]
Few = Annotated[list[Count], msgspec.Meta(min_length=1, max_length=2)]


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


class Reason(Value):
    """A record in a record."""

    why: str
    points: int = 0


class Mail(Value, tag="mail"):
    """One of a union."""

    to: str


class Call(Value, tag="call"):
    """The other."""

    number: int


class Span(Value):
    """A record with a rule."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("`first` is after `last`")


@dataclasses.dataclass
class Point:
    """A dataclass with a rule."""

    x: int
    y: int

    def __post_init__(self) -> None:
        if self.x == self.y:
            raise ValueError("lies on the diagonal")


class Sizes(TypedDict, total=False):
    """A dictionary of known names."""

    small: int


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: str = "none"


class Odd(Value):
    """A record with odd names, which only others than Python can give."""

    table: dict[str, Reason] = {}  # noqa: RUF012  # msgspec copies it


class Lead(Value):
    """Everything together."""

    id: str
    reasons: tuple[Reason, ...] = ()
    contact: Mail | Call | None = None
    spans: list[Span] | None = None
    sizes: Sizes | None = None
    by_number: dict[int, Count] | None = None
    pair: Pair | None = None
    fixed: tuple[int, str] | None = None
    few: Few | None = None
    text: Text | None = None
    colour: Literal["red", "green"] | None = None
    source: Source | None = None
    point: Point | None = None
    either: int | str | None = None


def faults_of(kind: Any, data: bytes, *, strict: bool = False) -> list[tuple[str, str]]:  # Any: a type
    """The pointers and details of what is wrong."""
    with pytest.raises(Invalid) as caught:
        codec_of(kind).decode(data, strict=strict)
    assert {fault.place for fault in caught.value.faults} == {"body"}
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


ONE: list[tuple[bytes, str, str]] = [
    (b"{}", "/id", "is required"),
    (b"[]", "", "expected `object`, got `array`"),
    (b"null", "", "expected `object`, got `null`"),
    (b'{"id":7}', "/id", "expected `str`, got `int`"),
    (b'{"id":null}', "/id", "expected `str`, got `null`"),
    (b'{"id":"7","reasons":{}}', "/reasons", "expected `array`, got `object`"),
    (b'{"id":"7","reasons":[{"why":"a"},{"why":1}]}', "/reasons/1/why", "expected `str`, got `int`"),
    (b'{"id":"7","reasons":[{"why":"a"},{}]}', "/reasons/1/why", "is required"),
    (b'{"id":"7","reasons":[{"why":"a","points":1.5}]}', "/reasons/0/points", "expected `int`, got `float`"),
    (b'{"id":"7","contact":{"type":"mail"}}', "/contact/to", "is required"),
    (b'{"id":"7","contact":{"type":"call","number":"x"}}', "/contact/number", "expected `int`, got `str`"),
    (b'{"id":"7","contact":{"to":"a"}}', "/contact/type", "is required"),
    (b'{"id":"7","contact":{"type":"fax"}}', "/contact/type", "invalid value 'fax'"),
    (b'{"id":"7","contact":{"type":7}}', "/contact/type", "expected `str`, got `int`"),
    (b'{"id":"7","contact":7}', "/contact", "expected `object | null`, got `int`"),
    (b'{"id":"7","spans":[{"first":2,"last":1}]}', "/spans/0", "`first` is after `last`"),
    (b'{"id":"7","sizes":{"small":"x"}}', "/sizes/small", "expected `int`, got `str`"),
    (b'{"id":"7","by_number":{"1":1,"x":2}}', "/by_number/x", "expected `int`, got `str`"),
    (b'{"id":"7","by_number":{"1":10}}', "/by_number/1", "expected `int` <= 9"),
    (b'{"id":"7","pair":["x"]}', "/pair/0", "expected `int`, got `str`"),
    (b'{"id":"7","pair":[]}', "/pair", "expected `array` of length 1 to 2, got 0"),
    (b'{"id":"7","pair":[1,"a",3]}', "/pair", "expected `array` of length 1 to 2, got 3"),
    (b'{"id":"7","fixed":[1,2]}', "/fixed/1", "expected `str`, got `int`"),
    (b'{"id":"7","fixed":[1]}', "/fixed", "expected `array` of length 2, got 1"),
    (b'{"id":"7","few":[]}', "/few", "expected `array` of length >= 1"),
    (b'{"id":"7","few":[1,2,3]}', "/few", "expected `array` of length <= 2"),
    (b'{"id":"7","few":[1,-1]}', "/few/1", "expected `int` >= 0"),
    (b'{"id":"7","text":"long"}', "/text", "expected `str` of length <= 3"),
    (b'{"id":"7","text":"A"}', "/text", "expected `str` matching regex '^[a-z]*$'"),
    (b'{"id":"7","colour":"blue"}', "/colour", "invalid enum value 'blue'"),
    (b'{"id":"7","source":7}', "/source", "expected `str`, got `int`"),
    (b'{"id":"7","point":{"x":1,"y":1}}', "/point", "lies on the diagonal"),
    (b'{"id":"7","point":{"x":1}}', "/point/y", "is required"),
    (b'{"id":"7","either":1.5}', "/either", "expected `int | str | null`, got `float`"),
]


@pytest.mark.parametrize(("data", "pointer", "detail"), ONE)
def test_one_fault_has_a_pointer_and_says_what_is_wrong(data: bytes, pointer: str, detail: str) -> None:
    """In every place and of every kind."""
    assert faults_of(Lead, data) == [(pointer, detail)]


@pytest.mark.parametrize(("data", "pointer", "detail"), ONE)
def test_the_public_edge_finds_the_same(data: bytes, pointer: str, detail: str) -> None:
    """Beside what is unknown."""
    assert faults_of(Lead, data, strict=True) == [(pointer, detail)]


@pytest.mark.parametrize(("data", "pointer", "detail"), ONE)
def test_a_fault_below_a_list_has_its_place_in_it(data: bytes, pointer: str, detail: str) -> None:
    """The pointer begins where the body does."""
    assert faults_of(list[Lead], b'[{"id":"0"},' + data + b"]") == [(f"/1{pointer}", detail)]


def test_all_faults_of_an_input_are_told_at_once() -> None:
    """Nobody sends a form ten times to mend ten fields."""
    data = b"""{
        "reasons": [{"why": 1, "points": "x"}, {"points": 1}, 7],
        "contact": {"type": "call", "number": "x"},
        "spans": [{"first": 2, "last": 1}, {"first": "x", "last": 1}, {"first": 3, "last": 1}],
        "by_number": {"x": 10, "1": 11},
        "few": [1, 10, "x"],
        "text": "TOO LONG",
        "colour": "blue"
    }"""

    assert {pointer for pointer, _ in faults_of(Lead, data)} == {
        "/id",
        "/reasons/0/why",
        "/reasons/0/points",
        "/reasons/1/why",
        "/reasons/2",
        "/contact/number",
        "/spans/0",
        "/spans/1/first",
        "/spans/2",
        "/by_number/x",
        "/by_number/1",
        "/few",
        "/few/1",
        "/few/2",
        "/text",
        "/colour",
    }


def test_a_key_that_does_not_fit_and_its_value_are_two_faults() -> None:
    """Both at the same place."""
    assert faults_of(dict[int, int], b'{"x":"y"}') == [
        ("/x", "expected `int`, got `str`"),
        ("/x", "expected `int`, got `str`"),
    ]


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a/b", "a~1b"),
        ("a~b", "a~0b"),
        ("~1", "~01"),
        ("/", "~1"),
        ("", ""),
        (".", "."),
        ("[0]", "[0]"),
        ("é`$", "é`$"),
    ],
)
def test_a_name_is_escaped_in_a_pointer(name: str, escaped: str) -> None:
    """RFC 6901, 3: a slash and a tilde mean something there."""
    data = msgspec.json.encode({"table": {name: {"why": 1}}})

    assert faults_of(Odd, data) == [(f"/table/{escaped}/why", "expected `str`, got `int`")]


def test_a_rule_is_asked_only_when_what_it_is_about_is_sound() -> None:
    """It would have to guard against every wrong type otherwise."""
    assert faults_of(list[Span], b'[{"first":"x","last":1}]') == [("/0/first", "expected `int`, got `str`")]


def test_rules_of_records_in_records_are_all_asked() -> None:
    """From the inside to the outside; one above a fault is not."""

    class Outer(Value):
        inner: Span
        other: Span | None = None

        def __post_init__(self) -> None:
            if self.inner.first == 1:
                raise ValueError("begins with one")

    assert faults_of(Outer, b'{"inner":{"first":1,"last":2}}') == [("", "begins with one")]
    assert faults_of(Outer, b'{"inner":{"first":1,"last":0}}') == [("/inner", "`first` is after `last`")]
    assert faults_of(Outer, b'{"inner":{"first":1,"last":1},"other":{"first":2,"last":1}}') == [
        ("/other", "`first` is after `last`")
    ]


def test_a_type_error_of_a_rule_is_a_fault_too() -> None:
    """A rule that compares what cannot be compared has found something."""

    class Strange(Value):
        number: int | str

        def __post_init__(self) -> None:
            if self.number < 5:  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # the point of it
                raise ValueError("is small")

    assert faults_of(Strange, b'{"number":"x"}')[0][0] == ""
    assert faults_of(Strange, b'{"number":1}') == [("", "is small")]


def test_an_error_of_a_rule_that_is_none_of_these_is_a_defect_of_the_contract() -> None:
    """It goes through, to be logged where a defect belongs."""

    class Broken(Value):
        number: int

        def __post_init__(self) -> None:
            raise KeyError("defect")

    with pytest.raises(KeyError, match="defect"):
        codec_of(Broken).decode(b'{"number":1}')


def test_a_union_is_measured_by_the_option_that_is_meant() -> None:
    """The faults of all options would only confuse."""
    kind: Any = int | list[Reason] | dict[str, int] | None  # Any: a type expression

    assert faults_of(kind, b'[{"why":1}]') == [("/0/why", "expected `str`, got `int`")]
    assert faults_of(kind, b'{"a":"x"}') == [("/a", "expected `int`, got `str`")]
    assert faults_of(kind, b'"x"')[0][0] == ""


def test_a_tag_that_is_wrong_is_a_fault_where_no_other_is_possible() -> None:
    """A record that says it is another."""
    assert faults_of(Mail, b'{"type":"call","to":"a"}') == [("/type", "is not `mail`")]
    assert codec_of(Mail).decode(b'{"to":"a"}') == Mail(to="a")


def test_there_is_an_end_to_the_faults_that_are_told() -> None:
    """A hostile body has as many as it has bytes; the answer would be longer than the question."""
    assert len(faults_of(list[int], b"[" + b'"x",' * 5_000 + b'"x"]')) == FAULTS_MAX
    assert len(faults_of(Reason, msgspec.json.encode({f"f{n}": 1 for n in range(500)}), strict=True)) == FAULTS_MAX


NAMES = [*Lead.__struct_fields__, *"why points type to number first last small x y 1".split()]

plain: st.SearchStrategy[Any] = st.one_of(  # Any: JSON
    st.none(), st.booleans(), st.integers(-3, 12), st.floats(allow_nan=False), st.sampled_from(["", "7", "web", "x"])
)
json_values: st.SearchStrategy[Any] = st.recursive(  # Any: as above
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(raw=json_values, strict=st.booleans())
def test_whatever_the_json_it_is_a_value_or_has_faults(raw: object, *, strict: bool) -> None:
    """The slow search agrees with the quick decoder, and the parents of all faults exist."""
    for fault in faults_if_any(Lead, msgspec.json.encode(raw), strict=strict):
        parents = fault.pointer.split("/")[1:-1]
        assert not fault.pointer or isinstance(part_of(raw, parents), dict | list)


def part_of(raw: Any, way: list[str]) -> object:  # Any: JSON
    """What stands at the end of a way."""
    for step in way:
        raw = cast(list[object], raw)[int(step)] if isinstance(raw, list) else raw[step]
    return cast(object, raw)


@pytest.mark.parametrize(
    ("message", "pointer", "detail"),
    [
        ("Expected `int`, got `str`", "", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$`", "", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$.a[0].b`", "/a/0/b", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$[...].b`", "", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$.a[...]`", "/a", "expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `key` in `$.a`", "/a", "expected `int`, got `str`"),
        ("Object missing required field `b` - at `$.a`", "/a/b", "is required"),
        ("lies - at - home", "", "lies - at - home"),
        ("", "", ""),
    ],
)
def test_the_place_in_a_message_of_the_parser_becomes_a_pointer(message: str, pointer: str, detail: str) -> None:
    """As far as it tells one."""
    fault = fault_in(ValueError(message))

    assert (fault.pointer, fault.detail) == (pointer, detail)


def test_a_number_is_measured_as_it_was_written() -> None:
    """A decimal may be a number in JSON."""
    assert codec_of(decimal.Decimal).decode(b"1.50") == decimal.Decimal("1.50")
    assert faults_of(list[decimal.Decimal], b"[1.5,true]") == [("/1", "expected `decimal`, got `bool`")]
