"""The fields of records: Values, dataclasses, TypedDicts and NamedTuples, with type variables filled in."""

import dataclasses
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec

Kind = Any  # a type expression; Python has no type for those before 3.14

Fields = Iterator[tuple[str, Kind, bool, Any]]  # Any: a default of any type
"""Name on the wire, kind, whether it is required, and its default (msgspec.NODEFAULT where no plain one is known)."""


def origin_of(kind: Kind) -> Any:  # Any: a class, a special form, or None
    """What a type expression with arguments is made from; None for a plain type."""
    return get_origin(kind)


def class_of(kind: Kind) -> type[Any]:  # Any: any class at all
    """The class of a type expression that is one, with or without arguments."""
    origin: type[Any] = origin_of(kind) or kind  # Any: as above
    return origin


def is_record(container: type[Any]) -> bool:  # Any: any class at all
    """Whether a class is one of the four."""
    return (
        issubclass(container, msgspec.Struct)
        or dataclasses.is_dataclass(container)
        or _is_typed_dict(container)
        or is_tuple_record(container)
    )


def is_tuple_record(container: type[Any]) -> bool:  # Any: any class at all
    """Whether a class is a NamedTuple, which travels as an array."""
    return hasattr(container, "_fields") and issubclass(container, tuple)


def _is_typed_dict(container: type[Any]) -> bool:  # Any: any class at all
    return hasattr(container, "__required_keys__") and issubclass(container, dict)  # also typing_extensions' own


def read_tag(container: type[Any]) -> tuple[str, object] | None:  # Any: any record class
    """The field and the word that tell a tagged record from others."""
    if not issubclass(container, msgspec.Struct):
        return None
    config = container.__struct_config__
    return None if config.tag is None else (config.tag_field or "type", config.tag)


def read_fields(kind: Kind, container: type[Any]) -> Fields:  # Any: any record class
    """The fields of a record class, or of one with type arguments.

    Raises:
        NameError: a field names what is not there.
    """
    if issubclass(container, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield field.encode_name, field.type, field.required, _default(field.default, field.default_factory)
        return
    hints = _hints(kind, container)
    if dataclasses.is_dataclass(container):
        for item in dataclasses.fields(container):
            found = [
                msgspec.NODEFAULT if each is dataclasses.MISSING else each
                for each in (item.default, item.default_factory)
            ]
            yield item.name, hints[item.name], found == [msgspec.NODEFAULT] * 2, _default(*found)
    elif is_tuple_record(container):
        for name in container._fields:
            default = container._field_defaults.get(name, msgspec.NODEFAULT)
            yield name, hints[name], default is msgspec.NODEFAULT, default
    else:
        for name, hint in hints.items():
            said, kind = _qualified(hint)
            # Asked of the hint first: where annotations are postponed, the class has it wrong (python/cpython#97727).
            required = "Required" in said or (name in container.__required_keys__ and "NotRequired" not in said)
            yield name, kind, required, msgspec.NODEFAULT


def _qualified(hint: Kind) -> tuple[set[str], Kind]:
    """What only a TypedDict says of a field (`Required`, `NotRequired`, `ReadOnly`), and its type."""
    said: set[str] = set()
    while (name := getattr(origin_of(hint), "_name", "")) in ("Required", "NotRequired", "ReadOnly"):
        said.add(name)
        hint = get_args(hint)[0]
    return said, hint


def _default(default: Any, factory: Any) -> Any:  # Any: a value of any type, a function that makes one
    return () if factory in (list, set, frozenset, tuple) else {} if factory is dict else default


def _hints(kind: Kind, container: type[Any]) -> dict[str, Kind]:  # Any: any record class
    """The annotations of a class and its bases, each base's with the arguments that this class gives it."""
    hints = typing.get_type_hints(container, include_extras=True)
    arguments = dict(zip(getattr(container, "__parameters__", ()), get_args(kind), strict=False))
    inherited: dict[str, Kind] = {}
    for base in container.__dict__.get("__orig_bases__", container.__bases__):
        origin = origin_of(base) or base
        if isinstance(origin, type) and is_record(origin):  # TypedDict itself is a function
            inherited |= _hints(base, origin)
    own = {} if not inherited else inspect.get_annotations(container)
    found = {name: inherited[name] if name in inherited and name not in own else hint for name, hint in hints.items()}
    return {name: fill(hint, arguments) for name, hint in found.items()}


def fill(kind: Kind, arguments: Mapping[Any, Kind]) -> Kind:  # Any: type variables
    """The type with its variables filled in, as far as there are arguments."""
    if isinstance(kind, TypeVar):
        return arguments.get(kind, kind)
    variables = getattr(kind, "__parameters__", ()) if origin_of(kind) else ()
    if not variables or not arguments:
        return kind
    return kind[tuple(arguments.get(variable, variable) for variable in variables)]
