"""Enrichment as a plain object, with nothing configured."""

from datetime import UTC, datetime

import pytest

from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead
from revenue.enrichment.contract import (
    ContactPoints,
    LeadEnriched,
    Pin,
    PinRefused,
    ProfileNotFound,
    Source,
    Topic,
    Unpin,
)
from revenue.enrichment.service import EnrichmentService
from revenue.identity.contract import LeadResolved, Resolution

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Lead(id="1", captured_at=NOON, updated_at=NOON, email="ada@acme.de")
MOVED = Lead(id="1", captured_at=NOON, updated_at=NOON, email="ada@gmail.com", revision=2)
AT_ACME = Resolution(contact_id="c", account_id="a", account_name="Acme SE", account_domain="acme.de")


@pytest.fixture
def db() -> MemoryDatabase:
    """A database with nothing in it."""
    return MemoryDatabase()


@pytest.fixture
def enrichment(db: MemoryDatabase) -> EnrichmentService:
    """Enrichment with nothing in its database."""
    return EnrichmentService(db=db, clock=SettableClock(NOON))


async def told(enrichment: EnrichmentService, db: MemoryDatabase, lead: Lead, resolution: Resolution) -> LeadEnriched:
    """What is published about a lead that was resolved."""
    async with db.transaction() as tx:
        await enrichment.enrich(LeadResolved(lead_id=lead.id, lead=lead, resolution=resolution), tx)
    event = db.published[-1]
    assert isinstance(event, LeadEnriched)
    return event


async def test_contact_points_and_domains_are_told_of(enrichment: EnrichmentService) -> None:
    """Started, and as a plain object."""
    await enrichment.start()

    lead = await enrichment.profile(ContactPoints(email="ada@acme.de"))
    domain = await enrichment.domain("mail.acme.de")

    assert {fact.value for fact in domain.facts} <= {fact.value for fact in lead.facts}
    assert {fact.topic for fact in domain.facts} >= {Topic.DOMAIN, Topic.MAILBOX, Topic.COMPANY, Topic.COUNTRY}


async def test_a_lead_that_came_in_is_enriched(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """What was found out is kept, and published with the lead itself: whoever needs both asks nobody."""
    nobody = Resolution(contact_id="c")

    event = await told(enrichment, db, ADA, nobody)

    profile = await enrichment.profile(ContactPoints.of(ADA))
    assert await enrichment.latest("1") == profile
    assert event == LeadEnriched(lead_id="1", lead=ADA, profile=profile, resolution=nobody)


async def test_a_lead_that_changed_is_enriched_anew(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """What was found out before may be wrong by now."""
    nobody = Resolution(contact_id="c")
    await told(enrichment, db, ADA, nobody)

    event = await told(enrichment, db, MOVED, nobody)

    assert event.profile == await enrichment.profile(ContactPoints.of(MOVED)) == await enrichment.latest("1")


async def test_the_account_says_what_a_free_mailbox_does_not(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """Identity knows who somebody belongs to."""
    event = await told(enrichment, db, MOVED, AT_ACME)

    company, domain = event.profile.best(Topic.COMPANY), event.profile.best(Topic.DOMAIN)
    assert company is not None
    assert domain is not None
    assert (company.value, domain.value) == ("Acme SE", "acme.de")


@pytest.mark.parametrize("lead_id", ["nobody", "\0"])
async def test_a_lead_that_nothing_was_found_out_about_is_told(enrichment: EnrichmentService, lead_id: str) -> None:
    """As a problem that names it, whatever is wanted of it."""
    with pytest.raises(ProfileNotFound) as problem:
        await enrichment.latest(lead_id)
    with pytest.raises(ProfileNotFound):
        await enrichment.pin(lead_id, Pin(topic=Topic.CITY, value="Ulm", actor="bob"))

    assert problem.value.lead_id == lead_id
    assert await enrichment.attempts(lead_id) == []


def test_the_mobile_number_goes_before_the_other() -> None:
    """It tells more."""
    lead = Lead(id="1", captured_at=NOON, updated_at=NOON, phone="1", mobile_phone="2", website="acme.de")

    assert ContactPoints.of(lead) == ContactPoints(phone="2", mobile_phone="2", website="acme.de")


async def test_what_a_person_sets_goes_before_all_else(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """Through every change of the lead, until it is taken out; everybody is told, and what follows follows."""
    await told(enrichment, db, ADA, AT_ACME)

    await enrichment.pin("1", Pin(topic=Topic.COUNTRY, value="Austria", actor="bob", reason="he said so"))
    pinned = db.published[-1]
    again = await told(enrichment, db, MOVED, AT_ACME)
    await enrichment.unpin("1", Unpin(topic=Topic.COUNTRY, actor="bob"))
    free = await enrichment.latest("1")

    assert isinstance(pinned, LeadEnriched)
    for profile in (pinned.profile, again.profile):
        assert [(fact.value, fact.source) for fact in profile.about(Topic.COUNTRY)] == [("AT", Source.PINNED)]
        assert [fact.value for fact in profile.about(Topic.TIME_ZONE)] == ["Europe/Vienna"]
    assert [fact.value for fact in free.about(Topic.COUNTRY)] == ["DE"]
    assert pinned.lead == ADA


async def test_setting_the_same_twice_tells_nobody(enrichment: EnrichmentService, db: MemoryDatabase) -> None:
    """Whoever asks again, since an answer was lost, changes nothing."""
    await told(enrichment, db, ADA, AT_ACME)
    pin = Pin(topic=Topic.CITY, value="Ulm", actor="bob")

    first = await enrichment.pin("1", pin)
    second = await enrichment.pin("1", pin)

    assert first == second == await enrichment.latest("1")
    assert len(db.published) == 2


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        (Topic.MOBILE, "+49 30 23125001"),
        (Topic.EMAIL, "ada@"),
        (Topic.COUNTRY, "Atlantis"),
        (Topic.CITY, "n/a"),
        (Topic.UNKNOWN, "x"),
    ],
)
async def test_what_does_not_hold_cannot_be_set(
    enrichment: EnrichmentService, db: MemoryDatabase, topic: Topic, value: str
) -> None:
    """It would stand there for ever."""
    await told(enrichment, db, ADA, AT_ACME)

    with pytest.raises(PinRefused):
        await enrichment.pin("1", Pin(topic=topic, value=value, actor="bob"))
