"""What keeps services from sharing one process: told by name, before anything of them is imported."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from atoll.kernel import Mistake
from atoll.service import Application, Command, Reference, service_name
from atoll.topology.contracts import named_contract

APART = "run it with --topology processes"


def unfit_here(application: Application, services: Sequence[str] | None, folder: Path) -> list[Mistake]:
    """Everything that keeps `services` (all of them by default) from running in this process."""
    apart = [
        (name, item)
        for item in application.services
        if isinstance(item, Reference) and item.is_apart and _is_wanted(name := _name(item), services)
    ]
    mistakes = list(_commands(application, services))
    if apart:
        from atoll.topology.independence import conflicts  # noqa: PLC0415  # reads metadata, which few processes need

        mistakes += conflicts(apart, folder)
    return mistakes


def _commands(application: Application, services: Sequence[str] | None) -> Iterator[Mistake]:
    for item in application.services:
        if isinstance(item, Command) and _is_wanted(item.name, services):
            what = f"`{item.name}` is started from a command, which needs a process of its own"
            yield Mistake(None, what, APART)


def _name(item: Reference) -> str:
    """What a service that lives apart is called: as its contract, or as its class where that is not to be had here."""
    contract = named_contract(item.contract)[0] if item.contract is not None else None
    return service_name(item.service.rpartition(":")[2], contract)


def _is_wanted(name: str, services: Sequence[str] | None) -> bool:
    return services is None or name in services
