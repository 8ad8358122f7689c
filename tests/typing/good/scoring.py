"""A contract, the service that fulfils it, and an application: the shapes that every service has."""

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Protocol

from atoll import (
    Application,
    Choice,
    Clock,
    Deprecation,
    Disk,
    Entropy,
    Event,
    Page,
    Personal,
    Problem,
    Reference,
    Service,
    Settings,
    Value,
    blocking,
    contract,
    delete,
    depends,
    get,
    post,
    private,
)


class Grade(Choice):
    """A choice."""

    GOOD = "good"
    UNKNOWN = "unknown"


class Reason(Value):
    """A value with a default."""

    why: str
    points: int = 0


class Mail(Value, tag="mail"):
    """One of a union."""

    to: str


class Call(Value, tag="call"):
    """The other."""

    number: int


class Lead(Value):
    """A value with personal fields."""

    id: str
    email: Personal[str]
    phone: Personal[str] | None = None
    contact: Mail | Call | None = None


class Score(Value):
    """A value with values in it."""

    lead_id: str
    points: int
    grade: Grade = Grade.UNKNOWN
    reasons: tuple[Reason, ...] = ()


@dataclasses.dataclass(frozen=True)
class Point:
    """A dataclass as a value."""

    x: int


class LeadScored(Event, key="lead_id"):
    """An event."""

    lead_id: str
    points: int = 0


class ScoreNotFound(Problem, status=404, detail="{lead_id} has no score"):
    """A problem."""

    lead_id: str
    note: str | None = None


class Busy(Problem, status=503, retryable=True, code="very_busy"):
    """A problem without fields."""


@contract(version="1.0")
class Enrichment(Protocol):
    """What another service promises."""

    @get("/company")
    async def company(self, email: str) -> str:
        """A company."""
        ...


@contract(version="1.0", publishes=(LeadScored,))
class Scoring(Protocol):
    """Every kind of operation."""

    @post("/scores", public=True, timeout_s=3)
    async def score(self, lead: Lead) -> Score: ...

    @get("/scores/{lead_id}", raises=(ScoreNotFound, Busy))
    async def latest(self, lead_id: str) -> Score: ...

    @get("/scores")
    async def listed(self, cursor: str | None = None, limit: int = 100) -> Page[Score]: ...

    @get("/scores/export")
    def export(self) -> AsyncIterator[Score]: ...

    @post("/points", deprecated=Deprecation(since=datetime(2026, 1, 1, tzinfo=UTC).date()))
    async def point(self, point: Point) -> Point: ...

    @delete("/scores")
    async def clear(self) -> None: ...


class ScoringSettings(Settings):
    """Settings."""

    batch_max: int = 50


class OfflineEnrichment:
    """A fallback: fulfils the contract by its shape."""

    async def company(self, email: str) -> str:
        """A company."""
        return email


class ScoringService(Service, Scoring, owner="revenue-operations"):
    """Every kind of field and handler."""

    enrichment: Enrichment = depends(fallback=OfflineEnrichment, timeout_s=2)
    other: Enrichment
    clock: Clock
    entropy: Entropy
    disk: Disk
    settings: ScoringSettings
    scores: dict[str, Score] = private(default_factory=dict)
    lock: asyncio.Lock = private(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Called first."""
        self.scores.clear()

    async def ready(self) -> bool:
        """Whether it can take calls."""
        return bool(self.scores)

    async def score(self, lead: Lead) -> Score:
        """An ordinary handler."""
        company = await self.enrichment.company(lead.email)
        reason = Reason(why=company.upper(), points=self.settings.batch_max)
        score = Score(lead_id=lead.id, points=len(company), reasons=(reason,))
        self.scores[lead.id] = score
        generator: random.Random = self.entropy.random()
        moment: datetime = self.clock.now()
        content: bytes | None = self.disk.read("name")
        print(generator, moment, content)
        return score

    @blocking
    def latest(self, lead_id: str) -> Score:
        """A handler in a thread."""
        if lead_id not in self.scores:
            raise ScoreNotFound(lead_id=lead_id)
        return self.scores[lead_id]

    async def listed(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """A page."""
        return Page(items=tuple(self.scores.values())[:limit], next=cursor)

    async def export(self) -> AsyncIterator[Score]:
        """A stream."""
        for score in self.scores.values():
            yield score

    async def point(self, point: Point) -> Point:
        """A dataclass."""
        return Point(x=point.x + 1)

    async def clear(self) -> None:
        """Nothing comes back."""
        self.scores.clear()


revenue = Application(
    "revenue",
    owner="revenue-operations",
    services=[ScoringService, "revenue.capture.service:CaptureService", Reference("a.b:C", contract="a.c:D")],
)
