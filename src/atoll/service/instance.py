"""Instances: one running copy of a service, from construction to its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from atoll.calls import Catalog, Dispatcher
from atoll.data import Keeper
from atoll.kernel import Entropy, Threads
from atoll.service.blocking import give_threads
from atoll.service.declaration import Declaration
from atoll.service.service import Service
from atoll.telemetry import Recorder

R = TypeVar("R")

_log = logging.getLogger("atoll.service")

START_S = 60.0
"""How long a service may take to start."""
STOP_S = 10.0
"""How long a service may take to stop, once it is drained, and its threads to end."""
READY_S = 1.0
"""How long an instance may think about whether it is ready."""
LEAST_S = 1.0
"""How long a service has at least to finish what it does by itself."""


class State(StrEnum):
    """Where an instance is in its life."""

    NEW = "new"
    STARTING = "starting"
    STARTED = "started"
    DRAINING = "draining"
    STOPPED = "stopped"


class TookLonger(TimeoutError):
    """A step of a service's life was not through in the time that it had."""


class Instance:
    """One running copy of a service. Owns its dispatcher, and the threads of its blocking handlers.

    The dispatcher is made of the service's handlers, unless one is given that answers in another way. `catalog` is that
    of an edge, `keeper` keeps answers that are given once.

    Its life is `start`, `drain`, `stop`, each once and in this order; `stop` also ends one that never started.
    """

    def __init__(
        self,
        declaration: Declaration,
        service: Service,
        threads: Threads,
        entropy: Entropy,
        recorder: Recorder | None = None,
        dispatcher: Dispatcher | None = None,
        catalog: Catalog | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.declaration = declaration
        self.service = service
        self.state = State.NEW
        self.threads = threads
        give_threads(service, threads)
        self.dispatcher = dispatcher
        self._catalog = catalog
        if dispatcher is None and (contract := declaration.contract) is not None:
            handlers = {operation.name: getattr(service, operation.name) for operation in contract.operations}
            self.dispatcher = Dispatcher(contract, handlers, entropy, recorder, keeper)

    @property
    def active(self) -> int:
        """How many calls are in progress: those that it answers, and those that an edge makes for others."""
        return sum(each.active for each in (self.dispatcher, self._catalog) if each is not None)

    @property
    def answered(self) -> int:
        """How many calls were answered so far, in the same way."""
        return sum(each.answered for each in (self.dispatcher, self._catalog) if each is not None)

    async def start(self) -> None:
        """Run the service's own start. When it fails, what it took is released before its error goes on.

        Raises:
            TimeoutError: it took longer than `START_S`.
        """
        self.state = State.STARTING
        try:
            await self._in_time(self.service.start, START_S)
        except BaseException as error:
            error.add_note(f"The service `{self.declaration.name}` did not start.")
            await self._release()
            raise
        self.state = State.STARTED

    async def is_ready(self) -> bool:
        """Whether it takes calls now. An instance that cannot say so is not ready."""
        if self.state is not State.STARTED:
            return False
        try:
            return await self._in_time(self.service.ready, READY_S)
        except Exception:  # noqa: BLE001  # foreign code: the service's own readiness
            _log.exception("%s could not say whether it is ready", self.declaration.name)
            return False

    async def drain(self, timeout_s: float) -> None:
        """Take no new calls, let those in progress end within `timeout_s`, then let the service finish.

        The service's own drain has what is left of the time, and `LEAST_S` when nothing is. What has not ended by then
        is cut off, and the log says so: a stop that was asked for is no failure.
        """
        if self.state is not State.STARTED:
            return
        self.state = State.DRAINING
        timeout_s = max(0.0, timeout_s)
        ends_at = asyncio.get_running_loop().time() + timeout_s
        if self.dispatcher is not None and not await self.dispatcher.drain(timeout_s):
            _log.warning(
                "%s: %d calls did not end within %.1f s", self.declaration.name, self.dispatcher.active, timeout_s
            )
        try:
            await self._in_time(self.service.drain, max(LEAST_S, ends_at - asyncio.get_running_loop().time()))
        except TookLonger as late:
            _log.warning("%s; what it had not finished is cut off", late)

    async def stop(self) -> None:
        """Release everything: the service's own first, then its threads.

        Raises:
            TimeoutError: the service's own stop took longer than `STOP_S`.
        """
        if self.state is State.STOPPED:
            return
        self.state = State.STOPPED
        try:
            if self.dispatcher is not None:
                await self.dispatcher.close()
            await self._in_time(self.service.stop, STOP_S)
        finally:
            await self._close_threads()

    async def _release(self) -> None:
        """Stop what started half-way; its own errors are told by the log, since another one is on its way."""
        try:
            await self.stop()
        except Exception:  # noqa: BLE001  # foreign code: the service's own stop
            _log.exception("%s did not stop cleanly after it had failed to start", self.declaration.name)

    async def _close_threads(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await self.threads.close()
        except TimeoutError:
            _log.warning(
                "%s: %d blocking calls still run; nothing can interrupt their threads",
                self.declaration.name,
                self.threads.taken,
            )

    async def _in_time(self, step: Callable[[], Awaitable[R]], timeout_s: float) -> R:
        timer = asyncio.timeout(timeout_s)
        try:
            async with timer:
                return await step()
        except TimeoutError:
            if not timer.expired():
                raise
            said = f"the service `{self.declaration.name}` took longer than {timeout_s:g} s to {step.__name__}"
            raise TookLonger(said) from None
