"""A listening HTTP server inside an edge: uvicorn, without its own signals, logging and exits."""

import asyncio
import contextlib
import dataclasses
import logging
import socket
from collections.abc import Generator
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from atoll.adapters.edge_protocol import Bounded
from atoll.kernel import AtollError, Tasks

ANSWER_S = 0.5
"""How long somebody on this machine may take to accept a connection."""

logging.getLogger("uvicorn").setLevel(logging.WARNING)  # that it starts and stops is told by whoever runs it


class AddressTaken(AtollError):
    """The address cannot be listened on."""

    code = "address_taken"

    def __init__(self, application: str, service: str, host: str, port: int, reason: str) -> None:
        super().__init__(application, service, host, port, reason)
        self.application, self.service, self.host, self.port, self.reason = application, service, host, port, reason

    def __str__(self) -> str:
        variable = f"{self.application.upper().replace('-', '_')}_{self.service.upper()}_PORT"
        return (
            f"the {self.service} cannot listen on {self.host}:{self.port}: {self.reason}; stop what listens there, "
            f"or set another `port` in [{self.service}] of atoll.toml, or {variable} (0 takes any free one)"
        )


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how an edge listens: whose it is, and of which service. `port` 0 takes any free one."""

    application: str
    service: str
    host: str
    port: int
    drain_s: float = 10.0
    connections_max: int = 1_000


class Server:
    """Listens from `start` to `stop`. Owns its socket and the task that serves it."""

    def __init__(self, app: ASGIApp, listening: Listening) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=Bounded,
            timeout_graceful_shutdown=max(1, round(listening.drain_s)),
            limit_concurrency=listening.connections_max,
        )
        self._server = _Uvicorn(config)
        self._where = listening
        self._socket: socket.socket | None = None
        self._tasks = Tasks(listening.service)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listen; the address as a URL.

        Raises:
            AddressTaken: nobody can listen there.
        """
        where = self._where
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        try:
            self._socket = socket.create_server((where.host, where.port), family=family, backlog=512)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AddressTaken(where.application, where.service, where.host, where.port, reason) from None
        self._serving = self._tasks.spawn(self._server.serve(sockets=[self._socket]), "serve")
        started = self._tasks.spawn(self._server.listening.wait(), "listening")
        await asyncio.wait((self._serving, started), return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            started.cancel()
            await self._serving
        port = self._socket.getsockname()[1]
        shown = f"[{where.host}]" if ":" in where.host else where.host
        return f"http://{'127.0.0.1' if where.host == '0.0.0.0' else shown}:{port}"  # noqa: S104  # what was set, for a link

    async def drain(self) -> None:
        """Take no new connections; let requests in progress end."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    async def stop(self) -> None:
        """Close what is still open."""
        self._server.should_exit = self._server.force_exit = True
        await self._tasks.close()
        if self._socket is not None:
            self._socket.close()


async def served_nearby(app: ASGIApp, listening: Listening) -> tuple[Server, str]:
    """A server that has started, and its URL: on another port where the one that was set is taken.

    Raises:
        AddressTaken: nobody can listen there on any port.
    """
    server = Server(app, listening)
    try:
        return server, await server.start()
    except AddressTaken:
        if not listening.port:
            raise
    server = Server(app, dataclasses.replace(listening, port=0))
    return server, await server.start()


async def is_answered(url: str) -> bool:
    """Whether somebody takes connections at an address of this machine."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, ValueError, TimeoutError):
        return False
    writer.close()
    return True


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves signals to the process and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()
