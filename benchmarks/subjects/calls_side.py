"""One side of a stack as a program: `calls_side serve MODULE FOLDER` or `calls_side call MODULE ADDRESS`."""

import importlib
import sys
from pathlib import Path
from typing import cast

from benchmarks.measuring.load import Batch, closed_loop
from benchmarks.measuring.speaking import end_of_input, heard, run_program, say, say_ready
from benchmarks.subjects.calls_peer import Peer, check


async def serve(peer: Peer, folder: Path) -> None:
    """Serve until the end of the input."""
    async with peer.serving(folder) as address:
        say_ready(address)
        await end_of_input()


async def call(peer: Peer, address: str) -> None:
    """Call as often as asked, in each of the batches that are asked for."""
    async with peer.calling(address) as caller:
        await check(caller)
        say_ready()
        async for batch in heard(Batch):
            say(await closed_loop(caller.call, batch))


if __name__ == "__main__":
    _, side, name, place = sys.argv
    module = cast("Peer", importlib.import_module(name))
    run_program(serve(module, Path(place)) if side == "serve" else call(module, place))
