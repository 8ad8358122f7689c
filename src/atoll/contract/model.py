"""Pydantic models, as whole arguments and results: their own JSON, their own rules. The model brings Pydantic."""

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from atoll.contract.faults import FAULTS_MAX, Fault, Invalid, cannot_travel, fault_in, pointer_to
from atoll.contract.finite import refuse_nan
from atoll.contract.parsed import Raw, is_array, is_object


class ModelCodec:
    """Turns one model's instances into bytes and back; every failure is `Invalid`."""

    def __init__(self, kind: Any) -> None:  # Any: a Pydantic model class; Pydantic is an extra
        self.kind = kind

    def encode(self, value: Any) -> bytes:  # Any: an instance of the model
        """The instance as JSON, by aliases."""
        if not isinstance(value, self.kind):
            detail = f"expected `{self.kind.__name__}`, got `{type(value).__name__}`"
            raise Invalid((Fault(pointer="", detail=detail),))
        try:
            # No warnings about wrong fields: as with values, they are found by whoever decodes.
            data: bytes = value.model_dump_json(by_alias=True, warnings=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise Invalid((cannot_travel(error),)) from None
        if b"null" in data:
            refuse_nan(value.model_dump(by_alias=True, warnings=False))
        return data

    def decode(self, data: bytes, *, strict: bool = False) -> Any:  # Any: an instance of the model
        """The instance in the JSON; with `strict`, unknown fields are refused at any depth."""
        try:
            return self.kind.model_validate_json(data, extra="forbid" if strict else None)
        except (ValueError, RecursionError) as error:
            faults = tuple(itertools.islice(_faults(error, data), FAULTS_MAX))
            raise Invalid(faults or (fault_in(error),)) from None


def _faults(error: Any, data: bytes) -> Iterator[Fault]:  # Any: Pydantic's ValidationError, or another ValueError
    if not hasattr(error, "errors"):
        return
    try:
        raw = msgspec.json.decode(data)
    except (ValueError, OverflowError, RecursionError):
        raw = None
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        detail = fault["msg"]
        pointer = _pointer(fault["loc"], raw, is_missing=fault["type"] == "missing")
        yield Fault(pointer=pointer, detail=detail[:1].lower() + detail[1:])


def _pointer(place: tuple[str | int, ...], raw: Raw, *, is_missing: bool) -> str:
    """The pointer to a place; what stands for an option of a union is left out, since the input has no such step."""
    way: list[str | int] = []
    for step in place:
        inner = _step(raw, step)
        if inner is not _NOWHERE:
            way.append(step)
            raw = inner
    if is_missing:
        way.append(place[-1])
    return functools.reduce(pointer_to, way, "")


_NOWHERE = object()


def _step(raw: Raw, step: str | int) -> Raw:
    if isinstance(step, int):
        return raw[step] if is_array(raw) and step < len(raw) else _NOWHERE
    return raw.get(step, _NOWHERE) if is_object(raw) else _NOWHERE
