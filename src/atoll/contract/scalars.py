"""Plain types out of JSON Schema, with their bounds, as far as both mean the same."""

import datetime
import decimal
import re
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from atoll.contract.record import Kind
from atoll.contract.schema import Json
from atoll.contract.shape import NOTHING, UNTYPED

_TEXTS: dict[str, Kind] = {
    "date": datetime.date,
    "date-time": datetime.datetime,
    "uuid": uuid.UUID,
    "byte": bytes,  # base64 in OpenAPI 3.0; `binary` has no JSON, and stays text
}
_OWN_TEXTS: dict[str, Kind] = {
    "decimal": decimal.Decimal,
    "time": datetime.time,
    "duration": datetime.timedelta,
}
"""What these words mean in a document that Atoll wrote; others mean more by them."""

_BOUNDS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}


def scalar(schema: Json, *, is_own: bool) -> Kind:
    """The type of a plain value; `Untyped` where a schema says nothing that is known here."""
    match schema.get("type"):
        case "null":
            return NOTHING
        case "boolean":
            return bool
        case "integer":
            return _number(int, schema)
        case "number":
            return _number(float, schema)
        case "string":
            return _text(schema, is_own=is_own)
        case _:
            return UNTYPED


def words_kind(words: Sequence[Any]) -> Kind:  # Any: parsed JSON
    """The type of a value that is one of these."""
    if all(word is None for word in words):
        return NOTHING
    if all(word is None or isinstance(word, str) or _is_short(word) for word in words):
        return filled(Literal, *words)
    return bool if all(isinstance(word, bool) for word in words) else UNTYPED


def sizes(schema: Json, word: str) -> msgspec.Meta | None:
    """How long text, lists or tables may be; `word` is how the schema calls it: `Length`, `Items`, `Properties`."""
    found: dict[str, Any] = {}  # Any: what Meta takes
    for bound in ("min", "max"):
        size = schema.get(f"{bound}{word}")
        if isinstance(size, int) and _is_short(size) and size >= 0:
            found[f"{bound}_length"] = size
    return msgspec.Meta(**found) if found else None


def filled(generic: Any, *arguments: Any) -> Kind:  # Any: what is only known at run time
    """A generic type with its arguments: `tuple[int, ...]`."""
    return generic[arguments]


def _text(schema: Json, *, is_own: bool) -> Kind:
    said = schema.get("format")
    if schema.get("contentEncoding") == "base64":
        return bytes
    kind = _TEXTS.get(str(said)) or (_OWN_TEXTS.get(str(said)) if is_own else None)
    if kind is not None:
        return kind
    meta = sizes(schema, "Length")
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and _is_regular(pattern):
        meta = msgspec.Meta(pattern=pattern, min_length=meta and meta.min_length, max_length=meta and meta.max_length)
    return str if meta is None else filled(Annotated, str, meta)


def _number(kind: Kind, schema: Json) -> Kind:
    found: dict[str, Any] = {}  # Any: what Meta takes
    for word, name in _BOUNDS.items():
        bound = schema.get(word)
        if isinstance(bound, bool) or not isinstance(bound, int | float) or abs(bound) >= 2**53:
            continue
        if kind is int and bound != int(bound):
            continue
        found[name] = int(bound) if kind is int else float(bound)
    if "gt" in found and found.get("ge", found["gt"]) <= found["gt"]:
        found.pop("ge", None)
    if "lt" in found and found.get("le", found["lt"]) >= found["lt"]:
        found.pop("le", None)
    try:
        return filled(Annotated, kind, msgspec.Meta(**found)) if found else kind
    except ValueError:  # bounds that contradict each other
        return kind


def _is_short(word: object) -> bool:
    """Whether it is a whole number that fits in 63 bits."""
    return type(word) is int and abs(word) < 2**63


def _is_regular(pattern: str) -> bool:
    """Whether it is an expression of Python's, too."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
