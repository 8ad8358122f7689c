"""What a type does not know in input that fits it: unknown fields, unknown words, and decimals that are no number.

Services pass over what a later version may have added; the public edge refuses it. Most input there holds nothing
unknown, so that a quick yes or no is asked first.
"""

import decimal
from collections.abc import Callable, Iterator

from atoll.contract.faults import Fault
from atoll.contract.parsed import Raw
from atoll.contract.record import Kind
from atoll.contract.search import is_number, meant, part_of, parts_in, unknown_in
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
    shape_of,
    shapes_in,
)

Check = Callable[[Raw], bool]
"""Says of parsed JSON that fits a type whether the type knows everything in it."""


def check_of(kind: Kind) -> Check | None:
    """The check of a type, made once; None where nothing in it could be unknown.

    It recurses, and raises RecursionError where input is nested too deeply for that: then it has to be searched.
    """
    return _check(shape_of(kind), {})


def find_unknown(kind: Kind, raw: Raw) -> Iterator[Fault]:
    """Everything that a type does not know in parsed JSON that fits it, however deep."""
    around = [iter([part_of(kind, raw)])]
    while around:
        part = next(around[-1], None)
        if part is None:
            around.pop()
        else:
            yield from unknown_in(part)
            around.append(parts_in(part))


def _check(shape: Shape, known: dict[int, Check]) -> Check | None:
    """The check of a shape; `known` are those that were made, and those that are being made."""
    if not _can_hold_unknown(shape):
        return None
    if id(shape) in known:

        def later(raw: Raw) -> bool:
            return known[id(shape)](raw)  # by then it is made: a type names itself

        return later
    known[id(shape)] = _everything
    known[id(shape)] = made = _made(shape, known)
    return made


def _can_hold_unknown(shape: Shape) -> bool:
    return any(isinstance(each, Record | Words) or each == Scalar(decimal.Decimal) for each in shapes_in(shape.kind))


def _made(shape: Shape, known: dict[int, Check]) -> Check:
    match shape:
        case Words(known=words):
            return lambda raw: raw in words
        case Scalar():
            return lambda raw: not isinstance(raw, str) or is_number(raw)
        case Items(item=item):
            inner = _check(shape_of(item), known) or _everything
            return lambda raw: all(map(inner, raw))
        case Table(value=value):
            inner = _check(shape_of(value), known) or _everything
            return lambda raw: all(map(inner, raw.values()))
        case Positions(items=items):
            each = [_check(shape_of(item), known) or _everything for item in items]
            return lambda raw: all(check(part) for check, part in zip(each, raw, strict=False))
        case Record():
            return _record_check(shape, known)
        case OneOf():
            return _union_check(shape, known)
        case _:
            return _everything


def _record_check(record: Record, known: dict[int, Check]) -> Check:
    names = frozenset([*record.fields, *(record.tag[:1] if record.tag else ())])
    made = ((field.name, _check(shape_of(field.kind), known)) for field in record.fields.values())
    inner = {name: check for name, check in made if check is not None}

    def check(raw: Raw) -> bool:
        if not raw.keys() <= names:
            return False
        return all(inner[name](raw[name]) for name in inner if name in raw)

    return check


def _union_check(union: OneOf, known: dict[int, Check]) -> Check:
    shapes = [shape for option in union.options if (shape := shape_of(option)) != Scalar(NOTHING)]
    checks = {id(shape): _check(shape, known) or _everything for shape in shapes}
    if len(shapes) == 1:
        only = checks[id(shapes[0])]
        return lambda raw: raw is None or only(raw)
    return lambda raw: checks.get(id(shape_of(meant(union, raw))), _everything)(raw)


def _everything(_: Raw) -> bool:
    return True
