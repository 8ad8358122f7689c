"""Which types can travel, and why others cannot."""

import datetime
import decimal
import uuid
from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from atoll.contract.record import Kind, class_of, origin_of
from atoll.contract.shape import Items, Model, Record, Scalar, Shape, Table, Unfit, Untyped, Words, children, shape_of
from atoll.kernel import spelled

_KEYS: frozenset[Kind] = frozenset(
    {str, int, bytes, decimal.Decimal, uuid.UUID}
    | {datetime.datetime, datetime.date, datetime.time, datetime.timedelta}
)
"""What a dictionary can be keyed by: JSON has only text there, and each of these comes back from text as it was."""


def unfit(kind: Kind) -> Iterator[str]:
    """Every reason why values of this type cannot travel, with the field it is about; none for a good type."""
    if isinstance(shape_of(kind), Model):
        return
    found = False
    for shape, place in _places(kind):
        for why in _reasons(shape):
            found = True
            yield f"`{place}`: {why}" if place else why
    if not found:
        try:
            msgspec.json.Decoder(kind)
        except RecursionError:
            yield "an alias names itself: make it a `Value`, which can"
        except (TypeError, NameError, ValueError) as error:
            said = str(error).splitlines()[0]
            yield said[:1].lower() + said[1:]


def _places(kind: Kind) -> Iterator[tuple[Shape, str]]:
    """Every shape that a type is made of, once, with the `Class.field` through which it was found."""
    seen: dict[int, Shape] = {}  # holds them, so that their identities stay their own
    waiting = [(kind, "")]
    while waiting:
        kind, place = waiting.pop(0)
        shape = shape_of(kind)
        if id(shape) in seen:
            continue
        seen[id(shape)] = shape
        yield shape, place
        owner = f"{class_of(shape.kind).__name__}." if isinstance(shape, Record) else ""
        waiting += [(child, f"{owner}{name}" if name else place) for name, child in children(shape)]


def _reasons(shape: Shape) -> Iterator[str]:
    match shape:
        case Unfit(why=why):
            yield why
        case Untyped():
            yield "it promises nothing: name a type"
        case Model(kind=model):
            yield f"the Pydantic model `{model.__name__}` travels only as a whole argument or result"
        case Table(key=key) if isinstance(shape_of(key), Words):
            yield f"a dictionary by `{spelled(key)}` would lose what a later version has more words for: key it by text"
        case Table(key=key) if not _is_key(key):
            yield f"a dictionary cannot be keyed by `{spelled(key)}`: key it by text, a whole number, a date or a UUID"
        case Items(item=item, is_set=True) if not isinstance(shape_of(item), Scalar | Words):
            yield f"a set holds plain values of one kind, which `{spelled(item)}` is not: make it a tuple"
        case _:
            return


def _is_key(key: Kind) -> bool:
    shape = shape_of(key)
    if not isinstance(shape, Scalar):
        return False
    if origin_of(shape.kind) is Literal:
        return all(isinstance(word, str) for word in get_args(shape.kind))
    return shape.kind in _KEYS
