"""What can be asked of the telemetry that is kept. Where it is kept is a port.

All times are seconds since 1970, all spans of time seconds.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from atoll.telemetry.record import LogLine, Span
from atoll.telemetry.wire import Sample


class TraceSearch(msgspec.Struct, frozen=True):
    """Which traces are meant: those with a span for which all of this holds. `key` is what it was about, exactly.

    `is_failed` means spans that did not end well, `outcome` one code of them. `since` and `until` bound the trace's
    beginning; `until` is exclusive, so that the beginning of the last one that was found leads to the next page.

    What a service does again and again is passed over where nothing came of it (no event, nothing that failed or was
    slow), unless `name` is said or `with_turns` asks for that, too: it would hide all else.
    """

    service: str = ""
    name: str = ""
    key: str = ""
    outcome: str = ""
    is_failed: bool = False
    duration_min_s: float = 0.0
    since: float = 0.0
    until: float = float("inf")
    limit: int = 50
    with_turns: bool = False


class TraceSummary(msgspec.Struct, frozen=True):
    """One trace. `service`, `name` and `key` are of its first span, `outcome` is of that, too; `errors` counts all."""

    trace_id: int
    started_at: float
    duration_s: float
    service: str
    name: str
    key: str
    outcome: str
    spans: int
    errors: int
    services: tuple[str, ...]


class LogSearch(msgspec.Struct, frozen=True):
    """Which lines are meant: those for which all of this holds. `text` is part of the message or the error.

    `after` is the number of a line: later ones alone, the first of them first; without it the last ones, the last
    first. `level` is the least, as a number of `logging`.
    """

    service: str = ""
    level: int = 0
    trace_id: int = 0
    text: str = ""
    since: float = 0.0
    until: float = float("inf")
    after: int | None = None
    limit: int = 200


class KeptLine(msgspec.Struct, frozen=True):
    """A line of a log, with its number among all that are kept and the process that has logged it."""

    number: int
    process: str
    line: LogLine


class KeptTrace(msgspec.Struct, frozen=True):
    """All that is kept of one trace: its spans by their beginning, its lines by their moment."""

    spans: tuple[Span, ...]
    lines: tuple[KeptLine, ...]


class ProcessFigures(msgspec.Struct, frozen=True):
    """A process and its last sample. `is_alive` tells whether it runs, as far as whoever collects knows."""

    name: str
    is_alive: bool
    sample: Sample


class Story(msgspec.Struct, frozen=True):
    """What happened to one key: each piece of work that was about it, what caused that and what it has caused.

    Spans are in the order of their beginnings, over all traces; lines are those of these spans.
    """

    key: str
    spans: tuple[Span, ...]
    lines: tuple[KeptLine, ...]


class Lost(msgspec.Struct, frozen=True):
    """What is not there: traces beyond those that are kept, and records that were missed."""

    traces: int = 0
    missed_bytes: int = 0
    unreadable: int = 0


class Telemetry(Protocol):
    """The telemetry that is kept of an application, from all of its processes. Reads alone; blocks while it reads."""

    def traces(self, search: TraceSearch) -> Sequence[TraceSummary]:
        """Traces, those that began last first."""
        ...

    def trace(self, trace_id: int) -> KeptTrace:
        """One trace; an empty one where nothing is kept of it."""
        ...

    def logs(self, search: LogSearch) -> Sequence[KeptLine]:
        """Lines of all logs."""
        ...

    def story(self, key: str, *, spans_max: int = 2_000) -> Story:
        """What happened to a key, as far as it is kept: the last `spans_max` pieces of work."""
        ...

    def processes(self) -> Sequence[ProcessFigures]:
        """All processes that run, and those that have ended within the last ten minutes."""
        ...

    def history(self, since: float) -> Sequence[tuple[str, Sample]]:
        """Samples since a moment, with the name of their process: one each ten seconds, the first first."""
        ...

    def lost(self) -> Lost:
        """What is not there, since the store was made."""
        ...
