"""Events as HTTP brings them: CloudEvents 1.0.2 in its JSON format and its HTTP protocol binding, all content modes.

Read as the specification asks a receiver to: the names of headers in any case, content types with parameters, values
percent-encoded or quoted, attributes that are null as absent, `data_base64`, extensions kept, names that no attribute
can have passed over. What is amiss is told all at once, each with a pointer to it. Pure; `forms` writes what is read
here.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from atoll.contract import Fault, Invalid
from atoll.events.forms import BATCH, JSON, PREFIX, STRUCTURED

INCOMING_MAX = 1_000
"""So many events are taken together, at most."""

FAULTS_MAX = 100
"""How many faults of one request are told."""

ATTRIBUTES_MAX = 50
ATTRIBUTE_BYTES_MAX = 1_024
"""So many attributes an event has, and so long is each, at most: they become headers, and keys of tables."""

REQUIRED = ("id", "source", "type", "specversion")

Attributes = dict[str, str | bool | int]
"""What stands around the data of an event, by name."""

_NAME = re.compile(r"[a-z0-9]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:(?P<second>\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_NULL = msgspec.Raw(b"null")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Incoming(msgspec.Struct, frozen=True):
    """One event as it came: its attributes, and its data as JSON, or None where it has none.

    `pointer` and `place` lead to its attributes in the request, `data_pointer` to its data in the body: for faults.
    """

    attributes: Attributes
    data: bytes | None
    pointer: str = ""
    place: str = "body"
    data_pointer: str = "/data"

    def fault(self, name: str, detail: str) -> Fault:
        """What is wrong with one of its attributes."""
        return Fault(pointer=f"{self.pointer}/{_shown(self.place, name)}", detail=detail, place=self.place)

    def text(self, name: str) -> str:
        """An attribute that is text; empty where there is none."""
        value = self.attributes.get(name, "")
        return value if isinstance(value, str) else ""


class NoForm(ValueError):
    """The content type of a request is none in which events come."""


def read_incoming(headers: Mapping[str, str], body: bytes) -> list[Incoming]:
    """The events in a request. The names of `headers` are in lower case, their values as Latin-1 reads them.

    Raises:
        NoForm: it is neither JSON of CloudEvents, nor an event in headers with data that is JSON.
        Invalid: what it carries are no events; with every fault.
    """
    content_type = headers.get("content-type", "")
    kind, charset = media_type(content_type)
    if kind.startswith("application/cloudevents"):
        if kind not in (STRUCTURED, BATCH) or charset not in ("utf-8", "us-ascii"):
            raise NoForm(content_type)
        return _in_batch(body) if kind == BATCH else _whole([_Read("").structured(body)])
    if f"{PREFIX}specversion" not in headers and f"{PREFIX}id" not in headers:
        raise NoForm(content_type or "nothing")
    return _whole([_Read("", "header").binary(headers, body, kind)])


def media_type(content_type: str) -> tuple[str, str]:
    """The media type in a content type, and its charset, both in lower case.

    >>> media_type('Application/CloudEvents+JSON; Charset="UTF-8"')
    ('application/cloudevents+json', 'utf-8')
    """
    kind, *parameters = content_type.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return kind.strip().lower(), value.strip().strip('"').lower()
    return kind.strip().lower(), "utf-8"


def is_json(kind: str) -> bool:
    """Whether a media type declares JSON: `*/json`, or `*/*+json`; nothing declares it, too."""
    subtype = kind.partition("/")[2]
    return not kind or subtype == "json" or subtype.endswith("+json")


def has_control(text: str) -> bool:
    """Whether there is a control character in a text: no attribute can hold one."""
    return _CONTROL.search(text) is not None


def is_time(text: str) -> bool:
    """Whether a text is a moment after RFC 3339; a leap second is one.

    >>> is_time("2026-11-02t09:30:60.25z"), is_time("2026-11-02 09:30:00Z"), is_time("2026-11-02T09:30:00")
    (True, False, False)
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    start, end = found.span("second")
    whole = f"{text[:start]}59{text[end:]}" if found["second"] == "60" else text
    try:
        datetime.fromisoformat(whole.upper())
    except ValueError:
        return False
    return True


def _in_batch(body: bytes) -> list[Incoming]:
    try:
        items = _items(body)
    except (ValueError, RecursionError) as error:
        raise Invalid((Fault(pointer="", detail=f"is no JSON array of events: {error}"),)) from None
    if len(items) > INCOMING_MAX:
        raise Invalid((Fault(pointer="", detail=f"has {len(items)} events, and {INCOMING_MAX} are taken at once"),))
    return _whole([_Read(f"/{number}").structured(bytes(item)) for number, item in enumerate(items)])


def _whole(several: "list[_Read]") -> list[Incoming]:
    """All of them, where nothing is wrong with any."""
    faults = [fault for each in several for fault in each.faults]
    if faults:
        raise Invalid(tuple(faults[:FAULTS_MAX]))
    return [each.found for each in several]


class _Read:
    """One event while it is read, and what is wrong with it."""

    def __init__(self, pointer: str, place: str = "body") -> None:
        self.faults: list[Fault] = []
        self.found = Incoming({}, None, pointer, place)

    def structured(self, text: bytes) -> "_Read":
        """Read an event in the JSON format."""
        try:
            members = _members(text)
        except (ValueError, RecursionError) as error:
            self.faults.append(Fault(pointer=self.found.pointer, detail=f"is no event in JSON: {error}"))
            return self
        attributes: Attributes = {}
        for name, raw in members.items():
            if _NAME.fullmatch(name) and name != "data":
                value = self._value(name, raw)
                if value is not None and value != "" and self._is_attribute(name, value):
                    attributes[name] = value
        where, data = "data", members.get("data")
        found = None if data is None else bytes(data)
        if (binary := self._value("data_base64", members.get("data_base64", _NULL))) is not None:
            where = "data_base64"
            if data is not None:
                self._wrong(where, "stands beside `data`, and only one of them can be the data")
            found = self._decoded(binary)
        pointer = f"{self.found.pointer}/{where}"
        self.found = Incoming(attributes, found, self.found.pointer, "body", pointer)
        self._check()
        return self

    def binary(self, headers: Mapping[str, str], body: bytes, kind: str) -> "_Read":
        """Read an event of which all but the data stands in headers."""
        attributes: Attributes = {}
        for header, value in headers.items():
            name = header.removeprefix(PREFIX)
            if name in (header, "data") or not _NAME.fullmatch(name):
                continue
            text = self._unescaped(name, value)
            if text and self._is_attribute(name, text):
                attributes[name] = text
        if "datacontenttype" in attributes:
            self._wrong("datacontenttype", "is what `content-type` says, and has no header of its own")
        if kind:
            attributes["datacontenttype"] = headers["content-type"]
        self.found = Incoming(attributes, body or None, "", "header", "")
        self._check()
        return self

    def _check(self) -> None:
        """What is wrong with the attributes that CloudEvents knows."""
        found = self.found
        if len(found.attributes) > ATTRIBUTES_MAX:
            self.faults.append(Fault(pointer=found.pointer, detail=f"has more than {ATTRIBUTES_MAX} attributes"))
        for name in REQUIRED:
            if not found.text(name):
                detail = "is required, and is text that is not empty"
                if not any(fault.pointer == found.fault(name, "").pointer for fault in self.faults):
                    self._wrong(name, detail)
        if found.text("specversion") not in ("", "1.0"):
            self._wrong("specversion", f"is `{found.text('specversion')}`, and 1.0 is what is understood here")
        if "time" in found.attributes and not is_time(found.text("time")):
            self._wrong("time", "is no moment with a time zone (RFC 3339), as 2026-11-02T09:30:00Z")
        kind, charset = media_type(str(found.attributes.get("datacontenttype", JSON)))
        if not is_json(kind) or charset not in ("utf-8", "us-ascii"):
            self._wrong("datacontenttype", f"is `{kind}` in {charset}, and data is JSON in UTF-8 here")

    def _is_attribute(self, name: str, value: Any) -> bool:  # Any: JSON
        if isinstance(value, str):
            if has_control(value):
                self._wrong(name, "holds a control character")
            elif len(value.encode()) > ATTRIBUTE_BYTES_MAX:
                self._wrong(name, f"has more than {ATTRIBUTE_BYTES_MAX} bytes")
            else:
                return True
            return False
        if isinstance(value, bool) or (isinstance(value, int) and -(2**31) <= value < 2**31):
            return True
        self._wrong(name, "is neither text, nor true or false, nor a whole number of 32 bits")
        return False

    def _value(self, name: str, raw: msgspec.Raw) -> Any:  # Any: JSON, of which some has no place in an attribute
        try:
            return msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            self._wrong(name, f"is not JSON: {error}")
            return None

    def _decoded(self, value: Any) -> bytes | None:  # Any: JSON
        """The data in `data_base64`."""
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            self._wrong("data_base64", "is not Base64")
            return None

    def _unescaped(self, name: str, value: str) -> str:
        """The value of a header: quotes are taken away, then one round of percent-decoding."""
        if not value.isascii():
            self._wrong(name, "is not percent-encoded")
            return ""
        plain = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value)
        try:
            return unquote_to_bytes(plain).decode()
        except UnicodeDecodeError:
            self._wrong(name, "is not percent-encoded UTF-8")
            return ""

    def _wrong(self, name: str, detail: str) -> None:
        self.faults.append(self.found.fault(name, detail))


def _shown(place: str, name: str) -> str:
    return f"{PREFIX}{name}" if place == "header" else name
