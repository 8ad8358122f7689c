"""An ASGI application as a service: its own start and stop, and its answers by way of ASGI."""

from typing import Protocol

from atoll.calls import Dispatcher
from atoll.contract import Contract
from atoll.kernel import Entropy, Mistakes
from atoll.service import Mounted, Service
from atoll.telemetry import Recorder
from atoll.topology.importing import imported


class Lifecycle(Protocol):
    """The start and the end of an application."""

    async def startup(self) -> None:
        """Start it."""
        ...

    async def shutdown(self) -> None:
        """End it."""
        ...


class Mount(Service):
    """Stands for an ASGI application: starts it, and stops it."""

    lifespan: Lifecycle

    async def start(self) -> None:
        """Run the application's own startup."""
        await self.lifespan.startup()

    async def stop(self) -> None:
        """Run the application's own shutdown."""
        await self.lifespan.shutdown()


def mounted(
    item: Mounted, contract: Contract, entropy: Entropy, recorder: Recorder | None
) -> tuple[Service, Dispatcher]:
    """What stands for the application, and what answers for it.

    Raises:
        Mistakes: it cannot be imported.
    """
    from atoll.adapters.asgi import AsgiDispatcher, Lifespan  # noqa: PLC0415  # loaded by those alone who mount something

    app, mistakes = imported(item.app, "app")
    if mistakes:
        raise Mistakes(mistakes)
    lifespan = Lifespan(app)
    return Mount(lifespan=lifespan), AsgiDispatcher(contract, app, entropy, recorder, state=lifespan.state)
