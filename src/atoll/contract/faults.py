"""Everything that is wrong with an input, each with a JSON Pointer (RFC 6901) to it.

The codec stops at the first fault, which is quick and right for good input. This slow way runs only after it has
failed, and finds them all. At the public edge good input is searched, too, for what the contract does not know.
Both walk without recursion: how deep an input may be nested is the parser's decision alone.
"""

import decimal
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from atoll.contract.parsed import Raw, is_array, is_object
from atoll.contract.record import Kind
from atoll.contract.shape import (
    NOTHING,
    Items,
    Model,
    OneOf,
    Positions,
    Record,
    Scalar,
    Shape,
    Table,
    Words,
    bare,
    peel,
    shape_of,
    shapes_in,
)
from atoll.contract.value import Value


class Fault(Value):
    """One thing that is wrong with an input.

    `pointer` is a JSON Pointer into the body, or `/name` of a path or query argument; `place` says which of them.
    """

    pointer: str
    detail: str
    place: str = "body"


FAULTS_MAX = 100
"""How many faults are told of one input; a hostile one has as many as it has bytes."""


class Invalid(ValueError):
    """Input that does not fit its type: its faults, each with its place. Never leaves the platform as it is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.pointer or 'the whole'}: {fault.detail}" for fault in faults))
        self.faults = faults


def pointer_to(parent: str, step: str | int) -> str:
    """The pointer one step further down.

    >>> pointer_to("/rows/0", "a/b")
    '/rows/0/a~1b'
    """
    return f"{parent}/{str(step).replace('~', '~0').replace('/', '~1')}"


def find_faults(kind: Kind, raw: Raw, *, strict: bool) -> Iterator[Fault]:
    """All faults of parsed JSON against a type; with `strict`, what the type does not know is one, too."""
    count = 0
    waiting = [(_part(kind, raw), -1)]
    while waiting:
        part, count_before = waiting.pop()
        if count_before < 0:
            faults = [*_own_faults(part), *(_unknown(part) if strict else ())]
            if isinstance(part.shape, Record) and part.shape.ruled:
                waiting.append((part, count))  # again, when all that is in it has been seen
            waiting += [(inner, -1) for inner in _parts(part)][::-1]
        else:  # a rule (`__post_init__`) is only asked about what is sound in itself
            faults = list(_conversion_fault(part)) if count == count_before else []
        count += len(faults)
        yield from faults


def find_unknown(kind: Kind, raw: Raw) -> Iterator[Fault]:
    """What a type does not know in parsed JSON that fits it: fields, words, and decimals that are no number."""
    waiting = [_part(kind, raw)]
    while waiting:
        part = waiting.pop()
        if _can_hold_unknown(part.shape):
            yield from _unknown(part)
            waiting += reversed(list(_parts(part)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an input, the type that it should have, and the way to it. Its pointer is only made for a fault."""

    kind: Kind
    shape: Shape
    raw: Raw
    parent: "_Part | None"
    step: str | int

    def fault(self, detail: str, *steps: str | int) -> Fault:
        way = [*reversed(steps)]
        part = self
        while part.parent is not None:
            way.append(part.step)
            part = part.parent
        return Fault(pointer=functools.reduce(pointer_to, reversed(way), ""), detail=detail)


def _part(kind: Kind, raw: Raw, parent: _Part | None = None, step: str | int = "") -> _Part:
    shape = shape_of(kind)
    if isinstance(shape, OneOf):
        kind = _meant(shape, raw)
        shape = shape_of(kind)
    return _Part(kind, shape, raw, parent, step)


def _meant(union: OneOf, raw: Raw) -> Kind:
    """The option that an input seems to mean, so that its faults are those of that option; else the whole union."""
    present = [option for option in union.options if shape_of(option) != Scalar(NOTHING)]
    if raw is not None and len(present) == 1:
        return present[0]
    for option in present:
        match shape_of(option):
            case Record(tag=tag) if is_object(raw) and (tag is None or raw.get(tag[0]) == tag[1]):
                return option
            case Table() if is_object(raw):
                return option
            case Items() | Positions() if is_array(raw):
                return option
            case Words() if isinstance(raw, str):
                return option
            case _:
                continue
    return union.kind


def _parts(part: _Part) -> Iterator[_Part]:
    """The parts of a part, as far as its type knows them."""
    raw = part.raw
    match part.shape:
        case Record(fields=fields) if is_object(raw):
            for name, inner in raw.items():
                if name in fields:
                    yield _part(fields[name].kind, inner, part, name)
        case Table(value=value) if is_object(raw):
            for name, inner in raw.items():
                yield _part(value, inner, part, name)
        case Items(item=item) if is_array(raw):
            for index, inner in enumerate(raw):
                yield _part(item, inner, part, index)
        case Positions(items=items) if is_array(raw):
            for index, (item, inner) in enumerate(zip(items, raw, strict=False)):
                yield _part(item, inner, part, index)
        case _:
            return


def _own_faults(part: _Part) -> Iterator[Fault]:
    """The faults of a part, without those of the parts in it."""
    raw = part.raw
    match part.shape:
        case Record() if is_object(raw):
            yield from _record_faults(part.shape, part)
        case Table(key=key) if is_object(raw):
            yield from _length_fault(part, dict)
            for name in raw if bare(key) is not str else ():
                yield from _conversion_fault(_part(key, name, part, name), strict=False)
        case Items() if is_array(raw):
            yield from _length_fault(part, list)
        case Positions(items=items, required=required) if is_array(raw) and required <= len(raw) <= len(items):
            return
        case Model():
            return
        case _:
            yield from _conversion_fault(part)


def _record_faults(record: Record, part: _Part) -> Iterator[Fault]:
    if record.tag is not None and part.raw.get(*record.tag) != record.tag[1]:
        yield part.fault(f"is not `{record.tag[1]}`", record.tag[0])
    for name, field in record.fields.items():
        if field.required and name not in part.raw:
            yield part.fault("is required", name)


def _unknown(part: _Part) -> Iterator[Fault]:
    """What is in a part itself that its type does not know."""
    raw = part.raw
    match part.shape:
        case Record(fields=fields, tag=tag) if is_object(raw):
            tag_field = tag[0] if tag else None
            for name in raw:
                if name not in fields and name != tag_field:
                    yield part.fault("is not a field here", name)
        case Words(known=known) if isinstance(raw, str) and raw not in known:
            yield part.fault(f"`{raw}` is not one of {', '.join(sorted(known))}")
        case Scalar(kind=decimal.Decimal) if isinstance(raw, str) and not is_number(raw):
            yield part.fault(f"`{raw}` is not a number")
        case _:
            return


def _can_hold_unknown(shape: Shape) -> bool:
    """Whether there is anything in this shape that `_unknown` could find; most lists of plain values need no walk."""
    known = _answers.get(id(shape))
    if known is None:
        can = any(isinstance(each, Record | Words) or each == Scalar(decimal.Decimal) for each in shapes_in(shape.kind))
        known = _answers[id(shape)] = (shape, can)  # holds the shape, so that its identity stays its own
    return known[1]


_answers: dict[int, tuple[Shape, bool]] = {}


def _length_fault(part: _Part, container: type) -> Iterator[Fault]:
    for note in peel(part.kind)[1]:
        if isinstance(note, msgspec.Meta) and (note.min_length, note.max_length) != (None, None):
            yield from _conversion_fault(
                _Part(Annotated[container, note], part.shape, part.raw, part.parent, part.step)
            )


def _conversion_fault(part: _Part, *, strict: bool = True) -> Iterator[Fault]:
    """What msgspec says when it converts all of a part."""
    try:
        msgspec.convert(part.raw, part.kind, strict=strict)
    except (ValueError, OverflowError, RecursionError) as error:
        found = fault_in(error)
        yield Fault(pointer=part.fault("").pointer + found.pointer, detail=found.detail)


def is_number(decimal_text: str) -> bool:
    """Whether a decimal's text is a number, rather than a word for what is none: NaN, sNaN, Infinity."""
    return not any(letter in "nNiI" for letter in decimal_text)


_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[0-9]+)\]")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`\Z", re.DOTALL)


def fault_in(error: Exception) -> Fault:
    """The one fault in an error of msgspec, whose message ends with the place where there is one.

    >>> fault_in(ValueError("Expected `int`, got `str` - at `$.rows[2].points`"))
    Fault(pointer='/rows/2/points', detail='expected `int`, got `str`', place='body')
    """
    if isinstance(error, RecursionError):
        return Fault(pointer="", detail="is nested too deeply")
    message, pointer = str(error), ""
    if place := _PLACE.search(message):
        message = message[: place.start()]
        # `[...]` stands for an entry of a dictionary, whose name is not told: the pointer ends at the dictionary.
        path = place["path"].partition("[...]")[0]
        pointer = functools.reduce(pointer_to, (step["name"] or step["index"] for step in _STEP.finditer(path)), "")
    if missing := _MISSING.match(message):
        return Fault(pointer=pointer_to(pointer, missing["name"]), detail="is required")
    return Fault(pointer=pointer, detail=message[:1].lower() + message[1:])


def cannot_travel(error: Exception) -> Fault:
    """The one fault of a value that has no JSON."""
    said = "is nested too deeply, or holds itself" if isinstance(error, RecursionError) else str(error)
    return Fault(pointer="", detail=f"cannot travel as JSON: {said}")
