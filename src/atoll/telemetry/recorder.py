"""Who keeps records: the port, and one that keeps them in memory."""

import asyncio
from collections import deque
from typing import Protocol

from atoll.kernel import Trace
from atoll.telemetry.figures import Figures, Track
from atoll.telemetry.record import Kind, Span


class Recorder(Protocol):
    """Keeps records. Promises to be quick and never to raise: it stands on the path of every call.

    Most calls are like many before them: they end well, at the first attempt, with nothing to tell. Whoever answers
    them keeps a track for each kind, and records such a call by its numbers alone.
    """

    def now(self) -> float:
        """This moment on the clock of records, in seconds: a finer one than the loop's, where there is one."""
        ...

    def record(self, span: Span) -> None:
        """Take one record."""
        ...

    def track(self, kind: Kind, service: str, name: str, caller: str) -> Track | None:
        """The track of one kind of work, to be kept; None when there are too many kinds."""
        ...

    def record_plain(self, track: Track, trace: Trace, begun_at: float, duration_s: float, key: str) -> None:
        """Take one record of work that ended well, of the tenant `main`, about a key (empty: about none)."""
        ...


class MemoryRecorder:
    """Keeps the last records in memory, oldest first."""

    def __init__(self, records_max: int = 10_000) -> None:
        self._records: deque[Span] = deque(maxlen=records_max)
        self._figures = Figures()

    def now(self) -> float:
        """This moment on the loop's clock: that of a simulated world is its own."""
        return asyncio.get_running_loop().time()

    def record(self, span: Span) -> None:
        """Take one record; the oldest makes room."""
        self._records.append(span)

    def track(self, kind: Kind, service: str, name: str, caller: str) -> Track | None:
        """The track of one kind of work."""
        return self._figures.track(kind, service, name, caller)

    def record_plain(self, track: Track, trace: Trace, begun_at: float, duration_s: float, key: str) -> None:
        """Take one record of work that ended well."""
        kind = track.figure
        numbers = (trace.trace_id, trace.span_id, trace.parent_id, begun_at, duration_s)
        span = Span(kind.name, kind.caller, *numbers, "ok", kind=kind.kind, service=kind.service, key=key)
        self._records.append(span)

    @property
    def records(self) -> tuple[Span, ...]:
        """What was recorded."""
        return tuple(self._records)
