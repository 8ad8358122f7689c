"""Restarts, changes of scale and kills at once, by people who also go away in the middle: it settles all the same."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator

import psutil
import pytest

from atoll.processes import NotReplaced, State, Step
from atoll.testing import RunningProcesses, running_processes
from tests.patience import PATIENCE_S
from tests.topology.busy import Order, Orders
from tests.topology.test_supervisor import BUSY

LASTS_S = 4.0
PEOPLE = 3


class Person:
    """Does one thing after the other to an application, by chance."""

    def __init__(self, application: RunningProcesses, seed: int) -> None:
        self._supervisor = application.supervisor
        self._chance = random.Random(seed)

    async def go_on(self) -> None:
        """Until the time is over."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + LASTS_S
        deeds = (self._restart, self._scale, self._go_away, self._kill, self._restart_all)
        while loop.time() < ends_at:
            await self._chance.choice(deeds)()
            await asyncio.sleep(self._chance.random() * 0.2)

    def _steps(self) -> AsyncIterator[Step]:
        service = self._chance.choice(["orders", "stock"])
        if self._chance.random() < 0.5:
            return self._supervisor.restart(service)
        return self._supervisor.scale(service, self._chance.randint(1, 3))

    async def _restart(self) -> None:
        await followed(self._supervisor.restart(self._chance.choice(["orders", "stock"])))

    async def _scale(self) -> None:
        await followed(self._supervisor.scale("stock", self._chance.randint(1, 3)))

    async def _restart_all(self) -> None:
        await self._supervisor.restart_all(lambda _: None)

    async def _go_away(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._chance.random() * 0.4):
                await followed(self._steps())

    async def _kill(self) -> None:
        pids = [each.pid for each in await self._supervisor.processes() if each.pid]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(pids), self._chance.choice([signal.SIGKILL, signal.SIGTERM]))


async def followed(steps: AsyncIterator[Step]) -> None:
    """Follow steps to their end; somebody may kill what is being started."""
    with contextlib.suppress(NotReplaced):
        async for _ in steps:
            pass


def children() -> set[int]:
    """The processes that this one has started."""
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
async def test_it_settles_and_leaves_nothing(seed: int) -> None:
    """There are as many as were asked for last, all take calls, and none is beside them."""
    before = children()
    async with running_processes(BUSY, drain_s=0.5) as application:
        people = [Person(application, seed * PEOPLE + number) for number in range(PEOPLE)]
        await asyncio.gather(*(person.go_on() for person in people))
        await followed(application.supervisor.scale("stock", 2))
        async with asyncio.timeout(2 * PATIENCE_S):
            while [each.state for each in await application.supervisor.processes()] != [State.READY] * 3:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
        pids = {each.pid for each in await application.supervisor.processes()}
        made = children() - before
        served = await application.client(Orders).order(Order(item="hat"))

    assert pids == made
    assert served.pid in pids
