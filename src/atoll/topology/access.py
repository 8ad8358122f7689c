"""The manifest of an application, made of what its services declare."""

from collections.abc import Iterator, Sequence

from atoll.contract import Contract, Operation, publishers_of
from atoll.identity import Access, Manifest, Member, Needed, Offered, OfferedOperation
from atoll.kernel import refuse
from atoll.service import Application, Command, Declaration, Elsewhere, Mounted
from atoll.topology.loading import Unit, load_units
from atoll.topology.log_door import door_of
from atoll.topology.posting import places_of
from atoll.topology.standing_in import takes_events


def access_of(application: Application, units: Sequence[Unit], *, is_alone: bool) -> Access:
    """Who may call what, as far as the declarations of these units are known.

    `is_alone` says that nobody calls from other processes, of whom nothing might be known here.
    """
    return Access(manifest_of(application, units), is_whole=is_alone)


def permissions(application: Application) -> Access:
    """Who may call what in a whole application; imports all of it.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    units, mistakes = load_units(application, None, apart=True)
    refuse(mistakes)
    return access_of(application, units, is_alone=True)


def manifest_of(application: Application, units: Sequence[Unit]) -> Manifest:
    """The manifest: each service with what it offers and what it needs."""
    return Manifest(application.name, application.version, tuple(_member(unit, units) for unit in units))


def _member(unit: Unit, units: Sequence[Unit]) -> Member:
    is_elsewhere = isinstance(unit.listed, Elsewhere)
    return Member(unit.name, tuple(_offers(unit)), _needs(unit, units), unit.is_edge, is_elsewhere)


def _offers(unit: Unit) -> Iterator[Offered]:
    contract = unit.contract
    if contract is None:
        return
    yield _offered(contract, (*contract.operations, *places_of(unit)))
    takes = takes_events(unit.listed)
    if contract.publishes or takes:
        door = door_of(contract.service, takes_events=takes)
        yield _offered(door, door.operations)


def _offered(contract: Contract, operations: Sequence[Operation]) -> Offered:
    listed = tuple(OfferedOperation(each.name, each.public, each.callers) for each in operations)
    return Offered(contract.id, contract.major, contract.version, contract.protocol.__name__, listed)


def _needs(unit: Unit, units: Sequence[Unit]) -> tuple[Needed, ...] | None:
    """What a service declares; None where its class is not known here, or it was not written with Atoll."""
    if isinstance(unit.listed, Mounted | Command):
        return None
    if isinstance(unit.listed, Elsewhere):  # an API of others calls nobody here
        return ()
    if unit.declaration is None or unit.is_apart:
        return None
    return (*_calls(unit.declaration), *_subscriptions(unit.declaration, units), *_postings(unit, units))


def _calls(declaration: Declaration) -> Iterator[Needed]:
    for each in declaration.dependencies:
        contract = each.contract
        why = f"{declaration.service.__name__} declares `{each.field}: {contract.protocol.__name__}`"
        yield Needed(contract.id, contract.major, why)


def _subscriptions(declaration: Declaration, units: Sequence[Unit]) -> Iterator[Needed]:
    listed = {unit.contract.service: unit.contract for unit in units if unit.contract is not None}
    others = [contract for each in declaration.reactions for contract in publishers_of(each.event)]
    publishers = {contract.service: contract for contract in others} | listed  # one that lives apart knows no others
    for contract in publishers.values() if declaration.reactions else ():
        names = [each.name for each in declaration.reactions if each.event in contract.publishes]
        if names:
            why = f"{declaration.service.__name__} reacts to its events in `{'`, `'.join(names)}`"
            door = door_of(contract.service)
            yield Needed(door.id, door.major, why, ("fetch",))


def _postings(unit: Unit, units: Sequence[Unit]) -> Iterator[Needed]:
    """The places at which services from elsewhere are told of the events of this one."""
    published = unit.contract.publishes if unit.contract is not None else ()
    for other in units if published else ():
        if other.contract is None or not isinstance(other.listed, Elsewhere):
            continue
        paths = {each.to for each in other.listed.subscribes if each.event in published}
        places = tuple(each.name for each in places_of(other) if each.path in paths)
        if places:
            why = f"{other.name} is listed with events that it is told of"
            yield Needed(other.contract.id, other.contract.major, why, places)
