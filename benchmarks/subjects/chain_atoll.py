"""A process with services of the chain: `chain_atoll FOLDER LISTEN SERVICES [NAME=ADDRESS]`.

It runs what `atoll serve` runs, and ends when its input does. LISTEN is an address, SERVICES are names with commas
between, and the last argument says where the service listens that is called from here.
"""

import sys
from pathlib import Path

from atoll import World
from atoll.hosting import ByAuthority
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving
from benchmarks.measuring.speaking import end_of_input, run_program, say_ready
from benchmarks.subjects.chain import CHAIN


async def main(folder: Path, listen: str, services: str, peers: Peers) -> None:
    """Serve until the end of the input."""
    async with serving(
        CHAIN,
        world=World.real(folder / "state"),
        directory=Directory(peers),
        listen=[listen],
        services=services.split(","),
        joining=ByAuthority(folder),
    ) as served:
        say_ready(served.addresses[0])
        await end_of_input()


if __name__ == "__main__":
    called = [argument.partition("=") for argument in sys.argv[4:]]
    peers = Peers({name: (address,) for name, _, address in called})
    run_program(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], peers))
