"""Scoring in an application: leads come in, are scored by the team's rules, and models are learnt while it goes on."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from atoll import Application, Config, World, single
from atoll.testing import PostgresServer, running
from atoll.topology import Running
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.playbook.contract import Playbook, Publication, TeamRules
from revenue.sample import sample_csv
from revenue.scoring.contract import PlanRequest, Promotion, Rule, Score, Scoring, ScoringRules, Training, When
from revenue.scoring.tests.examples import pieces, rows
from tests.patience import PATIENCE_S

ONLY = ScoringRules(
    rules=(Rule(name="any", looks_at="lead.email", when=When(present=True), points=60, sentence="Is there."),)
)
PUBLICATION = Publication(playbook=TeamRules(scoring=ONLY))
TRAINING = Training(name="first", table="deals", outcome="won", leave_out=("won_at", "talked_s"))


SERVICES = [
    "revenue.capture.service:CaptureService",
    "revenue.identity.service:IdentityService",
    "revenue.enrichment.service:EnrichmentService",
    "revenue.scoring.service:ScoringService",
    "revenue.playbook.service:PlaybookService",
]
ruled = Application("ruled", services=SERVICES, owner="tests", edges=())


async def settled(it: Running, version: int, leads: int) -> list[Score]:
    """All scores, once there are so many that were made by a version of rules."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            scores = [score async for score in it.client(Scoring).export()]
            if len(scores) == leads and {score.rules_version for score in scores} == {version}:
                return scores
            await asyncio.sleep(0.05)


async def with_model(scoring: Scoring, lead_id: str) -> Score:
    """The score of a lead, once a model has a part in it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            score = await scoring.latest(lead_id)
            if score.model_version is not None:
                return score
            await asyncio.sleep(0.05)


async def test_leads_are_scored_by_the_rules_that_were_published() -> None:
    """Those that were there before, too."""
    async with running(ruled) as it:
        for number in range(20):
            await it.client(Capture).accept(LeadDetails(email=f"{number}@acme.de", title="CEO"))
        await settled(it, 0, 20)
        await it.client(Playbook).publish(PUBLICATION)

        scores = await settled(it, 1, 20)

        assert {(score.fit, score.points, score.cell) for score in scores} == {(60, 60, "A4")}
        assert (await it.client(Scoring).count()).leads == 20


async def test_a_model_is_learnt_promoted_and_used_over_the_wire() -> None:
    """Every value of the contract travels."""
    async with running(ruled) as it:
        scoring = it.client(Scoring)
        for piece in pieces("deals", rows(1_200), size=600):
            await scoring.add_examples(piece)
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CEO"))
        await it.client(Playbook).publish(PUBLICATION)
        await settled(it, 1, 1)

        report = await scoring.train(TRAINING)
        await scoring.promote(report.version, Promotion())
        score = await with_model(scoring, receipt.lead.id)
        plan = await scoring.plan(PlanRequest(rules=ScoringRules()))

        assert await scoring.model(report.version) == msgspec.structs.replace(report, is_promoted=True)
        assert score.probability is not None
        assert (plan.leads, plan.points_change) == (1, 1)
        assert (await scoring.roll_back()).version is None


@pytest.fixture
async def config(postgres: PostgresServer) -> AsyncGenerator[Config]:
    """An empty database on the server."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE scoring")
    try:
        yield Config({"RULED_DATABASE_URL": postgres.url("scoring")})
    finally:
        await connection.execute("DROP DATABASE scoring WITH (FORCE)")
        await connection.close()


async def test_two_instances_score_every_lead_once(tmp_path: Path, config: Config) -> None:
    """They share the work, on PostgreSQL, while the rules change under them."""
    sample = LeadFile(file_name="leads.csv", content=sample_csv(leads=150).encode(), import_id="sample")
    names = ["capture", "enrichment", "scoring", "identity", "playbook"]
    async with (
        single(ruled, world=World.real(tmp_path), config=config, services=names) as one,
        single(ruled, world=World.real(tmp_path), config=config, services=names[1:3]) as other,
    ):
        await one.client(Capture).import_file(sample)
        await one.client(Playbook).publish(PUBLICATION)
        leads = (await one.client(Capture).count()).leads

        scores = await settled(one, 1, leads)

        assert {score.lead_id: score for score in scores} == {
            score.lead_id: score async for score in other.client(Scoring).export()
        }
        assert all(sum(reason.points for reason in score.reasons) == score.points for score in scores)
