"""The services on the way to a score in a simulated world: a seed decides everything, so a run can be had again."""

import asyncio
import functools
from typing import NamedTuple

from atoll.telemetry import MemoryRecorder, Span
from atoll.testing import drawn, running, simulate, test_world
from revenue.capture.contract import Capture, Lead, LeadDetails, LeadFile
from revenue.sample import sample_csv
from revenue.scoring.contract import Score, Scoring
from revenue.tests.settled import all_leads, settled
from revenue.tests.way import on_the_way


class Life(NamedTuple):
    """What has happened in a world: its calls, and its leads and scores at the end."""

    calls: tuple[Span, ...]
    leads: list[Lead]
    scores: list[Score]


def lived_again(seed: int) -> Life:
    """A quarter of an hour in the world of this seed: an import, and people who send forms meanwhile."""
    recorder = MemoryRecorder()

    async def quarter() -> tuple[list[Lead], list[Score]]:
        world = test_world(seed)
        async with running(on_the_way, world=world, recorder=recorder) as it:
            capture = it.client(Capture)

            async def forms() -> None:
                chance = world.entropy.random()
                for number in range(40):
                    await asyncio.sleep(chance.expovariate(1 / 20))
                    title = chance.choice(["CTO", "Student"])
                    await capture.accept(LeadDetails(email=f"person{number}@company{number % 7}.example", title=title))

            file = LeadFile(file_name="leads.csv", content=sample_csv(leads=120).encode())
            async with asyncio.TaskGroup() as people:
                people.create_task(forms())
                people.create_task(forms())
                await asyncio.sleep(world.entropy.random().uniform(0, 600))
                await capture.import_file(file)
            await settled(it)
            leads = [lead async for lead in all_leads(it)]
            return leads, [score async for score in it.client(Scoring).export()]

    leads, scores = simulate(quarter, seed)
    return Life(tuple(recorder.records), leads, scores)


@functools.cache
def lived(seed: int) -> Life:
    """The same, lived once: tests only look at it."""
    return lived_again(seed)


def test_a_seed_is_lived_twice_alike() -> None:
    """Equal calls at equal moments with equal identifiers: nothing reads time or chance around the ports.

    Scores are equal to the moment, and were made in the same order: events are told of alike as well.
    """
    first, second = lived(7), lived_again(7)

    assert drawn(first.calls) == drawn(second.calls)
    assert first == second
    assert len(first.calls) > 80


def test_another_seed_is_another_life() -> None:
    """The comparison above would also hold for a world in which nothing ever differs."""
    one, other = lived(7), lived(8)

    assert drawn(one.calls) != drawn(other.calls)
    assert [score.scored_at for score in one.scores] != [score.scored_at for score in other.scores]


def test_each_lead_has_the_score_of_its_latest_revision() -> None:
    """Whatever the order in which forms and files come in."""
    for seed in (7, 8):
        life = lived(seed)

        assert {lead.id: lead.revision for lead in life.leads} == {
            score.lead_id: score.lead_revision for score in life.scores
        }
        assert any(lead.revision > 1 for lead in life.leads)
