"""More load than a service can bear: as much is answered as at its best, and afterwards all is as before.

In virtual time: a handler takes five milliseconds of the loop, so that two hundred calls a second are all there is. The
load is open: whoever is not answered does not keep the next one from asking.
"""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Hashable
from random import Random
from typing import Protocol

import pytest

from atoll import Application, Context, Problem, Service, contract, get, post
from atoll.calls import Caller, client
from atoll.calls.door import Door
from atoll.kernel import Criticality, current
from atoll.problems import Overloaded
from atoll.resilience import Doorkeeper, Policies, Retry, Shedding
from atoll.testing import SeededEntropy, SimulatedLoop, running, test_world
from atoll.testing.network import over_http
from tests.calls.test_retrying import without_budget
from tests.plain import PLAIN
from tests.simulated import simulated

COST_S = 0.005
CAPACITY = 1 / COST_S
DEADLINE_S = 2.0


@contract(version="1.0")
class Mill(Protocol):
    """Grinds."""

    @post("/grind")
    async def grind(self) -> None:
        """Take the loop for a while."""
        ...

    @get("/look")
    async def look(self) -> None:
        """The same, and may be asked again."""
        ...

    @get("/wait")
    async def wait(self) -> None:
        """Wait for one of a few places, as at a database."""
        ...


class MillService(Service, Mill, owner="tests"):
    """Grinds."""

    async def grind(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        loop.spend(COST_S)

    async def look(self) -> None:
        await self.grind()

    async def wait(self) -> None:
        async with PLACES[0]:
            await asyncio.sleep(10 * COST_S)


PLACES: list[asyncio.Semaphore] = []
"""Ten places at a database, of the simulated world that runs."""


class Open:
    """The control: a door without a keeper."""

    def admits(self, criticality: Criticality, now: float) -> bool:
        """All are let in."""
        return True

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """Nothing is counted."""


class Load:
    """Calls an application at a rate, whatever becomes of them, and counts by the second in which they were made."""

    def __init__(self, mill: Mill, operation: str, seed: int = 0) -> None:
        self._call = getattr(mill, operation)
        self._chance = Random(seed)
        self.good = Counter[int]()
        self.made = Counter[int]()
        self.ended = Counter[str]()
        self.good_by = Counter[Criticality]()

    async def run(self, per_s: float, span_s: float, *, criticality: Criticality = Criticality.NORMAL) -> None:
        """So many calls a second, at random moments (a Poisson process)."""
        loop = asyncio.get_running_loop()
        ends_at, at = loop.time() + span_s, loop.time()
        async with asyncio.TaskGroup() as group:
            while (at := at + self._chance.expovariate(per_s)) < ends_at:
                if at > loop.time():  # else it is due already: nobody who comes waits for those before him
                    await asyncio.sleep(at - loop.time())
                group.create_task(self._one(at, criticality))

    async def _one(self, at: float, criticality: Criticality) -> None:
        current.set(Context(deadline_at=at + DEADLINE_S, criticality=criticality))
        self.made[int(at)] += 1
        try:
            await self._call()
        except Problem as problem:
            self.ended[problem.code] += 1
        else:
            self.good[int(at)] += 1
            self.good_by[criticality] += 1

    def goodput(self, first: int, last: int) -> float:
        """How many calls a second were answered in time that were made from one second to another."""
        return sum(self.good[second] for second in range(first, last)) / (last - first)


async def overloaded(
    times: float,
    *,
    doorkeeper: Doorkeeper | None = None,
    policies: Policies = PLAIN,
    operation: str = "grind",
    seed: int = 0,
) -> Load:
    """Five seconds of 0.8 times what it can bear, ten of so many times as much, ten of 0.8 times again."""
    PLACES[:] = [asyncio.Semaphore(10)]
    world = test_world(seed)
    world = dataclasses.replace(world, network=over_http(world.entropy, doorkeeper), policies=policies)
    async with running(Application("mill", services=[MillService]), world=world) as app:
        load = Load(app.client(Mill), operation, seed)
        for share, span_s in ((0.8, 5), (times, 10), (0.8, 10)):
            await load.run(share * CAPACITY, span_s)
    return load


@simulated
async def test_a_load_that_can_be_borne_is_borne() -> None:
    """The control of all others: nothing is refused at 0.8 times the capacity, though the load is uneven."""
    load = await overloaded(0.8)

    assert load.ended == {}
    assert sum(load.good.values()) == sum(load.made.values())


@pytest.mark.parametrize("times", [3.0, 5.0])
@simulated
async def test_at_more_than_it_can_bear_it_does_as_much_as_at_its_best(times: float) -> None:
    """From two seconds after its beginning: many are refused, rather than all late."""
    load = await overloaded(times)

    assert load.goodput(7, 15) >= 0.85 * CAPACITY
    assert load.ended[Overloaded.code] > 1_000


@simulated
async def test_three_seconds_later_all_is_as_before() -> None:
    """What was refused leaves nothing behind."""
    load = await overloaded(3.0)

    assert sum(load.good[second] for second in range(18, 24)) == sum(load.made[second] for second in range(18, 24))


@simulated
async def test_without_a_door_nearly_all_that_is_done_is_too_late() -> None:
    """The control: everybody is let in, and each waits for all the others."""
    load = await overloaded(3.0, doorkeeper=Open())

    assert load.goodput(7, 15) < 0.5 * CAPACITY


@simulated
async def test_a_queue_behind_the_handlers_is_kept_short_too() -> None:
    """The loop is never late there: the limit of calls in progress finds out by their times."""
    load = await overloaded(3.0, operation="wait")

    assert load.goodput(9, 15) >= 0.85 * CAPACITY
    assert sum(load.good[second] for second in range(18, 24)) == sum(load.made[second] for second in range(18, 24))


@simulated
async def test_what_matters_most_is_answered_whatever_comes_in_the_background() -> None:
    """Twelve times the capacity in the background, a half that matters: of that nothing is lost."""
    entropy = SeededEntropy(1)
    async with running(Application("mill", services=[MillService])) as app:
        door = Door(app.answering, Shedding(Random(1).random), entropy.bits)
        mill = client(Mill, Caller("", door, entropy, policies=PLAIN))
        critical, background = Load(mill, "grind", 1), Load(mill, "grind", 2)
        await asyncio.gather(
            critical.run(0.5 * CAPACITY, 8, criticality=Criticality.CRITICAL),
            background.run(12 * CAPACITY, 8, criticality=Criticality.BACKGROUND),
        )

    assert critical.goodput(3, 8) >= 0.95 * sum(critical.made[second] for second in range(3, 8)) / 5
    assert background.ended[Overloaded.code] > 0.8 * sum(background.made.values())


@pytest.mark.parametrize("seed", range(3))
@simulated
async def test_a_storm_of_retries_ends_with_its_cause(seed: int) -> None:
    """Every caller tries three times, without a budget: the load that is removed does not live on in retries."""
    greedy = Policies(Retry(throttled_base_s=0.05), without_budget)
    load = await overloaded(3.0, operation="look", policies=greedy, seed=seed)

    assert sum(load.good[second] for second in range(18, 24)) >= 0.95 * sum(
        load.made[second] for second in range(18, 24)
    )
