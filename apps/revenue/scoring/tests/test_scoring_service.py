"""Scoring as a plain object."""

from datetime import UTC, datetime, timedelta

import pytest

from atoll.testing import SettableClock, fake
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Enrichment, Fact, Profile, Source, Topic
from revenue.scoring.contract import ScoreNotFound
from revenue.scoring.offline import OfflineEnrichment
from revenue.scoring.service import ScoringService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILE = Profile(
    facts=(Fact(topic=Topic.MAILBOX, value="company", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),)
)


def lead(lead_id: str = "1") -> Lead:
    """A lead who decides."""
    return Lead(id=lead_id, captured_at=NOON, updated_at=NOON, email="ada@example.com", title="CTO")


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
def scoring(clock: SettableClock) -> ScoringService:
    """Scoring with an Enrichment that knows one thing."""
    return ScoringService(enrichment=fake(Enrichment, profile=PROFILE), clock=clock)


async def test_a_score_says_why(scoring: ScoringService) -> None:
    """What the lead says and what was found out both count."""
    score = await scoring.score(lead())

    assert (score.lead_id, score.points, score.is_provisional, score.scored_at) == ("1", 45, False, NOON)
    assert [(reason.rule, reason.points) for reason in score.reasons] == [("decides", 25), ("company_mailbox", 20)]


async def test_the_latest_score_is_kept(scoring: ScoringService, clock: SettableClock) -> None:
    """The one before it goes."""
    await scoring.score(lead())
    clock.advance(timedelta(days=1))

    score = await scoring.score(lead())

    assert await scoring.latest("1") == score
    assert [item async for item in scoring.export()] == [score]


async def test_a_lead_without_a_score_is_told(scoring: ScoringService) -> None:
    """As a problem that names it."""
    with pytest.raises(ScoreNotFound) as problem:
        await scoring.latest("nobody")

    assert problem.value.lead_id == "nobody"


async def test_a_lead_is_scored_without_enrichment(clock: SettableClock) -> None:
    """Provisionally, and the reasons say so."""
    scoring = ScoringService(enrichment=OfflineEnrichment(), clock=clock)

    score = await scoring.score(lead())

    assert score.is_provisional
    assert [reason.rule for reason in score.reasons] == ["decides", "not_enriched"]


async def test_scores_are_listed_a_page_at_a_time(scoring: ScoringService) -> None:
    """In the order in which leads were scored first."""
    for number in range(3):
        await scoring.score(lead(str(number)))

    page = await scoring.scores(limit=2)
    rest = await scoring.scores(cursor=page.next, limit=2)

    assert [score.lead_id for score in (*page.items, *rest.items)] == ["0", "1", "2"]
    assert rest.next is None


async def test_an_export_is_not_disturbed_by_new_scores(scoring: ScoringService) -> None:
    """It shows what was there when it began."""
    await scoring.score(lead("0"))
    seen: list[str] = []

    async for score in scoring.export():
        seen.append(score.lead_id)
        await scoring.score(lead(f"{len(seen)}"))

    assert seen == ["0"]
