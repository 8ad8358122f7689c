"""What one document says, as a part of another: its schemas beside those that are there, under names of their own."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from atoll.contract.contract import Contract
from atoll.contract.described import Described
from atoll.contract.operation import Operation
from atoll.contract.schema import REF, Json, replaced


def merged(schemas: Json, contract: Contract, operations: Iterable[Operation]) -> Described:
    """What is said of some operations of a contract, after all that it refers to was added to `schemas`.

    A schema whose name is taken by another one is called after the contract: `quotes.Quote`.
    """
    told = contract.described
    assert told is not None
    said = {operation.name: told.operations[operation.name] for operation in operations}
    needed = _reached([said, told.events, told.problems], told.schemas)
    clashing = _clashing(needed, schemas)
    names = {name: f"{contract.name.replace('/', '.')}.{name}" if name in clashing else name for name in needed}
    texts = {f"{REF}{name}": f"{REF}{new}" for name, new in names.items() if name != new}
    for name, schema in needed.items():
        schemas[names[name]] = replaced(schema, texts)
    return Described(
        {name: replaced(each, texts) for name, each in said.items()},
        {},
        tuple(replaced(each, texts) for each in told.problems),
        tuple(replaced(each, texts) for each in told.events),
        told.left_out,
    )


def _reached(parts: object, schemas: Mapping[str, Json]) -> dict[str, Json]:
    """The schemas that some parts of a document refer to, with those that these refer to."""
    found: dict[str, Json] = {}
    waiting = _references(parts)
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in found:
            found[name] = schemas[name]
            waiting += _references(schemas[name])
    return found


def _references(parts: object) -> list[str]:
    found: list[str] = []
    waiting: list[Any] = [parts]  # Any: parts of a document
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += cast(Json, part).values()
        elif isinstance(part, list | tuple):
            waiting += cast(list[Any], part)  # Any: as above
        elif isinstance(part, str) and part.startswith(REF):
            found.append(part.removeprefix(REF))
    return found


def _clashing(needed: Mapping[str, Json], taken: Json) -> set[str]:
    """The names that mean something else already, or refer to one that does."""
    clashing = {name for name, schema in needed.items() if taken.get(name, schema) != schema}
    while more := {
        name
        for name, schema in needed.items()
        if name in taken and name not in clashing and clashing.intersection(_references(schema))
    }:
        clashing |= more
    return clashing
