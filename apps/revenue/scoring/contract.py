"""What Scoring promises: points for a lead, with reasons that sum to them, by rules and by what outcomes teach."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from atoll import Event, Page, Personal, Problem, Value, contract, delete, get, post
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution

from .report import (
    Compared,
    Comparison,
    ComparisonReport,
    ExamplePiece,
    ExampleTable,
    LeadOutcome,
    LeadOutcomes,
    Leak,
    ModelReport,
    ModelSummary,
    Promoted,
    Promotion,
    Quality,
    Training,
)
from .rule import Dimension, Rule, When
from .rules import Grade, Matrix, ScoringRules

__all__ = [
    "Compared", "Comparison", "ComparisonReport", "Dimension", "ExamplePiece", "ExampleTable", "ExamplesNotFound",
    "ExamplesRejected", "Grade", "GradeMove", "LeadOutcome", "LeadOutcomes", "LeadScored", "Leak", "LeakageSuspected",
    "LearningNotInstalled", "Matrix", "ModelNotFound", "ModelReport", "ModelSummary", "NothingToRollBack", "Plan",
    "PlanRequest", "PlannedChange", "Promoted", "Promotion", "Quality", "Reason", "Rule", "Score", "ScoreCount",
    "ScoreNotFound", "Scoring", "ScoringRules", "Training", "When",
]  # fmt: skip


class Reason(Value):
    """Why a lead has points, or why it lost them: the rule that spoke, its points, its sentence, and what they are for.

    A reason whose `rule` begins with `model_` is the share of one column of the learnt model.
    """

    rule: str
    points: int
    sentence: Personal[str]
    dimension: Dimension = Dimension.UNKNOWN


class Score(Value):
    """Between 0 and 100 points. Always `points == sum(reason.points for reason in reasons)`.

    `fit` says who the lead is, `engagement` what it did and how long ago: each between 0 and 100, and each the sum of
    the reasons of its dimension. `points` are both together, held at 100: they rank leads. The `grade` says what to do:
    the matrix of the rules gives it by fit and engagement, so that neither makes up for all of the other. `cell` is
    the place in that matrix: `B2`.

    Engagement fades: it is told as it is now, so that points and grade fall by themselves; `scored_at` is when the lead
    was last looked at as a whole.

    `is_provisional` says that Enrichment did not answer, so that only what the lead itself says was counted.
    `lead_revision` is that of the lead which was scored. `rules_version` is that of the rules; `model_version` and
    `probability` (of a good outcome) are those of the learnt model, where one had a part in it.
    """

    lead_id: str
    points: int
    grade: Grade
    reasons: tuple[Reason, ...]
    is_provisional: bool
    scored_at: datetime
    lead_revision: int = 1
    fit: int = 0
    engagement: int = 0
    cell: str = ""
    rules_version: int = 0
    model_version: int | None = None
    probability: float | None = None


class ScoreCount(Value):
    """How many leads have a score, and the sum of the leads' revisions that were scored.

    Both are those of `capture.count` when no lead waits for its score any more.
    """

    leads: int
    revisions: int


class PlanRequest(Value):
    """Rules that somebody thinks of, and how many leads to show that they would change.

    Of more than `leads_max` leads, those that came last are looked at; a thousand take about a fifth of a second.
    """

    rules: ScoringRules
    samples: int = 20
    leads_max: int = 50_000


class GradeMove(Value):
    """So many leads with one grade would have the other."""

    before: Grade
    after: Grade
    leads: int


class PlannedChange(Value):
    """A lead as it is now, and as it would be."""

    lead_id: str
    before: Score
    after: Score


class Plan(Value):
    """What rules would do to the leads that are kept. `samples` are those whose grade or points would change most."""

    leads: int
    points_change: int
    grade_change: int
    moves: tuple[GradeMove, ...]
    samples: tuple[PlannedChange, ...]


class LeadScored(Event, key="lead_id"):
    """A lead was scored: for the first time, again because something has changed, or since its grade has fallen.

    It carries all that is known of it.
    """

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


class ExamplesNotFound(
    Problem, status=404, detail="no table of examples is called {table}: send one with POST /examples"
):
    """There are no such examples."""

    table: str


class ExamplesRejected(Problem, status=422, detail="{table}: {explanation}"):
    """Nothing can be learnt from this as it is."""

    table: str
    explanation: str


class ModelNotFound(Problem, status=404, detail="there is no model of version {version}: GET /models lists them"):
    """There is no such model."""

    version: int


class LearningNotInstalled(
    Problem,
    status=501,
    detail="this needs scikit-learn, which is not installed: `pip install 'revenue[learning]'` where Scoring runs. "
    "Without it leads are scored by rules, and by models that were learnt before",
):
    """Models are learnt with a library that comes as an extra."""


class LeakageSuspected(
    Problem,
    status=409,
    detail="model {version} uses columns that seem to know the outcome: {columns}. Train it again with `leave_out`, or "
    "name them in `allow`, if they are known when a lead is scored",
):
    """A model that knows the outcome is perfect in the test, and useless for leads that have none yet."""

    version: int
    columns: str
    leaks: tuple[Leak, ...] = ()


class NothingToRollBack(Problem, status=409, detail="no model is promoted: there is nothing to take back"):
    """No model is in use."""


@contract(version="1.0", publishes=(LeadScored,))
class Scoring(Protocol):
    """Says how well a lead fits, how much it wants, and why: of every lead that was enriched, by itself."""

    @post("/scores", public=True)
    async def score(self, lead: Lead) -> Score:
        """Say what a lead would score if it were like this, and keep nothing."""
        ...

    @post("/scores/plan", public=True, timeout_s=25.0)
    async def plan(self, request: PlanRequest) -> Plan:
        """Say which leads would change points or grade by other rules, and keep nothing."""
        ...

    @get("/scores/{lead_id}", public=True, raises=(ScoreNotFound,))
    async def latest(self, lead_id: str) -> Score:
        """The latest score of a lead, as far as it has faded until now."""
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

    @post("/examples", public=True, raises=(ExamplesRejected,))
    async def add_examples(self, piece: ExamplePiece) -> ExampleTable:
        """Keep a piece of a table of leads whose outcome is known."""
        ...

    @post("/examples/outcomes", public=True, raises=(ExamplesRejected,))
    async def add_outcomes(self, outcomes: LeadOutcomes) -> ExampleTable:
        """Keep what became of leads that were scored, with what was known of them then."""
        ...

    @get("/examples/{table}", public=True, raises=(ExamplesNotFound,))
    async def examples(self, table: str) -> ExampleTable:
        """How large a table of examples is, and its columns."""
        ...

    @delete("/examples/{table}", public=True)
    async def drop_examples(self, table: str) -> None:
        """Forget a table of examples. What was learnt from it stays; it names no lead."""
        ...

    @post(
        "/models/train", public=True, timeout_s=28.0, raises=(ExamplesNotFound, ExamplesRejected, LearningNotInstalled)
    )
    async def train(self, training: Training) -> ModelReport:
        """Learn a model. The same training of the same examples is done once, and answered with the same version."""
        ...

    @get("/models", public=True)
    async def models(self, cursor: str | None = None, limit: int = 100) -> Page[ModelSummary]:
        """All versions, the oldest first, a page at a time."""
        ...

    @get("/models/{version}", public=True, raises=(ModelNotFound,))
    async def model(self, version: int) -> ModelReport:
        """All that is to be known of a version."""
        ...

    @post(
        "/models/compare",
        public=True,
        timeout_s=28.0,
        raises=(ModelNotFound, ExamplesNotFound, ExamplesRejected, LearningNotInstalled),
    )
    async def compare(self, comparison: Comparison) -> ComparisonReport:
        """How versions do on the same rows, which none of them was taught."""
        ...

    @post("/models/{version}/promote", public=True, raises=(ModelNotFound, LeakageSuspected))
    async def promote(self, version: int, promotion: Promotion) -> Promoted:
        """Use a version from now on. All leads are scored again by it, some hundred a second."""
        ...

    @post("/models/rollback", public=True, raises=(NothingToRollBack,))
    async def roll_back(self) -> Promoted:
        """Use the version that was used before the present one, or none."""
        ...
