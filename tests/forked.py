"""An application of a test in processes of their own, one a service, which are forked from the test's.

So that services that a test makes up, classes in a function, can run there too; what their handlers keep for the test
to see stays in their process. Sockets, clocks and loops are real.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
import traceback
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import uvloop

from atoll import Application, Config, World
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.topology.loading import load_units
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving
from tests.patience import PATIENCE_S

T = TypeVar("T")


class Forked:
    """An application in processes of their own, as its caller sees it."""

    def __init__(self, client_of_all: HttpClient) -> None:
        self._client = client_of_all

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services."""
        return client(protocol, Caller("", self._client, SystemEntropy()))


@asynccontextmanager
async def forked(application: Application, settings: Mapping[str, str] | None = None) -> AsyncGenerator[Forked]:
    """The application, a process a service, until the block is left."""
    units, mistakes = load_units(application, None)
    assert not mistakes, mistakes
    names = [unit.name for unit in units if unit.contract]
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
        peers = Peers({name: (f"unix:{folder}/{name}.sock",) for name in names})
        children = [_fork(application, name, peers, folder, settings or {}) for name in names]
        http = HttpClient(Directory(peers), SystemEntropy())
        try:
            for name in names:
                await _answering(f"{folder}/{name}.sock")
            yield Forked(http)
        finally:
            await http.close()
            for child in children:
                os.kill(child, signal.SIGTERM)
            for child in children:
                assert _ended(child) == 0, "a service did not end well"


def _ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return status


async def _answering(path: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(path)
            except OSError:
                await asyncio.sleep(0.002)
            else:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                return


def _fork(application: Application, name: str, peers: Peers, folder: str, settings: Mapping[str, str]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind: none is needed
        child = os.fork()
    if child == 0:
        _serve(application, [name], peers, Path(folder), settings)
    return child


def _serve(
    application: Application, names: Sequence[str], peers: Peers, folder: Path, settings: Mapping[str, str]
) -> NoReturn:
    code = 1
    try:
        asyncio._set_running_loop(None)  # the parent's loop is the parent's
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_told(application, names, peers, folder, settings))
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)


async def _until_told(
    application: Application, names: Sequence[str], peers: Peers, folder: Path, settings: Mapping[str, str]
) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serving(
        application,
        world=World.real(folder, watchdog_s=None),
        directory=Directory(peers),
        listen=[address for name in names for address in peers.services[name]],
        services=names,
        config=Config(settings),
        drain_s=1.0,
    ):
        await stop.wait()
