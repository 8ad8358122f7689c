"""Routing inside an application: told by events, woken by durable timers, killed in the middle."""

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from atoll import Problem, Unavailable
from atoll.processes import State
from atoll.testing import RunningProcesses, running, running_processes, simulate
from atoll.testing.plugin import Reached
from revenue.routing.contract import Assignment, Deed, Routing, Stage, Status
from revenue.routing.tests.company import WEIGHTS, company, lead
from revenue.scoring.contract import Scoring
from tests.amount import of_the_whole
from tests.patience import PATIENCE_S


async def ruled(it: Reached) -> None:
    """Wait until the rules are known."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Unavailable):
                if await it.client(Routing).reps():
                    return
            await asyncio.sleep(0.05)


async def routed(it: Reached, count: int) -> list[Assignment]:
    """All assignments, once there are so many."""
    found: list[Assignment] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            await asyncio.sleep(0.05)
            with suppress(Problem):
                found = list((await it.client(Routing).assignments(limit=1000)).items)
    return found


def are_fair(found: list[Assignment]) -> bool:
    """Whether nobody is a whole lead from the share of its weight."""
    got = Counter(each.owner for each in found)
    whole = sum(WEIGHTS.values())
    return all(abs(got[rep] - len(found) * weight / whole) < 1 for rep, weight in WEIGHTS.items())


def test_a_lead_that_nobody_answers_goes_from_one_to_the_next() -> None:
    """By durable timers, in virtual time; one that is accepted stays where it is."""

    async def morning() -> list[tuple[str, Stage, Status]]:
        async with running(company) as it:
            await ruled(it)
            for number in range(2):
                await it.client(Scoring).score(lead(number))
            await routed(it, 2)
            owner = (await it.client(Routing).assignment("lead-1")).owner
            await it.client(Routing).accept("lead-1", Deed(actor=owner))
            seen: list[tuple[str, Stage, Status]] = []
            for _ in range(4):
                for number in range(2):
                    one = await it.client(Routing).assignment(f"lead-{number}")
                    assert one.clock is not None
                    seen.append((one.owner, one.clock.stage, one.status))
                await asyncio.sleep(3.1 * 60)
            return seen

    seen = simulate(morning, seed=3)

    assert [(stage, status) for _, stage, status in seen[0::2]] == [
        (Stage.RUNNING, Status.NEW),
        (Stage.REMINDED, Status.NEW),
        (Stage.ESCALATED, Status.NEW),
        (Stage.RUNNING, Status.NEW),
    ]
    assert seen[0][0] == seen[4][0] != seen[6][0]
    assert set(seen[1::2]) == {(seen[1][0], Stage.RUNNING, Status.ACCEPTED)}


async def test_a_burst_is_routed_once_and_fairly() -> None:
    """Each lead has one owner, whoever is told in which order."""
    async with running(company) as it:
        await ruled(it)
        await asyncio.gather(*(it.client(Scoring).score(lead(number)) for number in range(120)))

        found = await routed(it, 120)

    assert len({each.lead_id for each in found}) == len(found) == 120
    assert {each.round for each in found} == {1}
    assert are_fair(found)


async def kill_one(it: RunningProcesses, chance: random.Random) -> int:
    """Kill a ready process of Routing; its number."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            ready = [
                process
                for process in await it.supervisor.processes()
                if process.name.startswith("routing") and process.state is State.READY
            ]
            if ready:
                process = chance.choice(ready)
                os.kill(process.pid, signal.SIGKILL)
                return process.pid
            await asyncio.sleep(0.02)


@of_the_whole
@pytest.mark.slow
async def test_turns_stay_fair_when_instances_are_killed(tmp_path: Path) -> None:
    """Two instances, of which one dies every some leads: the count is whole in the end, and each has its share."""
    chance = random.Random(5)
    place = "revenue.routing.tests.company:company"
    async with running_processes(place, state=tmp_path, instances={"routing": 2}) as it:
        await ruled(it)
        killed: set[int] = set()
        for number in range(300):
            await it.client(Scoring).score(lead(number))
            if number % 75 == 40:
                killed.add(await kill_one(it, chance))
        found = await routed(it, 300)
        again = await routed(it, 300)

    assert len(killed) == 4
    assert len({each.lead_id for each in found}) == len(found) == len(again) == 300
    assert are_fair(found)
