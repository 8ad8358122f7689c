"""The work that is measured, as Atoll services: a lead of 300 bytes comes in, a score of 300 bytes goes back."""

from collections.abc import AsyncIterator
from typing import Protocol

from atoll import Application, Problem, Service, Value, blocking, contract, depends, get, post


class Visit(Value):
    """A page that somebody looked at."""

    path: str
    seconds: int


class Lead(Value):
    """Eight fields and three items, 300 bytes as JSON."""

    id: str
    email: str
    name: str
    company: str
    country: str
    employees: int
    revenue: float
    visits: tuple[Visit, ...]


class Reason(Value):
    """What counted, and how much."""

    points: int
    because: str


class Score(Value):
    """What goes back, 300 bytes as JSON, too."""

    lead_id: str
    points: int
    grade: str
    model: str
    reasons: tuple[Reason, ...]


class ScoreNotFound(Problem, status=404, detail="lead {lead_id} has no score yet"):
    """There is no such score."""

    lead_id: str


LEAD = Lead(
    id="018bcfe5-6800-7000-8000-000000000000",
    email="ada.lovelace@analytical-engines.example",
    name="Ada Lovelace",
    company="Analytical Engines",
    country="GB",
    employees=42,
    revenue=1815.5,
    visits=(
        Visit(path="/pricing", seconds=73),
        Visit(path="/docs/start", seconds=310),
        Visit(path="/about", seconds=8),
    ),
)

REASONS = (
    Reason(points=30, because="looked at the prices for more than a minute"),
    Reason(points=25, because="read how to begin, and stayed for long"),
    Reason(points=20, because="its company has the size of our best customers"),
)


def score_of(lead_id: str) -> Score:
    """The answer of every subject: cheap to make, so that what is around it is measured."""
    return Score(lead_id=lead_id, points=75, grade="a", model="rules of November", reasons=REASONS)


@contract(version="1.0")
class Scoring(Protocol):
    """Says how well a lead fits."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...

    @get("/scores/{lead_id}")
    async def latest(self, lead_id: str, limit: int = 3, *, fresh: bool = False) -> Score:
        """A score by path and query."""
        ...

    @get("/scores/{lead_id}/missing", raises=(ScoreNotFound,))
    async def missing(self, lead_id: str) -> Score:
        """A problem, always."""
        ...

    @post("/scores/blocking")
    async def score_in_thread(self, lead: Lead) -> Score:
        """Score one lead, in a thread."""
        ...

    @get("/scores")
    def export(self, count: int) -> AsyncIterator[Score]:
        """So many scores, as a stream."""
        ...


class ScoringService(Service, Scoring, owner="benchmarks"):
    """Answers at once."""

    async def score(self, lead: Lead) -> Score:
        """Answer at once."""
        return score_of(lead.id)

    async def latest(self, lead_id: str, limit: int = 3, *, fresh: bool = False) -> Score:
        """Answer at once."""
        return score_of(lead_id)

    async def missing(self, lead_id: str) -> Score:
        """Refuse."""
        raise ScoreNotFound(lead_id=lead_id)

    @blocking
    def score_in_thread(self, lead: Lead) -> Score:
        """Answer from a thread."""
        return score_of(lead.id)

    async def export(self, count: int) -> AsyncIterator[Score]:
        """So many answers."""
        for _ in range(count):
            yield score_of(LEAD.id)


@contract(version="1.0")
class Absent(Protocol):
    """Is hosted nowhere, so that its fallback answers."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


class AbsentService(Service, Absent, owner="benchmarks"):
    """Is declared, and never started."""

    async def score(self, lead: Lead) -> Score:
        """Answer at once."""
        return score_of(lead.id)


class OfflineScoring:
    """Answers for `Absent`."""

    async def score(self, lead: Lead) -> Score:
        """Score one lead without asking anybody."""
        return score_of(lead.id)


@contract(version="1.0")
class Routing(Protocol):
    """Calls Scoring: one service further away from the first caller."""

    @post("/routes")
    async def route(self, lead: Lead) -> Score:
        """Have a lead scored."""
        ...

    @get("/routes/repeated")
    async def repeat(self, count: int) -> None:
        """Have a lead scored so many times."""
        ...

    @get("/routes/offline")
    async def repeat_offline(self, count: int) -> None:
        """Have a lead scored by the fallback so many times."""
        ...


class RoutingService(Service, Routing, owner="benchmarks"):
    """The second of three."""

    scoring: Scoring
    absent: Absent = depends(fallback=OfflineScoring)

    async def route(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.scoring.score(lead)

    async def repeat(self, count: int) -> None:
        """Pass the same lead on, again and again."""
        for _ in range(count):
            await self.scoring.score(LEAD)

    async def repeat_offline(self, count: int) -> None:
        """Ask whoever is not there, again and again."""
        for _ in range(count):
            await self.absent.score(LEAD)


@contract(version="1.0")
class Capture(Protocol):
    """Calls Routing, which calls Scoring."""

    @post("/leads")
    async def take(self, lead: Lead) -> Score:
        """Take a lead in."""
        ...


class CaptureService(Service, Capture, owner="benchmarks"):
    """The first of three."""

    routing: Routing

    async def take(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.routing.route(lead)


LEADS = Application("leads", services=[CaptureService, RoutingService, ScoringService, AbsentService], edges=())
HOSTED = ("capture", "routing", "scoring")
"""All but the absent one."""
