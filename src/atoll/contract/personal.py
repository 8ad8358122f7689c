"""Personal data: the mark, where it stands, and what is shown in its place."""

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import cast

import msgspec

from atoll.contract.record import Kind, class_of
from atoll.contract.shape import Record, Shape, Unfit, children, peel, shape_of, shapes_in

PERSONAL = msgspec.Meta(extra_json_schema={"x-personal": True}, extra={"personal": True})
"""The mark behind `Personal`: msgspec carries it into JSON Schema."""


class Shown:
    """Text that is shown as it is, in the place of something that would show too much."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __str__(self) -> str:
        return self._text.strip("'")

    def __format__(self, form: str) -> str:
        return str(self)  # whatever form was asked for: a number's does not fit a mask


MASK = Shown("'***'")


def is_personal(kind: Kind) -> bool:
    """Whether all of a field of this kind is hidden: it is marked `Personal`, also inside `| None`, lists and so on.

    A record among its parts hides its own fields, unless it is a TypedDict or NamedTuple, which could not.
    """
    seen: dict[int, Shape] = {}  # holds them, so that their identities stay their own
    waiting = [kind]
    for each in waiting:  # which grows on the way
        if PERSONAL in peel(each)[1]:
            return True
        shape = shape_of(each)
        if id(shape) not in seen and not (isinstance(shape, Record) and _has_attributes(shape.kind)):
            seen[id(shape)] = shape
            waiting += [child for _, child in children(shape)]
    return False


def personal_fields(record: Kind) -> frozenset[str]:
    """The names of a record's fields that are marked `Personal`."""
    shape = shape_of(record)
    fields = shape.fields.values() if isinstance(shape, Record) else ()
    return frozenset(field.name for field in fields if is_personal(field.kind))


def shown(record: object) -> Iterator[tuple[str, object]]:
    """The fields of a record (not of one that is a dictionary or tuple), as they may be shown to anybody."""
    kind: Kind = type(record)
    try:
        views = _views(kind)
    except (TypeError, NameError):  # its fields cannot be read (yet), so that nobody knows which are personal
        views = tuple((name, _View.HIDDEN) for name in _names(kind))
    for name, view in views:
        content = getattr(record, name, None)
        if view is _View.HIDDEN:
            yield name, None if content is None else MASK
        else:
            yield name, content if view is _View.OPEN else Shown(_text(content))


class _View(Enum):
    """How a field is shown."""

    OPEN = auto()
    HIDDEN = auto()
    SEARCHED = auto()
    """It may hold a record that shows everything, like a dataclass: what is personal in there is searched for."""


def _names(record: Kind) -> tuple[str, ...]:
    if issubclass(record, msgspec.Struct):
        return tuple(record.__struct_fields__)
    return tuple(field.name for field in dataclasses.fields(record))


@functools.cache
def _views(record: Kind) -> tuple[tuple[str, _View], ...]:
    shape = shape_of(record)
    if not isinstance(shape, Record):
        raise TypeError(f"the fields of {record} cannot be read")  # raised, so that it is not remembered
    return tuple((name, _view(field.kind)) for name, field in zip(_names(record), shape.fields.values(), strict=True))


def _view(kind: Kind) -> _View:
    if is_personal(kind):
        return _View.HIDDEN
    for shape in shapes_in(kind):
        if isinstance(shape, Unfit) or (
            isinstance(shape, Record) and _tells_all(shape.kind) and personal_fields(shape.kind)
        ):
            return _View.SEARCHED
    return _View.OPEN


def _has_attributes(record: Kind) -> bool:
    container = class_of(record)
    return issubclass(container, msgspec.Struct) or dataclasses.is_dataclass(container)


def _tells_all(record: Kind) -> bool:
    """Whether it is a record whose own `repr` shows every field: a dataclass, or a Struct that is no `Value`."""
    container = class_of(record)
    if issubclass(container, msgspec.Struct):
        return bool(container.__repr__ == msgspec.Struct.__repr__)
    return dataclasses.is_dataclass(container)


def _text(content: object) -> str:
    """The `repr` of a content, without what is personal in it."""
    match content:
        case dict():
            pairs = cast(dict[object, object], content).items()
            return f"{{{', '.join(f'{name!r}: {_text(inner)}' for name, inner in pairs)}}}"
        case list():
            return f"[{_texts(cast(list[object], content))}]"
        case tuple():
            only = "," if len(cast(tuple[object, ...], content)) == 1 else ""
            return f"({_texts(cast(tuple[object, ...], content))}{only})"
        case _ if _tells_all(type(content)):
            fields = ", ".join(f"{name}={inner!r}" for name, inner in shown(content))
            return f"{type(content).__qualname__}({fields})"
        case _:
            return repr(content)


def _texts(items: Iterable[object]) -> str:
    return ", ".join(map(_text, items))
