"""Spans, lines and samples as rows of the store, and back."""

import zlib
from collections.abc import Iterable
from math import isfinite
from typing import Any

import msgspec

from atoll.telemetry import KeptLine, Kind, LogLine, Sample, Span, decode, encode_sample

_KINDS: tuple[Kind, ...] = tuple(Kind)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_WRAP, _HALF = 1 << 64, 1 << 63
_more = msgspec.msgpack.Decoder(tuple[tuple[str, ...], tuple[str, ...]])

_TELLS = 1 << len(_KINDS)
_TURN = 1 << _NUMBERS[Kind.TURN]
_QUIET = _TURN | sum(1 << _NUMBERS[kind] for kind in (Kind.CALL, Kind.ASKED, Kind.INNER))
IS_SHOWN = f"(NOT kinds & {_TURN} OR kinds & ~{_QUIET})"
"""Whether a trace is more than work that is done again and again and of which nothing came."""

SPAN_COLUMNS = (
    "s.span, s.kind, s.started_at, s.duration_s, s.parent, s.attempt, s.key, s.tenant, s.more,"
    " w.service, w.name, w.caller, w.outcome"
)
LINE_COLUMNS = "l.number, p.name, l.at, l.level, l.service, l.trace, l.span, l.logger, l.message, l.error, l.more"

Row = tuple[Any, ...]  # Any: what SQLite has for the columns


def trace_bytes(trace_id: int) -> bytes:
    """A trace id as it is kept."""
    return trace_id.to_bytes(16, "big")


def signed(number: int) -> int:
    """64 bits as SQLite has them."""
    return number - _WRAP if number >> 63 else number


def is_storable_span(span: Span) -> bool:
    """Whether a span has a row: no torn record has made it up."""
    times = isfinite(span.started_at) and isfinite(span.duration_s)
    return times and 0 <= span.attempt < _HALF and _are_ids(span.trace_id, span.span_id, span.parent_id)


def is_storable_line(line: LogLine) -> bool:
    """Whether a line has a row, as above."""
    return isfinite(line.at) and 0 <= line.level < _HALF and _are_ids(line.trace_id, line.span_id, 0)


def _are_ids(trace_id: int, span_id: int, parent_id: int) -> bool:
    return 0 <= trace_id < 1 << 128 and 0 <= span_id < _WRAP and 0 <= parent_id < _WRAP


def kinds_of(spans: Iterable[Span]) -> int:
    """Which kinds of work there are, as bits, and one more where a span tells something by itself."""
    kinds = 0
    for span in spans:
        kinds |= 1 << _NUMBERS[span.kind] | (_TELLS if span.tells else 0)
    return kinds


def span_row(span: Span, trace: int, began_at: float, work: int) -> Row:
    """The row of a span, in the trace with this number that began then."""
    more = msgspec.msgpack.encode((span.degraded, span.met)) if span.degraded or span.met else None
    return (
        trace,
        signed(span.span_id),
        _NUMBERS[span.kind],
        span.started_at,
        began_at,
        work,
        span.duration_s,
        signed(span.parent_id),
        span.attempt,
        span.key,
        span.tenant,
        more,
    )


def span_of(trace_id: int, row: Row) -> Span:
    """The span in a row of `SPAN_COLUMNS`."""
    number, kind, started_at, duration_s, parent, attempt, key, tenant, more, service, name, caller, outcome = row
    degraded, met = _more.decode(more) if more else ((), ())
    return Span(
        name,
        caller,
        trace_id,
        number % _WRAP,
        parent % _WRAP,
        started_at,
        duration_s,
        outcome,
        attempt,
        degraded,
        met,
        _kind(kind),
        service,
        key,
        tenant,
    )


def _kind(number: int) -> Kind:
    return _KINDS[number]


def line_row(line: LogLine, process: int, upto: int) -> Row:
    """The row of a line of a process."""
    trace = trace_bytes(line.trace_id) if line.trace_id else None
    said = (line.logger, line.message, line.error, line.more)
    return (line.at, line.level, line.service, trace, signed(line.span_id), process, upto, *said)


def line_of(row: Row) -> KeptLine:
    """The line in a row of `LINE_COLUMNS`."""
    number, process, at, level, service, trace, span, logger, message, error, more = row
    trace_id = int.from_bytes(trace, "big") if trace else 0
    return KeptLine(number, process, LogLine(at, level, logger, message, service, trace_id, span % _WRAP, error, more))


def sample_bytes(sample: Sample) -> bytes:
    """A sample as it is kept: names are most of it, and they are the same ones again and again."""
    return zlib.compress(encode_sample(sample), 1)


def sample_of(content: bytes) -> Sample:
    """The sample in some bytes."""
    found = decode(zlib.decompress(content))
    assert isinstance(found, Sample)
    return found
