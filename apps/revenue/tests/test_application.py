"""The three services together, in one process and in three."""

from atoll import describe
from atoll.testing import running
from atoll.testing.plugin import OnEachTopology, Reached
from revenue.application import revenue
from revenue.capture.contract import Capture, ImportReport, LeadDetails, LeadFile
from revenue.enrichment.contract import ContactPoints, Enrichment, Topic
from revenue.sample import sample_csv
from revenue.scoring.contract import Grade, Score, Scoring


def test_the_application_is_sound_and_calls_in_one_direction() -> None:
    """Capture has leads scored, Scoring has them enriched, and nobody calls back."""
    assert describe(revenue).calls == (("capture", "scoring"), ("scoring", "enrichment"))


async def test_a_lead_comes_in_and_has_a_score_with_reasons(on_each_topology: OnEachTopology) -> None:
    """By calls that pass every layer, and between processes the network, too."""
    async with on_each_topology("revenue.application:revenue") as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO", country="Deutschland"))

        score = await it.client(Scoring).latest(receipt.lead.id)

    assert score.grade is Grade.B
    assert score.points == sum(reason.points for reason in score.reasons)
    assert {"decides", "company_mailbox", "email", "country"} == {reason.rule for reason in score.reasons}


async def test_enrichment_answers_by_itself() -> None:
    """A phone number and an address, from outside."""
    async with running(revenue) as it:
        profile = await it.client(Enrichment).profile(ContactPoints(email="info@gmail.com", phone="+493023125001"))

    facts = {fact.topic: fact.value for fact in profile.facts}
    assert (facts[Topic.MAILBOX], facts[Topic.ROLE], facts[Topic.TIME_ZONE]) == ("free", "info", "Europe/Berlin")


async def test_without_enrichment_leads_are_scored_provisionally() -> None:
    """Its absence degrades the score and stops nothing."""
    async with running(revenue, services=["capture", "scoring"]) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO"))

        score = await it.client(Scoring).latest(receipt.lead.id)

    assert score.is_provisional
    assert score.reasons[-1].rule == "not_enriched"


async def test_without_scoring_leads_are_accepted_and_wait() -> None:
    """Nothing that was accepted is lost."""
    async with running(revenue, services=["capture", "enrichment"]) as it:
        capture = it.client(Capture)
        await capture.accept(LeadDetails(email="ada@acme.de"))

        backlog = await capture.score_backlog()

    assert (backlog.scored, backlog.waiting) == (0, 1)


async def sample_run() -> tuple[ImportReport, list[Score]]:
    """The sample through a world of its own."""
    async with running(revenue) as it:
        return await sample_taken(it)


async def sample_taken(it: Reached) -> tuple[ImportReport, list[Score]]:
    """What became of the sample: the report, and all scores."""
    file = LeadFile(file_name="leads.csv", content=sample_csv(leads=120).encode())
    report = await it.client(Capture).import_file(file)
    return report, [score async for score in it.client(Scoring).export()]


async def test_the_sample_is_taken_in_whole(on_each_topology: OnEachTopology) -> None:
    """Every row is accounted for, and every lead has a score."""
    async with on_each_topology("revenue.application:revenue") as it:
        report, scores = await sample_taken(it)

    assert report.accepted + report.known + len(report.rejected) == report.rows
    assert len(scores) == report.accepted
    assert {score.grade for score in scores} == {Grade.A, Grade.B, Grade.C, Grade.D}


async def test_equal_worlds_give_equal_leads() -> None:
    """Time and chance come from the world alone."""
    (first, first_scores), (second, second_scores) = await sample_run(), await sample_run()

    assert first == second
    assert [(score.lead_id, score.points, score.reasons) for score in first_scores] == [
        (score.lead_id, score.points, score.reasons) for score in second_scores
    ]
