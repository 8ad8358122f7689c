"""The store of telemetry, read: while somebody writes it, and also where nobody does."""

import heapq
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby, islice
from pathlib import Path

import msgspec

from atoll.adapters.telemetry_rows import IS_SHOWN, LINE_COLUMNS, SPAN_COLUMNS, line_of, sample_of, span_of, trace_bytes
from atoll.adapters.telemetry_schema import ENDED_SHOWN_S, opened_to_read, store_path
from atoll.kernel import AtollError
from atoll.telemetry import (
    KeptLine,
    KeptTrace,
    LogSearch,
    Lost,
    ProcessFigures,
    Sample,
    Span,
    Story,
    TraceSearch,
    TraceSummary,
)

STALE_S = 15.0
"""Who has collected nothing for so long is gone, and knows of no process any more."""
SIFTED_AT_ONCE = 200
"""So many traces are looked at together for whether they are passed over."""

_Place = tuple[float, int]
"""When a trace began, and its number."""


class TelemetryUnreadable(AtollError):
    """The file in which telemetry is kept cannot be read."""

    code = "telemetry_unreadable"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.why}; look at its permissions, or remove it: a new one is begun"


class KeptTelemetry:
    """What is kept below a state folder: the port `Telemetry`. Safe for threads; nothing is held between questions.

    Where there is no store yet, all answers are empty.

    Raises:
        TelemetryUnreadable: by each question, where there is one that cannot be read.
    """

    def __init__(self, state: Path, now: Callable[[], float] = time.time) -> None:
        self._path = store_path(state)
        self._now = now

    def traces(self, search: TraceSearch) -> Sequence[TraceSummary]:
        """Traces, those that began last first."""
        with self._reading() as db:
            return [] if db is None else [_summary(db, number) for number in _numbers(db, search)]

    def trace(self, trace_id: int) -> KeptTrace:
        """One trace; an empty one where nothing is kept of it."""
        with self._reading() as db:
            if db is None:
                return KeptTrace((), ())
            asked = "SELECT number FROM traces WHERE trace = ?"
            row = db.execute(asked, (trace_bytes(trace_id),)).fetchone()
            return KeptTrace(tuple(_spans(db, trace_id, row[0])) if row else (), tuple(_lines(db, trace_id)))

    def logs(self, search: LogSearch) -> Sequence[KeptLine]:
        """Lines of all logs."""
        with self._reading() as db:
            return [] if db is None else list(_logged(db, search))

    def story(self, key: str, *, spans_max: int = 2_000) -> Story:
        """What happened to a key, as far as it is kept: the last `spans_max` pieces of work."""
        spans: list[Span] = []
        lines: list[KeptLine] = []
        with self._reading() as db:
            for _, number in _of_key(db, TraceSearch(key=key)) if db is not None and key else ():
                assert db is not None
                trace_id = _trace_id(db, number)
                spans += _related(_spans(db, trace_id, number), key)
                if len(spans) >= spans_max:
                    break
            spans = sorted(spans, key=_order)[-spans_max:] if spans_max > 0 else []
            among = {(span.trace_id, span.span_id) for span in spans}
            for trace_id in dict.fromkeys(span.trace_id for span in spans):
                assert db is not None
                found = _lines(db, trace_id)
                lines += [each for each in found if (each.line.trace_id, each.line.span_id) in among]
        return Story(key, tuple(spans), tuple(sorted(lines, key=_line_order)))

    def processes(self) -> Sequence[ProcessFigures]:
        """All processes that run, and those that have ended within the last ten minutes."""
        now = self._now()
        with self._reading() as db:
            if db is None:
                return []
            is_stale = _fact(db, "collected_at") < now - STALE_S
            asked = "SELECT name, is_alive, seen_at, sample FROM processes WHERE seen_at >= ? ORDER BY name"
            return [
                ProcessFigures(
                    name, bool(is_alive) and not is_stale, sample_of(sample) if sample else Sample(seen_at, [], [])
                )
                for name, is_alive, seen_at, sample in db.execute(asked, (now - ENDED_SHOWN_S,))
            ]

    def history(self, since: float) -> Sequence[tuple[str, Sample]]:
        """Samples since a moment, with the name of their process: one each ten seconds, the first first."""
        with self._reading() as db:
            if db is None:
                return []
            asked = (
                "SELECT p.name, h.sample FROM history h JOIN processes p ON p.id = h.process"
                " WHERE h.at >= ? ORDER BY h.at, h.number"
            )
            return [(name, sample_of(sample)) for name, sample in db.execute(asked, (since,))]

    def lost(self) -> Lost:
        """What is not there, since the store was made."""
        with self._reading() as db:
            if db is None:
                return Lost()
            return Lost(*(int(_fact(db, name)) for name in ("traces", "missed_bytes", "unreadable")))

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection | None]:
        try:
            db = opened_to_read(self._path)
            if db is None:
                yield None
                return
            with closing(db):
                yield db
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise TelemetryUnreadable(str(self._path), str(error)) from error


# --- traces ---


def _numbers(db: sqlite3.Connection, search: TraceSearch) -> Iterator[int]:
    """The traces that are meant, those that began last first."""
    are_all_shown = search.with_turns or bool(search.name)
    if search.key:
        found: Iterator[_Place] = _of_key(db, search)
    elif search.service or search.name or search.outcome or search.is_failed:
        found = heapq.merge(*(_of_work(db, work, search) for work in _works(db, search)), reverse=True)
    else:
        asked = (
            "SELECT began_at, number FROM traces WHERE began_at >= ? AND began_at < ? AND longest_s >= ?"  # noqa: S608  # our own words
            f" AND {'TRUE' if are_all_shown else IS_SHOWN} ORDER BY began_at DESC, number DESC"
        )
        found = db.execute(asked, (search.since, search.until, search.duration_min_s))
        are_all_shown = True
    numbers = (number for (_, number), _ in groupby(found))
    return islice(numbers if are_all_shown else _shown(db, numbers), search.limit)


def _shown(db: sqlite3.Connection, numbers: Iterator[int]) -> Iterator[int]:
    """Those that are not passed over. Many are asked about at once: of an idle service there may be days of turns."""
    while some := list(islice(numbers, SIFTED_AT_ONCE)):
        asked = f"SELECT number FROM traces WHERE number IN ({', '.join('?' * len(some))}) AND {IS_SHOWN}"  # noqa: S608  # as above
        shown = {number for (number,) in db.execute(asked, some)}
        yield from (number for number in some if number in shown)


def _works(db: sqlite3.Connection, search: TraceSearch) -> list[int]:
    """What spans may have been, for this to hold."""
    terms = {"service": search.service, "name": search.name, "outcome": search.outcome}
    wanted = [f"{column} = ?" for column, value in terms.items() if value]
    if search.is_failed:
        wanted.append("outcome <> 'ok'")
    values = [value for value in terms.values() if value]
    return [work for (work,) in db.execute(f"SELECT id FROM works WHERE {' AND '.join(wanted)}", values)]  # noqa: S608  # our own names


def _of_work(db: sqlite3.Connection, work: int, search: TraceSearch) -> Iterator[_Place]:
    asked = (
        "SELECT began_at, trace FROM spans WHERE work = ? AND began_at >= ? AND began_at < ? AND duration_s >= ?"
        " ORDER BY began_at DESC, trace DESC"
    )
    return db.execute(asked, (work, search.since, search.until, search.duration_min_s))


def _of_key(db: sqlite3.Connection, search: TraceSearch) -> Iterator[_Place]:
    """Where spans are about a key, and all else holds; each trace once."""
    works = set(_works(db, search)) if search.service or search.name or search.outcome or search.is_failed else None
    asked = (
        "SELECT began_at, trace, work FROM spans WHERE key = ? AND key <> '' AND began_at >= ? AND began_at < ?"
        " AND duration_s >= ? ORDER BY began_at DESC, trace DESC"
    )
    last: _Place | None = None
    for began_at, trace, work in db.execute(asked, (search.key, search.since, search.until, search.duration_min_s)):
        if (began_at, trace) != last and (works is None or work in works):
            last = (began_at, trace)
            yield last


def _summary(db: sqlite3.Connection, number: int) -> TraceSummary:
    trace_id = _trace_id(db, number)
    spans = _spans(db, trace_id, number)
    first = spans[0]
    ends_at = max(span.started_at + span.duration_s for span in spans)
    return TraceSummary(
        trace_id,
        first.started_at,
        ends_at - first.started_at,
        first.service,
        first.name,
        first.key,
        first.outcome,
        len(spans),
        sum(not span.is_well for span in spans),
        tuple(dict.fromkeys(span.service for span in spans if span.service)),
    )


def _trace_id(db: sqlite3.Connection, number: int) -> int:
    trace: bytes = db.execute("SELECT trace FROM traces WHERE number = ?", (number,)).fetchone()[0]
    return int.from_bytes(trace, "big")


def _spans(db: sqlite3.Connection, trace_id: int, number: int) -> list[Span]:
    """All spans of a trace, by their beginning."""
    asked = f"SELECT {SPAN_COLUMNS} FROM spans s JOIN works w ON w.id = s.work WHERE s.trace = ?"  # noqa: S608  # our own names
    return sorted((span_of(trace_id, row) for row in db.execute(asked, (number,))), key=_order)


def _order(span: Span) -> tuple[float, int, str]:
    return span.started_at, span.span_id, span.kind


def _related(spans: Sequence[Span], key: str) -> list[Span]:
    """Those of a trace that are about a key, what has caused them, and what they have caused.

    A call and what its caller saw of it may share an id, and so have several parents.
    """
    parents: dict[int, list[int]] = {}
    children: dict[int, list[int]] = {}
    for span in spans:
        parents.setdefault(span.span_id, []).append(span.parent_id)
        children.setdefault(span.parent_id, []).append(span.span_id)
    about = [span.span_id for span in spans if span.key == key]
    related = _reached(about, parents) | _reached(about, children)
    return [span for span in spans if span.span_id in related]


def _reached(begin: Iterable[int], ways: Mapping[int, Sequence[int]]) -> set[int]:
    """Where the ways lead, from some beginnings on; with these."""
    reached = set(begin)
    ahead = list(reached)
    while ahead:
        fresh = [each for each in ways.get(ahead.pop(), ()) if each not in reached]
        reached.update(fresh)
        ahead += fresh
    return reached


# --- lines ---


def _lines(db: sqlite3.Connection, trace_id: int) -> list[KeptLine]:
    """All lines of a trace, by their moment."""
    if not trace_id:
        return []
    asked = f"SELECT {LINE_COLUMNS} FROM lines l JOIN processes p ON p.id = l.process WHERE l.trace = ?"  # noqa: S608  # our own names
    return sorted(map(line_of, db.execute(asked, (trace_bytes(trace_id),))), key=_line_order)


def _line_order(kept: KeptLine) -> tuple[float, int]:
    return kept.line.at, kept.number


def _logged(db: sqlite3.Connection, search: LogSearch) -> Iterator[KeptLine]:
    wanted = ["l.at >= :since", "l.at < :until"]
    if search.service:
        wanted.append("l.service = :service")
    if search.trace_id:
        wanted.append("l.trace = :trace")
    if search.level:
        wanted += [f"l.level >= {level}" for level in (40, 30) if search.level >= level]  # those have indexes
        wanted.append("l.level >= :level")
    if search.text:
        wanted.append("(instr(l.message, :text) OR instr(l.error, :text))")
    if search.after is not None:
        wanted.append("l.number > :after")
    direction = "DESC" if search.after is None else "ASC"
    asked = (
        f"SELECT {LINE_COLUMNS} FROM lines l JOIN processes p ON p.id = l.process WHERE {' AND '.join(wanted)}"  # noqa: S608  # our own words
        f" ORDER BY l.number {direction} LIMIT :limit"
    )
    return map(line_of, db.execute(asked, {**msgspec.structs.asdict(search), "trace": trace_bytes(search.trace_id)}))


def _fact(db: sqlite3.Connection, name: str) -> float:
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return row[0] if row else 0.0
