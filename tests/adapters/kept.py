"""Telemetry that was kept, in plain Python: what the store has to answer. And what is written into it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from atoll.adapters.telemetry_schema import store_path, telemetry_folder
from atoll.adapters.telemetry_store import Batch, TelemetryStore
from atoll.telemetry import Kept, KeptLine, Kind, LogLine, LogSearch, Span, TraceSearch, TraceSummary


def store_of(state: Path, size_bytes_max: int = 64 * 1024 * 1024) -> TelemetryStore:
    """A store below a state folder."""
    telemetry_folder(state)
    return TelemetryStore(store_path(state), size_bytes_max)


def write(store: TelemetryStore, spans: Sequence[Span] = (), lines: Sequence[LogLine] = (), at: float = 0.0) -> None:
    """Keep some spans and lines of one process."""
    store.write(Batch(at, [Kept("scoring-1", spans, lines)]))


class PlainTelemetry:
    """The same questions, answered by looking at everything."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.lines: list[LogLine] = []

    def add(self, spans: Iterable[Span], lines: Iterable[LogLine]) -> None:
        """Keep these; what is there already is not kept twice."""
        known = {_identity(span) for span in self.spans}
        for span in spans:
            if _identity(span) not in known:
                known.add(_identity(span))
                self.spans.append(span)
        self.lines += lines

    def trace(self, trace_id: int) -> list[Span]:
        """The spans of a trace, by their beginning."""
        found = [span for span in self.spans if span.trace_id == trace_id]
        return sorted(found, key=_order)

    def traces(self, search: TraceSearch) -> list[TraceSummary]:
        """Traces, those that began last first."""
        ids = list(dict.fromkeys(span.trace_id for span in self.spans))  # the last that was met breaks a tie
        found = [(self.trace(trace_id)[0].started_at, place, trace_id) for place, trace_id in enumerate(ids)]
        return [
            _summary(self.trace(trace_id))
            for began_at, _, trace_id in sorted(found, reverse=True)
            if search.since <= began_at < search.until
            and any(_is_meant(span, search) for span in self.trace(trace_id))
            and (search.with_turns or search.name or not _came_to_nothing(self.trace(trace_id)))
        ][: search.limit]

    def logs(self, search: LogSearch) -> list[KeptLine]:
        """Lines of all logs."""
        numbered = [KeptLine(number, "scoring-1", line) for number, line in enumerate(self.lines, 1)]
        found = [
            one
            for one in numbered
            if search.service in ("", one.line.service)
            and one.line.level >= search.level
            and search.trace_id in (0, one.line.trace_id)
            and (search.text in one.line.message or search.text in one.line.error)
            and search.since <= one.line.at < search.until
            and (search.after is None or one.number > search.after)
        ]
        return (found if search.after is not None else found[::-1])[: search.limit]

    def story(self, key: str) -> list[Span]:
        """Each span about a key, those above it and those below it."""
        return sorted((span for span in self.spans if self._belongs(span, key)), key=_order)

    def _belongs(self, span: Span, key: str) -> bool:
        trace = self.trace(span.trace_id)
        about = [one for one in trace if one.key == key]
        return any(_is_above(span, one, trace) or _is_above(one, span, trace) for one in about)


def _is_above(upper: Span, lower: Span, trace: Sequence[Span]) -> bool:
    """Whether going up from the lower, by parents, leads to the upper. Both may be the same."""
    wanted = {lower.span_id}
    seen: set[int] = set()
    while wanted:
        if upper.span_id in wanted:
            return True
        seen |= wanted
        wanted = {one.parent_id for one in trace if one.span_id in wanted} - seen
    return False


def _is_meant(span: Span, search: TraceSearch) -> bool:
    return (
        search.service in ("", span.service)
        and search.name in ("", span.name)
        and search.key in ("", span.key)
        and search.outcome in ("", span.outcome)
        and not (search.is_failed and span.is_well)
        and span.duration_s >= search.duration_min_s
    )


def _came_to_nothing(spans: Sequence[Span]) -> bool:
    kinds = {span.kind for span in spans}
    more = {Kind.DELIVERY, Kind.PUBLISHED}
    return Kind.TURN in kinds and not kinds & more and not any(span.tells for span in spans)


def _summary(spans: Sequence[Span]) -> TraceSummary:
    first = spans[0]
    return TraceSummary(
        first.trace_id,
        first.started_at,
        max(span.started_at + span.duration_s for span in spans) - first.started_at,
        first.service,
        first.name,
        first.key,
        first.outcome,
        len(spans),
        sum(span.outcome != "ok" for span in spans),
        tuple(dict.fromkeys(span.service for span in spans if span.service)),
    )


def _identity(span: Span) -> tuple[int, int, str, float]:
    return span.trace_id, span.span_id, span.kind, span.started_at


def _order(span: Span) -> tuple[float, int, str]:
    return span.started_at, span.span_id, span.kind
