"""Runs a generated Atoll application: `start_atoll FOLDER PLACE [gateway]`; speaks as `measuring.launch` says.

Without a gateway it calls itself once, in the process; with one, it says where that listens.
"""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

import msgspec

from atoll import Config, Running, World, load_application, run_process, single


async def main(folder: Path, place: str, *, has_gateway: bool) -> None:
    """Start, be ready to be asked, wait for the end of the standard input."""
    application = load_application(place, folder)
    world = World.real(folder / "state")
    config = Config({f"{application.name.upper()}_GATEWAY_PORT": "0"})
    async with single(application, world=world, config=config) as running:
        print(_listening(world) if has_gateway else await _called(running, place), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def _listening(world: World) -> str:
    """What the gateway wrote: read from its folder, since its room is loaded only where it is hosted."""
    disk = world.disk("gateway")
    address, key = disk.read("address.json"), disk.read("development.key")
    assert address is not None
    assert key is not None
    url = msgspec.json.decode(address, type=dict[str, str])["url"]
    return msgspec.json.encode({"urls": [url], "key": key.decode()}).decode()


async def _called(running: Running, place: str) -> str:
    contract = importlib.import_module(place.partition(".")[0] + ".region000.contract")
    client: Any = running.client(contract.Region000)  # Any: the contract was generated
    lead = await client.lead("7")
    assert lead.id == "7"
    return "{}"


if __name__ == "__main__":
    run_process(lambda _: main(Path(sys.argv[1]), sys.argv[2], has_gateway="gateway" in sys.argv[3:]))
