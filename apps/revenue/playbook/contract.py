"""What the Playbook promises: versions of the team's own rules, published to the services that go by them."""

from datetime import datetime
from typing import Protocol

from atoll import Event, Value, contract
from revenue.capture.contract import CaptureRules
from revenue.enrichment.contract import EnrichmentRules
from revenue.routing.contract import RoutingRules
from revenue.scoring.contract import ScoringRules


class Playbook(Value):
    """All rules of a team, a part for each service that goes by some."""

    capture: CaptureRules = CaptureRules()
    enrichment: EnrichmentRules = EnrichmentRules()
    scoring: ScoringRules = ScoringRules()
    routing: RoutingRules = RoutingRules()


class PlaybookPublished(Event, key="name"):
    """A version holds from now on. Numbers only grow: what is taken back is published again under a new one."""

    name: str
    version: int
    playbook: Playbook
    published_at: datetime


@contract(version="1.0", publishes=(PlaybookPublished,))
class Playbooks(Protocol):
    """Keeps every version of the team's rules, and tells the services which one holds."""
