"""Everything that is wrong with an input, each with a JSON Pointer (RFC 6901) to it.

The codec stops at the first fault, which is quick and right for good input. This slow way runs only after it has
failed (or at the public edge, which also refuses what it does not know) and finds all of them.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from atoll.contract.shape import (
    Items, Kind, Model, Positions, Record, Scalar, Table, Union_, Words, shape_of,
)
from atoll.contract.value import Value


class Fault(Value):
    """One thing that is wrong with an input.

    `pointer` is a JSON Pointer into the body, or `/name` of a path or query argument; `place` says which of them.
    """

    pointer: str
    detail: str
    place: str = "body"


def pointer_to(parent: str, step: str | int) -> str:
    """The pointer one step further down.

    >>> pointer_to("/rows/0", "a/b")
    '/rows/0/a~1b'
    """
    return f"{parent}/{str(step).replace('~', '~0').replace('/', '~1')}"


def find_faults(kind: Kind, raw: Any, *, strict: bool, pointer: str = "") -> Iterator[Fault]:  # Any: parsed JSON
    """All faults of parsed JSON against a type; with `strict`, unknown fields and unknown words are faults too."""
    shape = shape_of(kind)
    match shape:
        case Record():
            yield from _record_faults(shape, kind, raw, strict, pointer)
        case Items(item=item) if isinstance(raw, list):
            for index, element in enumerate(raw):
                yield from find_faults(item, element, strict=strict, pointer=pointer_to(pointer, index))
        case Positions(items=items) if isinstance(raw, list) and len(raw) == len(items):
            for index, (item, element) in enumerate(zip(items, raw, strict=True)):
                yield from find_faults(item, element, strict=strict, pointer=pointer_to(pointer, index))
        case Table(key=key, value=value) if isinstance(raw, dict):
            for name, element in raw.items():
                yield from _leaf_fault(key, name, pointer_to(pointer, name), strict=False)
                yield from find_faults(value, element, strict=strict, pointer=pointer_to(pointer, name))
        case Union_(options=options):
            yield from _union_faults(options, kind, raw, strict, pointer)
        case Words() if strict and isinstance(raw, str) and raw not in shape.known:
            yield Fault(pointer=pointer, detail=f"`{raw}` is not one of {', '.join(sorted(shape.known))}")
        case _:
            yield from _leaf_fault(kind, raw, pointer)


def _record_faults(shape: Record, kind: Kind, raw: Any, strict: bool, pointer: str) -> Iterator[Fault]:  # Any: JSON
    if not isinstance(raw, dict):
        yield from _leaf_fault(kind, raw, pointer)
        return
    known = {field.name: field for field in shape.fields}
    tag_field = shape.tag[0] if shape.tag else None
    found = False
    for name, element in raw.items():
        if name in known:
            for fault in find_faults(known[name].kind, element, strict=strict, pointer=pointer_to(pointer, name)):
                found = True
                yield fault
        elif strict and name != tag_field:
            found = True
            yield Fault(pointer=pointer_to(pointer, name), detail="is not a field here")
    for name, field in known.items():
        if field.required and name not in raw:
            found = True
            yield Fault(pointer=pointer_to(pointer, name), detail="is required")
    if not found:  # the record's own rule (`__post_init__`) or its tag
        yield from _leaf_fault(kind, raw, pointer)


def _union_faults(options: tuple[Kind, ...], kind: Kind, raw: Any, strict: bool, pointer: str) -> Iterator[Fault]:  # Any: JSON
    shapes = [shape_of(option) for option in options]
    if isinstance(raw, dict):
        for option, shape in zip(options, shapes, strict=True):
            if isinstance(shape, Record) and (shape.tag is None or raw.get(shape.tag[0]) == shape.tag[1]):
                yield from find_faults(option, raw, strict=strict, pointer=pointer)
                return
    present = [option for option, shape in zip(options, shapes, strict=True)
               if not (isinstance(shape, Scalar) and shape.kind is type(None))]
    if raw is not None and len(present) == 1:
        yield from find_faults(present[0], raw, strict=strict, pointer=pointer)
        return
    if any(not list(find_faults(option, raw, strict=strict, pointer=pointer)) for option in options):
        return
    yield from _leaf_fault(kind, raw, pointer)


def _leaf_fault(kind: Kind, raw: Any, pointer: str, *, strict: bool = True) -> Iterator[Fault]:  # Any: parsed JSON
    if isinstance(shape_of(kind), Model):
        return
    try:
        msgspec.convert(raw, kind, strict=strict)
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        yield Fault(pointer=pointer + pointer_of(str(error)), detail=detail_of(str(error)))


def pointer_of(message: str) -> str:
    """The JSON Pointer in one of msgspec's messages (`... - at `$.a[0]``); empty where it names no place.

    >>> pointer_of("Expected `int`, got `str` - at `$.rows[2].points`")
    '/rows/2/points'
    """
    _, found, path = message.rpartition(" - at `")
    if not found:
        return ""
    steps = path.rstrip("`").removeprefix("key in ").removeprefix("$").replace("[", ".").replace("]", "")
    return "".join(pointer_to("", step) for step in steps.split(".") if step)


def detail_of(message: str) -> str:
    """What one of msgspec's messages says, without the place.

    >>> detail_of("Expected `int`, got `str` - at `$.rows[2].points`")
    'expected `int`, got `str`'
    """
    words = message.rpartition(" - at `")[0] or message
    return words[:1].lower() + words[1:]
