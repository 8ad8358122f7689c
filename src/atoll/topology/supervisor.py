"""The supervisor: starts the processes of an application, keeps them running, and says where they listen.

It is on the path of no call: who calls whom is in a file that every process reads, and what is under way goes on
whatever becomes of the supervisor.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec

from atoll.adapters.processes import Lifeline, NotStarted, free_port, start
from atoll.adapters.run_folder import RunFolder
from atoll.kernel import Clock, Entropy, Mistakes, Tasks, Threads
from atoll.topology.backoff import Backoff
from atoll.topology.launching import Launch
from atoll.topology.log_door import service_behind
from atoll.topology.membership import JOIN_AT, TICKET, TOKENS, Membership
from atoll.topology.peers import Peers
from atoll.topology.plan import ProcessPlan, advice_on, callers_of, in_leaving_order, uncountable, unstoppable
from atoll.topology.slot import Slot, Told
from atoll.topology.supervised import Supervised, without_process
from atoll.topology.supervision import (
    NoSuchService,
    NotPossible,
    NotReplaced,
    ProcessStatus,
    State,
    Step,
)
from atoll.topology.token_files import TokenFiles

PEERS = "peers.json"

LOOK_S = 1.0
"""How often processes are asked how they fare."""

_log = logging.getLogger("atoll.supervisor")


class Supervisor:
    """Owns all processes of a run, and the file that says where they listen. Fulfils `Supervision`.

    `elsewhere` are peers that others have started.
    """

    def __init__(
        self,
        plans: Sequence[ProcessPlan],
        launch: Launch,
        folder: RunFolder,
        membership: Membership,
        clock: Clock,
        entropy: Entropy,
        *,
        elsewhere: Peers | None = None,
        keeps: Sequence[int] = (),
    ) -> None:
        self.plans = tuple(plans)
        self._launch = launch
        self._folder = folder
        self.membership = membership
        self._token_files = TokenFiles(folder, membership)
        self._clock = clock
        self._entropy = entropy
        self._share = entropy.random().random
        self._elsewhere = elsewhere or Peers()
        self._keeps = tuple(keeps)
        self._lifeline = Lifeline()
        self._callers = callers_of(plans)
        self._numbers: dict[str, Iterator[int]] = {plan.name: count(1) for plan in plans}
        self._slots: dict[str, list[Slot]] = {}
        self._turns = {plan.name: asyncio.Lock() for plan in plans}
        self._tasks = Tasks("supervisor")
        self._threads = Threads(threads_max=2)
        self._looking: asyncio.Task[None] | None = None
        self._is_published = True
        self._is_stopping = False
        self._stopped: dict[str, int] = {}
        """How many instances those had that were stopped, by plan."""

    @property
    def peers_file(self) -> str:
        """The file that says where everybody listens."""
        return str(self._folder.path / PEERS)

    async def start(self) -> None:
        """Start all processes at once, and wait until each takes calls.

        Raises:
            NotStarted: one of them does not, however often it is started.
        """
        self.membership.publish()
        self._publish()
        for plan in self.plans:
            if not plan.is_remote:
                self._slots[plan.name] = [self._slot(plan) for _ in range(plan.instances)]
        await asyncio.gather(*(slot.first for slots in self._slots.values() for slot in slots))
        self._looking = self._tasks.spawn(self._look(), "look")

    async def stop(self) -> None:
        """End all processes: edges and callers first, then those whom they call."""
        self._is_stopping = True
        try:
            for wave in in_leaving_order(self.plans):
                slots = [slot for plan in wave for slot in self._slots.pop(plan.name, [])]
                await asyncio.gather(*(slot.retire() for slot in slots))
        finally:
            if self._launch.apart is not None:
                self._launch.apart.stop()
            await self._threads.close()
            await self._tasks.close()
            self._lifeline.close()

    # --- what can be asked -------------------------------------------------------------------------------------------

    async def processes(self) -> list[ProcessStatus]:
        """All processes as they are now."""
        found: list[ProcessStatus] = []
        for plan in self.plans:
            if plan.is_remote:
                found.append(without_process(plan, State.REMOTE))
            if plan.name in self._stopped:
                found.append(without_process(plan, State.STOPPED))
            for slot in self._slots.get(plan.name, []):
                found += slot.statuses()
        return found

    async def restart(self, service: str) -> AsyncIterator[Step]:
        """Replace the processes of a service one by one."""
        plan = self._plan_of(service)
        if plan.is_remote:
            raise NotPossible(reason=f"{service} runs elsewhere: restart it where it runs")
        async with self._turns[plan.name]:
            if plan.name in self._stopped:
                raise NotPossible(reason=f"{service} is stopped: start it with `atoll start {service}`")
            try:
                await self._renewed(plan)
            except Mistakes as mistakes:
                raise NotReplaced(process=plan.name, reason=str(mistakes)) from None
            for slot in self._kept(plan):
                async for step in self._steps(slot.replace):
                    yield step
            await self._tidied(plan)

    async def scale(self, service: str, instances: int) -> AsyncIterator[Step]:
        """Run so many instances of a service."""
        plan = self._plan_of(service)
        reason = uncountable(service, instances, is_edge=plan.is_single, is_remote=plan.is_remote)
        if reason is not None:
            raise NotPossible(reason=": ".join(reason))
        async with self._turns[plan.name]:
            self._stopped.pop(plan.name, None)
            async for step in self._filled(plan, instances):
                yield step
            while len(self._kept(plan)) > instances:
                async for step in self._steps(lambda told: self._take_away(plan, told)):
                    yield step

    async def stop_service(self, service: str) -> AsyncIterator[Step]:
        """End all instances of a service, and start none until it is started."""
        plan = self._plan_of(service)
        if (reason := unstoppable(service, is_edge=plan.is_single, is_remote=plan.is_remote)) is not None:
            raise NotPossible(reason=reason)
        async with self._turns[plan.name]:
            if plan.name not in self._stopped:
                self._stopped[plan.name] = len(self._kept(plan))
            while self._kept(plan):
                async for step in self._steps(lambda told: self._take_away(plan, told)):
                    yield step

    async def start_service(self, service: str) -> AsyncIterator[Step]:
        """Start as many instances of a service as it had when it was stopped; none where it was not."""
        plan = self._plan_of(service)
        async with self._turns[plan.name]:
            async for step in self._filled(plan, self._stopped.pop(plan.name, 0)):
                yield step

    async def _filled(self, plan: ProcessPlan, instances: int) -> AsyncIterator[Step]:
        """Add instances until there are so many."""
        while len(self._kept(plan)) < instances:
            async for step in self._steps(lambda told: self._add(plan, told)):
                yield step

    async def rotate(self) -> str:
        """Let the authority sign with a new key."""
        return self.membership.rotate()

    async def restart_all(self, told: Told) -> bool:
        """Replace all processes: those that own no port at once, then the edges; False where one was not replaced.

        Failures are told, and the others go on.
        """
        done: list[bool] = []
        plans = [plan for plan in self.plans if not plan.is_remote]
        for is_single in (False, True):
            wave = [plan for plan in plans if plan.is_single is is_single]
            done += await asyncio.gather(*(self._restarted(plan, told) for plan in wave))
        return all(done)

    async def _restarted(self, plan: ProcessPlan, told: Told) -> bool:
        is_done = True
        async with self._turns[plan.name]:
            try:
                await self._renewed(plan)
            except Mistakes as mistakes:
                _log.error("%s goes on as it was: %s", plan.name, mistakes)
                return False
            for slot in self._kept(plan):
                try:
                    await slot.replace(told)
                except NotStarted as error:
                    _log.error("%s", error)  # what happened is in the log of the process
                    is_done = False
        return is_done

    async def _renewed(self, plan: ProcessPlan) -> None:
        """Its environment, where it has one of its own, is that of its code as it is now.

        Raises:
            Mistakes: that cannot be made.
        """
        if self._launch.apart is not None:
            await self._threads.run(self._launch.apart.renew, plan)

    async def _tidied(self, plan: ProcessPlan) -> None:
        if self._launch.apart is not None:
            await self._threads.run(self._launch.apart.tidy, plan)

    def _plan_of(self, service: str) -> ProcessPlan:
        names = [name for plan in self.plans for name in plan.names]
        for plan in self.plans:
            if service in (plan.name, *plan.names):
                return plan
        raise NoSuchService(service=service, advice=advice_on(service, names))

    async def _steps(
        self, work: Callable[[Told], Coroutine[Any, Any, None]]
    ) -> AsyncIterator[Step]:  # Any: a coroutine's own
        """What the work tells, as it happens; it goes on where nobody listens any more."""
        told: asyncio.Queue[Step | None] = asyncio.Queue()
        task = self._tasks.spawn(work(told.put_nowait), "step", awaited=True)

        def ended(done: asyncio.Task[None]) -> None:
            told.put_nowait(None)
            if not done.cancelled():
                done.exception()  # retrieved here, since nobody may listen any more

        task.add_done_callback(ended)
        while (step := await told.get()) is not None:
            yield step
        try:
            task.result()
        except NotStarted as error:
            raise NotReplaced(process=error.name, reason=error.reason) from None

    # --- slots -------------------------------------------------------------------------------------------------------

    def _slot(self, plan: ProcessPlan) -> Slot:
        return Slot(plan, self._open, self._publish, Backoff(self._share), self._launch.drain_s)

    def _kept(self, plan: ProcessPlan) -> list[Slot]:
        """The slots of a plan that are kept filled."""
        return [slot for slot in self._slots.get(plan.name, []) if not slot.is_retired]

    async def _add(self, plan: ProcessPlan, told: Told) -> None:
        """One more instance; where it does not become ready, it is taken away again.

        Raises:
            NotStarted: it did not become ready.
        """
        if self._is_stopping:
            raise NotStarted(plan.name, "the application is stopping")
        slot = self._slot(plan)
        slots = self._slots[plan.name]
        slots.append(slot)
        try:
            await slot.begun(told)
        except NotStarted:
            await slot.retire(told)
            slots.remove(slot)
            raise

    async def _take_away(self, plan: ProcessPlan, told: Told) -> None:
        """One instance less: one that takes no calls, where there is one, else the youngest."""
        if self._is_stopping:
            raise NotStarted(plan.name, "the application is stopping")
        slots = self._slots[plan.name]
        slot = next((each for each in self._kept(plan) if each.current is None), self._kept(plan)[-1])
        await slot.retire(told)
        slots.remove(slot)

    def _open(self, plan: ProcessPlan) -> Supervised:
        name = f"{plan.name}-{next(self._numbers[plan.name])}"
        is_command = bool(plan.kind.command)
        port = free_port(name) if is_command else 0
        address = f"http://127.0.0.1:{port}" if is_command else f"unix:{self._folder.socket(name)}"
        lifeline = self._lifeline.descriptor
        identity = self._identity(name, plan)
        child = start(
            name,
            self._launch.command(plan, name, address, self.peers_file, lifeline),
            environment=self._launch.variables(
                plan,
                self.peers_file,
                lifeline,
                port=port,
                sockets=self._links(),
                callers=self._callers[plan.name],
                identity=identity,
            ),
            folder=self._launch.folder,
            keeps=(lifeline, *self._keeps),
        )
        child.ended.add_done_callback(lambda _: self.membership.leave(name))
        operator = self.membership.operator
        return Supervised(name, plan, address, child, self._entropy, self._clock.now(), operator)

    def _identity(self, name: str, plan: ProcessPlan) -> dict[str, str]:
        """What a process that is about to be started is told, so that it can prove who it is."""
        if not plan.kind.command:
            return {
                TICKET: self.membership.admit(name, plan.names),
                JOIN_AT: f"unix:{self._folder.socket('supervisor')}",
            }
        self._refresh_tokens(plan)
        return {TOKENS: self._token_files.place_of(plan.names[0])}

    def _refresh_tokens(self, plan: ProcessPlan) -> None:
        """The tokens of a command, for all that it can reach."""
        targets = {service_behind(name) for name in self._links()}
        try:
            self._token_files.refresh(plan.names[0], sorted(targets))
        except OSError as error:
            _log.error("the tokens of %s cannot be written: %s", plan.name, error.strerror)  # tried again in a moment

    # --- where they are ----------------------------------------------------------------------------------------------

    def _takers(self) -> Iterator[Supervised]:
        """The processes that take calls."""
        for slots in self._slots.values():
            for slot in slots:
                if slot.current is not None and not slot.current.child.ended.done():
                    yield slot.current

    def _publish(self) -> None:
        """Say where those listen that take calls, and tell everybody that there is news."""
        if self._is_stopping:
            return
        takers = list(self._takers())
        services: dict[str, tuple[str, ...]] = dict(self._elsewhere.services)
        roots: dict[str, str] = dict(self._elsewhere.roots)
        for plan in self.plans:
            if plan.is_remote or (plan.has_edge and not any(service.version for service in plan.services)):
                continue
            addresses = tuple(taker.address for taker in takers if taker.plan is plan)
            for name in plan.names:
                services[name] = addresses
                if plan.kind.root is not None:
                    roots[name] = plan.kind.root
        try:
            self._folder.write(PEERS, msgspec.json.encode(Peers(services, roots, self._elsewhere.tls)))
            self._point(services)
            self._is_published = True
        except OSError as error:
            self._is_published = False  # `_look` tries again
            _log.error("%s cannot be written: %s", self.peers_file, error.strerror)  # no traceback is needed
        for taker in takers:
            if taker.is_atoll:
                taker.child.send(signal.SIGHUP)

    def _point(self, services: Mapping[str, Sequence[str]]) -> None:
        """Let each service's own link lead to one of its sockets."""
        for name, addresses in services.items():
            paths = [address.removeprefix("unix:") for address in addresses if address.startswith("unix:")]
            self._folder.point(name, paths[0] if paths else None)

    def _links(self) -> dict[str, str]:
        return {
            name: self._folder.socket(name)
            for plan in self.plans
            if not plan.kind.command and not plan.is_remote
            for name in plan.names
        }

    async def _look(self) -> None:
        while True:
            processes = [each for slots in self._slots.values() for slot in slots for each in slot.processes]
            await asyncio.gather(*(process.look() for process in processes))
            if not self._is_published:
                self._publish()
            for plan in self.plans:
                if plan.kind.command:
                    self._refresh_tokens(plan)
            await asyncio.sleep(LOOK_S)
