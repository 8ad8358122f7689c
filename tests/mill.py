"""A mill that can grind two hundred times a second, and load for it, in virtual time.

A handler takes five milliseconds of the loop, so that two hundred calls a second are all there is. The load is open:
whoever is not answered does not keep the next one from asking.
"""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Hashable
from random import Random
from typing import Protocol

from atoll import Application, Context, Problem, Service, contract, get, post
from atoll.kernel import Criticality, current
from atoll.resilience import Doorkeeper, Policies
from atoll.testing import SimulatedLoop, running, test_world
from atoll.testing.network import over_http
from tests.plain import PLAIN

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

    @get("/patient", timeout_s=3600)
    async def patient(self) -> None:
        """Wait as well, however late it is."""
        ...


class MillService(Service, Mill, owner="tests"):
    """Grinds."""

    async def grind(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        loop.spend(COST_S)

    async def look(self) -> None:
        await self.grind()

    async def patient(self) -> None:
        await self.wait()

    async def wait(self) -> None:
        async with PLACES[0]:
            await asyncio.sleep(10 * COST_S)


PLACES: list[asyncio.Semaphore] = []
"""Ten places at a database, of the simulated world that runs."""


class Open:
    """The control: a door without a keeper."""

    def admits(self, criticality: Criticality, now: float, *, is_patient: bool = False) -> bool:
        """All are let in."""
        return True

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """Nothing is counted."""


class Load:
    """Calls an application at a rate, whatever becomes of them, and counts by the second in which they were made."""

    def __init__(self, mill: Mill, operation: str, seed: int = 0) -> None:
        self.call = getattr(mill, operation)
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
                group.create_task(self.ask(at, criticality))

    async def ask(self, at: float, criticality: Criticality) -> None:
        """One call, which is due at a moment."""
        current.set(Context(deadline_at=at + DEADLINE_S, criticality=criticality))
        self.made[int(at)] += 1
        try:
            await self.call()
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
