"""Records on their way from where they are made to where they are kept: MessagePack, a number first that says which.

Whole 128 bits of a trace id are no number of MessagePack: they travel as two halves.
"""

import msgspec

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


def encode_span(span: Span, offset_s: float) -> bytes:
    """A span, with its beginning moved by `offset_s` from the loop's clock to the seconds since 1970."""
    trace_id = span.trace_id
    return _encode(
        (
            SPAN,
            span.name,
            span.caller,
            trace_id >> 64,
            trace_id & _HALF,
            span.span_id,
            span.parent_id,
            span.started_at + offset_s,
            span.duration_s,
            span.outcome,
            span.attempt,
            span.degraded,
            span.met,
            span.kind,
            span.service,
            span.key,
            span.tenant,
        )
    )


def encode_line(line: LogLine) -> bytes:
    """A line of a log."""
    trace = line.trace_id
    more = (line.service, trace >> 64, trace & _HALF, line.span_id, line.error, line.more)
    return _encode((LINE, line.at, line.level, line.logger, line.message, *more))


def encode_sample(sample: Sample) -> bytes:
    """A process at a moment."""
    return _encode((SAMPLE, sample.at, sample.figures, sample.gauges))


class _Span(msgspec.Struct, array_like=True, tag=SPAN, frozen=True, gc=False):
    name: str
    caller: str
    high: int
    low: int
    span_id: int
    parent_id: int
    started_at: float
    duration_s: float
    outcome: str
    attempt: int
    degraded: tuple[str, ...]
    met: tuple[str, ...]
    kind: Kind
    service: str
    key: str
    tenant: str


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
                found.high << 64 | found.low,
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
