"""The topology `single`: all hosted services in this process, on one loop.

It is honest about what it shares: the loop, the memory, and the end of the process. A watchdog names a handler that
holds up the loop.
"""

import asyncio
import dataclasses
import functools
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

from atoll.adapters.refusals import kept_refusals
from atoll.adapters.watchdog import watched
from atoll.calls import Caller, Catalog, Dispatcher, Listing, LocalTransport, client
from atoll.contract import Contract, publishers_of
from atoll.data import Database
from atoll.data.places import DatabaseSettings
from atoll.events import Log
from atoll.kernel import Clock, Config, Disk, Entropy, Threads, refuse, working_for
from atoll.resilience import Doorkeeper, Shedding
from atoll.service import (
    Application,
    Command,
    Declaration,
    Dependency,
    Elsewhere,
    Home,
    Instance,
    Mounted,
    Service,
    Settings,
    give_threads,
)
from atoll.telemetry import Gauge, Recorder, Telemetry
from atoll.topology.access import access_of
from atoll.topology.configured import database_settings, settings_of
from atoll.topology.databases import opened
from atoll.topology.event_door import EventDoor
from atoll.topology.exporting import export_target
from atoll.topology.gauging import gauges_of
from atoll.topology.graph import graph_mistakes, in_start_order
from atoll.topology.loading import Unit, load_units
from atoll.topology.log_door import LogDoor, RemoteLog, door_of
from atoll.topology.mounting import Post, mounted
from atoll.topology.observing import observed
from atoll.topology.owning import Owned, Publishing
from atoll.topology.peers import Directory
from atoll.topology.posting import places_of, postings
from atoll.topology.remotes import with_remotes
from atoll.topology.sharing import unfit_here
from atoll.topology.standing_in import StandIn, stand_in_name, takes_events
from atoll.topology.world import Carrier, World

T = TypeVar("T")

_log = logging.getLogger("atoll.topology")


class Running:
    """An application, or the part of it that runs in this process. Owns its instances, and the way to others.

    `answering` is the way in for those who carry calls to this process.
    """

    def __init__(
        self,
        application: Application,
        units: Sequence[Unit],
        world: World,
        recorder: Recorder | None = None,
        directory: Directory | None = None,
        databases: DatabaseSettings | None = None,
        answering: LocalTransport | None = None,
        config: Config | None = None,
    ) -> None:
        self.application = application
        self._config = config or Config({})
        self.instances: dict[str, Instance] = {}
        self.ends_at: float | None = None
        """By when calls in progress have to end, where their time runs already: else it begins with the stop."""
        self.owned: dict[str, Owned] = {}
        self._databases = databases or DatabaseSettings()
        self._units = units
        self.world = world
        self._recorder = recorder
        self.doorkeeper: Doorkeeper = world.doorkeeper or Shedding.drawing(world.entropy.bits)
        """Lets in whatever comes to this process: from other processes, from outside, and out of logs."""
        self._callers: list[Caller] = []
        self.answering = answering or LocalTransport(access_of(application, units, is_alone=directory is None))
        self._peers = directory.services if directory is not None else frozenset[str]()
        self._network = world.network(self.answering, self.served)
        self._elsewhere: Carrier | None = None
        if directory is not None and world.outward is not None:
            self._elsewhere = world.outward(directory)
            self.answering.look_elsewhere(self._elsewhere)

    @property
    def contracts(self) -> list[Contract]:
        """The contracts of all services of the application, wherever they run."""
        return [unit.contract for unit in self._units if unit.contract]

    @property
    def served(self) -> list[Contract]:
        """All that can be asked for over a network: the contracts, places for events, and the ways into logs."""
        whole = [
            dataclasses.replace(unit.contract, operations=(*unit.contract.operations, *places_of(unit)))
            for unit in self._units
            if unit.contract
        ]
        posting = {unit.name for unit in self._units if takes_events(unit.listed)}
        return whole + [door_of(each.service, takes_events=each.service in posting) for each in self._publishers]

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services, for whoever runs the application: a test, a script, a notebook.

        Raises:
            Mistakes: the class is no contract.
        """
        return client(protocol, Caller("", self._network, self.world.entropy, policies=self.world.policies))

    def gauges(self) -> Iterator[Gauge]:
        """How its parts fare now."""
        return gauges_of(self.instances, self.owned, self._callers, self.doorkeeper, self._elsewhere)

    async def ready(self) -> dict[str, bool]:
        """Which instances take calls now."""
        return {name: await instance.is_ready() for name, instance in self.instances.items()}

    async def start(self, settings: Mapping[str, Settings]) -> None:
        """Start all services, callees before callers."""
        listed = {unit.name: unit.listed for unit in self._units}
        for declaration in in_start_order([unit.declaration for unit in self._units if unit.declaration]):
            with working_for(declaration.name):
                await self._start(declaration, listed[declaration.name], settings.get(declaration.name))
        for name, owned in self.owned.items():
            contract = owned.declaration.contract
            posted = postings(self._units, name, contract, self._network) if contract is not None else []
            with working_for(name):
                owned.begin(self.instances[name].service, self._publishers, self._log_of, self.world.pace, posted)

    async def _start(self, declaration: Declaration, item: object, settings: Settings | None) -> None:
        post = None
        if declaration.has_database:
            post = await self._own(declaration, is_elsewhere=isinstance(item, Elsewhere))
        if isinstance(item, Mounted):
            instance = self._mounted(declaration, item, post)
        elif isinstance(item, Command):
            instance = self._standing_in(declaration)
        else:
            instance = self._instance(declaration, settings)
        await instance.start()
        if instance.dispatcher is not None:
            self.answering.add(instance.dispatcher)
        self.instances[declaration.name] = instance

    def quiesce(self) -> None:
        """Let go of subscribers in other processes, who wait for news: this process is about to stop."""
        for owned in self.owned.values():
            owned.log.close()

    async def stop(self, drain_s: float) -> list[Exception]:
        """Drain all services within `drain_s` and stop them, callers before callees; the errors, which are logged.

        Nothing keeps the others from ending: neither an error nor a cancellation, which only ends the draining.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + drain_s if self.ends_at is None else self.ends_at
        errors: list[Exception] = []
        cancelled: asyncio.CancelledError | None = None
        self.quiesce()
        try:
            await asyncio.gather(*(owned.drain(max(0.0, ends_at - loop.time())) for owned in self.owned.values()))
        except asyncio.CancelledError as error:
            cancelled = error
            ends_at = loop.time()
        for instance in reversed(self.instances.values()):
            drain = functools.partial(instance.drain, ends_at - loop.time())
            for step in (drain, instance.stop):
                try:
                    with working_for(instance.declaration.name):
                        await step()
                except asyncio.CancelledError as error:
                    cancelled = error
                    ends_at = loop.time()
                except Exception as error:  # noqa: BLE001  # foreign code: the others have to end all the same
                    _log.error("%s did not end cleanly", instance.declaration.name, exc_info=error)
                    errors.append(error)
        self.instances.clear()
        for name, owned in self.owned.items():
            try:
                await owned.close()
            except Exception as error:  # noqa: BLE001  # a driver's own errors: the others have to be closed, too
                _log.error("the database of %s was not closed cleanly", name, exc_info=error)
                errors.append(error)
        self.owned.clear()
        await self._network.close()
        if self._elsewhere is not None:
            await self._elsewhere.close()
        if cancelled is not None:
            raise cancelled
        return errors

    async def _own(self, declaration: Declaration, *, is_elsewhere: bool) -> Post | None:
        """Open the database of a service; what takes its events, where it was not written with Atoll."""
        world, name = self.world, declaration.name
        try:
            driver = await opened(
                self.application.name, declaration, world.state, self._databases, world.disk(name), world.entropy
            )
        except BaseException as error:
            error.add_note(f"The service `{name}` did not start.")
            raise
        driver = world.storage(name, driver)
        kept = dataclasses.replace(declaration, reactions=()) if is_elsewhere else declaration  # others react for it
        given = (driver, world.clock, world.entropy, world.kept)
        owned = Owned(self.application.name, kept, *given, recorder=self._recorder, doorkeeper=self.doorkeeper)
        self.owned[name] = owned
        await owned.prepare()
        if is_elsewhere:
            door = EventDoor(name, owned.log, owned.inbox(), world.entropy)
            self.answering.add(door)
            return door.post
        if owned.publishes:
            self.answering.add(LogDoor(name, owned.log))
        return None

    @property
    def _publishers(self) -> list[Publishing]:
        """Those of the application, and peers whose contracts are known here alone by their events."""
        here = {unit.name: unit.contract for unit in self._units if unit.contract}
        reactions = [each for owned in self.owned.values() for each in owned.declaration.reactions]
        others = [contract for reaction in reactions for contract in publishers_of(reaction.event)]
        peers = {each.service: each for each in others if each.service in self._peers}
        return [Publishing(name, contract) for name, contract in (peers | here).items() if contract.publishes]

    def _log_of(self, service: str) -> Log:
        """The log of a service: read here where it is placed here and no network is between, else from its door."""
        if service in self.owned and self._network is self.answering:
            return self.owned[service].log
        return RemoteLog(service, self._network, self.world.entropy)

    def _instance(self, declaration: Declaration, settings: Settings | None) -> Instance:
        threads = Threads()
        given: dict[str, Any] = {  # Any: whatever its fields ask for
            field: self._port(kind, declaration) for field, kind in declaration.ports.items()
        }
        for dependency in declaration.dependencies:
            caller = self._caller(declaration.name, dependency, threads)
            given[dependency.field] = client(dependency.contract.protocol, caller)
        if declaration.settings is not None:
            given[declaration.settings[0]] = settings
        catalog = next((each for each in given.values() if isinstance(each, Catalog)), None)
        service = declaration.service(**given)
        owned = self.owned.get(declaration.name)
        keeper = owned.keeper if owned is not None else None
        return Instance(
            declaration, service, threads, self.world.entropy, self._recorder, catalog=catalog, keeper=keeper
        )

    def _mounted(self, declaration: Declaration, item: Mounted, post: Post | None) -> Instance:
        assert declaration.contract is not None
        entropy, recorder = self.world.entropy, self._recorder
        service, dispatcher = mounted(item, declaration.contract, entropy, recorder, post)
        return Instance(declaration, service, Threads(), entropy, recorder, dispatcher)

    def _standing_in(self, declaration: Declaration) -> Instance:
        """Keeps the log of a command, which itself runs elsewhere, and answers its calls there."""
        shown = dataclasses.replace(declaration, name=stand_in_name(declaration.name), contract=None)
        return Instance(shown, StandIn(), Threads(), self.world.entropy, self._recorder)

    def _caller(self, name: str, dependency: Dependency, threads: Threads) -> Caller:
        fallback = None
        if dependency.fallback is not None:
            made = dependency.fallback()
            give_threads(made, threads)
            handlers = {operation.name: getattr(made, operation.name) for operation in dependency.contract.operations}
            fallback = LocalTransport()
            fallback.add(Dispatcher(dependency.contract, handlers, self.world.entropy))
        return self._calling(name, dependency.timeout_s, fallback)

    def _calling(self, name: str, timeout_s: float | None = None, fallback: LocalTransport | None = None) -> Caller:
        caller = Caller(
            name,
            self._network,
            self.world.entropy,
            timeout_s=timeout_s,
            fallback=fallback,
            policies=self.world.policies,
            recorder=self._recorder,
        )
        self._callers.append(caller)
        return caller

    def _port(self, kind: type, declaration: Declaration) -> object:
        """What a service asks for by its type."""
        if kind is Database:
            return self.owned[declaration.name].database
        if kind is Clock:
            return self.world.clock
        if kind is Entropy:
            return self.world.entropy
        if kind is Disk:
            return self.world.disk(declaration.name)
        if kind is Home:
            return Home(self.application, self.world.state, self._config)
        if kind is Telemetry:
            return self.world.telemetry
        assert kind is Catalog
        listings = tuple(_listing(unit, self.application.owner) for unit in self._units if unit.contract)
        about = (self.application.name, self.application.version, self.application.description)
        return Catalog(*about, listings, self._calling(declaration.name), self.doorkeeper)


@asynccontextmanager
async def single(
    application: Application,
    *,
    world: World,
    config: Config | None = None,
    services: Sequence[str] | None = None,
    recorder: Recorder | None = None,
    drain_s: float = 10.0,
    directory: Directory | None = None,
    admitted: Callable[[Sequence[Unit]], Awaitable[LocalTransport]] | None = None,
) -> AsyncGenerator[Running]:
    """Run the application in this process until the block is left.

    `services` names those to host (all by default); the others are known by contract only, and calling them is
    `Unavailable`, unless `directory` says where they listen. `admitted` makes the way in, once it is known what runs
    here; by default one for which callers need no proof. When the block is left, calls in progress have `drain_s`
    to end.

    Raises:
        Mistakes: everything that is wrong with the application or its settings; nothing was started then.
    """
    refuse(unfit_here(application, services, Path.cwd()))
    units, mistakes = load_units(application, services)
    directory, found = with_remotes(application, directory, config or Config({}))
    mistakes += found
    mistakes += graph_mistakes(units, whole=not mistakes, peers=directory.services if directory else ())
    hosted = [unit.declaration for unit in units if unit.declaration]
    config = config or Config({})
    settings, found = settings_of(application, units, config, whole=not mistakes)
    databases, wrong = database_settings(application.name, config)
    target, unfit = export_target(application.name, config)
    refuse(mistakes + found + wrong + unfit)
    answering = await admitted(units) if admitted is not None else None
    async with observed(world, application.name, recorder, target) as observing:
        running = Running(application, units, world, observing.recorder, directory, databases, answering, config)
        observing.sources.append(running.gauges)
        async with _started(running, settings, hosted, drain_s):
            yield running


@asynccontextmanager
async def _started(
    running: Running, settings: Mapping[str, Settings], hosted: Sequence[Declaration], drain_s: float
) -> AsyncGenerator[None]:
    world = running.world
    with nullcontext() if world.state is None else kept_refusals(world.state):
        try:
            await running.start(settings)
            with _watching(world, hosted):  # from now on: a start may take its time
                yield
        except BaseException:
            await running.stop(drain_s)  # its errors are in the log: the first one goes on
            raise
        if errors := await running.stop(drain_s):
            raise errors[0]


def _listing(unit: Unit, owner: str) -> Listing:
    assert unit.contract is not None
    said = unit.owner or (unit.listed.owner if isinstance(unit.listed, Elsewhere) else "")
    if unit.declaration is None:
        return Listing(unit.contract, said or owner, unit.contract.description)
    return Listing(unit.contract, unit.declaration.owner, unit.contract.description or unit.declaration.description)


def _watching(world: World, services: Sequence[Declaration]) -> AbstractContextManager[None]:
    if world.watchdog_s is None:
        return nullcontext()
    return watched(world.watchdog_s, {code: name for service in services for code, name in _codes(service)})


def _codes(declaration: Declaration) -> Iterator[tuple[CodeType, str]]:
    """The code of a service's methods and of its fallbacks, with the name by which people know it."""
    for name, method in inspect.getmembers_static(declaration.service, inspect.isfunction):
        if getattr(Service, name, None) is not method:
            yield inspect.unwrap(method).__code__, f"{declaration.name}.{name}"
    for dependency in declaration.dependencies:
        for name, method in inspect.getmembers_static(dependency.fallback, inspect.isfunction):
            yield inspect.unwrap(method).__code__, f"{declaration.name}, in its fallback for {dependency.field}.{name},"
