"""Values as words: how scalars travel in a path or a query, where everything is text."""

import datetime
import decimal
import math
import types
import uuid
from typing import Annotated, Any, Literal, NewType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Choice, Fault, Personal, Value
from atoll.contract import Invalid, Place
from atoll.contract.words import WordCodec, fits_in_words, is_word_list


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


class Lead(Value):
    """No word."""

    id: str


LeadId = NewType("LeadId", str)
Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
UTC = datetime.UTC
ID = uuid.UUID("0190a0a0-0000-7000-8000-000000000000")

SCALARS: list[tuple[Any, Any, str]] = [  # Any: types and values of all kinds
    (str, "a b/c?&%é\x00", "a b/c?&%é\x00"),
    (str, "null", "null"),
    (str, "true", "true"),
    (LeadId, LeadId("7"), "7"),
    (Personal[str], "a@b", "a@b"),
    (int, 7, "7"),
    (int, -7, "-7"),
    (int, 2**64, "18446744073709551616"),
    (int, 10**400, "1" + "0" * 400),
    (Limit, 100, "100"),
    (bool, True, "true"),
    (bool, False, "false"),
    (float, 1.5, "1.5"),
    (float, -0.0, "-0.0"),
    (float, 1e22, "1e+22"),
    (decimal.Decimal, decimal.Decimal("0.10"), "0.10"),
    (uuid.UUID, ID, "0190a0a0-0000-7000-8000-000000000000"),
    (datetime.datetime, datetime.datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
    (datetime.date, datetime.date(2026, 1, 31), "2026-01-31"),
    (datetime.time, datetime.time(12, 30), "12:30:00"),
    (datetime.timedelta, datetime.timedelta(minutes=5), "PT300S"),
    (bytes, b"\x00\xff", "AP8="),
    (Source, Source.WEB, "web"),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], 2, "2"),
]

each_scalar = pytest.mark.parametrize(("kind", "value", "word"), SCALARS)


def codec(kind: Any, place: str = Place.QUERY) -> WordCodec:  # Any: a type
    """The codec of an argument called `it`."""
    return WordCodec("it", place, kind)


def refusal(kind: Any, words: tuple[str, ...], *, strict: bool = False) -> tuple[Fault, ...]:  # Any: a type
    """What is wrong with words."""
    with pytest.raises(Invalid) as caught:
        codec(kind).decode(words, strict=strict)
    return caught.value.faults


@each_scalar
@pytest.mark.parametrize("place", [Place.PATH, Place.QUERY])
def test_a_scalar_is_one_word(kind: Any, value: object, word: str, place: Place) -> None:  # Any: a type
    """There and back, in a path and in a query, between services and at the edge."""
    it = codec(kind, place)

    assert it.encode(value) == (word,)
    assert it.decode((word,)) == value
    assert it.decode((word,), strict=True) == value
    assert type(it.decode((word,))) is type(value)


@each_scalar
def test_a_list_is_as_many_words(kind: Any, value: object, word: str) -> None:  # Any: a type
    """None for an empty one."""
    containers: list[tuple[Any, object, object]] = [  # Any: types
        (list[kind], [value], []),
        (tuple[kind, ...], (value,), ()),
        (set[kind], {value}, set[object]()),
        (frozenset[kind], frozenset({value}), frozenset[object]()),
    ]
    for container, some, none in containers:
        it = codec(container)

        assert (it.encode(some), it.decode((word,))) == ((word,), some)
        assert (it.encode(none), it.decode(())) == ((), none)
    assert codec(list[kind]).decode((word, word), strict=True) == [value, value]


@each_scalar
def test_none_is_told_by_absence(kind: Any, value: object, word: str) -> None:  # Any: a type
    """And a word is never taken for it."""
    it = codec(kind | None)

    assert it.encode(None) == ()
    assert it.decode(()) is None
    assert it.encode(value) == (word,)
    assert it.decode((word,)) == value


@each_scalar
def test_a_word_that_is_required_must_be_given_once(kind: Any, value: object, word: str) -> None:  # Any: a type
    """Neither left out nor repeated."""
    assert refusal(kind, ()) == (Fault(pointer="/it", detail="is required", place="query"),)
    assert refusal(kind, (word, word)) == (Fault(pointer="/it", detail="is given 2 times", place="query"),)


WRONG_WORDS: list[tuple[Any, str]] = [  # Any: types
    (int, ""),
    (int, "x"),
    (int, "1.0"),
    (int, "1e3"),
    (int, "+1"),
    (int, "01"),
    (int, "1_000"),
    (int, "0x1"),
    (int, "\N{ARABIC-INDIC DIGIT THREE}"),
    (int, "null"),
    (int, "true"),
    (int, '"1"'),
    (int, "9" * 5_000),
    (int | None, "null"),
    (int | None, ""),
    (Limit, "0"),
    (Limit, "101"),
    (float, "nan"),
    (float, "NaN"),
    (float, "inf"),
    (float, "-Infinity"),
    (float, "1e999"),
    (float, ".5"),
    (float, "5."),
    (float | None, "null"),
    (bool, "True"),
    (bool, "TRUE"),
    (bool, "1"),
    (bool, "0"),
    (bool, "yes"),
    (bool, ""),
    (decimal.Decimal, "NaN"),
    (decimal.Decimal, "sNaN"),
    (decimal.Decimal, "-Infinity"),
    (decimal.Decimal, "x"),
    (uuid.UUID, "7"),
    (datetime.datetime, "1767225600"),
    (datetime.datetime, "2026-01-31"),
    (datetime.date, "2026-02-30"),
    (datetime.time, "noon"),
    (datetime.timedelta, "5"),
    (bytes, "a"),
    (Literal["a", "b"], "c"),
    (Literal[1, 2], "3"),
    (Literal[1, 2], "1.0"),
]


@pytest.mark.parametrize(("kind", "word"), WRONG_WORDS)
def test_a_word_that_does_not_fit_is_refused(kind: Any, word: str) -> None:  # Any: a type
    """A word reads as in JSON without the quotes, and not as whatever a parser makes of it."""
    (fault,) = refusal(kind, (word,))

    assert (fault.pointer, fault.place) == ("/it", "query")
    assert fault.detail


@pytest.mark.parametrize(("kind", "word"), WRONG_WORDS)
def test_each_word_of_a_list_that_does_not_fit_has_its_place(kind: Any, word: str) -> None:  # Any: a type
    """All at once."""
    faults = refusal(types.GenericAlias(list, (kind,)), (word, word))

    assert [fault.pointer for fault in faults] == ["/it/0", "/it/1"]


def test_a_personal_word_that_does_not_fit_is_not_repeated() -> None:
    """Faults are logged by those who get them."""
    (fault,) = refusal(Personal[int], ("ada@example.com",))

    assert "ada" not in fault.detail


WRONG_VALUES: list[tuple[Any, object]] = [  # Any: types
    (str, 7),
    (str, None),
    (str, b"x"),
    (str, "\ud800"),
    (str, "a\udfffb"),
    (LeadId, 7),
    (int, "7"),
    (int, 1.0),
    (int, True),
    (int, None),
    (int, 10**5000),
    (Limit, 0),
    (float, "1.5"),
    (float, math.nan),
    (float, math.inf),
    (float, -math.inf),
    (float | None, math.nan),
    (bool, 1),
    (bool, "true"),
    (decimal.Decimal, decimal.Decimal("NaN")),
    (decimal.Decimal, decimal.Decimal("Infinity")),
    (uuid.UUID, 7),
    (datetime.datetime, datetime.date(2026, 1, 31)),
    (datetime.date, datetime.datetime(2026, 1, 31, tzinfo=UTC)),
    (bytes, "a"),
    (Literal["a", "b"], "c"),
    (Source, 7),
    (Source, object()),
    (list[int], 7),
    (list[int], ["7"]),
    (list[int], None),
    (list[str], "ab"),
    (list[str], ["\ud800"]),
    (list[float], [1.5, math.nan]),
    (set[int], {"7"}),
]


@pytest.mark.parametrize(("kind", "value"), WRONG_VALUES, ids=range(len(WRONG_VALUES)))
def test_a_value_that_does_not_fit_is_refused_by_its_sender(kind: Any, value: object) -> None:  # Any: a type
    """Before anything is sent, with the argument's name."""
    with pytest.raises(Invalid) as caught:
        codec(kind).encode(value)

    assert {fault.pointer.split("/")[1] for fault in caught.value.faults} == {"it"}
    assert {fault.place for fault in caught.value.faults} == {"query"}


@pytest.mark.parametrize("word", ["", ".", ".."])
def test_what_means_something_else_in_a_path_is_refused_there(word: str) -> None:
    """Clients and proxies take such segments away; a query takes them."""
    with pytest.raises(Invalid, match="cannot stand in a path"):
        codec(str, Place.PATH).encode(word)

    assert codec(str, Place.QUERY).encode(word) == (word,)
    with pytest.raises(Invalid, match="cannot stand in a path"):
        codec(bytes, Place.PATH).encode(b"")


def test_an_unknown_word_is_unknown_between_services_and_refused_at_the_edge() -> None:
    """As in a body."""
    assert codec(Source).decode(("fax",)) is Source.UNKNOWN
    assert codec(list[Source]).decode(("web", "fax")) == [Source.WEB, Source.UNKNOWN]
    assert refusal(Source, ("fax",), strict=True)[0].detail == "`fax` is not one of unknown, web"
    assert refusal(list[Source], ("web", "fax"), strict=True)[0].pointer == "/it/1"
    assert refusal(Source | None, ("fax",), strict=True)[0].pointer == "/it"


def test_the_words_of_a_set_have_an_order() -> None:
    """Equal calls are equal on the wire, and have equal digests."""
    assert codec(frozenset[int]).encode(frozenset({10, 9, 1})) == ("1", "10", "9")


def test_a_constraint_of_a_list_is_kept() -> None:
    """By both sides."""
    kind: Any = Annotated[list[int], msgspec.Meta(max_length=2)]  # Any: a type expression

    assert refusal(kind, ("1", "2", "3"))[0].detail == "expected `array` of length <= 2"
    with pytest.raises(Invalid, match="length <= 2"):
        codec(kind).encode([1, 2, 3])


@pytest.mark.parametrize(
    ("kind", "is_word", "is_list"),
    [
        (str, True, False),
        (int | None, True, False),
        (Personal[str] | None, True, False),
        (Source, True, False),
        (Literal["a"], True, False),
        (list[str], True, True),
        (tuple[Source, ...], True, True),
        (list[str] | None, False, True),
        (list[str | None], False, False),
        (list[list[str]], False, False),
        (list[Lead], False, False),
        (Lead, False, False),
        (Lead | None, False, False),
        (int | str, False, False),
        (dict[str, int], False, False),
        (tuple[int, str], False, False),
        (None, False, False),
    ],
)
def test_scalars_choices_and_lists_of_them_fit_in_words(kind: Any, is_word: bool, is_list: bool) -> None:  # Any: a type
    """All else is a body."""
    assert (fits_in_words(kind), is_word_list(kind)) == (is_word, is_list)


@given(st.text(st.characters(), max_size=8), st.booleans())
def test_no_word_escapes(word: str, strict: bool) -> None:
    """A value, or `Invalid`."""
    for kind, _, _ in SCALARS:
        try:
            codec(kind).decode((word,), strict=strict)
            codec(types.GenericAlias(list, (kind,))).decode((word, word), strict=strict)
        except Invalid:
            pass
