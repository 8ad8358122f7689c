"""Problems and events out of a document that Atoll wrote: classes made on the spot, with their codes and fields."""

import functools
import types
from collections.abc import Iterable
from typing import Any

import msgspec

from atoll.contract.described import Library, as_list, as_object
from atoll.contract.event import Event
from atoll.contract.kinds import Fields, Kinds
from atoll.contract.names import identifier
from atoll.contract.problem import RESERVED, Problem
from atoll.contract.problems import PLATFORM_PROBLEMS
from atoll.contract.schema import Json
from atoll.contract.uniting import optional

Listed = Iterable[Json]
"""What a document lists, each with its schema as a reference to one that was read."""


def promised_problems(kinds: Kinds, library: Library, listed: Listed) -> dict[str, type[Problem]]:
    """The problems by the name of their schema; those of the platform have their class already."""
    found: dict[str, type[Problem]] = {}
    for said in listed:
        schema = said["schema"]
        name, code = library.component(schema), said.get("code")
        fields = kinds.fields_in(schema)
        if name is None or fields is None or not isinstance(code, str):
            continue
        found[name] = PLATFORM_PROBLEMS.get(code) or _problem(kinds, library, said, schema, fields)
    return {name: problem for name, problem in found.items() if problem.code not in PLATFORM_PROBLEMS}


def promised_events(kinds: Kinds, library: Library, listed: Listed) -> list[type[Event]]:
    """The events that a service publishes."""
    found: list[type[Event]] = []
    for said in listed:
        schema = said["schema"]
        fields = kinds.fields_in(schema)
        if fields is None:
            continue
        whole = library.within(schema)
        namespace = _class_body(kinds, fields, str(whole.get("description") or ""))
        name = identifier(str(whole.get("title") or library.component(schema)))
        found.append(types.new_class(name, (Event,), {"key": said.get("key")}, functools.partial(_fill, namespace)))
    return found


def _problem(kinds: Kinds, library: Library, said: Json, schema: Json, fields: Fields) -> type[Problem]:
    own = {name: each for name, each in fields.schemas.items() if name not in RESERVED}
    namespace = _class_body(kinds, Fields(own, fields.required), str(said.get("title") or ""))
    whole = library.within(schema)
    status = said.get("status")
    return types.new_class(
        identifier(str(whole.get("title") or library.component(schema))),
        (Problem,),
        {
            "status": status if type(status) is int else 500,
            "code": said["code"],
            "retryable": said.get("retryable") is True,
        },
        functools.partial(_fill, namespace),
    )


def _class_body(kinds: Kinds, fields: Fields, description: str) -> dict[str, Any]:  # Any: a class body
    body: dict[str, Any] = {"__doc__": description, "__module__": kinds.module}  # Any: as above
    annotations: dict[str, Any] = {}  # Any: types
    for name, schema in fields.schemas.items():
        kind = kinds.of(schema, name)
        if "default" in schema:
            body[name] = _frozen(schema["default"])
        elif name not in fields.required:
            body[name], kind = None, optional(kind)
        annotations[name] = kind
    return body | {"__annotations__": annotations}


def _fill(namespace: dict[str, Any], body: dict[str, Any]) -> None:  # Any: class bodies
    body.update(namespace)


def _frozen(default: object) -> object:
    """A default that instances may share, or a copy for each."""
    items, table = as_list(default), as_object(default)
    if items or default == []:
        return tuple(items)
    return msgspec.field(default_factory=lambda: dict(table)) if table or default == {} else default
