"""The console as a service."""

from dataclasses import dataclass

import msgspec

from atoll import Clock, Disk, Entropy, Service, private
from atoll.console.app import Pages
from atoll.console.events import EventsApi
from atoll.console.guarding import HEADERS, problem
from atoll.console.links import ADDRESS, address_on
from atoll.console.operated import Reached
from atoll.console.seen import SeenApi
from atoll.console.services import ServicesApi
from atoll.console.sessions import Sessions
from atoll.console.settings import ConsoleSettings
from atoll.edge import Catalog, Guard, Home, Listening, Server, Threads, hosts_of, served_nearby
from atoll.seeing import Telemetry


@dataclass(slots=True)
class _Open:
    server: Server
    reached: Reached
    threads: Threads
    url: str = ""


class ConsoleService(Service, owner="atoll"):
    """Shows what the application does, and lets operators decide; to whoever has a link."""

    catalog: Catalog
    disk: Disk
    entropy: Entropy
    clock: Clock
    telemetry: Telemetry
    home: Home
    settings: ConsoleSettings
    opened: list[_Open] = private(default_factory=list)
    """One while it runs, none before and after."""

    async def start(self) -> None:
        """Listen; on another port where the one that was set is taken.

        Raises:
            AddressTaken: nobody can listen at this address.
        """
        sessions = Sessions(self.disk, self.clock, self.entropy, self.settings.session_s)
        reached, threads = Reached(self.home), Threads(threads_max=4)
        services = ServicesApi(self.home, self.catalog, self.telemetry, reached, threads, self.clock, self.entropy)
        seen, events = SeenApi(self.telemetry, threads), EventsApi(self.home, reached)
        app = Pages(self.home, sessions, services, seen, events, self.settings.session_s).app()
        guard = Guard(app, HEADERS, lambda refusal: problem(refusal.status, refusal.code, refusal.detail))
        where = (self.catalog.application, "console", self.settings.host, self.settings.port)
        server, url = await served_nearby(guard, Listening(*where, drain_s=1.0))
        guard.hosts = hosts_of(url, self.settings.host, self.settings.hosts)
        self.opened.append(_Open(server, reached, threads, url))
        self.disk.write(ADDRESS, msgspec.json.encode({"url": url}))

    async def ready(self) -> bool:
        """Whether it listens."""
        return bool(self.opened)

    async def drain(self) -> None:
        """Take no new requests and let those in progress end."""
        for door in self.opened:
            await door.server.drain()

    async def stop(self) -> None:
        """Close the address, and what was opened to look."""
        for door in self.opened:
            if address_on(self.disk) == door.url:  # never that of another
                self.disk.remove(ADDRESS)
            await door.server.stop()
            await door.reached.close()
            await door.threads.close()
        self.opened.clear()
