"""Contracts that publish: events of every form that a field can have, and two majors side by side."""

import dataclasses
import datetime
import decimal
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, NamedTuple, Protocol, TypedDict, TypeVar

import msgspec

from atoll import Choice, Event, Personal, Value, contract, get

T = TypeVar("T")

THERE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
HERE = THERE.replace(tzinfo=None)
"""Two moments that Python does not compare."""


class Source(Choice):
    """Where a lead came from."""

    WEB = "web"
    FAIR = "fair"
    UNKNOWN = "unknown"


class Person(Value):
    """Who it is."""

    name: Personal[str]
    email: Personal[str] | None = None


class Mail(Value, tag="mail"):
    """By mail."""

    to: Personal[str]


class Call(Value, tag="call"):
    """By telephone."""

    number: Annotated[str, msgspec.Meta(pattern="^[0-9]+$", min_length=3)]


class Named(Value, Generic[T]):
    """Something with a name."""

    name: str
    what: T


class Tree(Value):
    """What holds itself."""

    below: tuple["Tree", ...] = ()
    marks: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Point:
    """A dataclass."""

    x: int
    y: float = 0.5


class Pair(NamedTuple):
    """A tuple whose second may be missing."""

    left: int
    right: str = "none"


class Sizes(TypedDict, total=False):
    """A dictionary."""

    small: int


class LeadCaptured(Event, key="lead_id"):
    """A lead came in.

    Once for each lead,
    and never again.
    """

    lead_id: str
    source: Source = Source.WEB
    who: Personal[Person]
    known_as: Person | None = None
    first_contact: Mail | Call
    contacts: tuple[Mail | Call, ...] = ()


class LeadForgotten(LeadCaptured):
    before: datetime.datetime | None = None


class Changed(Event, Generic[T], key="id"):
    """Something is other than it was."""

    id: str
    was: T
    now: T | None = None


class ScoreChanged(Changed[Named[int]]):
    """Points went up or down."""


class HTTPLogWritten(Event, key="number"):
    """A key that is no text."""

    number: int
    pair: Pair = Pair(1)
    fixed: tuple[int, str] = (1, "a")
    point: Point | None = None
    sizes: Sizes | None = None
    tree: Tree = Tree(marks=frozenset({"oak", "ash", "elm", "fir"}))
    words: frozenset[str] = frozenset({"alpha", "beta", "gamma", "delta", "epsilon"})
    moments: frozenset[datetime.datetime] = frozenset({HERE, THERE})
    names: Mapping[str, decimal.Decimal] = {}  # msgspec copies it
    raw: bytes = b"\xff"
    took: datetime.timedelta = datetime.timedelta(seconds=90)
    colour: Literal["red", "green"] | None = None
    mixed: int | str | None = None


class NightFell(Event):
    """No key: no order."""


@contract(version="1.3", publishes=(LeadCaptured, LeadForgotten, ScoreChanged, HTTPLogWritten, NightFell))
class Capture(Protocol):
    """Takes leads in."""

    @get("/leads/count")
    async def count(self) -> int: ...


class Envelope(Value):
    """A value that is called as the platform's own."""

    stamp: str


class LetterSent(Event):
    """A letter is on its way."""

    envelope: Envelope


@contract(version="1.0", publishes=(LetterSent,))
class Post(Protocol):
    """Sends letters."""

    @get("/letters/count")
    async def count(self) -> int: ...


@contract(version="1.0")
class Quiet(Protocol):
    """Publishes nothing."""

    @get("/silence")
    async def silence(self) -> str: ...


def major(number: int, kind: type) -> Any:  # Any: a contract
    """One major of a contract; its event has the same name in each, and its own fields."""

    class Article(Value):
        price: kind  # type: ignore[valid-type]  # pyright: ignore[reportInvalidTypeForm]  # each major has its own

    class PriceChanged(Event, key="article_id"):
        """An article has another price."""

        article_id: str
        article: Article

    @contract(version=f"{number}.0", publishes=(PriceChanged,))
    class Pricing(Protocol):
        """Knows what everything costs."""

    return Pricing
