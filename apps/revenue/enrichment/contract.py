"""What Enrichment promises: facts about a lead, each with where it came from, how sure it is and what it cost."""

from typing import Protocol

from atoll import Event, Problem, Value, contract, get, post
from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution

from .facts import Certainty as Certainty
from .facts import ContactPoints as ContactPoints
from .facts import Fact as Fact
from .facts import Mailbox as Mailbox
from .facts import PhoneType as PhoneType
from .facts import Profile as Profile
from .facts import Provenance as Provenance
from .facts import Refused as Refused
from .facts import Skipped as Skipped
from .facts import Source as Source
from .facts import Topic as Topic
from .rules import Budget as Budget
from .rules import Charge as Charge
from .rules import EnrichmentRules as EnrichmentRules
from .rules import FieldRule as FieldRule
from .rules import KillSwitch as KillSwitch
from .rules import ProviderRule as ProviderRule
from .rules import Segment as Segment
from .spending import Attempt as Attempt
from .spending import AttemptState as AttemptState
from .spending import CompanyFile as CompanyFile
from .spending import CostLine as CostLine
from .spending import DirectoryReport as DirectoryReport
from .spending import EnrichmentPlan as EnrichmentPlan
from .spending import Pin as Pin
from .spending import PlannedLead as PlannedLead
from .spending import PlannedProvider as PlannedProvider
from .spending import ProviderStatus as ProviderStatus
from .spending import Unpin as Unpin


class LeadEnriched(Event, key="lead_id"):
    """Found out about a lead that is new or has changed. It carries the lead as well, so that nobody has to ask."""

    lead_id: str
    lead: Lead
    profile: Profile
    resolution: Resolution | None = None


class PurchaseDue(Event, key="lead_id"):
    """Providers are still to be asked about a lead: those who take longer than it could wait, or were busy."""

    lead_id: str
    attempt: int = 1


class ProfileCount(Value):
    """How many leads were enriched, and the sum of the leads' revisions: those of `capture.count` when none waits."""

    leads: int
    revisions: int


class ProfileNotFound(Problem, status=404, detail="nothing was found out about lead {lead_id} yet"):
    """There is no such profile."""

    lead_id: str


class PinRefused(Problem, status=422, detail="`{topic}` cannot be set so: {explanation}"):
    """Such a value would not hold."""

    topic: Topic
    explanation: str


class DirectoryRefused(Problem, status=422, detail="{explanation}"):
    """This file cannot be read as a list of companies; no row was kept."""

    explanation: str


@contract(version="1.0", publishes=(LeadEnriched, PurchaseDue))
class Enrichment(Protocol):
    """Says what an e-mail address, a phone number and a website give away about a lead, and asks others by rules."""

    @post("/profiles", public=True)
    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about contact points. A POST, because an address in a URL would stay behind in logs."""
        ...

    @get("/profiles/count", public=True)
    async def count(self) -> ProfileCount:
        """About how many leads something was found out."""
        ...

    @get("/profiles/{lead_id}", public=True, raises=(ProfileNotFound,))
    async def latest(self, lead_id: str) -> Profile:
        """What was found out about a lead, as it was when it changed last."""
        ...

    @get("/domains/{name}", public=True)
    async def domain(self, name: str) -> Profile:
        """The facts about a domain: its registrable part, who gives its mailboxes, company and country."""
        ...

    @post("/profiles/{lead_id}/pin", public=True, raises=(ProfileNotFound, PinRefused))
    async def pin(self, lead_id: str, pin: Pin) -> Profile:
        """Set a value by hand: it goes before all others, and stays until it is taken out again."""
        ...

    @post("/profiles/{lead_id}/unpin", public=True, raises=(ProfileNotFound,))
    async def unpin(self, lead_id: str, unpin: Unpin) -> Profile:
        """Take a value out that was set by hand."""
        ...

    @get("/profiles/{lead_id}/attempts", public=True)
    async def attempts(self, lead_id: str) -> list[Attempt]:
        """Who was asked about a lead, and what it cost, latest first (at most 1,000)."""
        ...

    @get("/costs", public=True)
    async def costs(self, month: str | None = None, provider: str | None = None) -> list[CostLine]:
        """What was spent, by provider, field, segment and month, with hit rates; of one month (`2026-03`) or all."""
        ...

    @get("/providers", public=True)
    async def providers(self) -> list[ProviderStatus]:
        """Whom the rules that hold can name, and who can be asked now."""
        ...

    @post("/enrichments/plan", public=True)
    async def plan(self, rules: EnrichmentRules, leads_max: int = 10_000) -> EnrichmentPlan:
        """Say what rules would cost for the leads that are kept here, the latest first; ask nobody, keep nothing."""
        ...

    @post("/directory", public=True, raises=(DirectoryRefused,))
    async def import_companies(self, file: CompanyFile) -> DirectoryReport:
        """Keep the companies of a file, or of a piece of one, in the directory."""
        ...

    @get("/directory/count", public=True)
    async def companies(self) -> int:
        """How many companies are in the directory."""
        ...
