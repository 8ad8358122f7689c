"""One process of an application: the services that it hosts, behind a socket, and the way to all others.

It is the unit of every topology with more than one process: a supervisor, a cluster or a person starts it, and says
where its peers are and whom to trust. It waits for nobody: readiness is its own state.
"""

import asyncio
import dataclasses
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from atoll.adapters.certificates import Certificates
from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_owner import Page
from atoll.adapters.http_server import HttpServer
from atoll.calls import LocalTransport, Proving, Resolver
from atoll.kernel import Config, Mistake, Mistakes
from atoll.service import Application, Instance
from atoll.telemetry import Recorder
from atoll.topology.joining import Candidate, Joining
from atoll.topology.loading import Unit
from atoll.topology.peers import Directory, Trust
from atoll.topology.reporting import InstanceReport, ProcessReport, reporter
from atoll.topology.single import Running, single
from atoll.topology.world import World

QUIET_S = 0.5
"""A process that nobody has called for so long may go, once its supervisor has."""


class Serving:
    """A process that serves: what runs in it, and where it listens."""

    def __init__(
        self, running: Running, addresses: Sequence[str], directory: Directory, joining: Joining | None
    ) -> None:
        self.running = running
        self.addresses = tuple(addresses)
        self._directory = directory
        self._joining = joining
        self.is_connected: Callable[[], bool] = lambda: False
        """Whether somebody keeps a connection open."""
        self.is_awaited: Callable[[], bool] = lambda: False
        """Whether somebody is still there who may call."""

    def look(self) -> None:
        """There is news: where the others are, and what is granted."""
        self._directory.look()
        if self._joining is not None:
            self.running.answering.put(self._joining.look())

    async def report(self) -> ProcessReport:
        """The process as it is now."""
        instances = [await _reported(instance) for instance in self.running.instances.values()]
        return ProcessReport(pid=os.getpid(), instances=tuple(instances), peers=self._directory.version)

    async def quiet(self, timeout_s: float) -> None:
        """Wait until nobody has called for `QUIET_S`, keeps a connection open or is awaited, at most `timeout_s`.

        Callers keep theirs until they go, so that of processes which call each other the callers go first.
        """
        loop = asyncio.get_running_loop()
        ends_at, quiet_since, seen = loop.time() + timeout_s, loop.time(), -1
        while loop.time() < ends_at and loop.time() - quiet_since < QUIET_S:
            calls = self._calls()
            if calls != seen or calls < 0:
                seen, quiet_since = calls, loop.time()
            await asyncio.sleep(QUIET_S / 10)

    def _calls(self) -> int:
        """How many calls were answered; -1 while one is in progress or may come."""
        instances = self.running.instances.values()
        if self.is_connected() or self.is_awaited() or any(instance.active for instance in instances):
            return -1
        return sum(instance.answered for instance in instances)


@asynccontextmanager
async def serving(
    application: Application,
    *,
    world: World,
    directory: Directory,
    listen: Sequence[str],
    config: Config | None = None,
    services: Sequence[str] | None = None,
    recorder: Recorder | None = None,
    drain_s: float = 10.0,
    joining: Joining | None = None,
) -> AsyncGenerator[Serving]:
    """Host `services` of the application (all by default) behind the addresses in `listen` until the block is left.

    The others are called where `directory` says. With `joining`, the process proves who its services are, and callers
    prove it to the process; without it, all are believed: for tests on one's own machine. When the block is left,
    requests in progress have `drain_s` to end, together with what the services still do; those that still come are told
    to go elsewhere.

    Raises:
        Mistakes: everything that is wrong with the application, its settings or the certificates.
        NotListening: an address is taken.
    """
    certificates = _certificates(directory.peers.tls)
    client_tls = certificates.for_client() if certificates else None

    entropy = world.entropy
    proving: Proving | None = None

    async def admitted(units: Sequence[Unit]) -> LocalTransport:
        nonlocal proving
        assert joining is not None
        proving = await joining.join(Candidate(application, units, world.clock, entropy))
        return LocalTransport(joining.look(), joining.look)

    def outward(resolver: Resolver) -> HttpClient:
        return HttpClient(resolver, entropy, tls=client_tls, proving=proving)

    here = dataclasses.replace(world, outward=outward)
    server: HttpServer | None = None
    try:
        async with single(
            application,
            world=here,
            config=config,
            services=services,
            recorder=recorder,
            drain_s=drain_s,
            directory=directory,
            admitted=admitted if joining is not None else None,
        ) as running:
            served = Serving(running, (), directory, joining)
            reports = reporter(served.report, world.entropy)
            running.answering.add(reports)
            server = HttpServer(
                running.answering,
                [*running.served, reports.contract],
                world.entropy,
                pages=_pages(running),
                doorkeeper=running.doorkeeper,
                proving=proving,
            )
            connections = server.connections
            served.is_connected = lambda: bool(connections)
            server_tls = certificates.for_server() if certificates else None
            served.addresses = tuple(
                [
                    await server.listen(address, server_tls if address.startswith("https:") else None)
                    for address in listen
                ]
            )
            yield served
            running.ends_at = asyncio.get_running_loop().time() + drain_s  # one time for the requests and the services
            running.quiesce()
            await server.drain(drain_s)
    finally:
        if server is not None:
            await server.close()
        if joining is not None:
            await joining.close()


def _certificates(trust: Trust | None) -> Certificates | None:
    """Those that are named, once each of them was read."""
    if trust is None:
        return None
    certificates = Certificates(trust.ca, trust.certificate, trust.key)
    try:
        certificates.for_client()
    except OSError as error:
        fix = "name files in PEM that this process can read, and the key that belongs to the certificate"
        raise Mistakes([Mistake(None, f"the certificates cannot be used: {error}", fix)]) from None
    return certificates


def _pages(running: Running) -> dict[str, Page]:
    async def live() -> tuple[int, bytes]:
        return 200, b'{"status":"live"}'

    async def ready() -> tuple[int, bytes]:
        instances = await running.ready()
        status = "ready" if all(instances.values()) else "not ready"
        return (
            200 if status == "ready" else 503,
            msgspec.json.encode({"status": status, "instances": instances}),
        )

    return {"/livez": live, "/readyz": ready}


async def _reported(instance: Instance) -> InstanceReport:
    contract = instance.declaration.contract
    return InstanceReport(
        service=instance.declaration.name,
        version=contract.version if contract is not None else "",
        owner=instance.declaration.owner,
        ready=await instance.is_ready(),
        calls=instance.answered,
        active=instance.active,
    )
