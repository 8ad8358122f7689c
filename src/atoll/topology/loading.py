"""Find an application and import what a process needs of it: all contracts, only the services that it hosts."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from atoll.contract import Contract, compile_contract, is_contract
from atoll.data.places import SECTION
from atoll.kernel import Mistake, Mistakes, Source
from atoll.service import (
    Application,
    Command,
    Declaration,
    Elsewhere,
    Listed,
    Mounted,
    Reference,
    Remote,
    Service,
    declare,
    outlined,
    service_name,
)
from atoll.topology.contracts import named_contract
from atoll.topology.elsewhere import elsewhere_contract, elsewhere_declaration
from atoll.topology.exporting import SECTION as TELEMETRY
from atoll.topology.importing import imported, neighbour, parsed, source_of_module
from atoll.topology.standing_in import hosted_name, is_hosted_here

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Unit:
    """A service of an application as one process sees it: `declaration` is None where another process hosts it.

    `listed` is what the application says about it; `owner` who answers for it, where its class was imported.
    """

    name: str
    contract: Contract | None
    declaration: Declaration | None
    is_edge: bool
    listed: Listed
    owner: str = ""

    @property
    def is_apart(self) -> bool:
        """Whether it lives in an environment of its own."""
        return isinstance(self.listed, Reference) and self.listed.is_apart

    @property
    def where(self) -> Source | None:
        """Where its class is written, or its contract; None where neither was imported."""
        if self.declaration is not None:
            return Source.of(self.declaration.service)
        return Source.of(self.contract.protocol) if self.contract is not None else None


def load_application(place: str, folder: Path) -> Application:
    """The application at `package.module:attribute`, imported with `folder` on the path.

    Raises:
        Mistakes: there is none there.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    found, mistakes = imported(place, "application")
    if mistakes:
        raise Mistakes(mistakes)
    if not isinstance(found, Application):
        fix = "name the attribute that holds `Application(...)`"
        raise Mistakes([Mistake(None, f"{place} is not an Application but {type(found).__name__}", fix)])
    return found


def load_units(
    application: Application, hosted: Sequence[str] | None, *, apart: bool = False
) -> tuple[list[Unit], list[Mistake]]:
    """Every service of the application, and everything that is wrong with what was loaded.

    `hosted` names the services whose implementations are imported; None means all of them. With `apart`, those that
    live in environments of their own, or were not written with Atoll, are declared by what is known without them.
    """
    units: list[Unit] = []
    mistakes: list[Mistake] = []
    if not _NAME.fullmatch(application.name):
        fix = "use lower-case letters, digits, - and _: it stands in addresses and in names of settings"
        mistakes.append(Mistake(None, f"`{application.name}` is not a name of an application", fix))
    listed = [(item, False) for item in application.services] + [(item, True) for item in application.edges]
    for item, is_edge in listed:
        unit, found = _unit(item, _Wanted(application.owner, hosted, apart), is_edge)
        mistakes += found
        if unit is not None:
            units.append(unit)
    mistakes += _duplicates(units)
    if len(units) == len(listed):
        mistakes += _strangers(application, units, hosted or ())
    return units, list(dict.fromkeys(mistakes))  # a contract's own mistakes are met wherever it is used


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How units are loaded: who owns those that do not say, which are hosted here, what becomes of those apart."""

    owner: str
    hosted: Sequence[str] | None
    apart: bool

    def is_hosted(self, name: str) -> bool:
        return self.hosted is None or name in self.hosted


def _unit(item: Listed, wanted: _Wanted, is_edge: bool) -> tuple[Unit | None, list[Mistake]]:
    if isinstance(item, Mounted | Command | Remote):
        return _elsewhere(item, wanted, is_edge)
    if not isinstance(item, Reference):
        return _declared(item, item, wanted, is_edge)
    module_name, class_name, mistakes = parsed(item.service, "Service")
    if mistakes:
        return None, mistakes
    contract, mistakes = _contract_of(item, module_name)
    if mistakes and (wanted.hosted is not None or item.is_apart):
        return None, mistakes  # under which name it would be hosted is not known
    name = service_name(class_name, contract)
    if item.is_apart and wanted.apart:
        return _outlined(item, name, contract, wanted.owner)
    if not wanted.is_hosted(name):
        return Unit(name, contract, None, is_edge, item), []
    service, found = imported(item.service, "Service")
    if found:
        return None, mistakes + found
    unit, found = _declared(service, item, wanted, is_edge)
    mistakes = mistakes + found
    if unit is not None and not mistakes:
        mistakes = list(_strays(item, unit, contract))
    return unit, mistakes


def _elsewhere(item: Mounted | Command | Remote, wanted: _Wanted, is_edge: bool) -> tuple[Unit | None, list[Mistake]]:
    contract, mistakes = elsewhere_contract(item)
    if contract is None:
        return None, mistakes
    is_here = wanted.apart or (wanted.is_hosted(hosted_name(item)) and is_hosted_here(item, contract))
    declaration = elsewhere_declaration(item, contract, wanted.owner) if is_here else None
    return Unit(item.name, contract, declaration, is_edge, item), []


def _outlined(item: Reference, name: str, contract: Contract | None, owner: str) -> tuple[Unit | None, list[Mistake]]:
    if contract is None:
        fix = 'name it: Reference(..., contract="package.module:Contract"), or the path of an exported document'
        return None, [Mistake(None, f"the contract of {item.service}, which lives apart, is not known here", fix)]
    return Unit(name, contract, outlined(name, contract, owner), False, item), []


def _declared(
    service: Any,  # Any: whatever stands at the place
    item: Listed,
    wanted: _Wanted,
    is_edge: bool,
) -> tuple[Unit | None, list[Mistake]]:
    if not _is_service(service):
        where = Source.of(service) if callable(service) else None
        return None, [Mistake(where, f"`{service!r}` is not a service", "derive its class from `atoll.Service`")]
    declaration, mistakes = declare(service, wanted.owner)
    if declaration is None:
        return None, mistakes
    hosted = declaration if wanted.is_hosted(declaration.name) else None
    return Unit(declaration.name, declaration.contract, hosted, is_edge, item, declaration.owner), mistakes


def _is_service(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Service)


def _contract_of(item: Reference, module_name: str) -> tuple[Contract | None, list[Mistake]]:
    """The contract of a reference, found without importing the service's module."""
    if item.contract is not None:
        return named_contract(item.contract)
    module, mistakes = neighbour(module_name, "contract", item.service)
    if module is None:
        return None, mistakes
    found = _contracts_in(module)
    if len(found) > 1:
        names = ", ".join(protocol.__name__ for protocol in found)
        fix = f'say which: Reference("{item.service}", contract="{module.__name__}:{found[0].__name__}")'
        return None, [Mistake(source_of_module(module), f"{module.__name__} holds several contracts: {names}", fix)]
    return compile_contract(found[0]) if found else (None, [])


def _contracts_in(module: ModuleType) -> list[type]:
    return [member for member in vars(module).values() if is_contract(member) and member.__module__ == module.__name__]


def _strays(item: Reference, unit: Unit, beside: Contract | None) -> Iterator[Mistake]:
    """Processes that do not host a service know only the contract beside it: it has to be the one that is fulfilled."""
    is_document = item.contract is not None and item.contract.endswith(".json")
    if unit.contract is beside or (is_document and unit.contract and beside and unit.contract.name == beside.name):
        return
    if unit.contract is None:
        assert beside is not None
        fix = f"derive it from {beside.protocol.__name__}, or list it with its own contract"
        yield Mistake(unit.where, f"{item.service} does not fulfil {beside.name}, the contract beside it", fix)
        return
    protocol = unit.contract.protocol
    place = f"{protocol.__module__}:{protocol.__qualname__}"
    fix = f'say where it is: Reference("{item.service}", contract="{place}")'
    yield Mistake(unit.where, f"{item.service} fulfils {unit.contract.name}, which is not beside it", fix)


def _strangers(application: Application, units: Sequence[Unit], hosted: Sequence[str]) -> Iterator[Mistake]:
    names = {unit.name for unit in units} | {
        hosted_name(unit.listed)
        for unit in units
        if isinstance(unit.listed, Elsewhere) and unit.contract and is_hosted_here(unit.listed, unit.contract)
    }
    known = ", ".join(sorted(names)) or "none"
    for name in dict.fromkeys(hosted):
        if name not in names:
            yield Mistake(None, f"{application.name} has no service `{name}`", f"its services are {known}")


def _duplicates(units: Sequence[Unit]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for unit in units:
        if unit.name in (SECTION, TELEMETRY):
            fix = f"call its contract something else: the settings in [{unit.name}] are the platform's own"
            yield Mistake(unit.where, f"no service can be called `{unit.name}`", fix)
        if unit.name in seen:
            fix = "list it once, or give one contract another id or major version"
            yield Mistake(unit.where, f"two services are called `{unit.name}`", fix)
        seen.add(unit.name)
