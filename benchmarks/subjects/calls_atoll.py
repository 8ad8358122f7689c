"""Atoll: a process that serves one service behind a Unix socket, and a typed client with deadline and trace."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from atoll import World
from atoll.adapters.http_client import HttpClient
from atoll.calls import Caller, Request, client
from atoll.contract import contract_of
from atoll.kernel import Context
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving as atoll_serving
from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, LEADS, Score, Scoring


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """On a Unix socket."""
    address = f"unix:{folder / 'atoll.sock'}"
    world = World.real(folder / "atoll")
    listen = [address]
    async with atoll_serving(LEADS, world=world, directory=Directory(Peers()), listen=listen, services=["scoring"]):
        yield address


class _Caller:
    def __init__(self, network: HttpClient, world: World) -> None:
        self._network = network
        self._scoring = client(Scoring, Caller("", network, world.entropy))

    async def call(self) -> Score:
        return await self._scoring.score(LEAD)

    async def call_wrongly(self) -> None:
        operation = contract_of(Scoring).operation("score")
        response = await self._network.send(Request(operation, (), (), WRONG, Context()))
        if response.status == 422:
            raise Refused


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """A client of that process."""
    world = World.real(Path())
    network = HttpClient(Directory(Peers({"scoring": (address,)})), world.entropy)
    try:
        yield _Caller(network, world)
    finally:
        await network.close()
