"""What tests of Scoring tell it: leads, what was found out about them, and that it is its turn."""

from atoll.testing import MemoryDatabase
from revenue.capture.contract import Lead
from revenue.enrichment.contract import LeadEnriched, Profile
from revenue.identity.contract import Resolution
from revenue.scoring.contract import (
    LeadScored,
)
from revenue.scoring.service import ScoringService
from revenue.scoring.tests.conftest import NOON, PROFILE

RESOLUTION = Resolution(contact_id="c1")


def lead(lead_id: str = "1", revision: int = 1, title: str = "CTO", source: str | None = None) -> Lead:
    """A lead who decides."""
    return Lead(
        id=lead_id,
        captured_at=NOON,
        updated_at=NOON,
        email="ada@example.com",
        title=title,
        revision=revision,
        lead_source=source,
    )


async def enriched(scoring: ScoringService, *leads: Lead, profile: Profile = PROFILE) -> None:
    """Tell Scoring that something was found out about leads."""
    for each in leads:
        async with scoring.db.transaction() as tx:
            event = LeadEnriched(lead_id=each.id, lead=each, profile=profile, resolution=RESOLUTION)
            await scoring.score_lead(event, tx)


def said(db: MemoryDatabase) -> list[LeadScored]:
    """What was published."""
    assert all(isinstance(event, LeadScored) for event in db.published)
    return [event for event in db.published if isinstance(event, LeadScored)]


async def turned(scoring: ScoringService) -> None:
    """Give Scoring its turn."""
    async with scoring.db.transaction() as tx:
        await scoring.score_again(tx)
