"""What one process records: counted at once, and written where it outlives the process."""

import logging
import threading
import traceback
from collections.abc import Callable

from atoll.kernel import Trace, context
from atoll.telemetry.figures import Figures, Track
from atoll.telemetry.logs import extra_json
from atoll.telemetry.record import Kind, LogLine, Span
from atoll.telemetry.wire import Gauge, Sample, encode_line, encode_plain, encode_sample, encode_span, plain_tail

Write = Callable[[bytes], None]
"""Takes a record, quickly. Promises not to wait."""

TEXT_MAX = 16_000
"""So many characters of a message, of a traceback and of what else is said are kept."""


class Journal:
    """Takes spans, lines and samples, and counts spans. Fulfils `Recorder`; never raises.

    `write` is called on the loop's thread alone, `write_aside` by one thread at a time. `now` is the clock of records,
    and `offset_s` leads from it to the seconds since 1970: whoever owns the journal keeps that true.
    """

    def __init__(self, write: Write, write_aside: Write, now: Callable[[], float], offset_s: float) -> None:
        self.now = now
        self.figures = Figures()
        self.offset_s = offset_s
        self.unwritten = 0
        """Records that could not be written: text that is none, say."""
        self._write = write
        self._write_aside = write_aside
        self._lock = threading.Lock()

    def record(self, span: Span) -> None:
        """Take one span, on the loop's thread."""
        try:
            tells = self.figures.count(span)
            self._write(encode_span(span, self.offset_s, tells=tells))
        except Exception:  # noqa: BLE001  # names of strangers that have no bytes: the call goes on
            self.unwritten += 1

    def track(self, kind: Kind, service: str, name: str, caller: str) -> Track | None:
        """The track of one kind of work."""
        track = self.figures.track(kind, service, name, caller)
        if track is not None and not track.tail:
            try:
                track.tail = plain_tail(track.figure)
            except Exception:  # noqa: BLE001  # as above
                return None
        return track

    def record_plain(self, track: Track, trace: Trace, begun_at: float, duration_s: float, key: str) -> None:
        """Take one record of work that ended well, on the loop's thread."""
        try:
            tells = track.count(duration_s)
            tail = plain_tail(track.figure, key) if key else track.tail
            self._write(encode_plain(trace, begun_at + self.offset_s, duration_s, tail, tells=tells))
        except Exception:  # noqa: BLE001  # as above
            self.unwritten += 1

    def record_aside(self, span: Span) -> None:
        """Take one span, on any thread."""
        with self._lock:
            try:
                self._write_aside(encode_span(span, self.offset_s))
            except Exception:  # noqa: BLE001  # as above
                self.unwritten += 1

    def line(self, line: LogLine) -> None:
        """Take a line of a log, on any thread."""
        with self._lock:
            try:
                self._write_aside(encode_line(line))
            except Exception:  # noqa: BLE001  # as above
                self.unwritten += 1

    def sample(self, at: float, gauges: list[Gauge]) -> None:
        """Write what was counted so far, and gauges; `at` is in seconds since 1970."""
        with self._lock:
            try:
                self._write_aside(encode_sample(Sample(at, self.figures.all, gauges)))
            except Exception:  # noqa: BLE001  # as above
                self.unwritten += 1


class JournalHandler(logging.Handler):
    """Writes what is logged into a journal, with its trace and whose work it was."""

    def __init__(self, journal: Journal, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        try:
            self._journal.line(_line(record))
        except Exception:  # noqa: BLE001  # a log never stops whoever logs
            self.handleError(record)


def _line(record: logging.LogRecord) -> LogLine:
    now = context()
    named = getattr(record, "trace_id", "")  # of work whose context is no longer the current one
    trace_id = int(named, 16) if named else now.trace.trace_id
    error = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else record.stack_info or ""
    return LogLine(
        record.created,
        record.levelno,
        record.name,
        _fit(record.getMessage()),
        str(getattr(record, "service", "") or now.service),
        trace_id,
        now.trace.span_id if trace_id == now.trace.trace_id else 0,
        _fit(error),
        extra_json(record)[:TEXT_MAX],
    )


def _fit(text: str) -> str:
    """Text that has bytes in UTF-8, and not too many."""
    return text[:TEXT_MAX].encode(errors="backslashreplace").decode()
