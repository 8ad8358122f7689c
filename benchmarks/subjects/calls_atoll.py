"""Atoll: a process that serves one service behind a Unix socket, and a typed client with deadline and trace.

The client proves that it is Routing, which declares that it calls Scoring: so permissions are looked at, too.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from atoll import World
from atoll.adapters.http_client import HttpClient
from atoll.calls import Caller, Proving, Request, client
from atoll.contract import contract_of
from atoll.hosting import ByAuthority
from atoll.identity import Verifier, own_credentials
from atoll.kernel import Context
from atoll.topology.joining import opened_authority
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving as atoll_serving
from atoll.topology.world import Watch
from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, LEADS, Score, Scoring

ROUTING = "routing"
_WATCH = Watch("scoring-1", is_collector=False)
"""As under a supervisor, who collects."""


@asynccontextmanager
async def serving(folder: Path, *, watch: Watch | None = _WATCH) -> AsyncGenerator[str, None]:
    """On a Unix socket; `watch` is how its work is recorded."""
    address = f"unix:{folder / 'atoll.sock'}"
    async with atoll_serving(
        LEADS,
        world=World.real(folder / "atoll", watch=watch),
        directory=Directory(Peers()),
        listen=[address],
        services=["scoring"],
        joining=ByAuthority(folder),
    ):
        yield address


class _Caller:
    def __init__(self, network: HttpClient, world: World) -> None:
        self._network = network
        self._scoring = client(Scoring, Caller(ROUTING, network, world.entropy))

    async def call(self) -> Score:
        return await self._scoring.score(LEAD)

    async def call_wrongly(self) -> None:
        operation = contract_of(Scoring).operation("score")
        response = await self._network.send(Request(operation, (), (), WRONG, Context(caller=ROUTING)))
        if response.status == 422:
            raise Refused


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """A client of that process."""
    world = World.real(Path())
    folder = Path(address.removeprefix("unix:")).parent
    with opened_authority(LEADS.name, folder, world.clock, world.entropy) as authority:
        credentials = {ROUTING: own_credentials(authority, ROUTING, world.clock, world.entropy)}
    proving = Proving(credentials, Verifier(authority.trusted, world.clock), lambda _: False)
    network = HttpClient(Directory(Peers({"scoring": (address,)})), world.entropy, proving=proving)
    try:
        yield _Caller(network, world)
    finally:
        await network.close()
