"""A contract in a module that postpones its annotations, with every kind of type in it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
from collections.abc import AsyncIterator
from typing import Generic, NamedTuple, NotRequired, Protocol, Required, TypedDict, TypeVar

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post

T = TypeVar("T")


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


@dataclasses.dataclass
class Point(Generic[T]):
    """A generic dataclass."""

    x: T
    next: Point[T] | None = None


class Sizes(TypedDict, total=False):
    """A dictionary of known names, one of which must be there."""

    small: Required[int]
    large: int


class Names(TypedDict):
    """A dictionary of known names, one of which may be missing."""

    name: str
    nick: NotRequired[str]


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: Later | None = None


class Lead(Value):
    """A value."""

    id: str
    email: Personal[str] | None = None
    source: Source = Source.UNKNOWN
    at: datetime.datetime | None = None
    price: decimal.Decimal | None = None
    below: tuple[Lead, ...] = ()
    point: Point[int] | None = None
    sizes: Sizes | None = None
    names: Names | None = None
    pair: Pair | None = None
    later: Later | None = None


class Later(Value):
    """A value that is named before it is there."""

    why: str


class LeadScored(Event, key="lead_id"):
    """An event."""

    lead_id: str
    lead: Lead | None = None


class ScoreNotFound(Problem, status=404, detail="{lead_id}"):
    """A problem."""

    lead_id: str
    lead: Lead | None = None


@contract(version="1.0", publishes=(LeadScored,))
class Scoring(Protocol):
    """A contract."""

    @post("/scores", raises=(ScoreNotFound,))
    async def score(self, lead: Lead, note: str | None = None) -> Lead: ...

    @get("/scores/{lead_id}")
    async def latest(
        self, lead_id: str, cursor: str | None = None, limit: int = 100, *, sources: tuple[Source, ...] = ()
    ) -> Page[Lead]: ...

    @get("/scores")
    def export(self, since: datetime.date) -> AsyncIterator[Lead]: ...
