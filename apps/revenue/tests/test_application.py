"""The services together, in one process and in many."""

from pathlib import Path

import pytest

from atoll import World, describe, single
from atoll.testing import running, running_processes
from atoll.testing.plugin import OnEachTopology, Reached
from revenue.application import revenue
from revenue.capture.contract import Capture, ImportReport, Lead, LeadDetails, LeadFile
from revenue.enrichment.contract import ContactPoints, Enrichment, Topic
from revenue.sample import sample_csv
from revenue.scoring.contract import Grade, Score, Scoring
from revenue.tests.settled import all_leads, judgements, settled

REVENUE = "revenue.application:revenue"
SAMPLE = LeadFile(file_name="leads.csv", content=sample_csv(leads=120).encode(), import_id="sample")


def test_the_application_is_sound_and_works_by_events() -> None:
    """Captured, resolved, enriched, scored, routed: each told by the one before, and nobody on the way is asked."""
    graph = describe(revenue)

    assert {
        ("capture", "capture.lead_captured.v1", "identity"),
        ("capture", "capture.lead_updated.v1", "identity"),
        ("identity", "identity.lead_resolved.v1", "enrichment"),
        ("enrichment", "enrichment.lead_enriched.v1", "scoring"),
        ("scoring", "scoring.lead_scored.v1", "routing"),
    } <= set(graph.events)
    assert {call for call in graph.calls if call[0] not in ("front", "webhooks")} == {
        ("scoring", "enrichment"),
        ("scoring", "identity"),
    }


async def test_a_lead_comes_in_and_has_a_score_with_reasons(on_each_topology: OnEachTopology) -> None:
    """By events that pass every layer, and between processes the network, too."""
    async with on_each_topology(REVENUE) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO", country="Deutschland"))
        await settled(it)

        score = await it.client(Scoring).latest(receipt.lead.id)
        profile = await it.client(Enrichment).latest(receipt.lead.id)

    assert score.grade is Grade.B
    assert score.points == sum(reason.points for reason in score.reasons)
    assert {"decides", "company_mailbox", "email", "country"} == {reason.rule for reason in score.reasons}
    assert profile.best(Topic.COUNTRY) is not None


async def test_a_lead_that_changes_is_scored_again(on_each_topology: OnEachTopology) -> None:
    """And its score says of which revision of the lead it is."""
    async with on_each_topology(REVENUE) as it:
        capture, scoring = it.client(Capture), it.client(Scoring)
        first = await capture.accept(LeadDetails(email="ada@acme.de", title="Student"))
        await settled(it)
        before = await scoring.latest(first.lead.id)

        await capture.accept(LeadDetails(email="ada@acme.de", title="CTO"))
        await settled(it)

        after = await scoring.latest(first.lead.id)
    assert (before.lead_revision, after.lead_revision) == (1, 2)
    assert before.points < after.points


async def test_enrichment_answers_by_itself() -> None:
    """A phone number and an address, from outside."""
    async with running(revenue) as it:
        profile = await it.client(Enrichment).profile(ContactPoints(email="info@gmail.com", phone="+493023125001"))

    facts = {fact.topic: fact.value for fact in profile.facts}
    assert (facts[Topic.MAILBOX], facts[Topic.ROLE], facts[Topic.TIME_ZONE]) == ("free", "info", "Europe/Berlin")


async def test_without_enrichment_it_is_said_what_a_lead_would_score() -> None:
    """Its absence degrades the answer."""
    async with running(revenue, services=["capture", "scoring"]) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO"))

        score = await it.client(Scoring).score(receipt.lead)

    assert score.is_provisional
    assert score.reasons[-1].rule == "not_enriched"


@pytest.mark.parametrize("hosted", [["capture"], ["capture", "identity"], ["capture", "identity", "scoring"]])
async def test_leads_wait_for_services_that_are_not_there(tmp_path: Path, hosted: list[str]) -> None:
    """Nothing that was accepted is lost, and no lead is judged by half of what can be known."""
    lonely = Path(tmp_path)
    async with single(revenue, world=World.real(lonely), services=hosted) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO"))

    async with single(
        revenue, world=World.real(lonely), services=["capture", "identity", "enrichment", "scoring"]
    ) as it:
        await settled(it)
        score = await it.client(Scoring).latest(receipt.lead.id)

    assert not score.is_provisional
    assert {"company_mailbox", "decides"} <= {reason.rule for reason in score.reasons}


async def sample_taken(it: Reached) -> ImportReport:
    """What became of the sample, once all of it is scored."""
    report = await it.client(Capture).import_file(SAMPLE)
    await settled(it)
    return report


async def test_the_sample_is_taken_in_whole(on_each_topology: OnEachTopology) -> None:
    """Every row is accounted for, and every lead has the score of its latest revision."""
    async with on_each_topology(REVENUE) as it:
        report = await sample_taken(it)
        leads = [lead async for lead in all_leads(it)]
        scores = {score.lead_id: score async for score in it.client(Scoring).export()}

    assert report.accepted + report.known + len(report.rejected) == report.rows
    assert report.accepted == len(leads)
    assert {lead.id: lead.revision for lead in leads} == {key: each.lead_revision for key, each in scores.items()}
    assert {score.grade for score in scores.values()} == {Grade.A, Grade.B, Grade.C, Grade.D}


async def test_one_process_and_many_come_to_the_same() -> None:
    """Whom they keep, and what they think of each of them and why."""
    async with running(revenue) as it:
        report, here = await sample_taken(it), await judgements(it)

    async with running_processes(REVENUE, instances={"enrichment": 2, "scoring": 2}) as it:
        report_there, there = await sample_taken(it), await judgements(it)

    assert report == report_there
    assert here == there
    assert len(here) == report.accepted


async def sample_run() -> tuple[ImportReport, list[Lead], list[Score]]:
    """The sample through a world of its own."""
    async with running(revenue) as it:
        report = await sample_taken(it)
        leads = [lead async for lead in all_leads(it)]
        return report, leads, [score async for score in it.client(Scoring).export()]


async def test_equal_worlds_give_equal_leads() -> None:
    """Chance comes from the world alone; who is scored when is up to the machine, where time is its own."""
    (report, leads, scores), (again, leads_again, scores_again) = await sample_run(), await sample_run()

    assert report == again
    assert [(lead.id, lead.email, lead.revision) for lead in leads] == [
        (lead.id, lead.email, lead.revision) for lead in leads_again
    ]
    assert {score.lead_id: (score.points, score.reasons) for score in scores} == {
        score.lead_id: (score.points, score.reasons) for score in scores_again
    }
