"""What the Playbook promises: versions of the team's own rules, published to the services that go by them."""

from datetime import datetime
from typing import Protocol

from atoll import Event, Page, Personal, Problem, Value, contract, get, post
from revenue.capture.contract import CaptureRules
from revenue.crm.contract import CrmRules
from revenue.enrichment.contract import EnrichmentRules
from revenue.routing.contract import RoutingRules
from revenue.scoring.contract import ScoringRules
from revenue.webhooks.contract import WebhooksRules

NAME = "gtm"
"""There is one playbook. Its name is the key of its events, so that all services follow its versions in order."""


class TeamRules(Value):
    """All rules of a team, a part for each service that goes by some. What is left out is what a service comes with."""

    capture: CaptureRules = CaptureRules()
    enrichment: EnrichmentRules = EnrichmentRules()
    scoring: ScoringRules = ScoringRules()
    routing: RoutingRules = RoutingRules()
    webhooks: WebhooksRules = WebhooksRules()
    crm: CrmRules = CrmRules()


class PlaybookVersion(Value):
    """A version that was published: by whom, when and why. `restores` is the version that it brings back.

    `digest` is equal for equal rules. Version 0 are the rules that the services come with.
    """

    version: int
    digest: str
    note: str = ""
    published_by: Personal[str] = ""
    published_at: datetime | None = None
    restores: int | None = None


class KeptPlaybook(Value):
    """A version and its rules."""

    version: PlaybookVersion
    playbook: TeamRules


class Publication(Value):
    """Rules to publish, and why. With `expected`, only where that is the version which holds by now."""

    playbook: TeamRules
    note: str = ""
    expected: int | None = None


class PlaybookPublished(Event, key="name"):
    """A version holds from now on. Numbers only grow: what is taken back is published again under a new one."""

    name: str
    version: int
    playbook: TeamRules
    published_at: datetime


class PlaybookNotFound(Problem, status=404, detail="the playbook has no version {version}: ask for `latest`"):
    """There is no such version."""

    version: int


class PlaybookMoved(
    Problem,
    status=409,
    detail="version {version} was published meanwhile, and this was made for {expected}: plan it again, then apply it",
):
    """Somebody else has published rules in between."""

    version: int
    expected: int


class PlaybookTooLarge(
    Problem,
    status=413,
    detail="the rules have {size} bytes and may have {most}: bring long lists of accounts in by API",
):
    """Rules travel in an event, which has its bounds."""

    size: int
    most: int


@contract(version="1.0", publishes=(PlaybookPublished,))
class Playbook(Protocol):
    """Keeps every version of the team's rules, and tells the services which one holds."""

    @post("/playbooks", public=True, raises=(PlaybookMoved, PlaybookTooLarge))
    async def publish(self, publication: Publication) -> PlaybookVersion:
        """Let rules hold from now on. Those that hold already are no new version."""
        ...

    @post("/playbooks/{version}/restore", public=True, raises=(PlaybookNotFound,))
    async def restore(self, version: int, note: str = "") -> PlaybookVersion:
        """Publish an earlier version again, under a new number."""
        ...

    @get("/playbooks/latest", public=True)
    async def latest(self) -> KeptPlaybook:
        """The version that holds."""
        ...

    @get("/playbooks/{version}", public=True, raises=(PlaybookNotFound,))
    async def version(self, version: int) -> KeptPlaybook:
        """One version."""
        ...

    @get("/playbooks", public=True)
    async def versions(self, cursor: str | None = None, limit: int = 100) -> Page[PlaybookVersion]:
        """All versions, oldest first, a page at a time."""
        ...
