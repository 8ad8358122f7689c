"""The three services in a simulated world: a seed decides everything, so a run can be had again."""

import asyncio

from atoll.telemetry import CallRecord, MemoryRecorder
from atoll.testing import drawn, running, simulate, test_world
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.sample import sample_csv
from revenue.scoring.contract import Score, Scoring


def lived(seed: int) -> tuple[tuple[CallRecord, ...], list[Score]]:
    """A day in the world of this seed: an import, and people who send forms meanwhile. Its calls, and its scores."""
    recorder = MemoryRecorder()

    async def day() -> list[Score]:
        world = test_world(seed)
        async with running(revenue, world=world, recorder=recorder) as it:
            capture = it.client(Capture)

            async def forms() -> None:
                chance = world.entropy.random()
                for number in range(40):
                    await asyncio.sleep(chance.expovariate(1 / 600))
                    await capture.accept(LeadDetails(email=f"person{number}@company{number % 7}.example"))

            file = LeadFile(file_name="leads.csv", content=sample_csv(leads=120).encode())
            async with asyncio.TaskGroup() as people:
                people.create_task(forms())
                people.create_task(forms())
                await asyncio.sleep(world.entropy.random().uniform(0, 3600))
                await capture.import_file(file)
            return [score async for score in it.client(Scoring).export()]

    scores = simulate(day, seed)
    return recorder.records, scores


def test_a_seed_is_lived_twice_alike() -> None:
    """Equal calls at equal moments with equal identifiers: nothing reads time or chance around the ports."""
    first, second = lived(7), lived(7)

    assert drawn(first[0]) == drawn(second[0])
    assert first == second
    assert len(first[0]) > 300


def test_another_seed_is_another_life() -> None:
    """The comparison above would also hold for a world in which nothing ever differs."""
    assert drawn(lived(7)[0]) != drawn(lived(8)[0])
