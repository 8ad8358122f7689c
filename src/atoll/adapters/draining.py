"""Rings drained into the store: what was read, what became of it, and how far, so that nothing is kept twice or lost.

A ring's place in the store moves on past records that are decided alone. Spans of traces that still wait are read again
by the next one who collects, if this one is killed; the store knows those that it has already.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from math import isfinite
from pathlib import Path

import msgspec

from atoll.adapters.rings import BLOCK, NotARing, RingReader
from atoll.adapters.telemetry_rows import is_storable_line, is_storable_span
from atoll.adapters.telemetry_schema import is_spoiled, put_aside, store_path, telemetry_folder
from atoll.adapters.telemetry_store import SIZE_BYTES_MAX, Batch, Place, TelemetryStore
from atoll.telemetry import Kept, LogLine, Lost, Record, Sample, Sampler, Sampling, Sink, Span, decode, glance

ROUND_BYTES = 4 * 1024 * 1024
"""So much is read of all rings together before it is written."""
HEARTBEAT_S = 5.0
"""So often the store hears that somebody collects, if there is nothing else to write."""
AGAIN_S = 1.0
"""How long nothing is written after that has failed."""
UNFINISHED_S = 10.0
"""A file that is no ring after so long, and that nobody changes, will never be one."""
_POLITE = 256

_log = logging.getLogger("atoll.telemetry")


class _Ring:
    """A ring that is read, and what was read of it since the last round."""

    def __init__(self, reader: RingReader, place: Place) -> None:
        self.reader = reader
        self.file = reader.path.name
        self.place = place
        self.waits_from: int | None = None
        """Where the first record begins whose trace is not decided, or one before it; None where none waits."""
        self.is_left = False
        self.missed_bytes = 0
        self.spans: list[Span] = []
        self.lines: list[LogLine] = []
        self.sample: Sample | None = None

    def take(self, record: Record) -> bool:
        """Take something that is kept, if it can be; whether it can."""
        match record:
            case Span() if is_storable_span(record):
                self.spans.append(record)
            case LogLine() if is_storable_line(record):
                self.lines.append(record)
            case Sample() if isfinite(record.at):
                self.sample = record
            case _:
                return False
        return True

    @property
    def place_now(self) -> Place:
        """How far it is."""
        position, read = self.reader.position, max(self.place.read, self.reader.position)
        return Place(position if self.waits_from is None else self.waits_from, read)

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come of it."""
        return self.is_left and self.waits_from is None and self.reader.is_at_end


class Draining:
    """Drains all rings of a state folder. Owns their readers and the store; the only one, of all processes.

    Nothing that the disk does ends it: what cannot be written is dropped, which the log says once.
    """

    def __init__(
        self,
        state: Path,
        *,
        sinks: Sequence[Sink] = (),
        sampling: Sampling | None = None,
        size_bytes_max: int = SIZE_BYTES_MAX,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._folder = state / "telemetry" / "rings"
        self._path = store_path(state)
        self._size_bytes_max = size_bytes_max
        self._sinks = sinks
        self._now = now
        self._monotonic = monotonic
        self._sampler: Sampler[_Seen] = Sampler(sampling)
        self._rings: dict[str, _Ring] = {}
        self._done: set[str] = set()  # read to their end, and not removed yet
        self._gone: list[str] = []
        self._places: dict[str, Place] = {}
        self._traces_told = 0
        self._lost = Lost()
        self._alive: frozenset[str] = frozenset()
        self._written_at = float("-inf")
        self._store: TelemetryStore | None = None
        self._knows_places = False
        self._failed_at: float | None = None
        with self._failing():
            self._open_store()

    def collect(self) -> int:
        """Look at all rings once, and write what is decided; how many records there were."""
        now = self._monotonic()
        if self._store is None and self._may_write(now):  # before anything is read that it may have already
            with self._failing():
                self._open_store()
        self._find_rings()
        bytes_max = max(BLOCK, min(ROUND_BYTES // max(len(self._rings), 1), self._size_bytes_max // 128))
        count = sum(self._drain(ring, bytes_max, now) for ring in self._rings.values())
        if self._sampler.decide(now):
            self._look_who_waits()
        self._settle(now)
        return count

    @property
    def is_behind(self) -> bool:
        """Whether there is something to read at once."""
        return any(not ring.reader.is_at_end for ring in self._rings.values())

    def close(self, rounds_max: int = 200) -> None:
        """Drain once more, decide what waits, and let go of everything."""
        self.collect()
        for _ in range(rounds_max):
            if not self.is_behind:
                break
            self.collect()
        self._sampler.close()
        self._look_who_waits()
        self._written_at = float("-inf")
        self._settle(self._monotonic())
        for ring in self._rings.values():
            ring.reader.close()
        self._rings.clear()
        if self._store is not None:
            self._store.close()

    # --- reading ---

    def _find_rings(self) -> None:
        try:
            found = sorted(path for path in self._folder.iterdir() if path.suffix in (".spans", ".lines"))
        except OSError:  # no process has made one yet
            return
        for path in found:
            if path.name not in self._rings and path.name not in self._done:
                place = self._places.get(path.name, Place())
                try:
                    self._rings[path.name] = _Ring(RingReader(path, place.position), place)
                except NotARing:
                    self._remove_unfinished(path)
                except OSError:  # it may be gone again, or somebody else's
                    continue

    def _remove_unfinished(self, path: Path) -> None:
        """Remove a file whose writer was killed before it was a ring."""
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < self._now() - UNFINISHED_S:
                path.unlink()
                self._lost = _plus(self._lost, Lost(unreadable=1))

    def _drain(self, ring: _Ring, bytes_max: int, now: float) -> int:
        ring.is_left = ring.reader.is_left  # asked first: what is written before it leaves is read now
        reader, offer = ring.reader, self._sampler.offer
        count = unreadable = 0
        before = reader.position
        for position, content in reader.read(bytes_max):
            count += 1
            if not count % _POLITE:
                time.sleep(0)  # the loop of the same process may want to run
            if (seen := glance(content)) is not None:
                tells, trace = seen
                waits = offer(trace, (ring, before, content), now, tells=tells)
                if waits and ring.waits_from is None:
                    ring.waits_from = before
            elif position > ring.place.read:
                unreadable += not _taken(ring, content)
            before = position
        missed, ring.missed_bytes = reader.missed_bytes - ring.missed_bytes, reader.missed_bytes
        if missed or unreadable:
            self._lost = _plus(self._lost, Lost(missed_bytes=missed, unreadable=unreadable))
        return count

    # --- deciding and writing ---

    def _look_who_waits(self) -> None:
        """Find out up to where each ring is decided."""
        first: dict[str, int] = {}
        for ring, begin, _ in self._sampler.waiting():
            if begin < first.get(ring.file, begin + 1):
                first[ring.file] = begin
        for ring in self._rings.values():
            ring.waits_from = first.get(ring.file)

    def _settle(self, now: float) -> None:
        """Write what was decided, hand it on, and remove rings of which nothing more will come."""
        unreadable = sum(not _taken(ring, content) for ring, _, content in self._sampler.taken())
        if unreadable:
            self._lost = _plus(self._lost, Lost(unreadable=unreadable))
        rings = self._rings.values()
        dropped_traces = self._sampler.dropped_traces - self._traces_told
        self._traces_told += dropped_traces
        batch = Batch(
            self._now(),
            _by_process(rings),
            {ring.file: place for ring in rings if (place := ring.place_now) != ring.place},
            self._gone,
            frozenset(ring.reader.name for ring in rings if not ring.is_left),
            _plus(self._lost, Lost(traces=dropped_traces)),
        )
        is_news = bool(batch.kept or batch.places or batch.gone or batch.lost != Lost() or batch.alive != self._alive)
        if is_news or now - self._written_at >= HEARTBEAT_S:
            self._write(batch, now)
            for sink in self._sinks if batch.kept else ():
                sink(batch.kept)
        for ring in rings:
            ring.place = ring.place_now
            ring.spans, ring.lines, ring.sample = [], [], None
        self._remove_done()

    def _write(self, batch: Batch, now: float) -> None:
        """Write a batch, or drop it and say so."""
        self._lost = batch.lost
        if self._store is not None and self._may_write(now):
            with self._failing():
                self._store.write(batch)
                self._written_at, self._alive, self._gone, self._lost = now, frozenset(batch.alive), [], Lost()
                if self._failed_at is not None:
                    self._failed_at = None
                    _log.warning("telemetry is kept again in %s; what came meanwhile is not there", self._path)
                return
        traces = {span.trace_id for kept in batch.kept for span in kept.spans}
        self._lost = _plus(self._lost, Lost(traces=len(traces)))

    def _may_write(self, now: float) -> bool:
        return self._failed_at is None or now - self._failed_at >= AGAIN_S

    @contextlib.contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if self._failed_at is None:
                _log.error(
                    "telemetry cannot be kept in %s: %s; see to the disk, what comes is dropped until then",
                    self._path,
                    error,
                )
            self._failed_at = self._monotonic()
            if self._store is not None:
                self._store.close()
                self._store = None
            if is_spoiled(error):
                with contextlib.suppress(OSError):  # then it fails again, and that was said
                    put_aside(self._path)

    def _open_store(self) -> None:
        telemetry_folder(self._state)
        self._store = store = TelemetryStore(self._path, self._size_bytes_max)
        if not self._knows_places:
            self._knows_places = True
            self._places = store.places()
            self._gone += [file for file in self._places if not (self._folder / file).exists()]
            for trace_id in store.last_traces():
                self._sampler.keep(trace_id.to_bytes(16, "big"))
            for ring in self._rings.values():  # read before the store could be opened
                known = self._places.get(ring.file, Place())
                ring.reader.position = max(ring.reader.position, known.position)
                ring.place = Place(max(ring.place.position, known.position), max(ring.place.read, known.read))

    def _remove_done(self) -> None:
        for ring in [ring for ring in self._rings.values() if ring.is_done]:
            ring.reader.close()
            del self._rings[ring.file]
            self._done.add(ring.file)
        for file in list(self._done):
            try:
                (self._folder / file).unlink(missing_ok=True)
            except OSError:  # again in the next round
                continue
            self._done.discard(file)
            self._gone.append(file)


_Seen = tuple[_Ring, int, bytes]
"""A span that was read and not decoded: from which ring, where it begins there, and its bytes."""


def _taken(ring: _Ring, content: bytes) -> bool:
    """Whether a record can be read and kept."""
    try:
        return ring.take(decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _by_process(rings: Iterable[_Ring]) -> list[Kept]:
    """What was read, of each process together."""
    found: dict[str, Kept] = {}
    for ring in rings:
        if ring.spans or ring.lines or ring.sample:
            name = ring.reader.name
            one = found.get(name) or Kept(name)
            spans, lines = [*one.spans, *ring.spans], [*one.lines, *ring.lines]
            found[name] = Kept(name, spans, lines, ring.sample or one.sample)
    return list(found.values())


def _plus(one: Lost, other: Lost) -> Lost:
    return Lost(
        one.traces + other.traces,
        one.missed_bytes + other.missed_bytes,
        one.unreadable + other.unreadable,
    )
