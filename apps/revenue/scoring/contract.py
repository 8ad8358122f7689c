"""What Scoring promises: points for a lead, with reasons that sum to them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution


class Grade(Choice):
    """What the points mean: call now, call, nurture, leave."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNKNOWN = "unknown"


class Reason(Value):
    """Why a lead has points, or why it lost them: the rule that spoke, its points and its sentence."""

    rule: str
    points: int
    sentence: Personal[str]


class Score(Value):
    """Between 0 and 100 points. Always `points == sum(reason.points for reason in reasons)`.

    `is_provisional` says that Enrichment did not answer, so that only what the lead itself says was counted.
    `lead_revision` is that of the lead which was scored.
    """

    lead_id: str
    points: int
    grade: Grade
    reasons: tuple[Reason, ...]
    is_provisional: bool
    scored_at: datetime
    lead_revision: int = 1


class ScoreCount(Value):
    """How many leads have a score, and the sum of the leads' revisions that were scored.

    Both are those of `capture.count` when no lead waits for its score any more.
    """

    leads: int
    revisions: int


class ScoringRules(Value):
    """The team's rules of how well a lead fits and how much it wants."""


class LeadScored(Event, key="lead_id"):
    """A lead was scored, for the first time, or again because it has changed. It carries all that is known of it."""

    lead_id: str
    points: int
    grade: Grade
    lead: Lead | None = None
    resolution: Resolution | None = None
    profile: Profile | None = None
    score: Score | None = None


class ScoreNotFound(
    Problem, status=404, detail="lead {lead_id} has no score: there is no such lead, or it waits for one"
):
    """There is no such score, or not yet: leads are scored some moments after they have come in."""

    lead_id: str


@contract(version="1.0", publishes=(LeadScored,))
class Scoring(Protocol):
    """Says how well a lead fits, and why: of every lead that was enriched, by itself."""

    @post("/scores", public=True)
    async def score(self, lead: Lead) -> Score:
        """Say what a lead would score if it were like this, and keep nothing."""
        ...

    @get("/scores/{lead_id}", public=True, raises=(ScoreNotFound,))
    async def latest(self, lead_id: str) -> Score:
        """The latest score of a lead."""
        ...

    @get("/scores", public=True)
    async def scores(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """The latest scores of all leads, a page at a time (at most 1,000 each)."""
        ...

    @get("/scores/count", public=True)
    async def count(self) -> ScoreCount:
        """How many leads have a score."""
        ...

    @get("/scores/export", public=True)
    def export(self) -> AsyncIterator[Score]:
        """The latest scores of all leads as they are now, one after the other."""
        ...
