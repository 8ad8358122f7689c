"""Enrichment among others: what it subscribes to is published by stand-ins of Identity and of the Playbook."""

import msgspec

from atoll import Application, Clock, Database, Service, Settings, Transaction, on
from revenue.capture.contract import LeadCaptured, LeadUpdated
from revenue.capture.service import CaptureService
from revenue.enrichment.contract import EnrichmentRules
from revenue.enrichment.service import EnrichmentService
from revenue.identity.contract import Identity, LeadResolved, Resolution
from revenue.playbook.contract import PlaybookPublished, Playbooks


class EveryoneIsNew(Service, Identity):
    """Knows nobody."""

    db: Database

    @on(LeadCaptured)
    async def captured(self, event: LeadCaptured, tx: Transaction) -> None:
        """Somebody new."""
        lead = event.lead
        tx.publish(LeadResolved(lead_id=lead.id, lead=lead, resolution=Resolution(contact_id=lead.id)))

    @on(LeadUpdated)
    async def updated(self, event: LeadUpdated, tx: Transaction) -> None:
        """The same."""
        lead = event.lead
        tx.publish(LeadResolved(lead_id=lead.id, lead=lead, resolution=Resolution(contact_id=lead.id)))


class OneSettings(Settings):
    """Which rules are published, as JSON."""

    rules: str = "{}"


class OnePlaybook(Service, Playbooks):
    """Publishes the rules of the test when it starts."""

    db: Database
    clock: Clock
    settings: OneSettings

    async def start(self) -> None:
        """Tell them."""
        playbook = Playbook(enrichment=msgspec.json.decode(self.settings.rules, type=EnrichmentRules))
        async with self.db.transaction() as tx:
            tx.publish(PlaybookPublished(name="main", version=1, playbook=playbook, published_at=self.clock.now()))


flow = Application(
    "revenue",
    owner="revenue-operations",
    services=[CaptureService, EveryoneIsNew, OnePlaybook, EnrichmentService],
    edges=(),
)
