"""Runs a generated FastAPI application: `start_fastapi FOLDER PLACE [uvicorn]`; speaks as `measuring.launch` says.

Without uvicorn it calls itself once, through ASGI; with it, it says where it listens.
"""

import asyncio
import importlib
import json
import socket
import sys

import uvicorn
import uvloop
from starlette.types import ASGIApp

from benchmarks.subjects.asgi import asgi_call
from benchmarks.subjects.generated import FIRST_PATH


async def main(app: ASGIApp, *, has_server: bool) -> None:
    """Start, be ready to be asked, wait for the end of the standard input."""
    if not has_server:
        await asgi_call(app, "GET", FIRST_PATH)
        print("{}", flush=True)
        await _end()
        return
    server = _Announced(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", loop="none"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        await _end()
        server.should_exit = True


class _Announced(uvicorn.Server):
    """uvicorn that says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(json.dumps({"urls": [f"http://127.0.0.1:{port}"]}), flush=True)


async def _end() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    module, _, attribute = sys.argv[2].partition(":")
    application = getattr(importlib.import_module(module), attribute)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(application, has_server="uvicorn" in sys.argv[3:]))
