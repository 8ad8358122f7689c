"""Every fault of an input. The decoder stops at the first, which is quick and right for good input; this goes on.

It walks without recursion: how deep an input may be nested is the parser's decision alone.
"""

import decimal
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from atoll.contract.faults import Fault, fault_in, pointer_to
from atoll.contract.parsed import Raw, is_array, is_object
from atoll.contract.record import Kind
from atoll.contract.shape import (
    NOTHING,
    Items,
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
)


def find_faults(kind: Kind, raw: Raw, *, strict: bool) -> Iterator[Fault]:
    """All faults of parsed JSON against a type; with `strict`, what the type does not know is one, too."""
    count = 0
    around: list[tuple[Part, Iterator[Part], int]] = []
    faults: Iterator[Fault]
    part: Part | None = part_of(kind, raw)
    while part is not None or around:
        if part is not None:
            around.append((part, parts_in(part), count))
            faults = itertools.chain(_own_faults(part), unknown_in(part)) if strict else _own_faults(part)
        else:
            whole, _, count_before = around.pop()
            # A rule (`__post_init__`) is only asked about what is sound in itself.
            is_ruled = isinstance(whole.shape, Record) and whole.shape.ruled
            faults = _conversion_fault(whole) if is_ruled and count == count_before else iter(())
        for fault in faults:
            count += 1
            yield fault
        part = next(around[-1][1], None) if around else None


@dataclass(slots=True)  # not frozen, which would make it slow to make
class Part:
    """A part of an input, the type that it should have, and the way to it. Its pointer is only made for a fault."""

    kind: Kind
    shape: Shape
    raw: Raw
    parent: "Part | None"
    step: str | int

    def fault(self, detail: str, *steps: str | int) -> Fault:
        """A fault of this part, or of what lies some steps below it."""
        way = [*reversed(steps)]
        part = self
        while part.parent is not None:
            way.append(part.step)
            part = part.parent
        return Fault(pointer=functools.reduce(pointer_to, reversed(way), ""), detail=detail)


def part_of(kind: Kind, raw: Raw, parent: Part | None = None, step: str | int = "") -> Part:
    """A part of an input, measured by the option of a union that it seems to mean."""
    shape = shape_of(kind)
    if isinstance(shape, OneOf):
        kind = meant(shape, raw)
        shape = shape_of(kind)
    return Part(kind, shape, raw, parent, step)


def meant(union: OneOf, raw: Raw) -> Kind:
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


def parts_in(part: Part) -> Iterator[Part]:
    """The parts of a part, as far as its type knows them."""
    raw = part.raw
    match part.shape:
        case Record(fields=fields) if is_object(raw):
            for name, inner in raw.items():
                if name in fields:
                    yield part_of(fields[name].kind, inner, part, name)
        case Table(value=value) if is_object(raw):
            for name, inner in raw.items():
                yield part_of(value, inner, part, name)
        case Items(item=item) if is_array(raw):
            for index, inner in enumerate(raw):
                yield part_of(item, inner, part, index)
        case Positions(items=items) if is_array(raw):
            for index, (item, inner) in enumerate(zip(items, raw, strict=False)):
                yield part_of(item, inner, part, index)
        case _:
            return


def _own_faults(part: Part) -> Iterator[Fault]:
    """The faults of a part, without those of the parts in it."""
    raw = part.raw
    match part.shape:
        case Record() if is_object(raw):
            yield from _record_faults(part.shape, part)
        case Table(key=key) if is_object(raw):
            yield from _length_fault(part, dict)
            for name in raw if bare(key) is not str else ():
                yield from _conversion_fault(part_of(key, name, part, name), strict=False)
        case Items() if is_array(raw):
            yield from _length_fault(part, list)
        case Positions(items=items, required=required) if is_array(raw) and required <= len(raw) <= len(items):
            return
        case _:
            yield from _conversion_fault(part)


def _record_faults(record: Record, part: Part) -> Iterator[Fault]:
    if record.tag is not None and part.raw.get(*record.tag) != record.tag[1]:
        yield part.fault(f"is not `{record.tag[1]}`", record.tag[0])
    for name, field in record.fields.items():
        if field.required and name not in part.raw:
            yield part.fault("is required", name)


def _length_fault(part: Part, container: type) -> Iterator[Fault]:
    for note in peel(part.kind)[1]:
        if isinstance(note, msgspec.Meta) and (note.min_length, note.max_length) != (None, None):
            yield from _conversion_fault(Part(Annotated[container, note], part.shape, part.raw, part.parent, part.step))


def _conversion_fault(part: Part, *, strict: bool = True) -> Iterator[Fault]:
    """What msgspec says when it converts all of a part."""
    try:
        msgspec.convert(part.raw, part.kind, strict=strict)
    except (ValueError, OverflowError, RecursionError) as error:
        found = fault_in(error)
        yield Fault(pointer=part.fault("").pointer + found.pointer, detail=found.detail)


def is_number(decimal_text: str) -> bool:
    """Whether a decimal's text is a number, rather than a word for what is none: NaN, sNaN, Infinity."""
    return not any(letter in "nNiI" for letter in decimal_text)


def unknown_in(part: Part) -> Iterator[Fault]:
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
