"""Values to bytes and back: JSON, checked, the same in every placement.

Numbers that JSON has no word for (NaN, the infinities) travel as `null`, so that a `float` refuses them on arrival.
"""

import functools
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from atoll.contract.faults import Fault, detail_of, find_faults, pointer_of, pointer_to
from atoll.contract.shape import Kind, Model, shape_of

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


class Invalid(ValueError):
    """Input that does not fit its type: all faults, each with its place. Never leaves the platform as it is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.pointer or 'the whole'}: {fault.detail}" for fault in faults))
        self.faults = faults


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
    shape = shape_of(kind)
    return _model_codec(shape.kind) if isinstance(shape, Model) else _value_codec(kind)


class _ValueCodec(Generic[T]):
    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def encode(self, value: T) -> bytes:
        try:
            return _encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Invalid((Fault(pointer="", detail=f"cannot travel as JSON: {error}"),)) from None

    def decode(self, data: bytes, *, strict: bool = False) -> T:
        try:
            value = self._decode(data)
        except (ValueError, OverflowError, RecursionError) as error:
            raise Invalid(self._faults(data, str(error), strict)) from None
        if strict:
            faults = tuple(find_faults(self.kind, msgspec.json.decode(data), strict=True))
            if faults:
                raise Invalid(faults)
        return cast(T, value)

    def _faults(self, data: bytes, message: str, strict: bool) -> tuple[Fault, ...]:
        try:
            raw = msgspec.json.decode(data)
        except (ValueError, OverflowError, RecursionError) as error:
            return (Fault(pointer="", detail=f"not JSON: {detail_of(str(error))}"),)
        try:
            found = tuple(find_faults(self.kind, raw, strict=strict))
        except RecursionError:
            found = (Fault(pointer="", detail="is nested too deeply"),)
        return found or (Fault(pointer=pointer_of(message), detail=detail_of(message)),)


@functools.cache
def _value_codec(kind: Kind) -> Codec[Any]:  # Any: see codec_of
    return _ValueCodec(kind)


class _ModelCodec:
    """Pydantic's own JSON, for a model that is a whole argument or result. The model brings Pydantic with it."""

    def __init__(self, kind: Any) -> None:  # Any: a Pydantic model class; Pydantic is an extra
        self.kind = kind

    def encode(self, value: Any) -> bytes:  # Any: an instance of the model
        try:
            return cast(bytes, value.model_dump_json(by_alias=True).encode())
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            raise Invalid((Fault(pointer="", detail=f"cannot travel as JSON: {error}"),)) from None

    def decode(self, data: bytes, *, strict: bool = False) -> Any:  # Any: an instance of the model
        try:
            return self.kind.model_validate_json(data, **({"extra": "forbid"} if strict else {}))
        except ValueError as error:
            found = error.errors(include_url=False, include_input=False) if hasattr(error, "errors") else []
            faults = tuple(
                Fault(pointer=functools.reduce(pointer_to, fault["loc"], ""), detail=fault["msg"]) for fault in found
            )
            raise Invalid(faults or (Fault(pointer="", detail=str(error)),)) from None


@functools.cache
def _model_codec(kind: type) -> Codec[Any]:  # Any: see codec_of
    return _ModelCodec(kind)
