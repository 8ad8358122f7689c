"""An ASGI application as a service: its own start and stop, and its answers by way of ASGI."""

from atoll.adapters.asgi import AsgiDispatcher, Lifespan
from atoll.contract import Contract
from atoll.kernel import Entropy, Mistakes
from atoll.service import Mounted, Service
from atoll.telemetry import Recorder
from atoll.topology.importing import imported


class Mount(Service):
    """Stands for an ASGI application: starts it, and stops it."""

    lifespan: Lifespan

    async def start(self) -> None:
        """Run the application's own startup."""
        await self.lifespan.startup()

    async def stop(self) -> None:
        """Run the application's own shutdown."""
        await self.lifespan.shutdown()


def mounted(
    item: Mounted, contract: Contract, entropy: Entropy, recorder: Recorder | None
) -> tuple[Service, AsgiDispatcher]:
    """What stands for the application, and what answers for it.

    Raises:
        Mistakes: it cannot be imported.
    """
    app, mistakes = imported(item.app, "app")
    if mistakes:
        raise Mistakes(mistakes)
    lifespan = Lifespan(app)
    return Mount(lifespan=lifespan), AsgiDispatcher(contract, app, entropy, recorder, state=lifespan.state)
