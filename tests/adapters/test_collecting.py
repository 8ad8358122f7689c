"""Who collects: nothing is lost or doubled, whoever is killed, and nothing stops it."""

import atexit
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from atoll.adapters.collecting import Collector
from atoll.adapters.draining import AGAIN_S, HEARTBEAT_S, UNFINISHED_S, Draining
from atoll.adapters.rings import BLOCK
from atoll.adapters.telemetry_reading import KeptTelemetry
from atoll.adapters.telemetry_schema import store_path, telemetry_folder
from atoll.telemetry import (
    Kept,
    LogSearch,
    Lost,
    MemoryRecorder,
    Sample,
    Sampling,
    TraceSearch,
    encode_line,
    encode_sample,
    encode_span,
)
from tests.adapters.collected import (
    KEEPS_ALL,
    PATIENT,
    Rings,
    collected_and_killed,
    forked,
    killed,
    line,
    span,
)
from tests.events.failures.disks import fill, small_disk
from tests.patience import PATIENCE_S

EVERYTHING = TraceSearch(limit=1_000_000)
ALL_LINES = LogSearch(after=0, limit=1_000_000)


class Clock:
    """Moments that the test chooses."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def telemetry(tmp_path: Path) -> KeptTelemetry:
    """What is kept of everything."""
    return KeptTelemetry(tmp_path)


@pytest.fixture
def rings(tmp_path: Path) -> Iterator[Rings]:
    """Rings of this process."""
    rings = Rings(tmp_path)
    yield rings
    rings.close()


def drained(state: Path, sampling: Sampling = KEEPS_ALL) -> None:
    """Collect whatever there is, once and for all."""
    Draining(state, sampling=sampling).close()


def kept_traces(telemetry: KeptTelemetry) -> list[int]:
    """The ids of all traces that are kept, in their order."""
    return sorted(found.trace_id for found in telemetry.traces(EVERYTHING))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says about telemetry, without places."""
    return [record.getMessage().split(" in ")[0] for record in caplog.records if record.name == "atoll.telemetry"]


# --- whoever is killed ---


def test_what_was_written_is_kept_though_its_process_is_killed(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Each record for which `write` has returned, in the middle of others."""

    def work(acknowledge: Callable[[], None]) -> None:
        rings = Rings(tmp_path)
        for number in range(1, 1_000_000):
            rings.span(span(number))
            rings.line(line(number))
            acknowledge()

    count = killed_at_work(work, 3_000)
    drained(tmp_path)

    assert kept_traces(telemetry) in ([*range(1, count + 1)], [*range(1, count + 2)])
    assert len(telemetry.logs(ALL_LINES)) in (count, count + 1)
    assert telemetry.lost() == Lost()
    assert list((tmp_path / "telemetry" / "rings").iterdir()) == []


def test_what_was_in_the_memory_of_a_process_is_lost_when_it_is_killed(
    tmp_path: Path, telemetry: KeptTelemetry
) -> None:
    """The control: records that are written at the end."""

    def work(acknowledge: Callable[[], None]) -> None:
        rings, recorder = Rings(tmp_path), MemoryRecorder(1_000_000)

        def write_all() -> None:
            for one in recorder.records:
                rings.span(one)

        atexit.register(write_all)
        for number in range(1, 1_000_000):
            recorder.record(span(number))
            acknowledge()

    count = killed_at_work(work, 3_000)
    drained(tmp_path)

    assert count >= 3_000
    assert kept_traces(telemetry) == []


def killed_at_work(work: Callable[[Callable[[], None]], None], count: int) -> int:
    """Kill a process when it has acknowledged so much; how much it has acknowledged in all."""
    reads, writes = os.pipe()
    child = forked(lambda: work(lambda: (os.write(writes, b"."), None)[1]))
    os.close(writes)
    seen = 0
    while seen < count:
        seen += len(os.read(reads, 65_536))
    killed(child)
    while more := os.read(reads, 65_536):
        seen += len(more)
    os.close(reads)
    return seen


def test_whoever_collects_can_be_killed_anywhere(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Twenty times: nothing is lost and nothing doubled. Half of each trace waits for the next one who collects."""
    chance = random.Random(7)
    scoring, capture = Rings(tmp_path), Rings(tmp_path, "capture-1")
    each = 60
    for turn in range(20):
        for number in range(turn * each + 1, (turn + 1) * each + 1):
            scoring.span(span(number, 1))
            if number > each:
                capture.span(span(number - each, 2, "unavailable"))
            scoring.line(line(number))
            scoring.line_among_spans(line(-number))
        collected_and_killed(tmp_path, chance.randrange(20_000))
    for number in range(19 * each + 1, 20 * each + 1):
        capture.span(span(number, 2, "unavailable"))
    scoring.close()
    capture.close()
    drained(tmp_path, PATIENT)

    found = telemetry.traces(EVERYTHING)
    assert sorted((one.trace_id, one.spans) for one in found) == [(number, 2) for number in range(1, 20 * each + 1)]
    numbers = [int(one.line.message) for one in telemetry.logs(LogSearch(after=0, limit=1_000_000, since=-1e9))]
    assert [number for number in numbers if number > 0] == [*range(1, 20 * each + 1)]
    assert [-number for number in numbers if number < 0] == [*range(1, 20 * each + 1)]
    assert telemetry.lost() == Lost()


def test_who_takes_over_goes_on_with_traces_that_are_kept(
    tmp_path: Path, rings: Rings, telemetry: KeptTelemetry
) -> None:
    """A span that comes late is kept, as it would have been."""
    few = Sampling(traces_per_s=0, traces_at_once=1)
    rings.span(span(1))
    drained(tmp_path, few)
    rings.span(span(1, 2))
    drained(tmp_path, Sampling(traces_per_s=0, traces_at_once=0))

    assert [one.spans for one in telemetry.traces(EVERYTHING)] == [2]


def test_the_place_in_a_ring_stays_before_the_first_span_that_waits(tmp_path: Path, clock: Clock) -> None:
    """Whoever takes over begins there; it moves on when that one's trace is decided."""
    rings = Rings(tmp_path)
    draining = Draining(tmp_path, sampling=Sampling(traces_per_s=0, traces_at_once=0), monotonic=clock)
    sizes = [len(encode_span(span(*which), 0.0)) + 4 for which in ((1, 1), (2, 1), (2, 2))]
    found: list[tuple[int, int]] = []

    for second, which in ((0, [(1, 1), (2, 1)]), (2, []), (3, [(2, 2)]), (4, []), (6, [])):
        clock.now_s = 1_000.0 + second
        for trace_id, span_id in which:
            rings.span(span(trace_id, span_id))
        draining.collect()
        found.append(place_of(tmp_path, rings.paths[0]))
    rings.close()
    draining.collect()
    is_there = rings.paths[0].exists()
    draining.close()

    both, everything = sum(sizes[:2]), sum(sizes)
    assert found == [(0, both), (0, both), (0, everything), (sizes[0], everything), (everything, everything)]
    assert not is_there


def place_of(state: Path, ring: Path) -> tuple[int, int]:
    """How far a ring is decided, and read, as the store has it."""
    with closing(sqlite3.connect(store_path(state))) as connection:
        row: tuple[int, int] = connection.execute(
            "SELECT position, read FROM rings WHERE file = ?", (ring.name,)
        ).fetchone()
    return row


# --- rings ---


def test_a_ring_is_there_as_long_as_a_span_of_it_waits(tmp_path: Path, clock: Clock, telemetry: KeptTelemetry) -> None:
    """Though its process has ended: whoever collects may be killed meanwhile."""
    rings, others = Rings(tmp_path), Rings(tmp_path, "capture-1")
    draining = Draining(tmp_path, sampling=PATIENT, monotonic=clock)
    rings.span(span(1))
    rings.close()
    draining.collect()
    draining.collect()
    is_there = rings.paths[0].exists()

    others.span(span(1, 2, "unavailable"))
    others.close()
    drained(tmp_path, PATIENT)
    draining.close()

    assert is_there
    assert len(telemetry.trace(1).spans) == 2


def test_what_was_overwritten_is_counted(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Who collects was too slow: the last are there, and how much is not."""
    rings = Rings(tmp_path, blocks=3)
    draining = Draining(tmp_path, sampling=KEEPS_ALL)
    rings.span(span(1))
    draining.collect()

    for number in range(2, 6_000):
        rings.span(span(number))
    rings.close()
    draining.close()

    found = kept_traces(telemetry)
    missing_bytes = sum(4 + len(encode_span(span(number), 0.0)) for number in range(2, found[1]))
    assert found == [1, *range(found[1], 6_000)]
    assert missing_bytes > BLOCK
    assert 0 <= telemetry.lost().missed_bytes - missing_bytes < 1_000  # the rests of blocks


def test_a_ring_is_removed_when_its_process_has_ended_and_not_before(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """And its process is known to have ended."""
    rings, other = Rings(tmp_path), Rings(tmp_path, "other-1")
    rings.sample(Sample(1.0, [], []))
    draining = Draining(tmp_path)
    draining.collect()
    alive = {one.name: one.is_alive for one in telemetry.processes()}

    rings.close()
    draining.collect()

    assert alive == {"scoring-1": True, "other-1": True}
    assert {one.name: one.is_alive for one in telemetry.processes()} == {"scoring-1": False, "other-1": True}
    assert sorted((tmp_path / "telemetry" / "rings").iterdir()) == sorted(other.paths)
    other.close()
    draining.close()


def test_a_ring_that_was_never_finished_is_removed(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """Its process was killed while it was made; one that is being made is left alone."""
    folder = tmp_path / "telemetry" / "rings"
    folder.mkdir(parents=True)
    for name in ("old.spans", "new.spans"):
        (folder / name).write_bytes(b"")
    os.utime(folder / "old.spans", (1.0, UNFINISHED_S))

    drained(tmp_path)

    assert [path.name for path in folder.iterdir()] == ["new.spans"]
    assert telemetry.lost() == Lost(unreadable=1)


def test_records_that_cannot_be_read_are_counted(tmp_path: Path, rings: Rings, telemetry: KeptTelemetry) -> None:
    """Whatever they are: what comes after them is kept."""
    chance = random.Random(3)
    whole = [encode_span(span(7), 0.0), encode_line(line(7)), encode_sample(Sample(7.0, [], []))]
    for _ in range(3_000):
        torn = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 4)):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        rings.raw(bytes(torn[: chance.randrange(1, len(torn) + 1)]))
    rings.span(span(1))
    rings.line(line(1))
    drained(tmp_path)

    assert telemetry.trace(1).spans == (span(1),)
    assert line(1) in [one.line for one in telemetry.logs(ALL_LINES)]
    assert telemetry.lost().unreadable > 1_000


# --- a store that cannot be written ---


def test_a_full_disk_stops_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    """What comes meanwhile is dropped and counted; when there is room, it goes on by itself, and says so once."""
    with small_disk(tmp_path / "disk", 8) as state:
        rings = Rings(state, blocks=4)
        telemetry = KeptTelemetry(state)
        draining = Draining(state, sampling=KEEPS_ALL, monotonic=clock)
        rings.span(span(1))
        draining.collect()
        ballast = fill(state)
        for number in range(2, 4_002):
            rings.span(span(number))
            if not number % 500:
                clock.now_s += AGAIN_S
                draining.collect()
        full = said(caplog)
        ballast.unlink()
        clock.now_s += AGAIN_S
        rings.span(span(9_999))
        rings.close()
        draining.close()
        found, lost = kept_traces(telemetry), telemetry.lost()

    assert full == ["telemetry cannot be kept"]
    assert said(caplog) == ["telemetry cannot be kept", "telemetry is kept again"]
    assert found[0] == 1
    assert found[-1] == 9_999
    assert lost == Lost(traces=4_002 - len(found))
    assert lost.traces > 1_000


def test_a_store_that_cannot_be_opened_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, clock: Clock, telemetry: KeptTelemetry
) -> None:
    """Rings are drained and removed; when it can be opened, it is used, and nothing is kept twice."""
    rings = Rings(tmp_path)
    rings.span(span(1))
    rings.line(line(1))
    drained(tmp_path)
    hidden = store_path(tmp_path).replace(tmp_path / "hidden")
    store_path(tmp_path).mkdir()
    draining = Draining(tmp_path, sampling=KEEPS_ALL, monotonic=clock)
    rings.span(span(2))
    draining.collect()
    store_path(tmp_path).rmdir()
    hidden.replace(store_path(tmp_path))
    clock.now_s += AGAIN_S
    rings.span(span(3))
    rings.line(line(3))
    rings.close()
    draining.close()

    assert said(caplog) == ["telemetry cannot be kept", "telemetry is kept again"]
    assert kept_traces(telemetry) == [1, 3]
    assert [one.line for one in telemetry.logs(ALL_LINES)] == [line(1), line(3)]
    assert list((tmp_path / "telemetry" / "rings").iterdir()) == []


def test_a_store_that_is_opened_late_knows_what_it_has(tmp_path: Path, clock: Clock, telemetry: KeptTelemetry) -> None:
    """Who collects has begun at the beginning of a ring, and is not yet where the store is."""
    rings = Rings(tmp_path)
    for number in range(5_000):
        rings.line(line(number))
    drained(tmp_path)
    hidden = store_path(tmp_path).replace(tmp_path / "hidden")
    store_path(tmp_path).mkdir()
    draining = Draining(tmp_path, size_bytes_max=BLOCK * 128, monotonic=clock)
    draining.collect()
    is_behind = draining.is_behind
    store_path(tmp_path).rmdir()
    hidden.replace(store_path(tmp_path))
    clock.now_s += AGAIN_S
    rings.line(line(5_000))
    rings.close()
    draining.close()

    assert is_behind
    assert [one.line.at for one in telemetry.logs(ALL_LINES)] == [*range(5_001)]


def test_a_store_that_is_spoiled_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, clock: Clock, telemetry: KeptTelemetry
) -> None:
    """The disk has lost a part of it: a new one is begun, with what the rings still have."""
    rings = Rings(tmp_path)
    rings.span(span(1))
    drained(tmp_path)
    content = store_path(tmp_path).read_bytes()
    store_path(tmp_path).write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    draining = Draining(tmp_path, sampling=KEEPS_ALL, monotonic=clock)
    clock.now_s += AGAIN_S
    rings.span(span(2))
    rings.close()
    draining.close()

    assert kept_traces(telemetry) == [1, 2]
    assert len(said(caplog)) == 3
    assert store_path(tmp_path).with_name("telemetry.db.aside").exists()


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is collected, and nothing stops."""
    (tmp_path / "telemetry").write_text("a file")
    collector = Collector(tmp_path, again_s=0.001)

    collects = collector.start()
    collector.wait_until_it_collects(0.05)
    collector.close()

    assert not collects
    assert [text.partition(":")[0] for text in said(caplog)] == ["telemetry cannot be collected"]


# --- one who collects ---


def test_what_is_kept_is_handed_on(tmp_path: Path, rings: Rings) -> None:
    """To exporters: of each process together, what is kept and nothing else."""
    handed_on: list[Kept] = []
    rings.span(span(1))
    rings.span(span(2, 1, "unavailable"))
    rings.line(line(1))
    rings.sample(Sample(5.0, [], []))
    draining = Draining(tmp_path, sampling=PATIENT, sinks=[handed_on.extend])

    draining.collect()
    draining.close()

    assert handed_on == [Kept("scoring-1", [span(2, 1, "unavailable")], [line(1)], Sample(5.0, [], []))]


def test_that_somebody_collects_is_known_though_nothing_happens(tmp_path: Path, rings: Rings, clock: Clock) -> None:
    """Else all processes would be taken for ended."""
    telemetry = KeptTelemetry(tmp_path, clock)
    draining = Draining(tmp_path, now=clock, monotonic=clock)
    for _ in range(10):
        clock.now_s += HEARTBEAT_S
        draining.collect()

    assert [one.is_alive for one in telemetry.processes()] == [True]
    draining.close()


def test_a_thread_collects_until_it_is_closed(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """What was written last included."""
    arrived = threading.Event()
    collector = Collector(tmp_path, sampling=KEEPS_ALL, sinks=[lambda _: arrived.set()])
    rings = Rings(tmp_path)

    collects = collector.start()
    rings.span(span(1))
    came_by_itself = arrived.wait(PATIENCE_S)
    rings.span(span(2))
    rings.close()
    collector.close()

    assert collects
    assert came_by_itself
    assert not collector.collects
    assert kept_traces(telemetry) == [1, 2]


def test_of_two_one_collects_and_the_other_takes_over(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """When the first is closed."""
    first, second = Collector(tmp_path, sampling=KEEPS_ALL), Collector(tmp_path, sampling=KEEPS_ALL, again_s=0.01)
    rings = Rings(tmp_path)

    collect = [first.start(), second.start()]
    rings.span(span(1))
    first.close()
    took_over = second.wait_until_it_collects(PATIENCE_S)
    rings.span(span(2))
    rings.close()
    second.close()

    assert collect == [True, False]
    assert took_over
    assert kept_traces(telemetry) == [1, 2]


def test_another_takes_over_when_the_process_that_collects_is_killed(tmp_path: Path, telemetry: KeptTelemetry) -> None:
    """The system lets go of the lock."""
    reads, writes = os.pipe()

    def collect() -> None:
        collector = Collector(tmp_path, sampling=KEEPS_ALL)
        os.write(writes, b"1" if collector.start() else b"0")
        threading.Event().wait()

    child = forked(collect)
    answer = os.read(reads, 1)
    collector = Collector(tmp_path, sampling=KEEPS_ALL, again_s=0.01)
    collects = collector.start()
    rings = Rings(tmp_path)
    rings.span(span(1))
    killed(child)
    took_over = collector.wait_until_it_collects(PATIENCE_S)
    rings.span(span(2))
    rings.close()
    collector.close()
    os.close(reads)
    os.close(writes)

    assert answer == b"1"
    assert not collects
    assert took_over
    assert kept_traces(telemetry) == [1, 2]


def test_a_lock_is_for_its_owner_alone(tmp_path: Path) -> None:
    """As everything there."""
    collector = Collector(tmp_path)
    collector.start()

    mode = (telemetry_folder(tmp_path) / "collector.lock").stat().st_mode & 0o777
    collector.close()

    assert mode == 0o600
