"""A slot: a place for one process that the supervisor keeps filled."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from atoll.adapters.processes import NotStarted, ending
from atoll.kernel import Tasks, working_for
from atoll.topology.backoff import Backoff
from atoll.topology.plan import ProcessPlan
from atoll.topology.supervised import Supervised
from atoll.topology.supervision import Did, Health, ProcessStatus, State, Step

R = TypeVar("R")

MISTAKEN = 2
"""The exit code of a process whose application or settings have to be changed first: no retry can help."""

FAILURES_MAX = 5
"""After so many failures in a row a process that was never ready is given up, when the application starts."""

_log = logging.getLogger("atoll.supervisor")

Told = Callable[[Step], object]
"""Who is told the steps, as they happen."""


def _nothing_told(_: Step) -> None:
    """Nobody wants to know."""


class Slot:
    """Keeps one process running: starts another when it has died, and replaces it when asked to.

    Owns its processes, of which there are two while one replaces the other. `opened` starts a process; `changed` is
    called whenever it is another process that takes calls.
    """

    def __init__(
        self,
        plan: ProcessPlan,
        opened: Callable[[ProcessPlan], Supervised],
        changed: Callable[[], None],
        backoff: Backoff,
        drain_s: float,
    ) -> None:
        self.plan = plan
        self.current: Supervised | None = None
        """The process that takes calls."""
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when there was a process that takes calls; fails where there will be none."""
        self.is_retired = False
        """Whether it is filled no longer."""
        self._opened = opened
        self._changed = changed
        self._backoff = backoff
        self._drain_s = drain_s
        self._held: list[Supervised] = []
        self._tasks = Tasks(f"slot/{plan.name}")
        self._turn = asyncio.Lock()
        self._knocked = asyncio.Event()
        self._asked: asyncio.Future[None] | None = None
        self._told: Told = _nothing_told
        self._idle = State.STARTING
        self._restarts = 0
        self._last_exit = ""
        self._leaving: asyncio.Task[None] | None = None
        with working_for(plan.names[0] if len(plan.names) == 1 else ""):
            self._keeping = self._tasks.spawn(self._keep(), "keep")

    @property
    def processes(self) -> list[Supervised]:
        """All that have not ended, the one that takes calls first."""
        return sorted(self._held, key=lambda each: each is not self.current)

    def statuses(self) -> list[ProcessStatus]:
        """Each of its processes as it is now; one line, too, where there is none."""
        if self._held:
            return [each.status(self._restarts, self._last_exit) for each in self.processes]
        return [
            ProcessStatus(
                name=self.plan.name,
                services=self.plan.services,
                state=self._idle,
                health=Health.NONE,
                restarts=self._restarts,
                last_exit=self._last_exit,
            )
        ]

    async def begun(self, told: Told) -> None:
        """Wait until it is filled for the first time, and tell the steps.

        Raises:
            NotStarted: it will not be, however often a process is started.
        """
        self._told = told
        try:
            await self.first
        finally:
            self._told = _nothing_told

    async def replace(self, told: Told) -> None:
        """Put another process in the place of the current one, which ends once the new one takes calls.

        One that owns a port ends first.

        Raises:
            NotStarted: the new one was not ready; the old one stays where it still runs.
        """
        async with self._turn:
            if self.is_retired:
                raise NotStarted(self.plan.name, "it is being taken away")
            self._told = told
            asked = self._asked = asyncio.get_running_loop().create_future()
            self._knocked.set()
            try:
                await asked
            finally:
                self._told = _nothing_told

    async def retire(self, told: Told = _nothing_told) -> None:
        """Fill it no longer: what takes calls is taken from the peers first, then drained."""
        self.is_retired = True
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        if not self.first.done():
            self.first.cancel()
        self.current = None
        self._changed()
        self._answer(NotStarted(self.plan.name, "it was taken away"))
        await self._end_all(told)
        await self._tasks.close()

    async def _end_all(self, told: Told) -> None:
        leaving = [self._tasks.spawn(self._end(process, told), "end") for process in list(self._held)]
        if leaving:
            await asyncio.wait(leaving)

    # --- keeping -----------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                await self._fill()
                await self._mind()
            except Exception as error:  # noqa: BLE001  # whatever it is: a slot that nobody keeps is waited for for ever
                _log.exception("%s could not be kept running", self.plan.name)
                unexpected = NotStarted(self.plan.name, f"{type(error).__name__}: {error}")
                self._tell_failed(unexpected)
                for process in self.processes:
                    if process is not self.current and process.state is not State.DRAINING:
                        await self._close(process)
                await self._failed(unexpected)

    async def _fill(self) -> None:
        """Start processes until one takes calls."""
        while self.current is None:
            self._knocked.clear()
            try:
                process = self._open()
            except NotStarted as error:
                self._tell_failed(error)
                await self._failed(error)
                continue
            try:
                is_ready = await self._unless_knocked(process.until_ready())
            except NotStarted as error:
                self._last_exit = ending(error.exit_code) if error.exit_code is not None else "it was not ready in time"
                self._tell_failed(error)  # before it ends: whoever asks meanwhile asks for the next one
                await self._close(process)
                await self._failed(error)
            else:
                if is_ready:
                    self._take(process)
                    self._answer(None)
                else:
                    await self._close(process)

    async def _mind(self) -> None:
        """Wait until there is no process that takes calls."""
        while (process := self.current) is not None:
            await self._knock_or(process.child.ended)
            if process.child.ended.done() and not self._knocked.is_set():
                await self._died(process)
            elif self._knocked.is_set():
                self._knocked.clear()
                await self._replaced(process)

    async def _replaced(self, process: Supervised) -> None:
        self._backoff.reset()
        if self.plan.is_single:
            self.current = None
            self._changed()
            await self._end(process, self._told)
            return  # whoever asked is answered when the slot is filled
        try:
            fresh = self._open()
        except NotStarted as error:
            self._answer(error)
            return
        try:
            await fresh.until_ready()
        except NotStarted as error:
            await self._close(fresh)
            self._tell_failed(error)
            return
        self._take(fresh)
        self._leaving = self._tasks.spawn(self._leave(process, self._told), "leave")

    async def _leave(self, process: Supervised, told: Told) -> None:
        try:
            await self._end(process, told)
        finally:
            self._answer(None)

    async def _died(self, process: Supervised) -> None:
        self.current = None
        self._changed()
        loop = asyncio.get_running_loop()
        self._last_exit = ending(process.child.ended.result())
        well_s = loop.time() - process.ready_since
        await self._close(process)
        self._restarts += 1
        wait_s = self._backoff.failed(well_s)
        _log.warning("%s ended with %s; the next one starts in %.1f s", process.name, self._last_exit, wait_s)
        await self._back_off(wait_s)

    def _tell_failed(self, error: NotStarted) -> None:
        """Tell whoever has asked for it that a process was not ready."""
        self._told(Step(process=error.name, did=Did.FAILED, said=error.reason))
        self._answer(error)

    async def _failed(self, error: NotStarted) -> None:
        """Wait after a process was not ready: for ever where no retry can help, and nobody asks for one."""
        wait_s = self._backoff.failed(0.0)
        is_hopeless = error.exit_code == MISTAKEN
        if not self.first.done() and (is_hopeless or self._backoff.failures >= FAILURES_MAX):
            self.first.set_exception(error)
            self.first.exception()  # retrieved here, since nobody may wait for it any more
        if is_hopeless:
            _log.error("%s; it is not started again until it is restarted", error)
            self._idle = State.FAILED
            await self._knocked.wait()
            self._idle = State.STARTING
            return
        _log.warning("%s; the next one starts in %.1f s", error, wait_s)
        self._restarts += 1
        await self._back_off(wait_s)

    async def _back_off(self, wait_s: float) -> None:
        self._idle = State.BACKING_OFF
        try:
            async with asyncio.timeout(wait_s):
                await self._knocked.wait()
        except TimeoutError:
            pass
        self._idle = State.STARTING

    # --- processes ---------------------------------------------------------------------------------------------------

    def _open(self) -> Supervised:
        process = self._opened(self.plan)
        self._held.append(process)
        process.child.ended.add_done_callback(lambda _: self._changed())  # whoever has died is called no more, at once
        self._told(Step(process=process.name, did=Did.STARTED))
        return process

    def _take(self, process: Supervised) -> None:
        process.take()
        self.current = process
        self._changed()
        self._told(Step(process=process.name, did=Did.READY))
        if not self.first.done():
            self.first.set_result(None)

    async def _end(self, process: Supervised, told: Told) -> None:
        told(Step(process=process.name, did=Did.DRAINING))
        try:
            await process.end(self._drain_s)
        finally:
            self._forget(process)
        told(Step(process=process.name, did=Did.ENDED, said=ending(process.child.ended.result())))

    async def _close(self, process: Supervised) -> None:
        try:
            await process.close()
        finally:
            self._forget(process)

    def _forget(self, process: Supervised) -> None:
        if process in self._held:
            self._held.remove(process)

    def _answer(self, error: NotStarted | None) -> None:
        asked, self._asked = self._asked, None
        if asked is None or asked.done():
            return
        if error is None:
            asked.set_result(None)
        else:
            asked.set_exception(error)

    # --- waiting -----------------------------------------------------------------------------------------------------

    async def _knock_or(self, future: asyncio.Future[Any]) -> None:  # Any: a future of any result
        knock = self._tasks.spawn(self._knocked.wait(), "knock", awaited=True)
        try:
            await asyncio.wait([future, knock], return_when=asyncio.FIRST_COMPLETED)
        finally:
            knock.cancel()

    async def _unless_knocked(self, work: Coroutine[Any, Any, None]) -> bool:  # Any: a coroutine's own send types
        """Whether the work was done before somebody asked for another process."""
        task = self._tasks.spawn(work, "work", awaited=True)
        try:
            await self._knock_or(task)
        except BaseException:
            task.cancel()
            raise
        if task.done() and not self._knocked.is_set():
            task.result()
            return True
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved here: it is another process that is wanted now
        return False
