"""Who calls whom: the graph that the declarations of an application's services make."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from atoll.calls import Catalog
from atoll.contract import publishers_of
from atoll.identity import Manifest
from atoll.kernel import Mistake, Source, refuse
from atoll.service import Application, Declaration, Dependency, Elsewhere, source_of_field
from atoll.topology.access import manifest_of
from atoll.topology.loading import Unit, load_units
from atoll.topology.posting import posted_mistakes


@dataclass(frozen=True, slots=True)
class Graph:
    """An application as data: its services and the calls they declare, by name."""

    application: Application
    services: tuple[Declaration, ...]
    edges: tuple[str, ...]
    """The names of the services that the application trusts with its catalog."""
    manifest: Manifest
    """What each of them offers, and what it declares that it needs."""

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        """Pairs of caller and callee. A dependency that nobody fulfils, which its fallback answers, is in none."""
        providers = {service.contract.name: service.name for service in self.services if service.contract}
        return tuple(
            (service.name, providers[dependency.contract.name])
            for service in self.services
            for dependency in service.dependencies
            if dependency.contract.name in providers
        )

    @property
    def events(self) -> tuple[tuple[str, str, str], ...]:
        """Publisher, event type and subscriber of each subscription."""
        return tuple(
            (publisher.name, publisher.contract.event_type(reaction.event), service.name)
            for service in self.services
            for reaction in service.reactions
            for publisher in self.services
            if publisher.contract is not None and reaction.event in publisher.contract.publishes
        )


def describe(application: Application) -> Graph:
    """The whole application as data; imports all of it.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    units, mistakes = load_units(application, None, apart=True)
    refuse((*mistakes, *graph_mistakes(units, whole=not mistakes)))
    declared = tuple(unit.declaration for unit in units if unit.declaration)
    edges = tuple(unit.name for unit in units if unit.is_edge)
    return Graph(application, declared, edges, manifest_of(application, units))


def graph_mistakes(units: Sequence[Unit], *, whole: bool = True, peers: Collection[str] = ()) -> Iterator[Mistake]:
    """Calls to nobody, circles of calls, and services that ask for a catalog they are not trusted with.

    Where services could not be loaded (`whole` is false), calls to nobody are not told: they may be calls to those.
    `peers` are services that are reached although the application does not list them.
    """
    providers = {unit.contract.name: unit.name for unit in units if unit.contract}
    for unit in units:
        if unit.declaration is None:
            continue
        yield from _calls_refused(unit.declaration, units)
        if whole:
            yield from _calls_to_nobody(unit.declaration, providers, peers)
            if not isinstance(unit.listed, Elsewhere):
                yield from _events_of_nobody(unit.declaration, units, peers)
        if not unit.is_edge:
            yield from _catalogs_without_trust(unit.declaration)
    if whole:
        yield from posted_mistakes(units)
    yield from _circles([unit.declaration for unit in units if unit.declaration], providers)


def in_start_order(services: Sequence[Declaration]) -> list[Declaration]:
    """Callees before callers; as listed where nothing is declared. The calls make no circle."""
    by_contract = {service.contract.name: service for service in services if service.contract}
    ordered: dict[str, Declaration] = {}

    def visit(service: Declaration) -> None:
        if service.name in ordered:
            return
        for dependency in service.dependencies:
            if dependency.contract.name in by_contract:
                visit(by_contract[dependency.contract.name])
        ordered[service.name] = service

    for service in services:
        visit(service)
    return list(ordered.values())


def _calls_to_nobody(service: Declaration, providers: Mapping[str, str], peers: Collection[str]) -> Iterator[Mistake]:
    for dependency in service.dependencies:
        contract = dependency.contract
        if dependency.fallback is None and contract.name not in providers and contract.service not in peers:
            yield Mistake(
                source_of_field(service.service, dependency.field),
                f"{service.name} depends on {dependency.contract.name}, which no service fulfils",
                "add the service that fulfils it to the application, or give the dependency a fallback",
            )


def _calls_refused(service: Declaration, units: Sequence[Unit]) -> Iterator[Mistake]:
    """Dependencies of which every operation names other callers: each call would be refused."""
    offered = {unit.contract.name: unit.contract for unit in units if unit.contract}
    for dependency in service.dependencies:
        provided = offered.get(dependency.contract.name)
        named = [each.callers for each in provided.operations] if provided is not None else []
        if named and all(callers is not None and service.name not in callers for callers in named):
            yield Mistake(
                source_of_field(service.service, dependency.field),
                f"{service.name} depends on {dependency.contract.name}, which lets it call none of its operations",
                f'add "{service.name}" to `callers` of those that it calls, or take the dependency away',
            )


def _events_of_nobody(service: Declaration, units: Sequence[Unit], peers: Collection[str]) -> Iterator[Mistake]:
    published = {event for unit in units if unit.contract for event in unit.contract.publishes}
    for reaction in service.reactions:
        elsewhere = (contract.service in peers for contract in publishers_of(reaction.event))
        if reaction.event not in published and not any(elsewhere):
            yield Mistake(
                Source.of(getattr(service.service, reaction.name)),
                f"{service.name} reacts to {reaction.event.__name__}, which no service of the application publishes",
                "add the service whose contract lists it under `publishes`",
            )


def _catalogs_without_trust(service: Declaration) -> Iterator[Mistake]:
    for field, port in service.ports.items():
        if port is Catalog:
            yield Mistake(
                source_of_field(service.service, field),
                f"{service.name} asks for the catalog, but is not trusted with it",
                "list it under `edges` of the application",
            )


def _circles(services: Sequence[Declaration], providers: Mapping[str, str]) -> Iterator[Mistake]:
    """A mistake for each call that closes a circle."""
    by_name = {service.name: service for service in services}
    done: set[str] = set()

    def walk(path: list[tuple[Declaration, Dependency]], name: str) -> Iterator[Mistake]:
        names = [service.name for service, _ in path]
        if name in names:
            yield _circle(path[names.index(name) :])
        elif name in by_name and name not in done:
            for dependency in by_name[name].dependencies:
                if dependency.contract.name in providers:
                    callee = providers[dependency.contract.name]
                    yield from walk([*path, (by_name[name], dependency)], callee)
            done.add(name)

    for name in by_name:
        yield from walk([], name)


def _circle(path: Sequence[tuple[Declaration, Dependency]]) -> Mistake:
    names = [service.name for service, _ in path]
    closing, dependency = path[-1]
    where: Source = source_of_field(closing.service, dependency.field)
    fix = "move what both need to a third service, pass it as an argument, or react to an event of the other"
    return Mistake(where, f"declared calls form a circle: {' -> '.join([*names, names[0]])}", fix)
