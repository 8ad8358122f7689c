"""Envelopes: events as they travel and are kept, after CloudEvents 1.0 in its JSON format.

Beside the attributes that CloudEvents asks for stand those of its extensions: `partitionkey` (the key), `sequence`
(counted by key, as text that sorts), `traceparent`; and three of our own, `tenant`, `actor` and `erasedat`. The actor
is data: who caused it, never a right to do something.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from atoll.events.ports import PARTITIONS
from atoll.kernel import Trace


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, kw_only=True):
    """One event in its envelope. `data` is JSON as it was published."""

    id: str
    source: str
    type: str
    time: str = ""
    specversion: str
    datacontenttype: str = ""
    partitionkey: str | None = None
    sequence: str | None = None
    tenant: str = "main"
    actor: str | None = None
    traceparent: str = ""
    erasedat: str = ""
    """When what is personal was erased from it; its data is null where nothing was left that fits."""
    data: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def happened_at(self) -> datetime | None:
        """When it happened; None where nobody says."""
        try:
            return datetime.fromisoformat(self.time) if self.time else None
        except ValueError:
            return None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Envelope).decode


def encode_envelope(
    envelope: Envelope, sequence: int | None = None, extensions: Mapping[str, str | bool | int] | None = None
) -> bytes:
    """The envelope as JSON; with its place in the order of its key, where that is known by now.

    `extensions` are attributes of others, called as none of ours: they are kept, and passed over when it is read.
    """
    text = _encode(envelope)
    if extensions:
        text = b"%b,%b" % (_encode(extensions)[:-1], text[1:])
    return text if sequence is None else b'{"sequence":"%020d",%b' % (sequence, text[1:])


def decode_envelope(text: bytes | msgspec.Raw) -> Envelope:
    """The envelope in the JSON; attributes that nobody knows here are passed over.

    Raises:
        ValueError: it is none.
    """
    return _decode(text)


UNREADABLE = "unreadable"
"""The type of what is no envelope."""


def read_envelope(text: bytes | msgspec.Raw, name: str) -> Envelope:
    """The envelope in the JSON; where it is none, one that says so, and is called `name`."""
    try:
        return _decode(text)
    except ValueError:
        return Envelope(id=name, source="", type=UNREADABLE, specversion="1.0")


def partition_of(tenant: str, key: str) -> int:
    """The partition of a key: the same for ever.

    >>> partition_of("main", "lead-7")
    13
    """
    return zlib.crc32(f"{tenant}\0{key}".encode()) % PARTITIONS


def trace_id_of(envelope: Envelope) -> str:
    """The trace in which an event was published, as people see it; empty where there is none."""
    trace = Trace.parse(envelope.traceparent) if envelope.traceparent else None
    return "" if trace is None else trace.id
