"""Instances: one running copy of a service, from construction to its end."""

import logging
from enum import StrEnum

from atoll.calls import Dispatcher
from atoll.kernel import Threads
from atoll.service.declaration import Declaration
from atoll.service.service import Service, give_threads
from atoll.telemetry import Recorder

_log = logging.getLogger("atoll.service")


class State(StrEnum):
    """Where an instance is in its life."""

    NEW = "new"
    STARTING = "starting"
    STARTED = "started"
    DRAINING = "draining"
    STOPPED = "stopped"


class Instance:
    """One running copy of a service. Owns its threads and its dispatcher."""

    def __init__(self, declaration: Declaration, service: Service, recorder: Recorder | None = None) -> None:
        self.declaration = declaration
        self.service = service
        self.state = State.NEW
        self._threads = Threads()
        give_threads(service, self._threads)
        contract = declaration.contract
        self.dispatcher: Dispatcher | None = None
        if contract is not None:
            handlers = {operation.name: getattr(service, operation.name) for operation in contract.operations}
            self.dispatcher = Dispatcher(contract, handlers, recorder)

    async def start(self) -> None:
        """Run the service's own start. When it fails, what it took is released before the error goes on."""
        self.state = State.STARTING
        try:
            await self.service.start()
        except BaseException:
            await self.stop()
            raise
        self.state = State.STARTED

    async def is_ready(self) -> bool:
        """Whether it takes calls now."""
        return self.state is State.STARTED and await self.service.ready()

    async def drain(self, timeout_s: float) -> None:
        """Take no new calls, let those in progress end (for at most `timeout_s`), then let the service finish."""
        if self.state is not State.STARTED:
            return
        self.state = State.DRAINING
        if self.dispatcher is not None and not await self.dispatcher.drain(timeout_s):
            _log.warning("%s: %d calls did not end within %.1f s", self.declaration.name, self.dispatcher.active, timeout_s)
        await self.service.drain()

    async def stop(self) -> None:
        """Release everything."""
        if self.state is State.STOPPED:
            return
        self.state = State.STOPPED
        try:
            await self.service.stop()
        finally:
            await self._threads.close()
