"""Find an application and import what a process needs of it: all contracts, only the services that it hosts."""

import importlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from atoll.contract import Contract, compile_contract, is_contract, snake_case
from atoll.kernel import Mistake, Mistakes, Source
from atoll.service import Application, Declaration, Reference, Service, declare


@dataclass(frozen=True, slots=True)
class Unit:
    """A service of an application as one process sees it: `declaration` is None where another process hosts it."""

    name: str
    contract: Contract | None
    declaration: Declaration | None
    is_edge: bool


def load_application(place: str, folder: Path) -> Application:
    """The application at `package.module:attribute`, imported with `folder` on the path.

    Raises:
        Mistakes: there is none there.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    found, mistakes = _import(place, "application")
    if found is not None and not isinstance(found, Application):
        mistakes = [Mistake(None, f"{place} is not an Application but {type(found).__name__}",
                            "name the attribute that holds `Application(...)`")]
    if mistakes:
        raise Mistakes(mistakes)
    assert isinstance(found, Application)
    return found


def load_units(application: Application, hosted: Sequence[str] | None) -> tuple[list[Unit], list[Mistake]]:
    """Every service of the application, and everything that is wrong with what was loaded.

    `hosted` names the services whose implementations are imported; None means all of them.
    """
    units: list[Unit] = []
    mistakes: list[Mistake] = []
    listed = [(item, False) for item in application.services] + [(item, True) for item in application.edges]
    for item, is_edge in listed:
        unit, found = _unit(item, application.owner, hosted, is_edge)
        mistakes += found
        if unit is not None:
            units.append(unit)
    mistakes += _duplicates(units)
    for name in set(hosted or ()) - {unit.name for unit in units}:
        if not mistakes:
            known = ", ".join(sorted(unit.name for unit in units))
            mistakes.append(Mistake(None, f"{application.name} has no service `{name}`", f"it has {known}"))
    return units, mistakes


def _unit(
    item: Reference | type[Service], owner: str, hosted: Sequence[str] | None, is_edge: bool
) -> tuple[Unit | None, list[Mistake]]:
    if not isinstance(item, Reference):
        return _declared(item, owner, hosted, is_edge)
    contract, mistakes = _contract_beside(item)
    if mistakes:
        return None, mistakes
    name = _name(item, contract)
    if hosted is not None and name not in hosted:
        return Unit(name, contract, None, is_edge), []
    service, mistakes = _import(item.service, "service")
    if mistakes:
        return None, mistakes
    return _declared(service, owner, hosted, is_edge)


def _declared(
    service: Any, owner: str, hosted: Sequence[str] | None, is_edge: bool  # Any: whatever stands at the place
) -> tuple[Unit | None, list[Mistake]]:
    if not (isinstance(service, type) and issubclass(service, Service)):
        return None, [Mistake(Source.of(service), f"`{service!r}` is not a service", "derive its class from `atoll.Service`")]
    declaration, mistakes = declare(service, owner)
    if declaration is None:
        return None, mistakes
    is_hosted = hosted is None or declaration.name in hosted
    return Unit(declaration.name, declaration.contract, declaration if is_hosted else None, is_edge), mistakes


def _contract_beside(item: Reference) -> tuple[Contract | None, list[Mistake]]:
    """The contract of a reference, found without importing the service's module."""
    if item.contract is not None:
        protocol, mistakes = _import(item.contract, "contract")
        return (None, mistakes) if mistakes else compile_contract(protocol)
    module_name = item.service.partition(":")[0].rpartition(".")[0] + ".contract"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            return None, []  # a service that nobody calls needs no contract
        return None, [_failed(item.service, error)]
    except Exception as error:  # noqa: BLE001  # foreign code: a module of the application
        return None, [_failed(module_name, error)]
    found = _contracts_in(module)
    if len(found) > 1:
        names = ", ".join(protocol.__name__ for protocol in found)
        return None, [Mistake(Source.of(module), f"{module_name} holds several contracts: {names}",
                              f'say which: Reference("{item.service}", contract="{module_name}:{found[0].__name__}")')]
    return compile_contract(found[0]) if found else (None, [])


def _contracts_in(module: ModuleType) -> list[type]:
    return [member for member in vars(module).values() if is_contract(member) and member.__module__ == module.__name__]


def _name(item: Reference, contract: Contract | None) -> str:
    if contract is None:
        return snake_case(item.service.rpartition(":")[2].removesuffix("Service"))
    return contract.id if contract.major == 1 else f"{contract.id}_v{contract.major}"


def _import(place: str, what: str) -> tuple[Any, list[Mistake]]:  # Any: whatever stands at the place
    module_name, colon, attribute = place.partition(":")
    if not colon or not module_name or not attribute:
        return None, [Mistake(None, f"`{place}` does not name a place", f'write "package.module:{what}"')]
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001  # foreign code: a module of the application
        return None, [_failed(place, error)]
    try:
        return getattr(module, attribute), []
    except AttributeError:
        return None, [Mistake(Source.of(module), f"{module_name} has no `{attribute}`", f"check the name of the {what}")]


def _failed(place: str, error: Exception) -> Mistake:
    if isinstance(error, ModuleNotFoundError):
        return Mistake(None, f"{place} cannot be imported: {error}",
                       "check the name, and that it is installed or lies below the current folder")
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = Source(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback else None
    return Mistake(where, f"{place} cannot be imported: {type(error).__name__}: {error}", "mend the module")


def _duplicates(units: Iterable[Unit]) -> list[Mistake]:
    seen: set[str] = set()
    mistakes: list[Mistake] = []
    for unit in units:
        if unit.name in seen:
            mistakes.append(Mistake(None, f"two services are called `{unit.name}`",
                                    "give one contract another id, or another major version"))
        seen.add(unit.name)
    return mistakes
