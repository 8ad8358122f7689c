"""FastAPI applications on uvicorn, set up as its documents say for speed: uvloop, httptools, no access log."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from benchmarks.subjects.calls_peer import IDLE_S


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncGenerator[str, None]:
    """The application on a free port of this machine; its URL."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        loop="none",  # runs on the loop that is there, which is uvloop's
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=round(IDLE_S),
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        try:
            yield await server.url
        finally:
            server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn that says where it listens, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.url: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        self.url.set_result(f"http://127.0.0.1:{port}")
