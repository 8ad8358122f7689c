"""An application behind its gateway, in a thread of its own: for clients that block."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from atoll import Application, Config, World, single
from atoll.gateway import Connection, connection
from tests.patience import PATIENCE_S


@contextmanager
def served(application: Application, state: Path) -> Generator[Connection]:
    """The application, listening on a free port until the block is left."""
    loops: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event] | BaseException] = SimpleQueue()

    async def run() -> None:
        stop = asyncio.Event()
        config = Config({f"{application.name.upper()}_GATEWAY_PORT": "0"})
        async with single(application, world=World.real(state), config=config):
            loops.put((asyncio.get_running_loop(), stop))
            await stop.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - told in the thread that waits
            loops.put(error)

    thread = threading.Thread(target=main, name=f"serving {application.name}")
    thread.start()
    started = loops.get(timeout=PATIENCE_S)
    if isinstance(started, BaseException):
        raise started
    loop, stop = started
    try:
        found = connection(state)
        assert found is not None
        yield found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=PATIENCE_S)
