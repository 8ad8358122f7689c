"""Who calls whom: the graph that the declarations of an application's services make."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atoll.kernel import Mistake, Source, refuse
from atoll.service import Application, Declaration
from atoll.topology.loading import Unit, load_units


@dataclass(frozen=True, slots=True)
class Graph:
    """An application as data: its services and the calls they declare, by name."""

    application: Application
    services: tuple[Declaration, ...]
    edges: tuple[str, ...]
    """The names of the services that the application trusts with its catalog."""

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        """Pairs of caller and callee."""
        by_contract = {service.contract.name: service.name for service in self.services if service.contract}
        return tuple(
            (service.name, by_contract[dependency.contract.name])
            for service in self.services
            for dependency in service.dependencies
        )


def describe(application: Application) -> Graph:
    """The whole application as data; imports all of it.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    units, mistakes = load_units(application, None)
    mistakes += graph_mistakes(units)
    refuse(mistakes)
    declared = tuple(unit.declaration for unit in units if unit.declaration)
    return Graph(application, declared, tuple(unit.name for unit in units if unit.is_edge))


def graph_mistakes(units: Sequence[Unit]) -> Iterator[Mistake]:
    """Calls to nobody, circles of calls, and services that ask for a catalog they are not trusted with."""
    provided = {unit.contract.name: unit.name for unit in units if unit.contract}
    hosted = [unit.declaration for unit in units if unit.declaration]
    for service in hosted:
        for dependency in service.dependencies:
            if dependency.contract.name not in provided:
                yield Mistake(Source.of(service.service),
                              f"{service.name} depends on {dependency.contract.name}, which no service fulfils",
                              "add the service that fulfils it to the application")
    edges = {unit.name for unit in units if unit.is_edge}
    for service in hosted:
        if service.name not in edges and any(port.__name__ == "Catalog" for port in service.ports.values()):
            yield Mistake(Source.of(service.service), f"{service.name} asks for the catalog, but is not trusted with it",
                          "list it under `edges` of the application")
    calls = {service.name: [provided[d.contract.name] for d in service.dependencies if d.contract.name in provided]
             for service in hosted}
    if (circle := _circle(calls)) is not None:
        first = next(service for service in hosted if service.name == circle[0])
        yield Mistake(Source.of(first.service), f"declared calls form a circle: {' -> '.join(circle)}",
                      "let one of them publish an event instead of calling, or move what both need to a third service")


def in_start_order(services: Sequence[Declaration]) -> list[Declaration]:
    """Callees before callers; as listed where nothing is declared."""
    by_contract = {service.contract.name: service for service in services if service.contract}
    ordered: list[Declaration] = []

    def visit(service: Declaration) -> None:
        if service in ordered:
            return
        for dependency in service.dependencies:
            if dependency.contract.name in by_contract:
                visit(by_contract[dependency.contract.name])
        ordered.append(service)

    for service in services:
        visit(service)
    return ordered


def _circle(calls: dict[str, list[str]]) -> list[str] | None:
    """A circle of names that ends where it begins, or None."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for callee in calls.get(name, ()):
            if (found := walk(callee, [*path, name])) is not None:
                return found
        done.add(name)
        return None

    for name in calls:
        if (found := walk(name, [])) is not None:
            return found
    return None
