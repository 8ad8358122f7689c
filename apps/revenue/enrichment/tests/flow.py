"""Enrichment among others: leads come by way of Capture and Identity, and its rules are published at the start."""

import msgspec

from atoll import Application, Settings
from revenue.capture.service import CaptureService
from revenue.enrichment.contract import EnrichmentRules
from revenue.enrichment.service import EnrichmentService
from revenue.identity.service import IdentityService
from revenue.playbook.contract import Publication, TeamRules
from revenue.playbook.service import PlaybookService


class OneSettings(Settings):
    """Which rules are published, as JSON."""

    rules: str = "{}"


class OnePlaybook(PlaybookService, owner="tests"):
    """Publishes the rules of the test when it starts."""

    settings: OneSettings

    async def start(self) -> None:
        """Tell them, unless they hold already."""
        rules = msgspec.json.decode(self.settings.rules, type=EnrichmentRules)
        await self.publish(Publication(playbook=TeamRules(enrichment=rules)))


flow = Application(
    "revenue",
    owner="revenue-operations",
    services=[CaptureService, IdentityService, OnePlaybook, EnrichmentService],
    edges=(),
)
