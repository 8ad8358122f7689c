"""The gateway as a service."""

import msgspec

from atoll import Disk, Entropy, Service, private
from atoll.edge import Catalog, Keys
from atoll.gateway.connection import ADDRESS
from atoll.gateway.edge import Edge
from atoll.gateway.server import Server
from atoll.gateway.settings import GatewaySettings


class GatewayService(Service, owner="atoll"):
    """Takes HTTP from outside and calls the application's public operations in the name of users."""

    catalog: Catalog
    disk: Disk
    entropy: Entropy
    settings: GatewaySettings
    listening: list[tuple[Edge, Server]] = private(default_factory=list)

    async def start(self) -> None:
        """Make the development key where there is none, and listen."""
        keys = Keys(self.disk, self.entropy)
        keys.development_key()
        edge = Edge(self.catalog, keys, self.entropy, self.settings)
        server = Server(edge.app(), self.settings.host, self.settings.port, self.settings.drain_s)
        self.listening.append((edge, server))
        url = await server.start()
        self.disk.write(ADDRESS, msgspec.json.encode({"url": url}))
        edge.is_ready = True

    async def ready(self) -> bool:
        """Whether it listens."""
        return any(edge.is_ready for edge, _ in self.listening)

    async def drain(self) -> None:
        """Take no new requests and let those in progress end."""
        for edge, server in self.listening:
            edge.is_ready = False
            await server.drain()

    async def stop(self) -> None:
        """Close the address."""
        self.disk.remove(ADDRESS)
        for edge, server in self.listening:
            await server.stop()
            await edge.close()
        self.listening.clear()
