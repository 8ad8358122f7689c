"""Values and choices: what contracts are made of, as they are in a program."""

import copy
import dataclasses
import enum
import pickle
import types
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, NewType, TypedDict, TypeVar, cast

import msgspec
import pytest
from rich.pretty import pretty_repr

from atoll import Choice, Page, Personal, Problem, Value
from atoll.contract import codec_of

T = TypeVar("T")

ADA = "ada@example.com"


class Lead(Value):
    """A value."""

    id: str
    email: Personal[str]
    phone: Personal[str] | None = None


class Even(Value):
    """A value with a rule."""

    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("is odd")


class Grown(Even):
    """A value with more in it."""

    more: str = "more"


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


def test_a_value_is_made_by_keyword() -> None:
    """A field that is added later must not change what an argument means."""
    with pytest.raises(TypeError):
        Lead("7", ADA)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the point of it


@pytest.mark.parametrize("given", [{}, {"id": "7"}, {"id": "7", "email": ADA, "more": 1}])
def test_a_value_takes_its_fields_and_nothing_else(given: dict[str, Any]) -> None:  # Any: fields of any type
    """The type checkers say it first."""
    with pytest.raises(TypeError):
        Lead(**given)


def test_a_value_cannot_be_changed() -> None:
    """It may be shared by whoever holds it."""
    lead = Lead(id="7", email=ADA)

    with pytest.raises(AttributeError):
        lead.id = "8"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point of it


def test_values_with_equal_fields_are_equal_and_hash_alike() -> None:
    """What they say counts, not which object they are."""
    one, same, other = Lead(id="7", email=ADA), Lead(id="7", email=ADA), Lead(id="8", email=ADA)

    assert one == same != other
    assert len({one, same, other}) == 2


def test_a_value_survives_a_copy_and_a_pickle() -> None:
    """With its fields."""
    lead = Lead(id="7", email=ADA)

    assert copy.deepcopy(lead) == copy.copy(lead) == pickle.loads(pickle.dumps(lead)) == lead


def test_a_value_can_extend_another() -> None:
    """Keyword-only and frozen like it, with its rule."""
    grown = Grown(number=2, more="x")

    assert (grown.number, grown.more) == (2, "x")
    with pytest.raises(ValueError, match="is odd"):
        Grown(number=3)


def test_a_rule_is_asked_at_construction() -> None:
    """Where the error is the constructor's own."""
    assert Even(number=2).number == 2
    with pytest.raises(ValueError, match="is odd"):
        Even(number=1)


@pytest.mark.parametrize("option", ["array_like", "forbid_unknown_fields", "rename", "omit_defaults", "frozen"])
def test_a_value_takes_none_of_the_options_that_change_the_wire(option: str) -> None:
    """All values travel alike."""
    with pytest.raises(TypeError, match=option):
        types.new_class("Odd", (Value,), {option: True})


def test_a_choice_reads_a_word_that_it_does_not_know_as_unknown() -> None:
    """A later version may know more."""
    assert Source("web") is Source.WEB
    assert Source("carrier-pigeon") is Source.UNKNOWN


@pytest.mark.parametrize("value", [3, None, b"web", ("web",)])
def test_a_choice_is_a_word(value: object) -> None:
    """Anything else is no choice at all."""
    with pytest.raises(ValueError, match="is not a valid Source"):
        cast(Any, Source)(value)  # Any: a call that no checker lets through


def test_a_choice_is_text() -> None:
    """It can be joined, compared and printed as its word."""
    text: str = Source.WEB

    assert f"{text}" == text == "web"


@dataclasses.dataclass
class Card:
    """A dataclass, which shows everything."""

    number: Personal[str]
    brand: str = "x"


class Raw(msgspec.Struct):
    """A Struct that is no Value."""

    name: Personal[str]


class Named(NamedTuple):
    """A NamedTuple."""

    name: Personal[str]


class Typed(TypedDict):
    """A TypedDict."""

    name: Personal[str]


class Box(Value, Generic[T]):
    """A generic value."""

    item: T


Email = NewType("Email", str)
PersonalEmail = Personal[Email]


class Wallet(Value):
    """Personal data in every place where it can stand."""

    direct: Personal[str] = ADA
    optional: Personal[str] | None = ADA
    absent: Personal[str] | None = None
    items: tuple[Personal[str], ...] = (ADA,)
    whole: Personal[tuple[str, ...]] = (ADA,)
    table: dict[str, Personal[str]] | None = None
    typed: Typed | None = None
    named: tuple[Named, ...] = (Named(ADA),)
    alias: PersonalEmail = Email(ADA)
    record: Personal[Lead] | None = None
    lead: Lead | None = None
    leads: tuple[Lead, ...] = ()
    card: Card | None = None
    cards: tuple[Card, ...] = ()
    by_name: dict[str, list[Card]] | None = None
    raw: Raw | None = None
    box: Box[Card] | None = None
    plain: str = "plain"


FULL = Wallet(
    table={"a": ADA},
    typed=Typed(name=ADA),
    record=Lead(id="7", email=ADA),
    lead=Lead(id="7", email=ADA, phone=ADA),
    leads=(Lead(id="7", email=ADA),),
    card=Card(ADA),
    cards=(Card(ADA),),
    by_name={"a": [Card(ADA)]},
    raw=Raw(ADA),
    box=Box(item=Card(ADA)),
)


def test_what_is_personal_is_masked_wherever_it_stands() -> None:
    """Also in optional fields, lists, records in records, and dataclasses, whose own repr tells all."""
    shown = repr(FULL)

    assert ADA not in shown
    assert "direct='***', optional='***', absent=None, items='***', whole='***', table='***', typed='***'" in shown
    assert "lead=Lead(id='7', email='***', phone='***'), leads=(Lead(id='7', email='***', phone=None),)" in shown
    assert "card=Card(number='***', brand='x'), cards=(Card(number='***', brand='x'),)" in shown
    assert "by_name={'a': [Card(number='***', brand='x')]}, raw=Raw(name='***')" in shown
    assert "box=Box(item=Card(number='***', brand='x')), plain='plain'" in shown


def test_rich_shows_no_more_than_repr() -> None:
    """The command line prints with it."""
    assert ADA not in pretty_repr(FULL)
    assert ADA not in pretty_repr(Page(items=(FULL, Card(ADA))))


def test_a_page_of_dataclasses_masks_what_is_personal_in_them() -> None:
    """A generic value does not know at run time of what it is made."""
    assert repr(Page(items=(Card(ADA),))) == "Page(items=(Card(number='***', brand='x'),), next=None)"


class Unreadable(Value):
    """A value whose annotations name what is not there."""

    name: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # the point of it


def test_a_value_whose_fields_cannot_be_read_shows_none_of_them() -> None:
    """Nobody knows which are personal."""
    assert repr(cast(Any, Unreadable)(name=ADA)) == "Unreadable(name='***')"  # Any: no checker knows its fields


class Early(Value):
    """A value that is shown before all that it names is there."""

    email: Personal[str]
    later: "Late | None" = None


EARLY = repr(Early(email=ADA))


class Late(Value):
    """What it names."""

    x: int


def test_a_value_that_is_shown_too_early_is_shown_in_full_later() -> None:
    """What could not be read is not remembered."""
    assert EARLY == "Early(email='***', later=None)"
    assert repr(Early(email=ADA, later=Late(x=1))) == "Early(email='***', later=Late(x=1))"
    assert codec_of(Early).decode(b'{"email":"a","later":{"x":1}}') == Early(email="a", later=Late(x=1))


class CardRefused(Problem, status=409, detail="card {card} of {email}, {amount:.2f}"):
    """A card cannot be used."""

    card: Card
    email: Personal[str]
    amount: float


class CardLost(Problem, status=409):
    """A card is lost."""

    cards: tuple[Card, ...]
    email: Personal[str] | None = None


def test_a_problem_masks_what_is_personal_in_its_sentence() -> None:
    """It is logged, and stands in tracebacks."""
    refused, lost = CardRefused(card=Card(ADA), email=ADA, amount=1), CardLost(cards=(Card(ADA),), email=ADA)

    assert str(refused) == "card Card(number='***', brand='x') of ***, 1.00"
    assert str(lost) == "A card is lost, cards=(Card(number='***', brand='x'),), email='***'"
    assert ADA not in f"{refused!r} {lost!r}"


def test_what_is_masked_still_travels() -> None:
    """The mark is for people who read along, not for who was meant."""
    codec = codec_of(Wallet)

    assert codec.decode(codec.encode(FULL)) == FULL


@pytest.mark.parametrize("made", [enum.Enum, enum.StrEnum])
def test_a_choice_without_unknown_is_made_like_any_enum(made: Callable[..., Any]) -> None:  # Any: an enum
    """Its lack is told when a contract uses it."""
    words = made("Words", {"A": "a"})

    assert words("a") is words.A
