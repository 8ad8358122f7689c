"""How values, problems, services and clients are used, in tests and elsewhere."""

from typing import assert_type

from atoll import Context, Page, Problem, context, contract_of
from atoll.problems import InvalidInput, Unavailable
from atoll.testing import MemoryDisk, SeededEntropy, SettableClock, fake, running
from tests.typing.good.scoring import (
    Call,
    Enrichment,
    Grade,
    Lead,
    LeadScored,
    Mail,
    OfflineEnrichment,
    Reason,
    Score,
    ScoreNotFound,
    Scoring,
    ScoringService,
    ScoringSettings,
    revenue,
)

LEAD = Lead(id="7", email="ada@example.com", contact=Mail(to="ada"))


def values() -> None:
    """Built by keyword, with the types of their fields."""
    score = Score(lead_id="7", points=1, reasons=(Reason(why="x"),))
    assert_type(score.points, int)
    assert_type(score.grade, Grade)
    assert_type(LEAD.email, str)
    assert_type(LEAD.phone, str | None)
    assert_type(LEAD.contact, Mail | Call | None)
    assert_type(Page(items=(score,)).items, tuple[Score, ...])
    assert_type(LeadScored(lead_id="7").lead_id, str)
    assert {score: 1}[score] == 1


def problems() -> None:
    """Exceptions with fields."""
    problem = ScoreNotFound(lead_id="7")
    assert_type(problem.lead_id, str)
    assert_type(problem.note, str | None)
    assert_type(problem.status, int)
    try:
        raise problem
    except ScoreNotFound as caught:
        assert_type(caught.lead_id, str)
    except (Unavailable, InvalidInput) as caught:
        assert_type(caught.code, str)
    except Problem as caught:
        assert_type(caught.retryable, bool)


async def client(scoring: Scoring) -> None:
    """A client has the type of the contract."""
    assert_type(await scoring.score(LEAD), Score)
    assert_type(await scoring.latest(lead_id="7"), Score)
    assert_type(await scoring.listed(limit=5), Page[Score])
    async for score in scoring.export():
        assert_type(score, Score)
    await scoring.clear()


def service() -> ScoringService:
    """A service is an ordinary object, built by keyword."""
    return ScoringService(
        enrichment=OfflineEnrichment(),
        other=fake(Enrichment, company="Acme"),
        clock=SettableClock(),
        entropy=SeededEntropy(),
        disk=MemoryDisk(),
        settings=ScoringSettings(batch_max=5),
    )


async def handlers() -> None:
    """Handlers are called as they are written; a blocking one is awaited."""
    it = service()
    assert_type(await it.score(LEAD), Score)
    assert_type(await it.latest("7"), Score)
    assert_type(it.scores, dict[str, Score])
    async for score in it.export():
        assert_type(score, Score)
    await client(it)


async def application() -> None:
    """A running application gives clients by contract."""
    async with running(revenue) as app:
        scoring = app.client(Scoring)
        assert_type(scoring, Scoring)
        assert_type(await scoring.latest("7"), Score)
    assert_type(fake(Enrichment), Enrichment)
    assert_type(context(), Context)
    assert contract_of(Scoring).operation("score").is_idempotent is False
