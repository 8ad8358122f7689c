"""The store of telemetry, written: a batch is one transaction, and the oldest makes room for it within a bound.

What was read of the rings is committed together with what became of it, so that who collects can be killed anywhere.
"""

import contextlib
import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from atoll.adapters.telemetry_rows import Row, kinds_of, line_row, sample_bytes, span_row, trace_bytes
from atoll.adapters.telemetry_schema import ENDED_SHOWN_S, opened_to_write
from atoll.telemetry import Kept, LogLine, Lost, Sample, Span

SIZE_BYTES_MAX = 512 * 1024 * 1024
"""Of everything that is kept."""

HISTORY_EVERY_S, HISTORY_S = 10.0, 86_400.0
HISTORY_AHEAD_S = 60.0
"""What lies further ahead is of a clock that was set back since."""
_TRACES_KNOWN_MAX = 20_000
_TRACE_BYTES, _SPAN_BYTES, _LINE_BYTES, _SAMPLE_BYTES = 90, 170, 90, 40
"""What a row takes beside its texts, with its places in indexes: about."""
_LOG_PAGES = 2_000


class Place(msgspec.Struct, frozen=True):
    """How far a ring was read. Before `position` everything is decided; what lies up to `read` was looked at before."""

    position: int = 0
    read: int = 0


class Batch(msgspec.Struct):
    """What is written together. `places` are of rings, by the names of their files; what is `gone` is forgotten.

    `alive` are the names of all processes that run now; `lost` comes on top of what was lost before.
    """

    at: float
    kept: Sequence[Kept] = ()
    places: Mapping[str, Place] = {}
    gone: Collection[str] = ()
    alive: Collection[str] = ()
    lost: Lost = Lost()


class _Trace(msgspec.Struct):
    number: int
    began_at: float
    longest_s: float
    kinds: int


class TelemetryStore:
    """Writes the store at `path`, and owns it: there is one at a time. Reads nothing but how far it is.

    All its files together hold `size_bytes_max`; the log of one batch may exceed that where it is less than 64 MiB.

    Raises:
        sqlite3.Error: it cannot be opened; also whatever it does afterwards.
        OSError: as above.
    """

    def __init__(self, path: Path, size_bytes_max: int = SIZE_BYTES_MAX) -> None:
        self._bytes_max = size_bytes_max
        self._db = opened_to_write(path)
        try:
            self._bound()
            self._begin_anew()
        except BaseException:
            self._db.close()
            raise

    def _bound(self) -> None:
        page_size = self._asked("PRAGMA page_size")
        pages = self._bytes_max // page_size
        self._pages_usual = pages * 11 // 16
        self._db.execute(f"PRAGMA max_page_count={pages * 3 // 4}")  # the rest is for the log of SQLite
        log_pages = min(_LOG_PAGES, max(pages // 32, 16))
        self._db.execute(f"PRAGMA wal_autocheckpoint={log_pages}")
        self._db.execute(f"PRAGMA journal_size_limit={log_pages * page_size}")

    def places(self) -> dict[str, Place]:
        """How far each ring was read."""
        rows = self._db.execute("SELECT file, position, read FROM rings")
        return {file: Place(position, read) for file, position, read in rows}

    def last_traces(self, limit: int = 10_000) -> list[int]:
        """The ids of those traces that were kept last."""
        rows = self._db.execute("SELECT trace FROM traces ORDER BY number DESC LIMIT ?", (limit,))
        return [int.from_bytes(trace, "big") for (trace,) in rows]

    def write(self, batch: Batch) -> None:
        """Keep a batch, all of it or, where this raises, nothing. What is kept already is not kept twice."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._make_room()
            for kept in batch.kept:
                self._write_process(kept, batch.at)
            self._write_spans([span for kept in batch.kept for span in kept.spans])
            self._write_state(batch)
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            with contextlib.suppress(sqlite3.Error):  # what is wrong is being raised
                self._begin_anew()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    def _begin_anew(self) -> None:
        """Know again what is in the file."""
        self._traces: OrderedDict[int, _Trace] = OrderedDict()
        self._works: dict[tuple[str, str, str, str], int] = {}
        rows = self._db.execute("SELECT name, id FROM processes")
        self._processes: dict[str, int] = dict(rows)
        self._spans_upto = self._last_upto("traces")
        self._lines_upto = self._last_upto("lines")
        self._history_upto = self._last_upto("history")
        rows = self._db.execute("SELECT process, max(at) FROM history GROUP BY process")
        self._sampled_at: dict[int, float] = dict(rows)

    def _last_upto(self, table: str) -> int:
        return self._upto(table, "max")

    def _first_upto(self, table: str) -> int:
        return self._upto(table, "min")

    def _upto(self, table: str, which: str) -> int:
        number = f"SELECT {which}(number) FROM {table}"  # noqa: S608  # our own names
        return self._asked(f"SELECT coalesce(max(upto), 0) FROM {table} WHERE number = ({number})")  # noqa: S608  # as above

    def _asked(self, statement: str, *values: object) -> int:
        found: int = self._db.execute(statement, values).fetchone()[0]
        return found

    # --- spans ---

    def _write_spans(self, spans: Iterable[Span]) -> None:
        by_trace: dict[int, list[Span]] = {}
        for span in spans:
            by_trace.setdefault(span.trace_id, []).append(span)
        rows: list[Row] = []
        for trace_id, together in by_trace.items():
            trace = self._trace(trace_id, together)
            rows += [span_row(span, trace.number, trace.began_at, self._work(span)) for span in together]
        rows.sort(key=lambda row: row[:2])  # neighbours lie together
        self._db.executemany("INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _trace(self, trace_id: int, spans: Sequence[Span]) -> _Trace:
        """The row of a trace, made where it is missing, and wide enough for these spans."""
        began_at = min(span.started_at for span in spans)
        longest_s = max(span.duration_s for span in spans)
        kinds = kinds_of(spans)
        self._spans_upto += sum(_SPAN_BYTES + 2 * len(span.key) for span in spans)
        trace = self._traces.get(trace_id) or self._found(trace_id)
        if trace is None:
            self._spans_upto += _TRACE_BYTES
            row = (trace_bytes(trace_id), began_at, longest_s, kinds, self._spans_upto)
            made = self._db.execute(
                "INSERT INTO traces (trace, began_at, longest_s, kinds, upto) VALUES (?, ?, ?, ?, ?)", row
            )
            trace = _Trace(made.lastrowid or 0, began_at, longest_s, kinds)
        elif began_at < trace.began_at or longest_s > trace.longest_s or kinds | trace.kinds != trace.kinds:
            if began_at < trace.began_at:
                trace.began_at = began_at
                self._db.execute("UPDATE spans SET began_at = ? WHERE trace = ?", (began_at, trace.number))
            trace.longest_s = max(longest_s, trace.longest_s)
            trace.kinds |= kinds
            wider = (trace.began_at, trace.longest_s, trace.kinds, trace.number)
            self._db.execute("UPDATE traces SET began_at = ?, longest_s = ?, kinds = ? WHERE number = ?", wider)
        self._traces[trace_id] = trace
        if len(self._traces) > _TRACES_KNOWN_MAX:
            self._traces.popitem(last=False)
        return trace

    def _found(self, trace_id: int) -> _Trace | None:
        asked = self._db.execute(
            "SELECT number, began_at, longest_s, kinds FROM traces WHERE trace = ?", (trace_bytes(trace_id),)
        )
        row = asked.fetchone()
        return _Trace(*row) if row else None

    def _work(self, span: Span) -> int:
        which = (span.service, span.name, span.caller, span.outcome)
        work = self._works.get(which)
        if work is None:
            self._db.execute("INSERT OR IGNORE INTO works (service, name, caller, outcome) VALUES (?, ?, ?, ?)", which)
            same = "service = ? AND name = ? AND caller = ? AND outcome = ?"
            work = self._works[which] = self._asked(f"SELECT id FROM works WHERE {same}", *which)  # noqa: S608  # as above
        return work

    # --- lines and samples ---

    def _write_process(self, kept: Kept, at: float) -> None:
        process = self._process(kept.process, at)
        if kept.lines:
            self._write_lines(kept.lines, process)
        if kept.sample is not None:
            self._write_sample(kept.sample, process, at)

    def _process(self, name: str, at: float) -> int:
        known = self._processes.get(name)
        if known is None:
            made = self._db.execute("INSERT INTO processes (name, is_alive, seen_at) VALUES (?, 1, ?)", (name, at))
            known = self._processes[name] = made.lastrowid or 0
        return known

    def _write_lines(self, lines: Iterable[LogLine], process: int) -> None:
        rows: list[Row] = []
        for line in lines:
            self._lines_upto += _LINE_BYTES + len(line.message) + len(line.error) + len(line.more)
            rows.append(line_row(line, process, self._lines_upto))
        self._db.executemany(
            "INSERT INTO lines (at, level, service, trace, span, process, upto, logger, message, error, more)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _write_sample(self, sample: Sample, process: int, now: float) -> None:
        content = sample_bytes(sample)
        self._db.execute("UPDATE processes SET sample = ? WHERE id = ?", (content, process))
        if 0 <= sample.at - self._sampled_at.get(process, float("-inf")) < HISTORY_EVERY_S:
            return
        self._sampled_at[process] = sample.at
        self._history_upto += len(content) + _SAMPLE_BYTES
        row = (sample.at, process, self._history_upto, content)
        self._db.execute("INSERT INTO history (at, process, upto, sample) VALUES (?, ?, ?, ?)", row)
        span = (sample.at - HISTORY_S, now + HISTORY_AHEAD_S)
        self._db.execute("DELETE FROM history WHERE at < ? OR at > ?", span)
        first = self._history_upto - self._bytes_max // 8
        if first > 0:
            self._db.execute("DELETE FROM history WHERE number < ?", (self._number_behind("history", first),))

    # --- what is known of rings and processes, and how much there is ---

    def _write_state(self, batch: Batch) -> None:
        places = [(file, place.position, place.read) for file, place in batch.places.items()]
        self._db.executemany("INSERT OR REPLACE INTO rings VALUES (?, ?, ?)", places)
        self._db.executemany("DELETE FROM rings WHERE file = ?", [(file,) for file in batch.gone])
        for name in batch.alive:
            self._process(name, batch.at)
        self._db.execute("UPDATE processes SET is_alive = 0 WHERE is_alive")
        alive = [(batch.at, name) for name in batch.alive]
        self._db.executemany("UPDATE processes SET is_alive = 1, seen_at = ? WHERE name = ?", alive)
        self._db.execute(
            "UPDATE processes SET sample = NULL WHERE seen_at < ? AND sample IS NOT NULL", (batch.at - ENDED_SHOWN_S,)
        )
        lost = batch.lost
        facts = {"traces": lost.traces, "missed_bytes": lost.missed_bytes, "unreadable": lost.unreadable}
        self._db.executemany(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
            [(name, value) for name, value in facts.items() if value],
        )
        self._db.execute("INSERT OR REPLACE INTO facts VALUES ('collected_at', ?)", (batch.at,))

    def _make_room(self) -> None:
        """Let the oldest go, of spans or of lines, whichever takes more, until there is room for some more."""
        while self._asked("PRAGMA page_count") - self._asked("PRAGMA freelist_count") > self._pages_usual:
            spans_first, lines_first = self._first_upto("traces"), self._first_upto("lines")
            chunk = self._bytes_max // 64
            if self._spans_upto - spans_first >= self._lines_upto - lines_first:
                number = self._number_behind("traces", spans_first + chunk)
                if not self._db.execute("DELETE FROM traces WHERE number <= ?", (number,)).rowcount:
                    return
                self._db.execute("DELETE FROM spans WHERE trace <= ?", (number,))
                self._db.execute("DELETE FROM works WHERE NOT EXISTS (SELECT 1 FROM spans WHERE work = works.id)")
                self._traces.clear()
                self._works.clear()
            else:
                number = self._number_behind("lines", lines_first + chunk)
                self._db.execute("DELETE FROM lines WHERE number <= ?", (number,))

    def _number_behind(self, table: str, upto: int) -> int:
        """Up to which number a table holds so much."""
        return self._asked(
            f"SELECT coalesce((SELECT number FROM {table} WHERE upto > ? ORDER BY number LIMIT 1),"  # noqa: S608  # as above
            f" (SELECT max(number) FROM {table}), 0)",
            upto,
        )
