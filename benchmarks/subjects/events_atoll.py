"""Events in Atoll, as processes that are measured: a producer, a subscriber, or both in one (`single`).

The producer is driven in its own process, by the client that any caller there would have: a co-located call with all
its semantics, but for HTTP. So an event has a trace and a caller, as in production; the service's method by itself
would save some 9 µs that everybody pays. In processes of their own both sides are what `atoll serve` runs, and the
subscriber reads the producer's log at its socket. Nobody watches the loop: batches of stamps hold it up.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from atoll import Application, Config, Running, Service, World, single
from atoll.data import Driver
from atoll.hosting import ByAuthority
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving
from benchmarks.measuring.programs import TIMEOUT_S
from benchmarks.measuring.stamps import Publish
from benchmarks.subjects.events_application import (
    CAPTURE,
    NAME,
    Capture,
    Idle,
    IdleService,
    Told,
    application,
    scoring,
    seen,
)
from benchmarks.subjects.events_noting import NotingDriver


class AtollPlace(msgspec.Struct, frozen=True):
    """Where the services are, and what they do.

    `folder` is for databases in files and for sockets; with a `database` they are on that server. So many `subscribers`
    score each event, of so many `keys` that come in turns. With `idle` nobody keeps anything: the producer publishes
    and does nothing else, the subscriber is told.
    """

    folder: str
    database: str = ""
    keys: int = 1000
    subscribers: int = 1
    idle: bool = False

    @property
    def config(self) -> Config:
        """The settings of the application."""
        return Config({f"{NAME.upper()}_DATABASE_URL": self.database} if self.database else {})

    def address(self, name: str) -> str:
        """Where a process listens."""
        return f"unix:{Path(self.folder) / name}.sock"


class Subscribers:
    """The subscribers of a place: what they have noted of their effects. An event is committed once all have it."""

    def __init__(self, place: AtollPlace, committed: Callable[[int], None] = lambda _: None) -> None:
        self._place = place
        self._committed = committed
        self._missing: dict[int, set[str]] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._running: Running | None = None
        self.services: dict[Told, type[Service]] = {Idle: IdleService}
        if not place.idle:
            self.services = dict(scoring(number) for number in range(place.subscribers))
        self.names = ["idle"] if place.idle else [f"scoring_{number}" for number in range(place.subscribers)]

    @property
    def application(self) -> Application:
        """The application that they belong to."""
        return application(self.services)

    def world(self, name: str) -> World:
        """The machine's own, with a database that tells what is durable between each of them and its driver."""
        world = World.real(Path(self._place.folder) / name, watchdog_s=None)
        return dataclasses.replace(world, storage=self._stored)

    def run_in(self, running: Running) -> "Subscribers":
        """They can be asked from now on."""
        self._running = running
        return self

    async def effects(self) -> int:
        """How many there are in each database.

        Raises:
            RuntimeError: rows are not what was noted, or not all subscribers have the same.
        """
        assert self._running is not None
        standings = {await self._running.client(contract).standing() for contract in self.services}
        if len(standings) > 1 or self._missing:
            raise RuntimeError(f"not all subscribers have had the same effects: {standings}, {self._missing}")
        (standing,) = standings
        noted = len(self._last) // len(self.names), sum(self._last.values()) // len(self.names)
        if not self._place.idle and noted != (standing.leads, standing.numbers):
            raise RuntimeError(f"{standing} is not what was noted: {noted}")
        return standing.position

    def _stored(self, service: str, driver: Driver) -> Driver:
        if service not in self.names:
            return driver

        def told(lead: str, number: int) -> None:
            self._last[service, lead] = number
            self._note(service, number)

        return NotingDriver(driver, told)

    def _note(self, service: str, number: int) -> None:
        if len(self.names) == 1:
            self._committed(number)
            return
        missing = self._missing.setdefault(number, set(self.names))
        if service not in missing:
            self._committed(number)  # twice: whoever counts finds it
        missing.discard(service)
        if not missing:
            del self._missing[number]
            self._committed(number)


@asynccontextmanager
async def producing(address: str) -> AsyncGenerator[Publish]:
    """The producer alone, with the way into its log."""
    place = msgspec.json.decode(address, type=AtollPlace)
    async with serving_producer(place) as running:
        yield publishing(running, place)


@asynccontextmanager
async def subscribing(address: str, committed: Callable[[int], None]) -> AsyncGenerator[Subscribers]:
    """The subscribers alone, all in this process."""
    place = msgspec.json.decode(address, type=AtollPlace)
    await _there(Path(place.address(CAPTURE).removeprefix("unix:")).exists)
    subscribers = Subscribers(place, committed)
    world = subscribers.world("subscribers")
    async with _served(subscribers.application, place, "subscribers", subscribers.names, world) as running:
        yield subscribers.run_in(running)


@asynccontextmanager
async def both(address: str, committed: Callable[[int], None]) -> AsyncGenerator[tuple[Publish, Subscribers]]:
    """All of them in this process."""
    place = msgspec.json.decode(address, type=AtollPlace)
    subscribers = Subscribers(place, committed)
    async with single(subscribers.application, world=subscribers.world("all"), config=place.config) as running:
        yield publishing(running, place), subscribers.run_in(running)


def publishing(running: Running, place: AtollPlace) -> Publish:
    """What commits the event with a number: the operation, called in its own process."""
    client = running.client(Capture)
    keys, publish = place.keys, client.tell if place.idle else client.capture

    async def published(number: int) -> None:
        await publish(seen(number, keys))

    return published


@asynccontextmanager
async def serving_producer(place: AtollPlace) -> AsyncGenerator[Running]:
    """The process of the producer."""
    subscribers = Subscribers(place)
    async with _served(subscribers.application, place, CAPTURE, [CAPTURE], subscribers.world(CAPTURE)) as running:
        yield running


async def _there(is_there: Callable[[], bool]) -> None:
    """Wait for the producer, which starts at the same time: a subscriber would do so, too, and say it."""
    async with asyncio.timeout(TIMEOUT_S):
        while not is_there():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _served(
    application: Application, place: AtollPlace, name: str, services: Sequence[str], world: World
) -> AsyncGenerator[Running]:
    directory = Directory(Peers({CAPTURE: (place.address(CAPTURE),)}))
    async with serving(
        application,
        world=world,
        directory=directory,
        listen=[place.address(name)],
        config=place.config,
        services=services,
        joining=ByAuthority(Path(place.folder)),
    ) as served:
        yield served.running
