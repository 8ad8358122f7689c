"""Enrichment, from what the libraries know."""

import msgspec
from sqlalchemy import bindparam, select

from atoll import Clock, Database, Service, Transaction, on, upsert
from revenue.capture.contract import Lead, LeadCaptured, LeadUpdated
from revenue.paging import is_text

from .contract import ContactPoints, Enrichment, Fact, LeadEnriched, Profile, ProfileNotFound
from .tables import PROFILES

WARMING = ContactPoints(email="ada@example.com", phone="+1 212 555 0100", country="Germany")
"""A lead that makes use of every table."""

LATEST = select(PROFILES.c.facts).where(PROFILES.c.lead_id == bindparam("lead_id"))
KEEP = upsert(PROFILES, "lead_id")


class EnrichmentService(Service, Enrichment, owner="revenue-operations"):
    """Says what an e-mail address, a phone number and a website give away, and does so for every lead that comes in."""

    db: Database
    clock: Clock

    async def start(self) -> None:
        """Load the tables, so that the first lead does not wait for them."""
        await self.profile(WARMING)

    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about contact points."""
        from .profile import profile_of  # noqa: PLC0415  # the tables take 0.4 s: importing a service stays quick

        return profile_of(points)

    async def domain(self, name: str) -> Profile:
        """The facts about a domain."""
        from .profile import domain_profile  # noqa: PLC0415  # as above

        return domain_profile(name)

    async def latest(self, lead_id: str) -> Profile:
        """What is kept about a lead."""
        row = (await self.db.read(LATEST, {"lead_id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise ProfileNotFound(lead_id=lead_id)
        return Profile(facts=msgspec.convert(row.facts, tuple[Fact, ...]))

    @on(LeadCaptured)
    async def enrich(self, event: LeadCaptured, tx: Transaction) -> None:
        """A lead is new: find out about it."""
        await self._enrich(event.lead, tx)

    @on(LeadUpdated)
    async def enrich_again(self, event: LeadUpdated, tx: Transaction) -> None:
        """A lead has changed: what was found out before may be wrong by now."""
        await self._enrich(event.lead, tx)

    async def _enrich(self, lead: Lead, tx: Transaction) -> None:
        profile = await self.profile(ContactPoints.of(lead))
        row = {
            "lead_id": lead.id,
            "lead_revision": lead.revision,
            "facts": msgspec.to_builtins(profile.facts),
            "enriched_at": self.clock.now(),
        }
        await tx.execute(KEEP, row)
        tx.publish(LeadEnriched(lead_id=lead.id, lead=lead, profile=profile))
