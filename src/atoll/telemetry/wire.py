"""Records on their way from where they are made to where they are kept: MessagePack, a number first that says which.

All 128 bits of a trace id are no number of MessagePack: a span has them as bytes, a line as two halves.
"""

import struct
from typing import Annotated

import msgspec

from atoll.kernel import Trace
from atoll.telemetry.figures import Figure
from atoll.telemetry.record import Kind, LogLine, Span

SPAN, LINE, SAMPLE = 1, 2, 3

_HALF = (1 << 64) - 1
_encode = msgspec.msgpack.Encoder().encode


class Gauge(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A figure that goes up and down, of a process, or of one of several parts of it that `of` names."""

    name: str
    value: float
    of: str = ""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A process at a moment (seconds since 1970): what it has counted since it began, and its gauges."""

    at: float
    figures: list[Figure]
    gauges: list[Gauge]


Record = Span | LogLine | Sample


def encode_span(span: Span, offset_s: float, *, tells: bool | None = None) -> bytes:
    """A span, with its beginning moved by `offset_s` from the recorder's clock to the seconds since 1970.

    `tells` marks one whose trace is worth to be kept, so that whoever collects many need not look into all of them; by
    default it says so itself.
    """
    tells = span.tells if tells is None else tells
    words = (span.name, span.caller, span.outcome, span.attempt, span.degraded, span.met, span.kind)
    tail = _encode((*words, span.service, span.tenant, span.key))[1:]
    trace = Trace(span.trace_id, span.span_id, span.parent_id)
    return encode_plain(trace, span.started_at + offset_s, span.duration_s, tail, tells=tells)


def encode_plain(trace: Trace, started_at: float, duration_s: float, tail: bytes, *, tells: bool) -> bytes:
    """The same of a call that ended well, out of its numbers and of its `plain_tail`."""
    mark = _TELLING if tells else _PLAIN
    of_trace = trace.trace_id.to_bytes(16, "big")
    return _HEAD(mark, of_trace, _U64, trace.span_id, _U64, trace.parent_id, _F64, started_at, _F64, duration_s) + tail


def plain_tail(figure: Figure, key: str = "") -> bytes:
    """What all calls of one kind that ended well, and are about the same key, have in common, in bytes."""
    words = (figure.name, figure.caller, "ok", 1, (), (), figure.kind, figure.service, "main", key)
    return _encode(words)[1:]


_MARK = b"\xdc\x00\x11\x01"
"""How a span begins: an array of 17, and its number. One byte says whether it tells, two begin the trace's 16 bytes."""
_TELLS_AT, _TRACE_AT = 4, 7
_TRUE, _FALSE, _BYTES_16 = b"\xc3", b"\xc2", b"\xc4\x10"
_TELLING, _PLAIN = (_MARK + tells + _BYTES_16 for tells in (_TRUE, _FALSE))
_HEAD = struct.Struct(">7s16sBQBQBdBd").pack
"""Mark and trace, then the numbers of a span, each behind the byte that says how MessagePack writes it."""
_U64, _F64 = 0xCF, 0xCB


def glance(record: bytes) -> tuple[bool, bytes] | None:
    """What of a span can be seen without decoding it: whether it tells, and its trace. None where it is no span."""
    if not record.startswith(_MARK):
        return None
    return record.startswith(_TRUE, _TELLS_AT), record[_TRACE_AT : _TRACE_AT + 16]


def encode_line(line: LogLine) -> bytes:
    """A line of a log."""
    trace = line.trace_id
    more = (line.service, trace >> 64, trace & _HALF, line.span_id, line.error, line.more)
    return _encode((LINE, line.at, line.level, line.logger, line.message, *more))


def encode_sample(sample: Sample) -> bytes:
    """A process at a moment."""
    return _encode((SAMPLE, sample.at, sample.figures, sample.gauges))


class _Span(msgspec.Struct, array_like=True, tag=SPAN, frozen=True, gc=False):
    tells: bool
    trace: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    span_id: int
    parent_id: int
    started_at: float
    duration_s: float
    name: str
    caller: str
    outcome: str
    attempt: int
    degraded: tuple[str, ...]
    met: tuple[str, ...]
    kind: Kind
    service: str
    tenant: str
    key: str


class _Line(msgspec.Struct, array_like=True, tag=LINE, frozen=True, gc=False):
    at: float
    level: int
    logger: str
    message: str
    service: str
    high: int
    low: int
    span_id: int
    error: str
    more: str


class _Sample(msgspec.Struct, array_like=True, tag=SAMPLE, frozen=True, gc=False):
    at: float
    figures: list[Figure]
    gauges: list[Gauge]


_decoder = msgspec.msgpack.Decoder(_Span | _Line | _Sample)


def decode(content: bytes | memoryview) -> Record:
    """The record in some bytes.

    Raises:
        msgspec.DecodeError: it is none; what was being written when a machine stopped, say.
    """
    found: _Span | _Line | _Sample = _decoder.decode(content)
    match found:
        case _Span():
            return Span(
                found.name,
                found.caller,
                int.from_bytes(found.trace, "big"),
                found.span_id,
                found.parent_id,
                found.started_at,
                found.duration_s,
                found.outcome,
                found.attempt,
                found.degraded,
                found.met,
                found.kind,
                found.service,
                found.key,
                found.tenant,
            )
        case _Line():
            trace_id = found.high << 64 | found.low
            more = (found.service, trace_id, found.span_id, found.error, found.more)
            return LogLine(found.at, found.level, found.logger, found.message, *more)
        case _Sample():
            return Sample(found.at, found.figures, found.gauges)
