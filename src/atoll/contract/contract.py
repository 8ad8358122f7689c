"""Contracts: the typed promise of a service, compiled from a `Protocol` class."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from atoll.contract.compiling import compile_operation, is_listed
from atoll.contract.described import Described
from atoll.contract.event import Event, event_key, event_name
from atoll.contract.fitness import unfit
from atoll.contract.names import snake_case
from atoll.contract.operation import Operation
from atoll.contract.personal import personal_fields
from atoll.contract.problem import Problem
from atoll.contract.routes import Wrong, route_mistakes, traps
from atoll.contract.verbs import declared_of
from atoll.kernel import Mistake, Source, refuse, spelled

C = TypeVar("C")

_MARK = "__atoll_contract__"
_READ = "__atoll_read_contract__"
_ID = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"(?P<major>[1-9][0-9]*)\.(?P<minor>0|[1-9][0-9]*)")

HOOKS = frozenset({"start", "ready", "drain", "stop", "owner"})
"""What every service has, so that no operation can be called that."""


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
    described: Described | None = field(default=None, compare=False, repr=False)
    """What a document said of it, where it was read from one."""

    @property
    def name(self) -> str:
        """The id with its major version, as it stands in paths and in tables: `scoring/v1`."""
        return f"{self.id}/v{self.major}"

    @property
    def service(self) -> str:
        """How the service that fulfils it is called: `scoring`, and `scoring_v2` from the second major version on."""
        return service_of(self.id, self.major)

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


def service_of(contract_id: str, major: int) -> str:
    """The name of the service that fulfils a contract of this id and major version.

    >>> service_of("scoring", 1), service_of("scoring", 2)
    ('scoring', 'scoring_v2')
    """
    return contract_id if major == 1 else f"{contract_id}_v{major}"


def contract(*, version: str, id: str | None = None, publishes: tuple[type[Event], ...] = ()) -> Callable[[C], C]:  # noqa: A002  # the word of the field
    """Make a `Protocol` class a contract.

    `version` is "major.minor": within a major, change only adds. `id` is the service's name on the wire (the class's
    name in snake_case unless given). Mistakes are not raised here but told together when the application starts.
    """

    def mark(protocol: C) -> C:
        name = id or snake_case(getattr(protocol, "__name__", ""))
        setattr(protocol, _MARK, _Declared(str(version), str(name), publishes))
        for event in publishes if is_listed(publishes) else ():
            _publishers.setdefault(event, []).append(protocol)
        return protocol

    return mark


_publishers: dict[object, list[Any]] = {}  # Any: a class that a checker knows as a protocol


def publishers_of(event: type[Event]) -> list[Contract]:
    """The contracts that promise an event, as far as they are imported: its own is, where it is written beside it."""
    compiled = (compile_contract(protocol)[0] for protocol in _publishers.get(event, ()))
    return [each for each in compiled if each is not None]


def is_contract(candidate: object) -> bool:
    """Whether a class is itself a contract (what fulfils one is not)."""
    return isinstance(candidate, type) and _MARK in candidate.__dict__


def contracts_of(candidate: type) -> tuple[type, ...]:
    """The contracts that a class fulfils, by inheritance; one that another of them extends is not among them."""
    found = [base for base in candidate.__mro__ if is_contract(base)]
    return tuple(base for base in found if not any(base in other.__mro__[1:] for other in found))


def contract_of(protocol: Callable[..., Any]) -> Contract:  # Any: `type[T]` refuses protocols
    """The compiled contract of a class that `contract` decorated.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    compiled, mistakes = compile_contract(protocol)
    refuse(mistakes)
    assert compiled is not None
    return compiled


def compile_contract(protocol: Callable[..., Any]) -> tuple[Contract | None, list[Mistake]]:  # Any: see contract_of
    """The contract, or None with everything that is wrong with it. Each class is compiled once."""
    if not is_contract(protocol):
        what = f"`{getattr(protocol, '__name__', protocol)}` is not a contract"
        return None, [Mistake(Source.of(protocol), what, 'decorate the class with `@contract(version="1.0")`')]
    if (read := getattr(protocol, "__dict__", {}).get(_READ)) is not None:
        return read, []
    if protocol not in _compiled:
        _compiled[protocol] = _compile(protocol)
    compiled, mistakes = _compiled[protocol]
    return compiled, list(mistakes)


def as_contract(protocol: Any, made: Contract) -> None:  # Any: a class that was made with it
    """Let a class stand for a contract that was not compiled from it."""
    setattr(protocol, _MARK, _Declared(made.version, made.id, made.publishes))
    setattr(protocol, _READ, made)


_compiled: dict[object, tuple[Contract | None, tuple[Mistake, ...]]] = {}


def _compile(
    protocol: Any,
) -> tuple[Contract | None, tuple[Mistake, ...]]:  # Any: a class, of which no checker knows more
    declared: _Declared = protocol.__dict__[_MARK]
    version = _version(declared.version)
    major = int(version["major"]) if version else 1
    wrong = list(_class_mistakes(protocol, declared))
    operations: list[Operation] = []
    for name, member in _members(protocol).items():
        noted = declared_of(member)
        if noted is None:
            wrong.append((_function(member) or protocol, *_stranger(declared.id, name, member)))
            continue
        if name in HOOKS or name.startswith("_"):
            taken = (
                f"{declared.id}.{name}: `{name}` is {'private' if name.startswith('_') else 'what every service has'}"
            )
            wrong.append((member, taken, "call the operation something else"))
        operation, found = compile_operation(declared.id, major, name, member, noted)
        wrong += [(member, f"{declared.id}.{name}: {what}", fix) for what, fix in found]
        if operation is not None:
            operations.append(operation)
    wrong += [
        *route_mistakes(operations),
        *event_mistakes(protocol, declared.id, declared.publishes),
        *_code_mistakes(operations),
    ]
    if wrong:
        return None, tuple(Mistake(Source.of(where), what, fix) for where, what, fix in wrong)
    for operation in operations:
        operation.avoid(traps(operation, operations))
    description = inspect.cleandoc(protocol.__dict__.get("__doc__") or "")
    return (
        Contract(
            declared.id, major, declared.version, description, protocol, tuple(operations), tuple(declared.publishes)
        ),
        (),
    )


def _version(version: object) -> re.Match[str] | None:
    return _VERSION.fullmatch(version) if isinstance(version, str) else None


def _class_mistakes(protocol: Any, declared: _Declared) -> Iterator[Wrong]:  # Any: see _compile
    name = protocol.__name__
    if not getattr(protocol, "_is_protocol", False):
        yield protocol, f"the contract `{name}` is not a Protocol", f"write `class {name}(Protocol):`"
    if not _version(declared.version):
        what = f"the version of `{name}` is `{declared.version}`"
        yield protocol, what, 'write "major.minor", as in "1.0"; the first major is 1'
    if not _ID.fullmatch(declared.id):
        what = f"the id of `{name}` is `{declared.id}`"
        yield protocol, what, "use lower-case letters, digits and _, with a letter first"


def _members(protocol: type) -> dict[str, Any]:  # Any: operations, and what should be
    """Whatever the class and the contracts that it extends hold, but for private names that are no operation."""
    found: dict[str, Any] = {}  # Any: as above
    for owner in reversed(protocol.__mro__):
        if owner not in (object, typing.Protocol, typing.Generic):
            names = dict.fromkeys(inspect.get_annotations(owner)) | dict(owner.__dict__)
            found |= {name: member for name, member in names.items() if not name.startswith("_") or declared_of(member)}
    return found


def _function(member: Any) -> Any:  # Any: whatever a class body holds
    """The function behind a member, for its place in the source."""
    member = getattr(member, "fget", None) or getattr(member, "__func__", member)
    return member if inspect.isfunction(member) else None


def _stranger(contract_id: str, name: str, member: object) -> tuple[str, str]:
    if inspect.isfunction(member):
        fix = "decorate it with get, post, put, patch or delete, or move it to the service"
    else:
        fix = "move it to the service: a contract holds operations, and nothing else can be called"
    return f"{contract_id}.{name} is not an operation", fix


def event_mistakes(
    protocol: Any,  # Any: see _compile
    contract_id: str,
    publishes: tuple[type[Event], ...],
) -> Iterator[Wrong]:
    """What is wrong with the events that a contract promises."""
    if not is_listed(publishes):
        yield protocol, f"`publishes` of {contract_id} is not a tuple", "write `publishes=(Name,)`, with the comma"
        return
    names: dict[str, type[Event]] = {}
    for event in publishes:
        if not _is_event(event):
            yield (
                protocol,
                f"{contract_id} publishes `{spelled(event)}`, which is not an Event",
                "derive it from `atoll.Event`",
            )
            continue
        for why in unfit(event):
            yield event, f"the event `{event.__name__}` cannot travel: {why}", "change the field's type"
        yield from _key_mistakes(event)
        if names.setdefault(event_name(event), event) is not event:
            yield event, f"{contract_id} publishes two events called `{event_name(event)}`", "rename one"


def _is_event(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Event)


def _key_mistakes(event: type[Event]) -> Iterator[Wrong]:
    key = event_key(event)
    if key is None:
        return
    if key not in event.__struct_fields__:
        what = f"the event `{event.__name__}` has no field `{key}` to be its key"
        yield event, what, f"add `{key}: str`, or name another field as `key`"
    elif key in personal_fields(event):
        what = f"the key of the event `{event.__name__}` is personal, but keys are kept for ever"
        yield event, what, "use an identifier as the key"


def _code_mistakes(operations: list[Operation]) -> Iterator[Wrong]:
    codes: dict[str, type[Problem]] = {}
    for operation in operations:
        for problem in operation.raises:
            if (other := codes.setdefault(problem.code, problem)) is not problem:
                what = f"`{problem.__name__}` and `{other.__name__}` both have the code `{problem.code}`"
                yield problem, what, "give one of them another `code`"
