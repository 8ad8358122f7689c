"""Scoring as a plain object."""

from datetime import UTC, datetime, timedelta

import pytest

from atoll.testing import MemoryDatabase, SettableClock, fake
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Enrichment, Fact, LeadEnriched, Profile, Source, Topic
from revenue.scoring.contract import Grade, LeadScored, ScoreNotFound
from revenue.scoring.offline import OfflineEnrichment
from revenue.scoring.service import ScoringService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILE = Profile(
    facts=(Fact(topic=Topic.MAILBOX, value="company", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),)
)


def lead(lead_id: str = "1", revision: int = 1, title: str = "CTO") -> Lead:
    """A lead who decides."""
    return Lead(id=lead_id, captured_at=NOON, updated_at=NOON, email="ada@example.com", title=title, revision=revision)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
def db() -> MemoryDatabase:
    """A database with nothing in it."""
    return MemoryDatabase()


@pytest.fixture
def scoring(clock: SettableClock, db: MemoryDatabase) -> ScoringService:
    """Scoring with an Enrichment that knows one thing."""
    return ScoringService(enrichment=fake(Enrichment, profile=PROFILE), clock=clock, db=db)


async def enriched(scoring: ScoringService, *leads: Lead) -> None:
    """Tell Scoring that something was found out about leads."""
    for each in leads:
        async with scoring.db.transaction() as tx:
            await scoring.score_lead(LeadEnriched(lead_id=each.id, lead=each, profile=PROFILE), tx)


async def test_a_lead_that_was_enriched_is_scored(scoring: ScoringService, db: MemoryDatabase) -> None:
    """What the lead says and what was found out both count; nobody is asked for either."""
    await enriched(scoring, lead(revision=3))

    score = await scoring.latest("1")
    assert (score.points, score.is_provisional, score.scored_at, score.lead_revision) == (45, False, NOON, 3)
    assert [(reason.rule, reason.points) for reason in score.reasons] == [("decides", 25), ("company_mailbox", 20)]
    assert db.published == [LeadScored(lead_id="1", points=45, grade=Grade.C)]


async def test_the_latest_score_is_kept(scoring: ScoringService, clock: SettableClock) -> None:
    """The one before it goes, and the lead keeps its place in the list."""
    await enriched(scoring, lead("1"), lead("2"))
    clock.advance(timedelta(days=1))

    await enriched(scoring, lead("1", revision=2, title="Student"))

    scores = [item async for item in scoring.export()]
    assert [(score.lead_id, score.lead_revision, score.points) for score in scores] == [("1", 2, 5), ("2", 1, 45)]
    assert scores[0].scored_at == NOON + timedelta(days=1)


async def test_what_a_lead_would_score_is_said_and_not_kept(scoring: ScoringService, db: MemoryDatabase) -> None:
    """By the same rules."""
    score = await scoring.score(lead())

    await enriched(scoring, lead())

    assert score == await scoring.latest("1")
    assert len(db.published) == 1


async def test_what_a_lead_would_score_is_said_without_enrichment(clock: SettableClock, db: MemoryDatabase) -> None:
    """Provisionally, and the reasons say so."""
    scoring = ScoringService(enrichment=OfflineEnrichment(), clock=clock, db=db)

    score = await scoring.score(lead())

    assert score.is_provisional
    assert [reason.rule for reason in score.reasons] == ["decides", "not_enriched"]
    assert (await scoring.count()).leads == 0


@pytest.mark.parametrize("lead_id", ["nobody", "\0"])
async def test_a_lead_without_a_score_is_told(scoring: ScoringService, lead_id: str) -> None:
    """As a problem that names it."""
    with pytest.raises(ScoreNotFound) as problem:
        await scoring.latest(lead_id)

    assert problem.value.lead_id == lead_id


async def test_scores_are_listed_a_page_at_a_time(scoring: ScoringService) -> None:
    """In the order in which leads were scored first."""
    await enriched(scoring, lead("2"), lead("0"), lead("1"), lead("2"))

    page = await scoring.scores(limit=2)
    rest = await scoring.scores(cursor=page.next, limit=2)

    assert [score.lead_id for score in (*page.items, *rest.items)] == ["2", "0", "1"]
    assert rest.next is None


async def test_scores_are_counted_with_the_revisions_of_their_leads(scoring: ScoringService) -> None:
    """So that whoever knows those of Capture knows who waits."""
    empty = await scoring.count()

    await enriched(scoring, lead("1"), lead("2"), lead("2", revision=2))

    count = await scoring.count()
    assert (empty.leads, empty.revisions) == (0, 0)
    assert (count.leads, count.revisions) == (2, 3)


async def test_an_export_is_not_disturbed_by_new_scores(scoring: ScoringService) -> None:
    """It shows what was there when it began."""
    await enriched(scoring, lead("0"))
    seen: list[str] = []

    async for score in scoring.export():
        seen.append(score.lead_id)
        await enriched(scoring, lead(f"{len(seen)}"))

    assert seen == ["0"]
