"""The topology `single`: all hosted services in this process, on one loop.

It is honest about what it shares: the loop, the memory, and the end of the process.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from atoll.calls import Caller, Catalog, Dispatcher, Listing, LocalTransport, client
from atoll.contract import contract_of
from atoll.kernel import Clock, Config, Disk, Entropy, read_settings, refuse
from atoll.service import Application, Declaration, Instance, Settings
from atoll.service.declaration import Dependency
from atoll.telemetry import Recorder
from atoll.topology.graph import graph_mistakes, in_start_order
from atoll.topology.loading import Unit, load_units
from atoll.topology.world import World

T = TypeVar("T")

_log = logging.getLogger("atoll.topology")


class Running:
    """An application that runs in this process. Owns its instances."""

    def __init__(self, application: Application, units: Sequence[Unit], world: World, recorder: Recorder | None) -> None:
        self.application = application
        self.instances: dict[str, Instance] = {}
        self._units = units
        self._world = world
        self._recorder = recorder
        self._transport = LocalTransport()

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services, for whoever runs the application: a test, a script, a notebook.

        Raises:
            Mistakes: the class is no contract.
        """
        contract_of(protocol)
        return client(protocol, Caller("", self._transport, self._world.entropy))

    @property
    def is_started(self) -> bool:
        """Whether every hosted service has been started."""
        return len(self.instances) == sum(unit.declaration is not None for unit in self._units)

    async def ready(self) -> dict[str, bool]:
        """Which instances take calls now."""
        return {name: await instance.is_ready() for name, instance in self.instances.items()}

    async def start(self, settings: dict[str, Settings]) -> None:
        """Start all services, callees before callers."""
        for declaration in in_start_order([unit.declaration for unit in self._units if unit.declaration]):
            instance = self._instance(declaration, settings.get(declaration.name))
            await instance.start()
            if instance.dispatcher is not None:
                self._transport.add(instance.dispatcher)
            self.instances[declaration.name] = instance

    async def stop(self, drain_s: float) -> None:
        """Drain and stop all services, callers before callees; the first error is raised when all have ended."""
        errors: list[Exception] = []
        for instance in reversed(self.instances.values()):
            for step in (lambda: instance.drain(drain_s), instance.stop):
                try:
                    await step()
                except Exception as error:  # noqa: BLE001  # foreign code: the others have to end all the same
                    _log.exception("%s did not end cleanly", instance.declaration.name)
                    errors.append(error)
        self.instances.clear()
        if errors:
            raise errors[0]

    def _instance(self, declaration: Declaration, settings: Settings | None) -> Instance:
        given: dict[str, Any] = {name: self._port(kind, declaration) for name, kind in declaration.ports.items()}
        for dependency in declaration.dependencies:
            given[dependency.field] = client(dependency.contract.protocol, self._caller(declaration.name, dependency))
        if declaration.settings is not None:
            given[declaration.settings[0]] = settings
        return Instance(declaration, declaration.service(**given), self._recorder)

    def _caller(self, name: str, dependency: Dependency) -> Caller:
        fallback = None
        if dependency.fallback is not None:
            made = dependency.fallback()
            handlers = {operation.name: getattr(made, operation.name) for operation in dependency.contract.operations}
            fallback = LocalTransport()
            fallback.add(Dispatcher(dependency.contract, handlers))
        return Caller(name, self._transport, self._world.entropy, timeout_s=dependency.timeout_s, fallback=fallback)

    def _port(self, kind: type, declaration: Declaration) -> Clock | Entropy | Disk | Catalog:
        if kind is Clock:
            return self._world.clock
        if kind is Entropy:
            return self._world.entropy
        if kind is Disk:
            return self._world.disk(declaration.name)
        assert kind is Catalog
        listings = tuple(
            Listing(unit.contract, unit.declaration.owner if unit.declaration else self.application.owner,
                    unit.declaration.description if unit.declaration else unit.contract.description)
            for unit in self._units if unit.contract is not None
        )
        caller = Caller(declaration.name, self._transport, self._world.entropy)
        return Catalog(self.application.name, self.application.version, listings, caller)


@asynccontextmanager
async def single(
    application: Application,
    *,
    world: World,
    config: Config | None = None,
    services: Sequence[str] | None = None,
    recorder: Recorder | None = None,
    drain_s: float = 10.0,
) -> AsyncIterator[Running]:
    """Run the application in this process until the block is left.

    `services` names those to host (all by default); the others are known by contract only, and calling them is
    `Unavailable`.

    Raises:
        Mistakes: everything that is wrong with the application or its settings; nothing was started then.
    """
    units, mistakes = load_units(application, services)
    mistakes += graph_mistakes(units)
    hosted = [unit.declaration for unit in units if unit.declaration]
    wanted = {service.name: service.settings[1] for service in hosted if service.settings}
    settings, found = read_settings(wanted, application.name, config or Config({}))
    refuse(mistakes + found)
    running = Running(application, units, world, recorder)
    try:
        await running.start(settings)
        yield running
    finally:
        await running.stop(drain_s)
