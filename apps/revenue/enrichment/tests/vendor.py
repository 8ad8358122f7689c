"""What the tests of providers share: definitions of a vendor, leads, and a service that follows rules."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from atoll import Event
from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead
from revenue.enrichment import desk as buying_desk
from revenue.enrichment.buying import Buying
from revenue.enrichment.contract import (
    EnrichmentRules,
    FieldRule,
    LeadEnriched,
    Profile,
    ProviderRule,
    PurchaseDue,
    Topic,
)
from revenue.enrichment.ledger import Ledger
from revenue.enrichment.service import RULES, EnrichmentService
from revenue.enrichment.settings import EnrichmentSettings
from revenue.enrichment.store import Kept
from revenue.enrichment.tables import SPENDING
from revenue.identity.contract import LeadResolved, Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.ruling import Ruled
from revenue.tests.outsider import Outsider

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_ACME = Resolution(contact_id="c", account_id="a", account_name="Acme SE", account_domain="acme.de")


def a_lead(number: int = 1, **fields: Any) -> Lead:  # Any: a lead's fields
    """A lead with an address of its own at Acme."""
    given: dict[str, Any] = {
        "email": f"ada{number}@acme.de",
        "first_name": "Ada",
        "last_name": "Lovelace",
    }  # Any: as above
    return Lead(id=str(number), captured_at=NOON, updated_at=NOON, **(given | fields))


def definition(it: Outsider, **fields: Any) -> ProviderRule:  # Any: a definition's fields
    """A definition of this vendor: it is asked for the industry of a domain."""
    given: dict[str, Any] = {  # Any: as above
        "name": "acme_data",
        "url": f"{it.url}/company?domain={{domain}}",
        "fields": {"industry": "company.industry", "city": "company.city"},
        "price_micros": 10_000,
        "rate_per_s": 1_000,
    }
    return ProviderRule(**(given | fields))


def ruled(*providers: ProviderRule, **fields: Any) -> EnrichmentRules:  # Any: the rules' fields
    """Rules by which these are asked for the industry, one after the other."""
    order = tuple(provider.name for provider in providers)
    given: dict[str, Any] = {
        "providers": providers,
        "fields": (FieldRule(field=Topic.INDUSTRY, providers=order),),
    }  # Any: as above
    return EnrichmentRules(**(given | fields))


class Desk:
    """Enrichment as a plain object that follows rules, on a clock that is set."""

    def __init__(self, db: MemoryDatabase | None = None, **settings: Any) -> None:  # Any: settings
        self.db = db or MemoryDatabase()
        self.clock = SettableClock(NOON)
        given: dict[str, Any] = {"allows_loopback": True}  # Any: settings
        self.service = EnrichmentService(
            db=self.db, clock=self.clock, settings=EnrichmentSettings(**(given | settings))
        )

    async def publish(self, rules: EnrichmentRules, version: int = 1) -> None:
        """Let these rules hold."""
        event = PlaybookPublished(
            name="main", version=version, playbook=TeamRules(enrichment=rules), published_at=self.clock.now()
        )
        async with self.db.transaction() as tx:
            await self.service.follow(event, tx)
        self.see(None)

    @property
    def buying(self) -> Buying:
        """What the service asks others with."""
        found: Buying = self.service._buying  # pyright: ignore[reportPrivateUsage]  # looked at behind the door
        return found

    def see(self, rules: Ruled[EnrichmentRules] | None) -> None:
        """Let the service have seen these rules last; or none."""
        made = self.service._made  # pyright: ignore[reportPrivateUsage]  # as above
        made.pop("rules", None)
        if rules is not None:
            made["rules"] = rules

    def forget(self) -> None:
        """Let the instance know nothing of its providers, as a new one would."""
        self.buying._desk = buying_desk.Desk(Ledger(self.db), self.clock.now)  # pyright: ignore[reportPrivateUsage]  # as above

    async def resolve(self, lead: Lead, resolution: Resolution = AT_ACME) -> LeadEnriched:
        """What is published about a lead."""
        before = len(self.db.published)
        async with self.db.transaction() as tx:
            await self.service.enrich(LeadResolved(lead_id=lead.id, lead=lead, resolution=resolution), tx)
        return next(event for event in self.db.published[before:] if isinstance(event, LeadEnriched))

    async def kept(self, lead: Lead) -> tuple[Kept, Ruled[EnrichmentRules]]:
        """A lead, and the rules that hold."""
        return Kept(lead, AT_ACME, {}), await RULES.now(self.db.read)

    async def found(self, lead: Lead) -> Profile:
        """What is found out about a lead by asking; of several at once each waits for itself."""
        return await self.buying.profile(*(await self.kept(lead)), 3.0)

    async def spent(self) -> dict[str, int]:
        """What the budgets say: by their scope, the most of any."""
        rows = await self.db.read(
            select(SPENDING.c.scope, func.max(SPENDING.c.spent_micros)).group_by(SPENDING.c.scope)
        )
        return {row[0]: row[1] for row in rows}

    async def purchase(self, event: PurchaseDue) -> list[Event]:
        """What is published when providers are asked afterwards."""
        before = len(self.db.published)
        async with self.db.transaction() as tx:
            await self.service.purchase(event, tx)
        return self.db.published[before:]

    @property
    def due(self) -> list[PurchaseDue]:
        """What is to be asked afterwards."""
        return [event for event in self.db.published if isinstance(event, PurchaseDue)]


@asynccontextmanager
async def desk(rules: EnrichmentRules | None = None, **settings: Any) -> AsyncGenerator[Desk]:  # Any: settings
    """Enrichment that follows these rules, and lets go of its connections."""
    it = Desk(**settings)
    try:
        if rules is not None:
            await it.publish(rules)
        yield it
    finally:
        await it.service.stop()


def value_of(event: LeadEnriched, topic: Topic) -> str | None:
    """The surest value."""
    fact = event.profile.best(topic)
    return fact.value if fact else None
