"""What is personal in JSON is masked for people, and blanked for good, so that the rest still fits."""

from base64 import b64encode
from datetime import date
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Choice, Event, Personal
from atoll.contract import blanked, codec_of, masked
from tests.contract.publishing import LeadCaptured, LeadForgotten, Mail, Person

CANARY = "canary@example.com"


class Origin(Choice):
    """Where somebody comes from."""

    NORTH = "north"
    UNKNOWN = "unknown"


class Told(Event, key="id"):
    """Every type that has a blank, and every way to hold one."""

    id: str
    text: Personal[str]
    maybe: Personal[int | None] = None
    raw: Personal[bytes] = b""
    listed: Personal[tuple[str, ...]] = ()
    table: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies it
    origin: Personal[Origin] = Origin.NORTH
    inside: tuple[Personal[str], ...] = ()
    by_name: dict[str, Personal[str]] = {}  # noqa: RUF012  # as above
    person: Person | None = None
    people: tuple[Person, ...] = ()
    whole: Personal[Person] | None = None
    born: Personal[date] = date(1970, 1, 1)
    size: Personal[int] = 0


class Strict(Event):
    """Its age has no blank, and has to be there."""

    age: Personal[int]


class Long(Event):
    """A text that cannot be empty."""

    name: Personal[Annotated[str, msgspec.Meta(min_length=2)]]


class Ruled(Event):
    """A rule that no type says."""

    name: Personal[str]

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a name is wanted")


class Harmless(Event):
    """Nothing in it is personal."""

    points: int


TOLD = Told(
    id="7",
    text=CANARY,
    maybe=41,
    raw=b"canary",
    listed=(CANARY,),
    table={CANARY: CANARY},
    inside=(CANARY,),
    by_name={"first": CANARY},
    person=Person(name=CANARY, email=CANARY),
    people=(Person(name=CANARY),),
    whole=Person(name=CANARY),
    born=date(1912, 6, 23),
    size=180,
)


def test_what_is_blanked_still_fits_and_says_nothing() -> None:
    """Null where the type lets it be, else empty; what has neither falls back to its default."""
    data = blanked(Told, codec_of(Told).encode(TOLD))

    assert data is not None
    assert codec_of(Told).decode(data) == Told(
        id="7",
        text="",
        maybe=None,
        origin=Origin.UNKNOWN,
        person=Person(name=""),
        people=(Person(name=""),),
        born=date(1970, 1, 1),
        size=0,
    )
    assert b"canary" not in data


@pytest.mark.parametrize("event", [Strict(age=41), Long(name="Ada"), Ruled(name="Ada")])
def test_where_nothing_is_left_that_fits_it_is_said(event: Event) -> None:
    """Zero years would be a claim, and a rule wants what is gone."""
    assert blanked(type(event), codec_of(type(event)).encode(event)) is None


def test_what_is_not_personal_stays_as_it_is() -> None:
    """To the byte."""
    data = codec_of(Harmless).encode(Harmless(points=7))

    assert blanked(Harmless, data) == data


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (b'{"points": 7, "email": "canary"}', b'{"points":7}'),
        (b'{"points": {"email": "canary"}}', None),
        (b'["canary"]', None),
        (b"canary", None),
    ],
)
def test_what_the_type_does_not_know_goes(data: bytes, left: bytes | None) -> None:
    """A later version may have added a field that is personal; what does not fit may be anything."""
    assert blanked(Harmless, data) == left
    assert "canary" not in str(masked(Harmless, data))


def test_of_a_union_the_one_is_blanked_that_was_sent() -> None:
    """Told by its tag; one that is not known is not let through."""
    mail = {"type": "mail", "to": CANARY}
    lead = {"lead_id": "7", "who": {"name": CANARY}, "first_contact": mail}

    data = blanked(LeadCaptured, msgspec.json.encode(lead))

    assert data is not None
    assert codec_of(LeadCaptured).decode(data).first_contact == Mail(to="")
    pigeon = lead | {"first_contact": {"type": "pigeon", "ring": CANARY}}
    assert blanked(LeadCaptured, msgspec.json.encode(pigeon)) is None
    assert masked(LeadCaptured, msgspec.json.encode(pigeon))["first_contact"] == "***"


def test_masked_shows_the_rest() -> None:
    """Who looks at a dead letter needs to see what it is about."""
    shown = masked(Told, codec_of(Told).encode(TOLD))

    assert shown["id"] == "7"
    assert shown["person"] == {"name": "***", "email": "***"}
    assert (shown["text"], shown["table"], shown["inside"]) == ("***", "***", "***")
    assert masked(LeadForgotten, b'{"known_as": null, "source": "web"}') == {"known_as": None, "source": "web"}


def test_of_an_unknown_type_nothing_is_shown() -> None:
    """Nobody can say what of it is personal."""
    assert masked(None, b'{"email": "canary"}') == "***"


SECRETS = st.text(alphabet="xyz", max_size=3).map(lambda more: f"canary{more}")
PEOPLE = st.builds(Person, name=SECRETS, email=st.none() | SECRETS)
TOLDS = st.builds(
    Told,
    id=st.text(),
    text=SECRETS,
    maybe=st.none() | st.integers(),
    raw=SECRETS.map(str.encode),
    listed=st.lists(SECRETS).map(tuple),
    table=st.dictionaries(SECRETS, SECRETS),
    inside=st.lists(SECRETS).map(tuple),
    by_name=st.dictionaries(st.text(alphabet="ab"), SECRETS),
    person=st.none() | PEOPLE,
    people=st.lists(PEOPLE).map(tuple),
    whole=st.none() | PEOPLE,
)


@given(told=TOLDS)
def test_no_text_of_a_personal_field_is_left(told: Told) -> None:
    """Whatever else the event holds, and it still is one."""
    left = blanked(Told, codec_of(Told).encode(told))

    assert left is not None
    assert b"canary" not in left
    assert b64encode(b"canary") not in left
    assert codec_of(Told).decode(left).id == told.id
    assert blanked(Told, left) == left
