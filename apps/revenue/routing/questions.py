"""What can be asked of Routing beside whose a lead is: how reps and teams stand, and what rules would do."""

from datetime import datetime

from atoll import Personal, Value
from revenue.capture.contract import LeadDetails
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution
from revenue.scoring.contract import Grade

from .rules import RoutingRules


class Owner(Value):
    """Somebody who takes care of leads, and how to reach him; `manager` is told where he does not answer."""

    id: str
    name: Personal[str] = ""
    email: Personal[str] | None = None
    handle: Personal[str] | None = None
    manager: Personal[str] | None = None


class RepLoad(Value):
    """A rep as it stands now: how many leads are open, whether it can be given one, what its teams owe it.

    `deficits` are by team: how many leads it is owed, below 0 where it is ahead.
    """

    owner: Owner
    teams: tuple[str, ...]
    weight: float
    open_leads: int
    deficits: dict[str, float]
    capacity: int | None = None
    is_active: bool = True
    is_away: bool = False
    is_at_work: bool = True


class Share(Value):
    """What a rep should have got of its team's leads while it was available, by weight, and what it got."""

    rep: str
    weight: float
    expected: float
    got: int
    deficit: float


class TeamFairness(Value):
    """How evenly a team's leads were given out; `deviation_max` is how far anybody is from its share, in leads."""

    team: str
    leads: int
    shares: tuple[Share, ...]
    deviation_max: float
    waiting: int = 0


class FairnessReport(Value):
    """All teams, and how far anybody in any of them is from its share."""

    teams: tuple[TeamFairness, ...]
    deviation_max: float


class RoutingTrial(Value):
    """Rules to be tried on the leads that were routed last, oldest of them first; nothing is kept."""

    rules: RoutingRules
    leads_max: int = 1_000

    def __post_init__(self) -> None:
        """Refuse what one request cannot do."""
        if not 1 <= self.leads_max <= 10_000:
            raise ValueError("`leads_max` has to be between 1 and 10,000")


class OwnerChange(Value):
    """A lead that would be somebody else's, and why."""

    lead_id: str
    was: str
    becomes: str
    step: str
    why: tuple[Personal[str], ...]


class TrialReport(Value):
    """What rules would have done with past leads, had they come in one after the other, at the moments they did.

    `changed` would have another owner; `moved` of them take another way: another step, territory or team. `before`
    and `after` count leads by owner. Up to 20 `samples`, those that moved first. Leads that are closed by now take no
    room of anybody's capacity, all others do.
    """

    leads: int
    changed: int
    moved: int
    before: dict[str, int]
    after: dict[str, int]
    by_step: dict[str, int]
    fairness: FairnessReport
    samples: tuple[OwnerChange, ...]


class RouteQuestion(Value):
    """A lead as it might come. Without `rules` it is asked of those that hold."""

    lead: LeadDetails
    resolution: Resolution | None = None
    profile: Profile | None = None
    grade: Grade = Grade.UNKNOWN
    rules: RoutingRules | None = None


class Explanation(Value):
    """Whose a lead would be now, and each step's word."""

    owner: str
    step: str
    why: tuple[Personal[str], ...]
    is_provisional: bool
    rules_version: int
    team: str | None = None
    matched: Personal[str] | None = None
    is_waiting: bool = False
    respond_by: datetime | None = None
