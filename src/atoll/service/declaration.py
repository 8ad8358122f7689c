"""What a service class declares, read once: its contract, what it depends on, what it wants injected."""

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from atoll.calls import Catalog
from atoll.contract import Contract, ResultForm, compile_contract, contract_of, contracts_of, is_contract, snake_case
from atoll.contract.operation import Operation
from atoll.kernel import Clock, Disk, Entropy, Mistake, Source
from atoll.service.fields import Depends, Private, Settings
from atoll.service.service import Service, fields_of

PORTS: tuple[type, ...] = (Clock, Entropy, Disk, Catalog)
"""What a service can ask for by type, beside contracts and settings."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A service that another one calls."""

    field: str
    contract: Contract
    fallback: Callable[[], Any] | None  # Any: whatever fulfils the contract
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """A service class, read. Data that describes; it does nothing."""

    name: str
    service: type[Service]
    contract: Contract | None
    dependencies: tuple[Dependency, ...]
    ports: dict[str, type]
    settings: tuple[str, type[Settings]] | None
    owner: str
    description: str


def declare(service: type[Service], owner: str = "") -> tuple[Declaration | None, list[Mistake]]:
    """What the class declares, or None with everything that is wrong with it. `owner` is the application's."""
    where = Source.of(service)
    name = service.__name__

    def wrong(what: str, fix: str) -> Mistake:
        return Mistake(where, f"{name}: {what}", fix)

    protocols = contracts_of(service)
    contract, mistakes = (None, []) if not protocols else compile_contract(protocols[0])
    mistakes = list(mistakes)
    if len(protocols) > 1:
        names = ", ".join(protocol.__name__ for protocol in protocols)
        mistakes.append(wrong(f"fulfils {names} at once", "write one service for each contract"))
    if contract is not None:
        mistakes += [wrong(what, fix) for what, fix in misfits(service, contract)]
    dependencies, ports, settings, found = _read_fields(service)
    mistakes += [wrong(what, fix) for what, fix in found]
    owner = service.owner or owner
    if not owner:
        mistakes.append(wrong("nobody answers for it", f'write `class {name}(Service, ..., owner="team")`, '
                              "or give the application an owner"))
    description = inspect.cleandoc(service.__dict__.get("__doc__") or "") or (contract.description if contract else "")
    if not description:
        mistakes.append(wrong("does not say what it is for", "begin the class, or its contract, with a docstring"))
    if mistakes:
        return None, mistakes
    own_name = contract.id if contract else snake_case(name.removesuffix("Service"))
    if contract and contract.major > 1:
        own_name = f"{contract.id}_v{contract.major}"
    return Declaration(own_name, service, contract, dependencies, ports, settings, owner, description), []


Fix = tuple[str, str]
"""What is wrong, and what to do."""


def misfits(candidate: Any, contract: Contract) -> Iterator[Fix]:  # Any: a service or fallback class
    """Where a class does not fulfil a contract."""
    for operation in contract.operations:
        handler = inspect.getattr_static(candidate, operation.name, None)
        if handler is None or getattr(handler, "__isabstractmethod__", False):
            yield f"has no handler for `{operation.name}`", f"write it as {contract.protocol.__name__} says"
        elif inspect.isfunction(handler):
            yield from _handler_misfits(handler, operation)
        else:
            yield f"`{operation.name}` is not a method", "write it as a method"


def _handler_misfits(handler: Callable[..., Any], operation: Operation) -> Iterator[Fix]:  # Any: a method
    streams = operation.form is ResultForm.STREAM
    fits = inspect.isasyncgenfunction(handler) if streams else inspect.iscoroutinefunction(handler)
    if not fits and streams:
        yield f"`{operation.name}` promises a stream", "write it as `async def` with `yield`"
    elif not fits:
        yield f"`{operation.name}` is not async", "write `async def`, or decorate it with `@blocking`"
    parameters = dict(list(inspect.signature(handler).parameters.items())[1:])
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for argument in operation.arguments:
        taken = parameters.pop(argument.name, None)
        if taken is None or taken.kind is taken.POSITIONAL_ONLY:
            yield f"`{operation.name}` does not take `{argument.name}` by name", "name the argument as the contract does"
        elif taken.default is taken.empty and not argument.required:
            yield (f"`{operation.name}` demands `{argument.name}`, which callers may leave out",
                   f"give it the contract's default, {argument.default!r}")
    for parameter in parameters.values():
        if parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield f"`{operation.name}` demands `{parameter.name}`, which no caller sends", "add it to the contract"


def _read_fields(
    service: type[Service],
) -> tuple[tuple[Dependency, ...], dict[str, type], tuple[str, type[Settings]] | None, list[Fix]]:
    noted = fields_of(service)
    try:
        hints = typing.get_type_hints(service)
    except (NameError, TypeError, SyntaxError) as error:
        return (), {}, None, [(f"its annotations cannot be read: {error}", "import what they name")]
    dependencies: list[Dependency] = []
    ports: dict[str, type] = {}
    settings: tuple[str, type[Settings]] | None = None
    wrong: list[Fix] = []
    for name, note in noted.items():
        kind = hints[name]
        if isinstance(note, Private):
            continue
        if is_contract(kind):
            depends = note if isinstance(note, Depends) else Depends(None, None)
            dependency, found = _dependency(name, kind, depends)
            wrong += found
            dependencies += [dependency] if dependency else []
        elif kind in PORTS:
            ports[name] = kind
        elif isinstance(kind, type) and issubclass(kind, Settings):
            if settings is not None:
                wrong.append((f"has settings twice, `{settings[0]}` and `{name}`", "put them into one class"))
            settings = (name, kind)
        else:
            shown = getattr(kind, "__name__", kind)
            wrong.append((f"nobody can inject `{name}: {shown}`",
                          "ask for a contract, a port or Settings, or write `= private(default_factory=...)`"))
    return tuple(dependencies), ports, settings, wrong


def _dependency(name: str, protocol: type, depends: Depends) -> tuple[Dependency | None, list[Fix]]:
    compiled, mistakes = compile_contract(protocol)
    if compiled is None or mistakes:
        return None, []  # told where the contract itself is read
    contract = contract_of(protocol)
    wrong: list[Fix] = []
    fallback = depends.fallback
    if fallback is not None:
        label = getattr(fallback, "__name__", str(fallback))
        if not isinstance(fallback, type):
            wrong.append((f"the fallback of `{name}` is not a class", f"give a class that fulfils {protocol.__name__}"))
        else:
            wrong += [(f"the fallback {label} of `{name}` does not fit: {what}", fix) for what, fix in misfits(fallback, contract)]
            if any(parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
                   for parameter in inspect.signature(fallback).parameters.values()):
                wrong.append((f"the fallback {label} of `{name}` wants arguments", "make it a class without any"))
    return Dependency(name, contract, fallback, depends.timeout_s), wrong
