"""A process of Atoll whose handler computes: `overload_atoll`, as it is, with all that it has by itself."""

import hashlib
from typing import Protocol

from atoll import contract, get
from atoll.adapters.http_server import HttpServer
from atoll.adapters.system import SystemEntropy
from atoll.calls import Dispatcher, LocalTransport
from atoll.contract import contract_of
from benchmarks.measuring.speaking import end_of_input, run_program, say_ready

TURNS = 4_000
"""How often a handler hashes: some milliseconds."""


@contract(version="1.0", id="mill")
class Mill(Protocol):
    """Computes."""

    @get("/grind")
    async def grind(self) -> str:
        """A digest."""
        ...


def ground() -> str:
    """The work: a digest of a digest, many times."""
    digest = b"grain"
    for _ in range(TURNS):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


async def grind() -> str:
    """Compute on the loop."""
    return ground()


async def main() -> None:
    """Serve until the end of the input."""
    entropy = SystemEntropy()
    dispatcher = Dispatcher(contract_of(Mill), {"grind": grind}, entropy)
    answering = LocalTransport()
    answering.add(dispatcher)
    server = HttpServer(answering, [dispatcher.contract], entropy)
    try:
        say_ready(f"{await server.listen('http://127.0.0.1:0')}/mill/v1/grind")
        await end_of_input()
    finally:
        await server.close()


if __name__ == "__main__":
    run_program(main())
