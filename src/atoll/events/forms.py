"""Events as HTTP carries them away: CloudEvents 1.0.2, HTTP protocol binding, in its three content modes.

    structured   one event as JSON, `application/cloudevents+json`
    batch        several as a JSON array, `application/cloudevents-batch+json`
    binary       the data as the body, everything else as headers `ce-...`

What a stranger is told says nothing of tenants and actors. Pure; `incoming` reads what is written here.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Form = Literal["structured", "binary", "batch"]
"""How an event is written into a request."""

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"

BATCH_MAX = 100
"""So many events are posted together, at most."""

BATCH_BYTES_MAX = 1024 * 1024
"""So long is a batch, at most, unless one event alone is longer."""

PREFIX = "ce-"

Headers = tuple[tuple[str, str], ...]
"""Names and values of headers, the names in lower case."""

Members = dict[str, msgspec.Raw]
"""An event in the JSON format, by the names of its attributes and `data`."""

_OURS = ("tenant", "actor")
_UNSAFE = re.compile(r"[^!#$&-~]")
_members = msgspec.json.Decoder(Members).decode
_encode = msgspec.json.Encoder().encode


def written(form: Form, texts: Sequence[bytes], *, is_stranger: bool) -> tuple[Headers, bytes]:
    """The headers and the body of a request that carries events, which are given as their envelopes' JSON.

    All forms but `batch` carry exactly one.
    """
    told = [_without(text, _OURS) for text in texts] if is_stranger else texts
    if form == "batch":
        return (("content-type", f"{BATCH}; charset=UTF-8"),), b"[%b]" % b",".join(told)
    (text,) = told
    if form == "structured":
        return (("content-type", f"{STRUCTURED}; charset=UTF-8"),), text
    return _in_binary(_members(text))


def header_value(value: str | bool | int) -> str:
    """A CloudEvents attribute as a header holds it: percent-encoded UTF-8 where it is no visible ASCII.

    >>> header_value('Euro €'), header_value(True), header_value('100%')
    ('Euro%20%E2%82%AC', 'true', '100%25')
    """
    text = value if isinstance(value, str) else _encode(value).decode()
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _without(text: bytes, names: Sequence[str]) -> bytes:
    members = _members(text)
    for name in names:
        members.pop(name, None)
    return _encode(members)


def _in_binary(members: Members) -> tuple[Headers, bytes]:
    data = members.pop("data", msgspec.Raw(b"null"))
    kind: Any = _value(members.pop("datacontenttype", msgspec.Raw(b"null")))  # Any: JSON
    lines = [("content-type", str(kind or JSON))]
    for name, raw in members.items():
        if (value := _value(raw)) is not None:
            lines.append((f"{PREFIX}{name}", header_value(value)))
    return tuple(lines), bytes(data)


def _value(raw: msgspec.Raw) -> Any:  # Any: the value of an attribute: text, a number, true or false
    return msgspec.json.decode(raw)
