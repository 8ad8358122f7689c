"""One import into Revenue as processes, in which services die or are away, and what was found when all had settled."""

import asyncio
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from atoll import Problem
from atoll.kernel import Tasks
from atoll.processes import State
from atoll.testing import RunningProcesses, running_processes
from revenue.capture.contract import Capture, ImportReport
from revenue.crm.contract import Crm, Target
from revenue.paging import items_of
from revenue.playbook.contract import Playbook, Publication
from revenue.routing.contract import Routing
from revenue.tests.importing import Sent, imported
from revenue.tests.outsider import Asked, Says, outsider
from revenue.webhooks.contract import DeliveryState, Webhooks

from .count import TOLD, Books, events, parked
from .team import SECRET, addresses, file_of, rules_for

T = TypeVar("T")

PLACE = "revenue.application:revenue"
STILL_S = 120.0
"""Where nothing has moved for so long, something is lost or stuck."""
ARRIVES_S = 0.05
"""So long a piece is on its way to Capture, more or less."""
FLOWS_S = 1.0
"""So long its leads are on their way through the others."""


@dataclass(frozen=True)
class Plan:
    """An import of so many leads in pieces of so many rows.

    While every `every`th piece, or its leads, are on their way one of `killed` dies, each in its turn, in an order and
    at moments that the seed decides. `away` is stopped before the import, and started after it.
    """

    leads: int
    rows: int = 50
    killed: tuple[str, ...] = ()
    every: int = 2
    away: str | None = None
    seed: int = 1


@dataclass
class Ran:
    """What was found, how many processes were killed of each service, and how long it took, in seconds."""

    books: Books
    killed: Counter[str] = field(default_factory=Counter[str])
    imported_s: float = 0.0
    settled_s: float = 0.0


async def run(plan: Plan, state: Path) -> Ran:
    """Import, wait until nothing is left to do, stop everything, and count."""
    settings = {
        "REVENUE_WEBHOOKS_ALLOWS_LOOPBACK": "true",
        "REVENUE_WEBHOOKS_SECRETS": msgspec.json.encode({"told": SECRET}).decode(),
    }
    told = Told()
    async with outsider(told.answer) as receiver, running_processes(PLACE, state=state, settings=settings) as it:
        capture, routing = it.client(Capture), it.client(Routing)
        await _prepared(it, plan, receiver.url)
        if plan.away is not None:
            await _steps(it.supervisor.stop_service(plan.away))
        killing = Killing(it, plan)
        began_at = time.monotonic()
        await imported(capture, file_of(plan.leads), plan.rows, killing, STILL_S)
        await killing.over()
        imported_s = time.monotonic() - began_at
        if plan.away is not None:
            await _steps(it.supervisor.start_service(plan.away))
        await _settled(it, told, plan.leads)
        settled_s = time.monotonic() - began_at - imported_s
        leads = [each async for each in items_of(lambda cursor: capture.leads(cursor=cursor, limit=1000))]
        assignments = [each async for each in items_of(lambda cursor: routing.assignments(cursor=cursor, limit=1000))]
        in_crm = (await it.client(Crm).pending(Target.SALESFORCE)).new
        turns = {share.rep: share.got for team in (await it.client(Routing).fairness()).teams for share in team.shares}
    books = Books(
        file=addresses(plan.leads),
        leads=leads,
        assignments=assignments,
        turns=turns,
        told={service: events(state, service, kind) for service, kind in TOLD.items()},
        routed=events(state, "routing", "routing.lead_routed.v1"),
        received=told.ids,
        in_crm=in_crm,
        parked=parked(state),
    )
    return Ran(books, killing.killed, imported_s, settled_s)


class Told:
    """Somebody outside who is told of owners: the ids of the messages about each lead, and how often each came."""

    def __init__(self) -> None:
        self.ids: dict[str, Counter[str]] = defaultdict(Counter)

    def answer(self, asked: Asked) -> Says:
        """Take a message."""
        message = msgspec.json.decode(asked.body)
        if message["type"] == "lead_routed":
            self.ids[message["data"]["lead_id"]][asked.headers["webhook-id"]] += 1
        return Says({})


class Killing:
    """Kills processes while pieces, and their leads, are on their way; each service about as often as any other."""

    def __init__(self, application: RunningProcesses, plan: Plan) -> None:
        self.killed: Counter[str] = Counter()
        self._application = application
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._round: list[str] = []
        self._met: set[int] = set()
        self._dead: set[int] = set()
        self._tasks = Tasks("campaign")
        self._dying: asyncio.Task[None] | None = None

    async def __call__(self, number: int, sent: Sent) -> ImportReport:
        """Send a piece. When it is sent for the first time, and is one of those, a process dies some moments later."""
        if self._plan.killed and number % self._plan.every == 0 and number not in self._met:
            self._met.add(number)
            await self.over()
            self._round = self._round or self._chance.sample(self._plan.killed, len(self._plan.killed))
            service = self._round.pop()
            pid = await self._ready(service)
            self._dying = self._tasks.spawn(self._die(service, pid), service, awaited=True)
        return await sent

    async def over(self) -> None:
        """Wait until whoever is to die next is dead."""
        if self._dying is not None:
            await self._dying

    async def _die(self, service: str, pid: int) -> None:
        await asyncio.sleep(self._chance.random() * (ARRIVES_S if service == "capture" else FLOWS_S))
        os.kill(pid, signal.SIGKILL)
        self._dead.add(pid)
        self.killed[service] += 1

    async def _ready(self, service: str) -> int:
        """The number of the service's process, once it has been started again."""
        async with asyncio.timeout(STILL_S):
            while True:
                for process in await self._application.supervisor.processes():
                    is_ready = process.state is State.READY and process.pid not in self._dead
                    if is_ready and process.name.startswith(service):
                        return process.pid
                await asyncio.sleep(0.02)


async def _prepared(it: RunningProcesses, plan: Plan, url: str) -> None:
    """Publish the rules, and wait until those who go by them do."""
    await it.client(Playbook).publish(Publication(playbook=rules_for(plan.leads, url)))

    async def known() -> bool:
        return bool(await it.client(Routing).reps()) and bool(await it.client(Webhooks).test("told"))

    await _until(known)


async def _settled(it: RunningProcesses, told: Told, leads: int) -> None:
    """Wait until each lead has an owner or a place in a queue, and all who are told of that know it."""

    async def at() -> tuple[int, int, int, int]:
        routed = (await it.client(Routing).count()).leads
        known = (await it.client(Crm).pending(Target.SALESFORCE)).new
        waiting = await it.client(Webhooks).deliveries(state=DeliveryState.WAITING, limit=1000)
        return routed, known, len(told.ids), len(waiting.items)

    before, moved_at = (0, 0, 0, 0), time.monotonic()
    while (
        before != (leads, leads, leads, 0) and time.monotonic() - moved_at < STILL_S
    ):  # else the count says what is lost
        await asyncio.sleep(0.2)
        with suppress(Problem):
            now = await at()
            if now != before:
                before, moved_at = now, time.monotonic()


async def _until(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(STILL_S):
        while True:
            with suppress(Problem):
                if await so():
                    return
            await asyncio.sleep(0.05)


async def _steps(several: AsyncIterator[object]) -> None:
    """Let each happen."""
    async for _ in several:
        pass
