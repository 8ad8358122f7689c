"""What a service class declares, read once: its contract, what it depends on, what it wants injected."""

import inspect
import itertools
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from atoll.calls import Catalog
from atoll.contract import Contract, compile_contract, contracts_of, is_contract, snake_case, unfit
from atoll.data import Database
from atoll.events import Reaction, Repeated, handler_mistakes, reactions_in, repeated_in
from atoll.kernel import Clock, Disk, Entropy, Mistake, Source
from atoll.service.application import Home
from atoll.service.fields import Depends, Private, Settings
from atoll.service.fitting import misfits
from atoll.service.service import Service, fields_of
from atoll.telemetry import Telemetry

PORTS: tuple[type, ...] = (Clock, Entropy, Disk, Catalog, Database, Telemetry, Home)
"""What a service can ask for by type, beside contracts and settings."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A service that another one calls: by which field, through which contract."""

    field: str
    contract: Contract
    fallback: Callable[[], Any] | None  # Any: whatever fulfils the contract
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """A service class, read. Data that describes; it does nothing.

    `ports` and `settings` go by the field that asks for them.
    """

    name: str
    service: type[Service]
    contract: Contract | None
    dependencies: tuple[Dependency, ...]
    ports: Mapping[str, type]
    settings: tuple[str, type[Settings]] | None
    owner: str
    description: str
    reactions: tuple[Reaction, ...] = ()
    repeated: tuple[Repeated, ...] = ()

    @property
    def has_database(self) -> bool:
        """Whether it owns a database."""
        return Database in self.ports.values()


def declare(service: type[Service], owner: str = "") -> tuple[Declaration | None, list[Mistake]]:
    """What the class declares, or None with everything that is wrong with it. `owner` is the application's."""
    contract, mistakes = _contract(service)
    if contract is not None:
        mistakes += _handler_mistakes(service, contract)
    fields = _Fields(service)
    mistakes += fields.mistakes
    reactions, repeated, found = _told(service, has_database=Database in fields.ports.values())
    mistakes += found
    owner = service.owner or owner
    if not owner:
        fix = f'write `class {service.__name__}(Service, ..., owner="team")`, or give the application an owner'
        mistakes.append(_mistake(service, service, "nobody answers for it", fix))
    description = _description(service)
    if not description:
        fix = "begin the class, or its contract, with a docstring"
        mistakes.append(_mistake(service, service, "does not say what it is for", fix))
    if mistakes:
        return None, mistakes
    name = service_name(service.__name__, contract)
    dependencies = tuple(fields.dependencies)
    return Declaration(
        name,
        service,
        contract,
        dependencies,
        fields.ports,
        fields.settings,
        owner,
        description,
        reactions,
        repeated,
    ), []


def outlined(
    name: str, contract: Contract, owner: str, description: str = "", service: type[Service] = Service
) -> Declaration:
    """The declaration of a service whose class is not here, or that has none: what is known without it."""
    return Declaration(name, service, contract, (), {}, None, owner, description or contract.description)


def service_name(class_name: str, contract: Contract | None) -> str:
    """How a service is called: as its contract, with the major version from 2 on; by its class where it has none.

    >>> service_name("GatewayService", None)
    'gateway'
    """
    if contract is None:
        return snake_case(class_name.removesuffix("Service"))
    return contract.service


def source_of_field(service: type[Service], field: str) -> Source:
    """Where a field is written; the class where that cannot be found."""
    owner = next(owner for owner in service.__mro__ if field in inspect.get_annotations(owner))
    where = Source.of(owner)
    try:
        lines, first = inspect.getsourcelines(owner)
    except (OSError, TypeError):
        return where
    offsets = (offset for offset, line in enumerate(lines) if line.lstrip().startswith(f"{field}:"))
    return Source(where.file, first + next(offsets, 0))


def _description(service: type[Service]) -> str:
    """The class's own docstring, or its contract's."""
    texts = (vars(said).get("__doc__") for said in (service, *contracts_of(service)))
    return next((inspect.cleandoc(text) for text in texts if text), "")


def _mistake(service: type[Service], subject: object, what: str, fix: str) -> Mistake:
    return Mistake(Source.of(subject), f"{service.__name__}: {what}", fix)


def _contract(service: type[Service]) -> tuple[Contract | None, list[Mistake]]:
    protocols = contracts_of(service)
    if not protocols:
        return None, []
    contract, found = compile_contract(protocols[0])
    mistakes = list(found)
    if len(protocols) > 1:
        names = ", ".join(protocol.__name__ for protocol in protocols)
        mistakes.append(_mistake(service, service, f"fulfils {names} at once", "write one service for each contract"))
    return contract, mistakes


def _handler_mistakes(service: type[Service], contract: Contract) -> Iterator[Mistake]:
    fields = fields_of(service)
    hidden = {operation.name for operation in contract.operations if operation.name in fields}
    for name in sorted(hidden):
        what = f"{service.__name__}: the field `{name}` hides the handler of that name"
        yield Mistake(source_of_field(service, name), what, "rename the field")
    for misfit in misfits(service, contract):
        if misfit.operation not in hidden:
            yield _mistake(service, misfit.subject, misfit.what, misfit.fix)


def _told(
    service: type[Service], *, has_database: bool
) -> tuple[tuple[Reaction, ...], tuple[Repeated, ...], list[Mistake]]:
    """What the service reacts to and does again and again, and what is wrong with that."""
    members = dict(inspect.getmembers_static(service, inspect.isfunction))
    reactions, repeated = tuple(reactions_in(members)), tuple(repeated_in(members))
    mistakes: list[Mistake] = []
    told: tuple[Reaction | Repeated, ...] = (*reactions, *repeated)
    for each in told:
        handler = members[each.name]
        takes_event = isinstance(each, Reaction)
        for what, fix in handler_mistakes(each.name, handler, takes_event=takes_event):
            mistakes.append(_mistake(service, handler, what, fix))
        if not has_database:
            fix = "ask for one: `db: Database`; what was done is recorded in it, so that it is done once"
            mistakes.append(_mistake(service, handler, f"`{each.name}` needs a database", fix))
    for event, several in itertools.groupby(sorted(reactions, key=_event_of), _event_of):
        names = [each.name for each in several]
        if len(names) > 1:
            what = f"reacts to `{event}` twice, in {' and '.join(names)}"
            mistakes.append(_mistake(service, members[names[1]], what, "do both in one of them"))
    return reactions, repeated, mistakes


def _event_of(reaction: Reaction) -> str:
    return f"{reaction.event.__module__}.{reaction.event.__qualname__}"


class _Fields:
    """What the fields of a service class ask for, sorted, and everything that is wrong with them."""

    def __init__(self, service: type[Service]) -> None:
        self.dependencies: list[Dependency] = []
        self.ports: dict[str, type] = {}
        self.settings: tuple[str, type[Settings]] | None = None
        self.mistakes: list[Mistake] = []
        self._service = service
        for hook in ("start", "ready", "drain", "stop"):
            if not inspect.iscoroutinefunction(getattr(service, hook)):
                self.mistakes.append(
                    _mistake(service, getattr(service, hook), f"`{hook}` is not async", "write `async def`")
                )
        try:
            hints = typing.get_type_hints(service)
        except (NameError, TypeError, SyntaxError) as error:
            what = f"its annotations cannot be read: {error}"
            self.mistakes.append(_mistake(service, service, what, "import what they name"))
            return
        for name, note in fields_of(service).items():
            if not isinstance(note, Private):
                self._read(name, hints[name], note)

    def _read(self, name: str, kind: Any, note: object) -> None:  # Any: a type expression
        if is_contract(kind):
            self._read_dependency(name, kind, note if isinstance(note, Depends) else Depends())
        elif isinstance(note, Depends):
            self._wrong(
                name, f"`{name}` depends on {_shown(kind)}, which is no contract", "name a contract as its type"
            )
        elif kind in PORTS:
            self.ports[name] = kind
        elif isinstance(kind, type) and issubclass(kind, Settings):
            self._read_settings(name, kind)
        else:
            fix = "ask for a contract, a port or Settings, or write `= private(default_factory=...)`"
            self._wrong(name, f"nobody can inject `{name}: {_shown(kind)}`", fix)

    def _read_settings(self, name: str, kind: type[Settings]) -> None:
        if self.settings is not None:
            what = f"has settings twice, `{self.settings[0]}` and `{name}`"
            self._wrong(name, what, "put them into one class")
        self.settings = (name, kind)
        for field in msgspec.structs.fields(kind):
            for why in unfit(field.type):
                self._wrong(name, f"the setting `{field.name}` cannot be read: {why}", "change its type", kind)

    def _read_dependency(self, name: str, protocol: type, depends: Depends) -> None:
        contract, found = compile_contract(protocol)
        self.mistakes += found
        if contract is None:
            return
        if depends.timeout_s is not None and not _is_timeout(depends.timeout_s):
            fix = "give it the seconds that one call may take"
            self._wrong(name, f"the dependency `{name}` has the timeout {depends.timeout_s}", fix)
        if depends.fallback is not None:
            self._check_fallback(name, contract, depends.fallback)
        self.dependencies.append(Dependency(name, contract, depends.fallback, depends.timeout_s))

    def _check_fallback(self, name: str, contract: Contract, fallback: Any) -> None:  # Any: whatever was given
        if not isinstance(fallback, type):
            fix = f"give a class that fulfils {contract.protocol.__name__}"
            self._wrong(name, f"the fallback of `{name}` is not a class", fix)
            return
        label = f"the fallback {fallback.__name__} of `{name}`"
        wrong = list(misfits(fallback, contract))
        for misfit in wrong:
            self._wrong(name, f"{label} does not fit: {misfit.what}", misfit.fix, misfit.subject)
        if not wrong and any(
            parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            for parameter in inspect.signature(fallback).parameters.values()
        ):
            self._wrong(name, f"{label} wants arguments", "make it a class without any", fallback)

    def _wrong(self, name: str, what: str, fix: str, subject: object = None) -> None:
        where = source_of_field(self._service, name) if subject is None else Source.of(subject)
        self.mistakes.append(Mistake(where, f"{self._service.__name__}: {what}", fix))


def _is_timeout(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 < seconds < math.inf


def _shown(kind: Any) -> str:  # Any: a type expression
    return str(kind.__name__ if inspect.isclass(kind) else kind)
