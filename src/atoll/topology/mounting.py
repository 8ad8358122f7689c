"""An ASGI application as a service: its own start and stop, and its answers by way of ASGI."""

from collections.abc import Awaitable, Callable, Mapping
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


EVENTS = "atoll_events"
"""What an application that publishes finds in the state of its requests: a function that takes events, as a POST."""

Post = Callable[[bytes, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""Takes a body and headers; gives a status and a body."""


def mounted(
    item: Mounted, contract: Contract, entropy: Entropy, recorder: Recorder | None, post: Post | None = None
) -> tuple[Service, Dispatcher]:
    """What stands for the application, and what answers for it. `post` takes the events that it publishes.

    Raises:
        Mistakes: it cannot be imported.
    """
    from atoll.adapters.asgi import AsgiDispatcher, Lifespan  # noqa: PLC0415  # loaded by those alone who mount something

    app, mistakes = imported(item.app, "app")
    if mistakes:
        raise Mistakes(mistakes)
    lifespan = Lifespan(app)
    if post is not None:
        lifespan.state[EVENTS] = post
    return Mount(lifespan=lifespan), AsgiDispatcher(contract, app, entropy, recorder, state=lifespan.state)
