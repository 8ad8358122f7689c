"""NaN and the infinities, which JSON has no word for: they become `null`, and an optional float would hide them."""

import math
import re
from typing import Any, cast

import msgspec

from atoll.contract.faults import Fault, Invalid, pointer_to
from atoll.contract.record import Kind
from atoll.contract.shape import NOTHING, OneOf, Scalar, shape_of, shapes_in

_packed = msgspec.msgpack.Encoder().encode
_LOOKS_ENDLESS = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""A float in MessagePack whose exponent says NaN or infinity; or text that looks the same."""


def may_hide_nan(kind: Kind) -> bool:
    """Whether a type has a place where a float and None are both welcome, so that `null` says nothing."""
    for shape in shapes_in(kind):
        options = [shape_of(option) for option in shape.options] if isinstance(shape, OneOf) else []
        if Scalar(NOTHING) in options and Scalar(float) in options:
            return True
    return False


def is_surely_finite(value: object) -> bool:
    """Whether a value has no NaN and no infinity in it; False where only a look at every part can tell.

    MessagePack has words for both. To write a value with it and search takes microseconds; to take the value apart
    takes a tenth of a millisecond, for an event that carries a lead.

    >>> is_surely_finite({"points": 7.5}), is_surely_finite({"points": float("nan")})
    (True, False)
    """
    try:
        return _LOOKS_ENDLESS.search(_packed(value)) is None
    except (TypeError, ValueError, OverflowError, RecursionError):  # whole numbers beyond 64 bits, say
        return False


def refuse_nan(value: Any) -> None:  # Any: what JSON is made of, with Python's own floats
    """Refuse a value with NaN or an infinity in it.

    Raises:
        Invalid: with the place of each.
    """
    faults: list[Fault] = []
    waiting: list[tuple[str, Any]] = [("", value)]  # Any: as above
    while waiting:
        pointer, part = waiting.pop()
        if isinstance(part, float) and not math.isfinite(part):
            faults.append(Fault(pointer=pointer, detail=f"`{part}` cannot travel as JSON"))
        elif isinstance(part, dict):
            pairs = cast(dict[str | int, object], part).items()
            waiting += [(pointer_to(pointer, name), inner) for name, inner in pairs][::-1]
        elif isinstance(part, list | tuple):
            items = enumerate(cast(list[object], part))
            waiting += [(pointer_to(pointer, index), inner) for index, inner in items][::-1]
    if faults:
        raise Invalid(tuple(faults))
