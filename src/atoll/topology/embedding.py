"""Atoll inside the ASGI application of another framework: its services live and end with that application.

What is embedded is the topology `single` without a gateway. Who asks, CORS and the rest of an edge are the business of
the application around it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from starlette.types import Receive, Scope, Send

from atoll.adapters.asgi_server import AsgiServer, Trusting, UserOf
from atoll.contract import Unavailable, to_wire
from atoll.kernel import Config
from atoll.service import Application, Service, service_name
from atoll.telemetry import Recorder
from atoll.topology.peers import Directory, Peers, peers_of
from atoll.topology.process import read_config
from atoll.topology.single import Running, single
from atoll.topology.world import World

T = TypeVar("T")


class Embedded:
    """An application inside another one: an ASGI application, and an async context manager that runs the services.

    Owns the running services. It is entered once, in the lifespan of what is around it; served by itself, it does so
    in its own lifespan.
    """

    def __init__(
        self, run: Callable[[], AbstractAsyncContextManager[Running]], world: World, trusting: Trusting
    ) -> None:
        self._run = run
        self._world = world
        self._trusting = trusting
        self._entered: AbstractAsyncContextManager[Running] | None = None
        self._running: Running | None = None
        self._server: AsgiServer | None = None

    async def __aenter__(self) -> Self:
        """Start the services.

        Raises:
            Mistakes: everything that is wrong with the application or its settings.
        """
        entered = self._run()
        self._running = running = await entered.__aenter__()
        self._entered = entered
        hosted = [each.declaration.contract for each in running.instances.values() if each.declaration.contract]
        self._server = AsgiServer(running.answering, hosted, self._world.entropy, self._trusting)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the services, once calls in progress have ended."""
        entered, self._entered = self._entered, None
        server, self._server = self._server, None
        self._running = None
        assert entered is not None
        try:
            await entered.__aexit__(kind, error, traceback)
        finally:
            if server is not None:
                await server.close()

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of the services, for the application around them.

        Raises:
            Unavailable: they do not run.
            Mistakes: the class is no contract.
        """
        if self._running is None:
            raise _not_running()
        return self._running.client(protocol)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan where nothing is around it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif self._server is None:
            problem = _not_running()
            headers = [(b"content-type", b"application/problem+json")]
            await send({"type": "http.response.start", "status": problem.status, "headers": headers})
            await send({"type": "http.response.body", "body": to_wire(problem, None)})
        else:
            await self._server(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol: a server asks for the start, and later for the end."""
        await receive()
        try:
            await self.__aenter__()
        except BaseException as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await self.__aexit__(None, None, None)
        except BaseException as error:
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def embedded(
    application: Application | Callable[..., Service],
    *,
    user_of: UserOf | None = None,
    is_inside: bool = False,
    body_bytes_max: int = 1024 * 1024,
    services: Sequence[str] | None = None,
    peers: Mapping[str, Sequence[str]] | None = None,
    state: Path = Path(".atoll"),
    world: World | None = None,
    config: Config | None = None,
    recorder: Recorder | None = None,
    drain_s: float = 10.0,
) -> Embedded:
    """An application, or one service alone, to be mounted in an ASGI application.

    Its public operations are served at `/{id}/v{major}{path}` below the place where it is mounted, to whoever the
    application around it lets through; `user_of` says in whose name a request is made. With `is_inside` those who call
    are services of one's own: all operations are served, and headers say who asks.

    `services` names those to host (all but the edges by default). `peers` says where others listen, by name; by default
    the environment does (`ATOLL_PEER_SCORING=https://scoring:7443`). `state` is the folder of what services keep.
    """
    held = _alone(application)
    world = world or World.real(state)

    def run() -> AbstractAsyncContextManager[Running]:
        known = peers_of(os.environ) if peers is None else Peers({name: tuple(each) for name, each in peers.items()})
        return single(
            held,
            world=world,
            config=config or read_config(Path()),
            services=services,
            recorder=recorder,
            drain_s=drain_s,
            directory=Directory(known),
        )

    return Embedded(run, world, Trusting(is_inside, user_of, body_bytes_max))


def _alone(application: Application | Callable[..., Service]) -> Application:
    """The application without its edges: what is around it is the edge."""
    if not isinstance(application, Application):
        name = service_name(getattr(application, "__name__", "service"), None)
        return Application(name, services=[application], edges=())
    return Application(
        application.name,
        services=application.services,
        edges=(),
        owner=application.owner,
        version=application.version,
        description=application.description,
    )


def _not_running() -> Unavailable:
    return Unavailable(service="the application", reason="it has not been started: enter `async with embedded(...)`")
