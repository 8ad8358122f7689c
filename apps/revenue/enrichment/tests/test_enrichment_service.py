"""Enrichment as a plain object."""

from datetime import UTC, datetime

import pytest

from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead, LeadCaptured, LeadUpdated
from revenue.enrichment.contract import ContactPoints, LeadEnriched, ProfileNotFound, Topic
from revenue.enrichment.service import EnrichmentService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Lead(id="1", captured_at=NOON, updated_at=NOON, email="ada@acme.de")
MOVED = Lead(id="1", captured_at=NOON, updated_at=NOON, email="ada@gmail.com", revision=2)


@pytest.fixture
def db() -> MemoryDatabase:
    """A database with nothing in it."""
    return MemoryDatabase()


@pytest.fixture
def enrichment(db: MemoryDatabase) -> EnrichmentService:
    """Enrichment with nothing in its database."""
    return EnrichmentService(db=db, clock=SettableClock(NOON))


async def test_contact_points_and_domains_are_told_of(enrichment: EnrichmentService) -> None:
    """Started, and as a plain object."""
    await enrichment.start()

    lead = await enrichment.profile(ContactPoints(email="ada@acme.de"))
    domain = await enrichment.domain("mail.acme.de")

    assert {fact.value for fact in domain.facts} <= {fact.value for fact in lead.facts}
    assert {fact.topic for fact in domain.facts} >= {Topic.DOMAIN, Topic.MAILBOX, Topic.COMPANY, Topic.COUNTRY}


async def test_a_lead_that_came_in_is_enriched(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """What was found out is kept, and published with the lead itself: whoever needs both asks nobody."""
    async with db.transaction() as tx:
        await enrichment.enrich(LeadCaptured(lead_id="1", lead=ADA), tx)

    profile = await enrichment.profile(ContactPoints.of(ADA))
    assert await enrichment.latest("1") == profile
    assert db.published == [LeadEnriched(lead_id="1", lead=ADA, profile=profile)]


async def test_a_lead_that_changed_is_enriched_anew(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """What was found out before may be wrong by now."""
    async with db.transaction() as tx:
        await enrichment.enrich(LeadCaptured(lead_id="1", lead=ADA), tx)
    async with db.transaction() as tx:
        await enrichment.enrich_again(LeadUpdated(lead_id="1", lead=MOVED), tx)

    profile = await enrichment.profile(ContactPoints.of(MOVED))
    assert await enrichment.latest("1") == profile
    assert db.published[1] == LeadEnriched(lead_id="1", lead=MOVED, profile=profile)


@pytest.mark.parametrize("lead_id", ["nobody", "\0"])
async def test_a_lead_that_nothing_was_found_out_about_is_told(enrichment: EnrichmentService, lead_id: str) -> None:
    """As a problem that names it."""
    with pytest.raises(ProfileNotFound) as problem:
        await enrichment.latest(lead_id)

    assert problem.value.lead_id == lead_id


def test_the_mobile_number_goes_before_the_other() -> None:
    """It tells more."""
    lead = Lead(id="1", captured_at=NOON, updated_at=NOON, phone="1", mobile_phone="2", website="acme.de")

    assert ContactPoints.of(lead) == ContactPoints(phone="2", website="acme.de")
