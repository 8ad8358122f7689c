"""What was posted, as names and texts: inputs of a form, or the parts of a JSON payload by their paths. Pure."""

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard
from urllib.parse import parse_qsl

import msgspec

from .contract import RejectionReason
from .rules import steps_of
from .table import Rejection

Json: TypeAlias = Any  # Any: parsed JSON of whoever posts
"""Any JSON."""

FORM = "application/x-www-form-urlencoded"
PARTS_MAX = 500
"""More inputs or parts than any form or payload of one lead has."""

_HOW = "post `application/x-www-form-urlencoded`, or one JSON object"


def is_object(part: Json) -> TypeGuard[dict[str, Json]]:
    """Whether it has parts with names."""
    return isinstance(part, dict)


def is_list(part: Json) -> TypeGuard[list[Json]]:
    """Whether it has parts one after the other."""
    return isinstance(part, list)


def read_json(body: bytes) -> Json | Rejection:
    """The JSON in a body."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejection(RejectionReason.NOT_JSON, f"What was sent is no JSON: {error}.")


def read_inputs(body: bytes, media_type: str) -> dict[str, str] | Rejection:
    """The inputs of a form, each with its text; of one that comes several times, all texts.

    >>> read_inputs(b"email=ada%40example.com&topic=a&topic=b", "application/x-www-form-urlencoded")
    {'email': 'ada@example.com', 'topic': 'a, b'}
    """
    if media_type == FORM:
        return _urlencoded(body)
    if media_type in ("application/json", "text/plain", "") or media_type.endswith("+json"):  # beacons are plain text
        payload = read_json(body)
        if isinstance(payload, Rejection):
            return payload
        if is_object(payload):
            return flattened(payload)
        return Rejection(RejectionReason.NOT_FORM, f"What was sent is no object of inputs: {_HOW}.")
    hint = " In a page: `new URLSearchParams(new FormData(form))`." if media_type.startswith("multipart/") else ""
    return Rejection(RejectionReason.NOT_FORM, f"A form is not taken as `{media_type}`: {_HOW}.{hint}")


def flattened(payload: Json) -> dict[str, str]:
    """The parts of a payload that hold text, by their paths; at most five hundred of them.

    >>> flattened({"lead": {"email": "ada@example.com", "tags": ["a", "b"], "age": 36}, "spam": False})
    {'lead.email': 'ada@example.com', 'lead.tags': 'a, b', 'lead.age': '36', 'spam': 'false'}
    """
    found: dict[str, str] = {}
    for path, text in _parts("", payload, 0):
        found[path] = text
        if len(found) >= PARTS_MAX:
            break
    return found


def part_at(payload: Json, path: str) -> str | None:
    """The text at a path; None where there is none.

    >>> part_at({"answers": [{"name": "email", "values": ["ada@example.com"]}]}, "answers[name=email].values[0]")
    'ada@example.com'
    """
    for step in steps_of(path):
        payload = _step(payload, step)
        if payload is None:
            return None
    return text_of(payload)


def text_of(part: Json) -> str:
    """A part of JSON as a cell holds it: lists of plain values one after the other, what is nested as JSON.

    >>> text_of(True), text_of(1.5), text_of(None), text_of(["a", 1]), text_of({"a": 1})
    ('true', '1.5', '', 'a, 1', '{"a":1}')
    """
    if isinstance(part, str):
        return part
    if part is None:
        return ""
    if is_list(part) and not any(is_object(each) or is_list(each) for each in part):
        return ", ".join(map(text_of, part))
    try:
        return msgspec.json.encode(part).decode()
    except (msgspec.EncodeError, RecursionError, ValueError):
        return ""


def _urlencoded(body: bytes) -> dict[str, str] | Rejection:
    try:
        text = body.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        text, encoding = body.decode("latin-1"), "latin-1"
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=encoding, errors="replace", max_num_fields=PARTS_MAX)
    except ValueError:
        return Rejection(RejectionReason.TOO_LONG, f"The form has more than {PARTS_MAX} inputs.")
    inputs: dict[str, str] = {}
    for name, value in pairs:
        inputs[name] = f"{inputs[name]}, {value}" if inputs.get(name) else value
    return inputs


def _parts(path: str, payload: Json, depth: int) -> Iterator[tuple[str, str]]:
    if is_object(payload) and payload and depth < 20:
        for name, part in payload.items():
            yield from _parts(f"{path}.{name}" if path else str(name), part, depth + 1)
    elif path:
        yield path, text_of(payload)


def _step(payload: Json, step: str) -> Json:
    if not step.startswith("["):
        return payload.get(step) if is_object(payload) else None
    if not is_list(payload):
        return None
    name, equals, wanted = step[1:-1].partition("=")
    if not equals:
        return payload[int(name)] if int(name) < len(payload) else None
    return next((each for each in payload if is_object(each) and text_of(each.get(name)) == wanted), None)
