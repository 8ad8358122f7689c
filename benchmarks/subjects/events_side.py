"""One side of a stack as a program: `events_side produce MODULE ADDRESS COUNTED`, or `events_side subscribe ...`.

A stack whose sides can share a process has them `both` in one program.

`COUNTED` is the path of a file by which the subscriber tells the producer how far it has come; either makes it.
"""

import importlib
import sys
from pathlib import Path
from typing import cast

import msgspec

from benchmarks.measuring.speaking import heard, run_program, say, say_ready
from benchmarks.measuring.stamps import Collect, Effects, Followed, Produce, produced
from benchmarks.subjects.events_peer import OneProcess, Peer


async def produce(peer: Peer, address: str, followed: Followed) -> None:
    """Publish events, in each of the batches that are asked for."""
    async with peer.producing(address) as publish:
        say_ready()
        async for asked in heard(Produce):
            say(await produced(publish, asked, followed))


async def subscribe(peer: Peer, address: str, followed: Followed) -> None:
    """Have the effects of events, and say of each batch when they were committed."""
    effects = Effects(followed)
    async with peer.subscribing(address, effects.committed) as subscribed:
        say_ready()
        async for asked in heard(Collect):
            stamps = await effects.collected(asked)
            say(msgspec.structs.replace(stamps, total=await subscribed.effects()))


async def both(peer: OneProcess, address: str, followed: Followed) -> None:
    """Publish events, and have their effects: either as it is asked for."""
    effects = Effects(followed)
    async with peer.both(address, effects.committed) as (publish, subscribed):
        say_ready()
        async for asked in heard(cast("type[Produce | Collect]", Produce | Collect)):
            if isinstance(asked, Produce):
                say(await produced(publish, asked, followed))
            else:
                stamps = await effects.collected(asked)
                say(msgspec.structs.replace(stamps, total=await subscribed.effects()))


if __name__ == "__main__":
    _, side, name, place, path = sys.argv
    module = importlib.import_module(name)
    with Followed(Path(path)) as counted:
        if side == "both":
            run_program(both(cast("OneProcess", module), place, counted))
        else:
            run_program((produce if side == "produce" else subscribe)(cast("Peer", module), place, counted))
