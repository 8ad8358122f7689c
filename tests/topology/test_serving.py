"""A process that serves: when its time is up."""

import asyncio
from pathlib import Path
from typing import Protocol

from atoll import Application, Service, World, contract, post
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.hosting import Directory, Peers, serving

DRAIN_S = 2.0
"""Long beside what a slow machine needs for the rest of an end."""


@contract(version="1.0")
class Mill(Protocol):
    """Grinds."""

    @post("/grain", timeout_s=30)
    async def grind(self) -> None:
        """For as long as it is let."""
        ...


class MillService(Service, Mill):
    async def grind(self) -> None:
        await asyncio.sleep(30)


async def test_requests_and_services_have_one_time_to_end(tmp_path: Path) -> None:
    """Whoever has told the process to end waits for so long, and not for twice as long."""
    mill = Application("mill", services=[MillService], edges=(), owner="miller")
    loop = asyncio.get_running_loop()
    address = f"unix:{tmp_path}/mill.sock"
    carrier = HttpClient(Directory(Peers({"mill": (address,)})), SystemEntropy())
    async with serving(
        mill, world=World.real(tmp_path), directory=Directory(Peers()), listen=[address], drain_s=DRAIN_S
    ) as served:
        grinding = asyncio.ensure_future(client(Mill, Caller("", carrier, SystemEntropy())).grind())
        dispatcher = served.running.instances["mill"].dispatcher
        assert dispatcher is not None
        while not dispatcher.active:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        told_at = loop.time()
    took_s = loop.time() - told_at
    await asyncio.wait([grinding])
    grinding.exception()
    await carrier.close()

    assert DRAIN_S <= took_s < 1.7 * DRAIN_S
