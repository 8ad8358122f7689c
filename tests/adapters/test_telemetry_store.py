"""The store of telemetry: bounded, kept over restarts, closed to others, and read while it is written."""

import logging
import os
import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from atoll.adapters.telemetry_reading import KeptTelemetry, TelemetryUnreadable
from atoll.adapters.telemetry_schema import VERSION, ring_paths, store_path
from atoll.adapters.telemetry_store import Batch, Place, TelemetryStore
from atoll.telemetry import (
    Figure,
    Gauge,
    Kept,
    KeptTrace,
    Kind,
    LogLine,
    LogSearch,
    Lost,
    Sample,
    Span,
    Telemetry,
    TraceSearch,
)
from tests.adapters.collected import forked
from tests.adapters.kept import store_of, write

MEBIBYTE = 1024 * 1024
NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    """A store that is open."""
    store = store_of(tmp_path)
    yield store
    store.close()


@pytest.fixture
def telemetry(tmp_path: Path) -> KeptTelemetry:
    """What is read of it, always at the same moment."""
    return KeptTelemetry(tmp_path, lambda: NOW)


def span(trace_id: int, span_id: int = 1, *, started_at: float = 1.0, key: str = "lead-1") -> Span:
    """A span."""
    return Span("scoring.score", "capture", trace_id, span_id, 0, started_at, 0.5, "ok", service="scoring", key=key)


def line(number: int, text: str = "scored") -> LogLine:
    """A line of a log."""
    return LogLine(float(number), logging.INFO, "scoring", text, "scoring")


def sample(at: float, count: int = 1) -> Sample:
    """A sample."""
    return Sample(at, [Figure(Kind.CALL, "scoring", "scoring.score", "capture", count)], [Gauge("lag_s", 0.5)])


def all_of(telemetry: Telemetry) -> list[object]:
    """The answer to every question."""
    questions = [telemetry.traces(TraceSearch()), telemetry.logs(LogSearch()), telemetry.processes()]
    return [*questions, telemetry.history(0), telemetry.story("lead-1").spans]


def test_where_there_is_no_store_yet_answers_are_empty(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """And a store that is made later is seen."""
    nothing = all_of(telemetry)
    trace, lost = telemetry.trace(1), telemetry.lost()
    with closing(store_of(tmp_path)) as store:
        write(store, [span(1)])

    assert not any(nothing)
    assert trace == KeptTrace((), ())
    assert lost == Lost()
    assert [found.trace_id for found in telemetry.traces(TraceSearch())] == [1]


def test_it_is_kept_over_restarts(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Numbers of lines go on where they were, so that who follows a log misses none."""
    for number in range(3):
        with closing(store_of(tmp_path)) as store:
            write(store, [span(number + 1)], [line(number)])

    assert [found.trace_id for found in telemetry.traces(TraceSearch())] == [3, 2, 1]
    assert [found.number for found in telemetry.logs(LogSearch(after=0))] == [1, 2, 3]


def test_how_far_rings_were_read_is_kept_and_forgotten_with_them(tmp_path: Path) -> None:
    """In the transaction that keeps what was read."""
    with closing(store_of(tmp_path)) as store:
        store.write(Batch(NOW, places={"a.spans": Place(5, 9), "b.spans": Place(1, 1)}))
        store.write(Batch(NOW, places={"a.spans": Place(6, 9)}, gone=["b.spans"]))

    with closing(store_of(tmp_path)) as again:
        assert again.places() == {"a.spans": Place(6, 9)}


def test_a_batch_that_fails_leaves_nothing(store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """Neither its lines, which were fine, nor a place; and the next one is kept."""
    with pytest.raises(sqlite3.IntegrityError):
        store.write(Batch(NOW, [Kept("scoring-1", [span(1)], [line(1)])], {"a.spans": Place(None, 1)}))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of it
    write(store, [span(1, 2)], [line(2)])

    assert [found.line for found in telemetry.logs(LogSearch())] == [line(2)]
    assert telemetry.trace(1).spans == (span(1, 2),)
    assert store.places() == {}


def test_a_trace_begins_with_its_first_span_though_that_comes_last(
    store: TelemetryStore, telemetry: KeptTelemetry
) -> None:
    """Who calls is recorded after who was called: all searches find it in its place."""
    write(store, [span(1, 1, started_at=5.0), span(2, 2, started_at=3.0)])
    write(store, [span(1, 3, started_at=2.0)])

    for search in (TraceSearch(), TraceSearch(service="scoring"), TraceSearch(key="lead-1")):
        assert [found.trace_id for found in telemetry.traces(search)] == [2, 1]
    assert [found.trace_id for found in telemetry.traces(TraceSearch(until=3.0))] == [1]


def test_pages_lead_to_all_traces(store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """Each once."""
    write(store, [span(number, started_at=float(number)) for number in range(1, 8)])
    found: list[int] = []
    until = float("inf")

    while page := telemetry.traces(TraceSearch(service="scoring", until=until, limit=3)):
        found += [each.trace_id for each in page]
        until = page[-1].started_at

    assert found == [7, 6, 5, 4, 3, 2, 1]


def test_a_story_is_the_last_of_it_where_it_is_long(store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """As many pieces of work as are asked for."""
    write(store, [span(number, started_at=float(number)) for number in range(1, 30)])

    assert [each.trace_id for each in telemetry.story("lead-1", spans_max=3).spans] == [27, 28, 29]


def test_it_is_read_while_it_is_written(tmp_path: Path, store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """A question sees whole batches, and does not wait."""
    write(store, [span(1)])

    with closing(sqlite3.connect(store_path(tmp_path), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM spans")
        while_it_is_written = telemetry.trace(1).spans
        writer.execute("COMMIT")

    assert while_it_is_written == (span(1),)
    assert telemetry.trace(1).spans == ()


def test_it_is_read_though_who_wrote_it_was_killed(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """And nobody writes it any more: what was committed last is still in the log of SQLite."""

    def write_and_die() -> None:
        write(store_of(tmp_path), [span(1)])
        os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(forked(write_and_die), 0)

    assert telemetry.trace(1).spans == (span(1),)


def test_nobody_else_can_look_into_it(tmp_path: Path, store: TelemetryStore) -> None:
    """What is logged is nobody's business."""
    write(store, [span(1)])

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "telemetry").iterdir()}
    assert modes == {"telemetry.db": 0o600, "telemetry.db-wal": 0o600, "telemetry.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "telemetry").stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ["another version", "other tables", "no database", "torn"])
def test_a_file_that_is_not_understood_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, telemetry: KeptTelemetry, content: str
) -> None:
    """A newer version's, say: it is not lost, and nothing crashes on it."""
    with closing(store_of(tmp_path)) as store:
        write(store, [span(1)])
    spoil(store_path(tmp_path), content)

    with closing(store_of(tmp_path)) as again:
        write(again, [span(2)])

    assert [found.trace_id for found in telemetry.traces(TraceSearch())] == [2]
    assert store_path(tmp_path).with_name("telemetry.db.aside").exists()
    assert [record.getMessage().partition(" is ")[2] for record in caplog.records] == [
        f"not a store that this version can use: it is put aside as {store_path(tmp_path)}.aside, a new one is begun"
    ]


def spoil(path: Path, content: str) -> None:
    """Make something else of a store."""
    if content in ("no database", "torn"):
        path.write_bytes(b"rubbish " * 1000 if content == "no database" else path.read_bytes()[:100])
        return
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1 if content == 'another version' else 0}")


def test_who_reads_finds_nothing_in_another_version(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Rather than something that is not so."""
    with closing(store_of(tmp_path)) as store:
        write(store, [span(1)])
    spoil(store_path(tmp_path), "another version")

    assert not any(all_of(telemetry))


def test_who_reads_is_told_of_a_file_that_is_none(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """With what to do."""
    with closing(store_of(tmp_path)):
        pass
    spoil(store_path(tmp_path), "no database")

    with pytest.raises(TelemetryUnreadable, match="file is not a database; look at its permissions"):
        telemetry.lost()


def test_its_size_has_a_bound_and_the_oldest_makes_room(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Whole traces at a time; what is new is always there."""
    most_bytes = 0
    with closing(store_of(tmp_path, 4 * MEBIBYTE)) as store:
        for number in range(120):
            first = number * 200
            some = [
                span(trace, each, started_at=float(first)) for trace in range(first, first + 200) for each in (1, 2)
            ]
            write(store, some, [line(first + each, "scored " * 20) for each in range(100)])
            most_bytes = max(most_bytes, sum(path.stat().st_size for path in (tmp_path / "telemetry").iterdir()))

    found = telemetry.traces(TraceSearch(limit=100_000))
    lines = telemetry.logs(LogSearch(limit=100_000))
    assert most_bytes <= 4 * MEBIBYTE
    assert {each.spans for each in found} == {2}
    assert 2_000 < len(found) < 24_000
    assert sorted(each.trace_id for each in found) == list(range(24_000 - len(found), 24_000))
    assert 2_000 < len(lines) < 12_000
    assert [each.number for each in lines] == list(range(12_000, 12_000 - len(lines), -1))


def test_a_span_that_comes_after_its_trace_was_let_go_begins_another(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Rather than to belong to nothing."""
    with closing(store_of(tmp_path, MEBIBYTE)) as store:
        for first in range(1, 8_000, 200):
            write(store, [span(trace) for trace in range(first, first + 200)])
        is_gone = not telemetry.trace(1).spans
        write(store, [span(1, 2)])

    assert is_gone
    assert telemetry.trace(1).spans == (span(1, 2),)
    assert 1 in [found.trace_id for found in telemetry.traces(TraceSearch(limit=10_000))]


def test_names_that_nothing_has_any_more_are_let_go(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Names that are made from values, a defect, do not fill the store; one that comes again is found again."""
    with closing(store_of(tmp_path, 2 * MEBIBYTE)) as store:
        for number in range(1, 16_000, 200):
            many = [
                Span(f"name-{each}", "", each, 1, 0, float(each), 0.1, "ok") for each in range(number, number + 200)
            ]
            write(store, many)
        write(store, [Span("name-1", "", 1, 2, 0, 20_000.0, 0.1, "ok")])

    with closing(sqlite3.connect(store_path(tmp_path))) as connection:
        names: int = connection.execute("SELECT count(*) FROM works").fetchone()[0]
    assert names == len(telemetry.traces(TraceSearch(limit=100_000)))
    assert names < 10_000
    assert [each.trace_id for each in telemetry.traces(TraceSearch(name="name-1"))] == [1]


def test_a_flood_of_lines_leaves_the_traces(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Whichever takes more makes room."""
    with closing(store_of(tmp_path, 4 * MEBIBYTE)) as store:
        write(store, [span(number) for number in range(1, 500)])
        for _ in range(60):
            write(store, [], [line(1, "again " * 50)] * 300)

    assert len(telemetry.traces(TraceSearch(limit=1_000))) == 499


def test_processes_are_those_that_run_and_that_have_just_ended(store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """Each with its last sample."""
    for name, at in (("gone-1", NOW - 700), ("ended-1", NOW - 500)):
        store.write(Batch(at, [Kept(name, sample=sample(at))], alive=[name]))
    store.write(Batch(NOW - 1, [Kept("scoring-1", sample=sample(NOW - 2))], alive=["scoring-1", "silent-1"]))
    store.write(Batch(NOW, [Kept("scoring-1", sample=sample(NOW - 1, 7))], alive=["scoring-1", "silent-1"]))

    found = {each.name: (each.is_alive, each.sample) for each in telemetry.processes()}

    assert found == {
        "ended-1": (False, sample(NOW - 500)),
        "scoring-1": (True, sample(NOW - 1, 7)),
        "silent-1": (True, Sample(NOW, [], [])),
    }


def test_where_nobody_collects_nothing_is_known_to_run(store: TelemetryStore, telemetry: KeptTelemetry) -> None:
    """The machine has stopped, say."""
    store.write(Batch(NOW - 20, [Kept("scoring-1", sample=sample(NOW - 20))], alive=["scoring-1"]))

    assert [each.is_alive for each in telemetry.processes()] == [False]


def test_of_samples_one_is_kept_each_ten_seconds_for_a_day(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Of each process, also when who collects is started again."""
    for begin in (0, 15):
        with closing(store_of(tmp_path)) as store:
            for second in range(begin, begin + 15):
                kept = [Kept(name, sample=sample(float(second))) for name in ("scoring-1", "capture-1")]
                store.write(Batch(float(second), kept))

    names = [(name, each.at) for name, each in telemetry.history(1.0)]
    with closing(store_of(tmp_path)) as store:
        store.write(Batch(90_000.0, [Kept("scoring-1", sample=sample(90_000.0))]))

    assert names == [(name, at) for at in (10.0, 20.0) for name in ("scoring-1", "capture-1")]
    assert [each.at for _, each in telemetry.history(0.0)] == [90_000.0]


def test_samples_are_kept_when_the_clock_was_set_back(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """What was sampled by the clock that was ahead goes: it would be the latest for so long."""
    year = 86_400.0 * 365
    with closing(store_of(tmp_path)) as store:
        for at in (year, 1_000.0, 1_005.0, 1_010.0):
            store.write(Batch(at, [Kept("scoring-1", sample=sample(at))]))

        late = [Kept("scoring-1", sample=sample(1_100.0)), Kept("capture-1", sample=sample(1_000.0))]
        store.write(Batch(1_100.0, late))  # of one who has died before, and is read now

    assert [each.at for _, each in telemetry.history(0.0)] == [1_000.0, 1_000.0, 1_010.0, 1_100.0]


def test_what_is_lost_adds_up(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Since the store was made."""
    for _ in range(2):
        with closing(store_of(tmp_path)) as store:
            store.write(Batch(NOW, lost=Lost(1, 2, 3)))

    assert telemetry.lost() == Lost(2, 4, 6)


def test_paths_of_rings_are_other_ones_each_time(tmp_path: Path) -> None:
    """Numbers of processes come again, in a container at once; and names may be anything."""
    first, second = ring_paths(tmp_path, "../scoring/1", 7), ring_paths(tmp_path, "../scoring/1", 7)

    assert len({*first, *second}) == 4
    assert {path.parent for path in (*first, *second)} == {tmp_path / "telemetry" / "rings"}
    assert [path.suffix for path in first] == [".spans", ".lines"]
