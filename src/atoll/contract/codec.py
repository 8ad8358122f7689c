"""Values to bytes and back: JSON, checked, the same in every placement.

What JSON has no word for, and what becomes of it:

- NaN and the infinities travel as `null`, so that a `float` refuses them on arrival. An optional float would take that
  for None; there the sender looks for them, and refuses.
- A `Decimal` travels as text, which has words for them: services may send each other `Decimal("NaN")`, the public edge
  refuses it.
- Whole numbers have any size up to the 4,300 digits that Python turns into text; beyond, they are refused.
- A `datetime` without a time zone stays without one. `Annotated[datetime, msgspec.Meta(tz=True)]` refuses it.
- Text that holds half of a surrogate pair is refused by the sender.
- Input may be nested as deep as the interpreter's stack allows, some hundred levels; beyond, it is refused.
- Of a field that is given twice, the last counts, and every one has to fit.
"""

import functools
import itertools
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from atoll.contract.faults import FAULTS_MAX, Fault, Invalid, cannot_travel, fault_in
from atoll.contract.finite import is_surely_finite, may_hide_nan, refuse_nan
from atoll.contract.model import ModelCodec
from atoll.contract.record import Kind
from atoll.contract.search import find_faults
from atoll.contract.shape import Items, Model, shape_of, shapes_in
from atoll.contract.strictness import check_of, find_unknown

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


class Codec(Protocol[T]):
    """Turns one type's values into bytes and back; every failure is `Invalid`."""

    kind: Kind

    def encode(self, value: T) -> bytes:
        """The value as JSON. A wrong field is found by whoever decodes; only what has no JSON at all fails here."""
        ...

    def decode(self, data: bytes, *, strict: bool = False) -> T:
        """The value in the JSON; with `strict`, unknown fields and words are refused."""
        ...


def codec_of(kind: Kind) -> Codec[Any]:  # Any: the type is only known at run time
    """The codec of a type; one for each type, however often it is asked for."""
    return _codec_of(kind)


@functools.cache
def _codec_of(kind: Kind) -> Codec[Any]:  # Any: as above
    shape = shape_of(kind)
    return ModelCodec(shape.kind) if isinstance(shape, Model) else _ValueCodec(kind)


def _encode_in_order(value: object) -> bytes:
    """As JSON, equal values in equal bytes: the order in a set is another in every process, and digests are made."""
    try:
        return _encode_sorted(value)
    except TypeError:  # what cannot be compared, like datetimes with and without a zone
        return _encode(value)


class _ValueCodec(Generic[T]):
    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        has_sets = any(isinstance(shape, Items) and shape.is_set for shape in shapes_in(kind))
        self._encode = _encode_in_order if has_sets else _encode
        self._may_hide_nan = may_hide_nan(kind)
        self._decode = msgspec.json.Decoder(kind).decode
        self._knows_all = check_of(kind)

    def encode(self, value: T) -> bytes:
        try:
            data = self._encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Invalid((cannot_travel(error),)) from None
        if self._may_hide_nan and b"null" in data and not is_surely_finite(value):
            refuse_nan(msgspec.to_builtins(value))
        return data

    def decode(self, data: bytes, *, strict: bool = False) -> T:
        try:
            value: T = self._decode(data)
            if not strict or self._knows_all is None:
                return value
            raw = msgspec.json.decode(data)
        except (ValueError, OverflowError, RecursionError) as error:
            raise Invalid(self._faults(data, error, strict)) from None
        try:
            if self._knows_all(raw):
                return value
        except RecursionError:
            pass  # too deep for a quick answer
        if faults := tuple(itertools.islice(find_unknown(self.kind, raw), FAULTS_MAX)):
            raise Invalid(faults)
        return value

    def _faults(self, data: bytes, error: Exception, strict: bool) -> tuple[Fault, ...]:
        try:
            raw = msgspec.json.decode(data)
        except (ValueError, OverflowError) as not_json:
            return (Fault(pointer="", detail=f"not JSON: {fault_in(not_json).detail}"),)
        except RecursionError:
            return (fault_in(error),)
        found = tuple(itertools.islice(find_faults(self.kind, raw, strict=strict), FAULTS_MAX))
        return found or (fault_in(error),)  # none, where the fault is in a field that is given twice
