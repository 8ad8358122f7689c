"""What Routing promises: every lead has an owner, and everybody can see why it is this one."""

from datetime import datetime
from typing import Protocol

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post
from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution
from revenue.scoring.contract import Grade, Score

from .questions import Explanation as Explanation
from .questions import FairnessReport as FairnessReport
from .questions import Owner as Owner
from .questions import OwnerChange as OwnerChange
from .questions import RepLoad as RepLoad
from .questions import RouteQuestion as RouteQuestion
from .questions import RoutingTrial as RoutingTrial
from .questions import Share as Share
from .questions import TeamFairness as TeamFairness
from .questions import TrialReport as TrialReport
from .rules import Absence as Absence
from .rules import Between as Between
from .rules import Conditions as Conditions
from .rules import ExistingOwner as ExistingOwner
from .rules import Holiday as Holiday
from .rules import NamedAccount as NamedAccount
from .rules import OutsideHours as OutsideHours
from .rules import Rep as Rep
from .rules import ResponseRule as ResponseRule
from .rules import RoutingRules as RoutingRules
from .rules import Team as Team
from .rules import Territory as Territory
from .rules import WhenFull as WhenFull
from .rules import WorkingHours as WorkingHours


class Status(Choice):
    """How far somebody has come with a lead. Its names are those of Salesforce's `Lead.Status`, in small letters."""

    NEW = "new"
    ACCEPTED = "accepted"
    WORKING = "working"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    UNKNOWN = "unknown"


class Stage(Choice):
    """How far a response clock has run: nobody was told yet, the owner was, the manager was, somebody else's turn."""

    RUNNING = "running"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    UNKNOWN = "unknown"


class ResponseClock(Value):
    """Until when a lead is to be answered. Moments are in the owner's working hours; None: that does not happen.

    It stops when the lead is accepted or first touched: `stopped_at`.
    """

    respond_by: datetime
    escalate_at: datetime | None = None
    reassign_at: datetime | None = None
    stage: Stage = Stage.RUNNING
    stopped_at: datetime | None = None


class Assignment(Value):
    """Who takes care of a lead, by which step of the way it was found, and each step's word.

    `owner` is a rep's id, or the name of a queue in which the lead waits for one: `details` are there for a rep.
    `step` is one of `existing_owner`, `named_account`, `territory`, `round_robin`, `catch_all` and `by_hand`; `matched`
    says which: the territory's name, the account. `is_provisional`: Enrichment had not answered, so that the owner may
    be corrected until the lead is accepted. `round` counts the lead's owners.
    """

    lead_id: str
    owner: str
    step: str
    why: tuple[Personal[str], ...]
    is_provisional: bool
    assigned_at: datetime
    rules_version: int = 0
    details: Owner | None = None
    team: str | None = None
    matched: Personal[str] | None = None
    is_waiting: bool = False
    round: int = 1
    status: Status = Status.NEW
    status_reason: Personal[str] | None = None
    status_at: datetime | None = None
    clock: ResponseClock | None = None
    grade: Grade = Grade.UNKNOWN
    lead_revision: int = 1


class Change(Value):
    """Something that was done with a lead: who it was, when, what and why. `actor` is empty where Routing did it."""

    at: datetime
    actor: Personal[str]
    what: str
    was: str
    became: str
    reason: Personal[str]


class Deed(Value):
    """Why something is done, and by whom where that is somebody else than who calls."""

    reason: Personal[str] = ""
    actor: Personal[str] | None = None


class NewStatus(Value):
    """What a lead's status is to become. A disqualification has one of the reasons that the rules list."""

    status: Status
    reason: Personal[str] = ""
    actor: Personal[str] | None = None


class NewOwner(Value):
    """Whose a lead is to be: a rep's id, a team's name, whose turn decides, or the catch-all's."""

    owner: str
    reason: Personal[str] = ""
    actor: Personal[str] | None = None


class AssignmentCount(Value):
    """How many leads have an owner, and the sum of the leads' revisions: those of `capture.count` when none waits.

    `waiting` have a queue as their owner until somebody can take them.
    """

    leads: int
    revisions: int
    waiting: int = 0


class LeadRouted(Event, key="lead_id"):
    """A lead has an owner, for the first time or another one. `score` has the reasons to call it."""

    lead_id: str
    lead: Lead
    assignment: Assignment
    resolution: Resolution | None = None
    score: Score | None = None


class LeadAccepted(Event, key="lead_id"):
    """The owner takes care of it: the response clock has stopped."""

    lead_id: str
    owner: str
    actor: Personal[str]
    accepted_at: datetime
    assignment: Assignment


class LeadStatusChanged(Event, key="lead_id"):
    """A lead's status is another one."""

    lead_id: str
    owner: str
    was: Status
    became: Status
    reason: Personal[str]
    actor: Personal[str]
    changed_at: datetime
    assignment: Assignment


class LeadReassigned(Event, key="lead_id"):
    """A lead is somebody else's. `cause` is `by_hand`, `skipped`, `overdue`, `corrected` or `rules`.

    `LeadRouted` tells of the new owner as well.
    """

    lead_id: str
    was: str
    became: str
    cause: str
    reason: Personal[str]
    actor: Personal[str]
    reassigned_at: datetime
    assignment: Assignment


class ResponseOverdue(Event, key="lead_id"):
    """Nobody has answered a lead in time. `tell` is who is to hear of it: the owner, or the manager if there is one."""

    lead_id: str
    owner: str
    stage: Stage
    tell: Personal[str]
    overdue_since: datetime
    assignment: Assignment


class ResponseDue(Event, key="lead_id"):
    """A moment of a response clock has come: Routing tells itself, and looks whether it still matters."""

    lead_id: str
    round: int
    stage: Stage


class BacklogCalled(Event, key="queue"):
    """Leads that wait in a queue, behind a place in it, may find somebody now: Routing tells itself."""

    queue: str
    after: int = 0


class AssignmentNotFound(
    Problem, status=404, detail="lead {lead_id} has no owner: there is no such lead, or it waits for its score"
):
    """There is no such lead, or not yet: leads are routed some moments after they have come in."""

    lead_id: str


class StatusRefused(Problem, status=409, detail="a lead that is {was} cannot become {wanted}: {advice}"):
    """The rules do not let a status become this one."""

    was: str
    wanted: str
    advice: str


class OwnerUnknown(Problem, status=422, detail="`{owner}` is no rep who takes leads, no team, and not the catch-all"):
    """Nobody has this name in the rules that hold, or has left."""

    owner: str


@contract(
    version="1.0",
    publishes=(
        LeadRouted, LeadAccepted, LeadStatusChanged, LeadReassigned, ResponseOverdue, ResponseDue, BacklogCalled,
    ),
)  # fmt: skip
class Routing(Protocol):
    """Finds an owner for every lead that was scored, and watches that somebody answers it in time."""

    @get("/assignments/count", public=True)
    async def count(self) -> AssignmentCount:
        """How many leads have an owner."""
        ...

    @get("/assignments/{lead_id}", public=True, raises=(AssignmentNotFound,))
    async def assignment(self, lead_id: str) -> Assignment:
        """Whose a lead is and why, its status, and its response clock."""
        ...

    @get("/assignments/{lead_id}/changes", public=True, raises=(AssignmentNotFound,))
    async def changes(self, lead_id: str) -> list[Change]:
        """What was done with a lead, oldest first: its owners and its statuses."""
        ...

    @get("/assignments", public=True)
    async def assignments(
        self, owner: str | None = None, status: Status | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Assignment]:
        """All leads with their owners, in the order in which they were first routed, or those of an owner or status."""
        ...

    @post("/assignments/{lead_id}/accept", public=True, raises=(AssignmentNotFound, StatusRefused))
    async def accept(self, lead_id: str, deed: Deed) -> Assignment:
        """Take care of a lead: its clock stops. Once more changes nothing; a rep whose it is no more is refused."""
        ...

    @post("/assignments/{lead_id}/touch", public=True, raises=(AssignmentNotFound, StatusRefused))
    async def touch(self, lead_id: str, deed: Deed) -> Assignment:
        """Say that somebody has spoken or written to a lead: its clock stops, and it is worked on."""
        ...

    @post("/assignments/{lead_id}/status", public=True, raises=(AssignmentNotFound, StatusRefused))
    async def set_status(self, lead_id: str, new: NewStatus) -> Assignment:
        """Change a lead's status, as the rules let it."""
        ...

    @post("/assignments/{lead_id}/reassign", public=True, raises=(AssignmentNotFound, OwnerUnknown, StatusRefused))
    async def reassign(self, lead_id: str, new: NewOwner) -> Assignment:
        """Give a lead to somebody else, or to a team, whose turn decides. It is new again until that one accepts."""
        ...

    @post("/assignments/{lead_id}/skip", public=True, raises=(AssignmentNotFound, StatusRefused))
    async def skip(self, lead_id: str, deed: Deed) -> Assignment:
        """Pass a lead on to the next of its team, before it is worked on: whoever does keeps the turn."""
        ...

    @get("/reps", public=True)
    async def reps(self) -> list[RepLoad]:
        """All reps of the rules that hold, as they stand now."""
        ...

    @get("/fairness", public=True)
    async def fairness(self) -> FairnessReport:
        """What everybody should have got, and got, since a team began."""
        ...

    @post("/routes/simulate", public=True, timeout_s=60)
    async def simulate(self, trial: RoutingTrial) -> TrialReport:
        """Say what rules would have done with the leads that are here, and keep nothing."""
        ...

    @post("/routes/explain", public=True)
    async def explain(self, question: RouteQuestion) -> Explanation:
        """Say whose a lead would be if it came now, and keep nothing."""
        ...
