"""Contracts: the typed promise of a service, compiled from a `Protocol` class."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from atoll.contract.event import Event, event_key, event_name
from atoll.contract.names import snake_case
from atoll.contract.operation import Operation, compile_operation, declared_of
from atoll.contract.shape import personal_fields, unfit
from atoll.kernel import Mistake, Source, refuse

C = TypeVar("C")

_MARK = "__atoll_contract__"
_ID = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"(?P<major>[1-9][0-9]*)\.(?P<minor>0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class _Declared:
    version: str
    id: str
    publishes: tuple[type[Event], ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract, compiled: what a service promises. Data that describes; it does nothing."""

    id: str
    major: int
    version: str
    description: str
    protocol: type
    operations: tuple[Operation, ...]
    publishes: tuple[type[Event], ...]

    @property
    def name(self) -> str:
        """The id with its major version, as it stands in paths and in tables: `scoring/v1`."""
        return f"{self.id}/v{self.major}"

    def operation(self, name: str) -> Operation:
        """The operation of this name.

        Raises:
            KeyError: there is none.
        """
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(f"{self.name} has no operation `{name}`; it has {', '.join(o.name for o in self.operations)}")

    def event_type(self, event: type[Event]) -> str:
        """The type of an event on the wire: `scoring.lead_scored.v1`."""
        return f"{self.id}.{event_name(event)}.v{self.major}"


def contract(*, version: str, id: str | None = None, publishes: tuple[type[Event], ...] = ()) -> Callable[[C], C]:  # noqa: A002  # the word of the field
    """Make a `Protocol` class a contract.

    `version` is "major.minor": within a major, change only adds. `id` is the service's name on the wire (the class's
    name in snake_case unless given). Mistakes are not raised here but told together when the application starts.
    """

    def mark(protocol: C) -> C:
        name = id or snake_case(getattr(protocol, "__name__", ""))
        setattr(protocol, _MARK, _Declared(version, name, tuple(publishes)))
        return protocol

    return mark


def is_contract(candidate: object) -> bool:
    """Whether a class is itself a contract (what fulfils one is not)."""
    return isinstance(candidate, type) and _MARK in candidate.__dict__


def contracts_of(candidate: type) -> tuple[type, ...]:
    """The contracts that a class fulfils, by inheritance."""
    return tuple(base for base in candidate.__mro__ if is_contract(base))


def contract_of(protocol: Callable[..., Any]) -> Contract:  # Any: `type[T]` refuses protocols
    """The compiled contract of a class that `contract` decorated.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    compiled, mistakes = compile_contract(protocol)
    refuse(mistakes)
    assert compiled is not None
    return compiled


_compiled: dict[object, tuple[Contract | None, list[Mistake]]] = {}


def compile_contract(protocol: Callable[..., Any]) -> tuple[Contract | None, list[Mistake]]:  # Any: see contract_of
    """The contract, or None with everything that is wrong with it. Each class is compiled once."""
    if protocol not in _compiled:
        _compiled[protocol] = _compile(protocol)
    return _compiled[protocol]


def _compile(protocol: Any) -> tuple[Contract | None, list[Mistake]]:  # Any: whatever was given as a contract
    where = Source.of(protocol)
    declared: _Declared | None = getattr(protocol, "__dict__", {}).get(_MARK)
    if declared is None:
        fix = "decorate the class with `@contract(version=\"1.0\")`"
        return None, [Mistake(where, f"`{getattr(protocol, '__name__', protocol)}` is not a contract", fix)]
    version = _VERSION.fullmatch(declared.version)
    mistakes = list(_class_mistakes(protocol, declared, where))
    major = int(version["major"]) if version else 1
    operations: list[Operation] = []
    for name, member in _members(protocol):
        noted = declared_of(member)
        if noted is None:
            fix = "decorate it with get, post, put, patch or delete, or move it to the service"
            mistakes.append(Mistake(Source.of(member), f"{declared.id}.{name} is not an operation", fix))
            continue
        operation, found = compile_operation(declared.id, major, name, member, noted)
        mistakes += found
        if operation is not None:
            operations.append(operation)
    mistakes += _route_mistakes(operations)
    mistakes += _event_mistakes(declared)
    mistakes += _problem_mistakes(operations)
    if mistakes:
        return None, mistakes
    description = inspect.getdoc(protocol) or ""
    return Contract(declared.id, major, declared.version, description, protocol,
                    tuple(operations), declared.publishes), []


def _class_mistakes(protocol: Any, declared: _Declared, where: Source) -> Iterator[Mistake]:  # Any: see _compile
    if not getattr(protocol, "_is_protocol", False):
        yield Mistake(where, f"the contract `{protocol.__name__}` is not a Protocol",
                      f"write `class {protocol.__name__}(Protocol):`")
    if not _VERSION.fullmatch(declared.version):
        yield Mistake(where, f"`{declared.version}` is not a version of a contract", 'write "major.minor", as in "1.0"')
    if not _ID.fullmatch(declared.id):
        yield Mistake(where, f"`{declared.id}` is not an id of a contract", "use lower-case letters, digits and _")


def _members(protocol: type) -> Iterator[tuple[str, Any]]:  # Any: methods
    for owner in reversed(protocol.__mro__):
        if owner in (object, typing.Protocol, typing.Generic):
            continue
        for name, member in owner.__dict__.items():
            if inspect.isfunction(member) and (not name.startswith("_") or declared_of(member)):
                yield name, member


def _route_mistakes(operations: list[Operation]) -> Iterator[Mistake]:
    taken: dict[tuple[str, str], Operation] = {}
    for operation in operations:
        route = (operation.method, re.sub(r"\{[^}]*\}", "{}", operation.path))
        if (other := taken.setdefault(route, operation)) is not operation:
            yield Mistake(
                Source.of(operation.function),
                f"{operation.id} and {other.id} are both served at {operation.method} {operation.path}",
                "give one of them another path",
            )


def _event_mistakes(declared: _Declared) -> Iterator[Mistake]:
    names: dict[str, type[Event]] = {}
    for event in declared.publishes:
        where = Source.of(event)
        if not (isinstance(event, type) and issubclass(event, Event)):
            yield Mistake(where, f"{declared.id} publishes `{event}`, which is not an Event", "derive it from `atoll.Event`")
            continue
        for why in unfit(event):
            yield Mistake(where, f"the event `{event.__name__}` cannot travel: {why}", "change the field's type")
        key = event_key(event)
        if key is not None and key not in event.__struct_fields__:
            yield Mistake(where, f"the event `{event.__name__}` has no field `{key}` to be its key",
                          f"add `{key}: str`, or name another field as `key`")
        elif key is not None and key in personal_fields(event):
            yield Mistake(where, f"the key of the event `{event.__name__}` is personal, but keys are kept for ever",
                          "use an identifier as the key")
        if names.setdefault(event_name(event), event) is not event:
            yield Mistake(where, f"{declared.id} publishes two events called `{event_name(event)}`", "rename one")


def _problem_mistakes(operations: list[Operation]) -> Iterator[Mistake]:
    codes: dict[str, type] = {}
    for operation in operations:
        for problem in operation.raises:
            if codes.setdefault(problem.code, problem) is not problem:
                yield Mistake(Source.of(problem), f"two problems of {operation.service} have the code `{problem.code}`",
                              "give one of them another `code`")
