"""The gateway as a service."""

from dataclasses import dataclass

import msgspec

from atoll import AtollError, Clock, Disk, Entropy, Service, blocking, private
from atoll.edge import ApiKeys, Catalog, Exposition, Keys, Listening, Server, Telemetry, expose, is_answered
from atoll.gateway.callers import Callers
from atoll.gateway.connection import ADDRESS, url_on
from atoll.gateway.edge import Edge
from atoll.gateway.settings import GatewaySettings


class AlreadyRunning(AtollError):
    """Another gateway runs with this state folder: whoever looks for the application there has to find one."""

    code = "already_running"

    def __init__(self, url: str, file: str) -> None:
        super().__init__(url, file)
        self.url, self.file = url, file

    def __str__(self) -> str:
        return f"a gateway runs already at {self.url}, says {self.file}; stop it, or start with another --state folder"


@dataclass(slots=True)
class _Open:
    edge: Edge
    server: Server
    url: str = ""


class GatewayService(Service, owner="atoll"):
    """Takes HTTP from outside and calls the application's public operations in the name of users."""

    catalog: Catalog
    disk: Disk
    entropy: Entropy
    clock: Clock
    telemetry: Telemetry
    settings: GatewaySettings
    opened: list[_Open] = private(default_factory=list)
    """One while it runs, none before and after."""

    async def start(self) -> None:
        """Make the development key where there is none, and listen.

        Raises:
            AlreadyRunning: another gateway runs with this state folder.
            AddressTaken: nobody can listen at this address.
        """
        keys = Keys(self.disk, self.entropy)
        keys.development_key()
        if (other := url_on(self.disk)) is not None and await is_answered(other):
            raise AlreadyRunning(other, self.disk.location(ADDRESS))
        callers = Callers(keys, ApiKeys(self.disk, self.clock, self.entropy), self.clock, self.settings)
        edge = Edge(self.catalog, callers, self.entropy, self.settings, self.exposed)
        settings = self.settings
        where = (settings.host, settings.port, settings.drain_s, settings.connections_max)
        door = _Open(edge, Server(edge.app(), Listening(self.catalog.application, "gateway", *where)))
        self.opened.append(door)
        door.url = await door.server.start()
        self.disk.write(ADDRESS, msgspec.json.encode({"url": door.url}))
        edge.is_ready = True

    @blocking
    def exposed(self, accept: str) -> Exposition:
        """The figures of the application, in the format that an `Accept` header asks for."""
        return expose(self.telemetry.processes(), accept)

    async def ready(self) -> bool:
        """Whether it listens."""
        return any(door.edge.is_ready for door in self.opened)

    async def drain(self) -> None:
        """Take no new requests and let those in progress end."""
        for door in self.opened:
            door.edge.is_ready = False
            await door.server.drain()

    async def stop(self) -> None:
        """Close the address."""
        for door in self.opened:
            if url_on(self.disk) == door.url:  # never that of another
                self.disk.remove(ADDRESS)
            await door.server.stop()
            await door.edge.close()
        self.opened.clear()
