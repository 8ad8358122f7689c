"""One process under supervision, from its start to its end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from atoll.adapters.http_client import HttpClient
from atoll.adapters.parent import ENDING_S
from atoll.adapters.processes import Child, NotStarted, ending, is_accepting
from atoll.calls import Caller, Proving, client
from atoll.contract import Problem
from atoll.kernel import Entropy
from atoll.topology.peers import Directory, Peers
from atoll.topology.plan import ProcessPlan
from atoll.topology.reporting import ProcessReport, Reporting
from atoll.topology.supervision import Health, HostedService, ProcessStatus, State

READY_S = 90.0
"""How long a process may take until it is ready."""

TOLD_S = 10.0
"""After so long it is said that a process is waited for, and what it lacks."""

COMMAND_LEFT_ALONE_S = 1.0

LOOK_S = (0.01, 0.05)
"""How soon a process that is not ready yet is looked at again: at first, and at most."""

_log = logging.getLogger("atoll.supervisor")


class Supervised:
    """A process that was started. Owns its child, and the connection on which it is asked how it fares."""

    def __init__(
        self,
        name: str,
        plan: ProcessPlan,
        address: str,
        child: Child,
        entropy: Entropy,
        started_at: datetime,
        operator: Proving,
    ) -> None:
        self.name = name
        self.plan = plan
        self.address = address
        self.child = child
        self.state = State.STARTING
        self.started_at = started_at
        self.ready_since = 0.0
        self.health = Health.NONE
        self._report: ProcessReport | None = None
        self._client = HttpClient(Directory(Peers({"atoll_process": (address,)})), entropy, proving=operator)
        self._reporting = client(Reporting, Caller("", self._client, entropy))
        self._memory_bytes = 0
        self._calls: tuple[float, int] = (0.0, 0)
        self._calls_per_s = 0.0

    @property
    def is_atoll(self) -> bool:
        """Whether it can say how it fares."""
        return not self.plan.kind.command

    @property
    def services(self) -> Sequence[HostedService]:
        """What it hosts, by its own word where it has been asked."""
        if self._report is None:
            return self.plan.services
        said = self._report.instances
        return tuple(HostedService(name=each.service, version=each.version, owner=each.owner) for each in said)

    async def until_ready(self) -> None:
        """Wait until it could take calls.

        Raises:
            NotStarted: it has ended, or was not ready in time.
        """
        loop = asyncio.get_running_loop()
        began_at, pause_s, is_told = loop.time(), LOOK_S[0], False
        while not await self._takes_calls():
            if self.child.ended.done():
                code = self.child.ended.result()
                raise NotStarted(self.name, f"it ended with {ending(code)}; its log says why", code)
            waited_s = loop.time() - began_at
            if waited_s > READY_S:
                raise NotStarted(self.name, f"it was not ready within {READY_S:g} s: {self._lacking()}")
            if waited_s > TOLD_S and not is_told:
                is_told = True
                _log.warning("%s is not ready yet: %s; it is given %g s", self.name, self._lacking(), READY_S)
            await asyncio.wait([self.child.ended], timeout=pause_s)
            pause_s = min(LOOK_S[1], pause_s * 1.2)

    def take(self) -> None:
        """Let it take calls, from now on."""
        self.state = State.READY
        self.health = Health.WELL
        self.ready_since = asyncio.get_running_loop().time()

    async def end(self, drain_s: float) -> None:
        """Let it drain and end; kill it where it does not.

        A command cannot say that it is about to stop: it is left alone for a moment in which nobody calls it any more.
        """
        was_ready = self.state is State.READY
        if self.state is not State.STARTING:
            self.state = State.DRAINING
        try:
            if was_ready and not self.is_atoll:
                await asyncio.wait([self.child.ended], timeout=min(drain_s, COMMAND_LEFT_ALONE_S))
            self.child.send(signal.SIGTERM)
            await asyncio.wait([self.child.ended], timeout=drain_s + ENDING_S)
        finally:
            await self.close()

    async def close(self) -> None:
        """End it at once, where it has not ended, and see it out."""
        self.child.kill()
        await asyncio.wait([self.child.ended])
        await self._client.close()

    async def look(self) -> None:
        """Ask it how it fares."""
        self._memory_bytes = self.child.memory_bytes(with_children=not self.is_atoll)
        if self.state is not State.READY:
            return
        if not self.is_atoll:
            self.health = Health.WELL if await is_accepting(_listening(self.address)) else Health.SILENT
            return
        try:
            report = await self._reporting.report()
        except Problem:
            self.health = Health.SILENT
            return
        now, calls = asyncio.get_running_loop().time(), sum(each.calls for each in report.instances)
        before, answered = self._calls
        self._calls_per_s = (calls - answered) / (now - before) if before else 0.0
        self._calls = (now, calls)
        self._report = report
        self.health = Health.WELL if all(each.ready for each in report.instances) else Health.NOT_READY

    def status(self, restarts: int, last_exit: str) -> ProcessStatus:
        """It as it is now."""
        return ProcessStatus(
            name=self.name,
            services=tuple(self.services),
            state=self.state,
            health=self.health,
            address=self.address,
            pid=self.child.pid,
            restarts=restarts,
            memory_bytes=self._memory_bytes,
            calls_per_s=round(self._calls_per_s, 1),
            started_at=self.started_at,
            last_exit=last_exit,
        )

    async def _takes_calls(self) -> bool:
        if not await is_accepting(_listening(self.address)):
            return False
        if not self.is_atoll:
            return True
        with contextlib.suppress(Problem):
            self._report = await self._reporting.report()
            return all(each.ready for each in self._report.instances)
        return False

    def _lacking(self) -> str:
        """What it is waited for."""
        if not self.is_atoll:
            return f"nothing listens on 127.0.0.1:{_listening(self.address)}, the port in its PORT"
        if self._report is None:
            return "it does not answer"
        names = sorted({each.service for each in self._report.instances if not each.ready})
        return f"it says that {', '.join(names)} cannot take calls"


def _listening(address: str) -> str | int:
    split = urlsplit(address)
    return split.path if split.scheme == "unix" else split.port or 80


def without_process(plan: ProcessPlan, state: State) -> ProcessStatus:
    """How a service fares that has no process here."""
    address = plan.kind.url if plan.is_remote else ""
    return ProcessStatus(name=plan.name, services=plan.services, state=state, health=Health.NONE, address=address)
