"""How should telemetry be kept: what does a span cost, how much of a disk does it take, how long does a search take?"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from atoll.adapters.draining import Draining
from atoll.adapters.rings import RingWriter
from atoll.adapters.telemetry_schema import ring_paths
from atoll.telemetry import Sampling, Span, encode_span
from benchmarks.measuring import Cost, Findings, Ratio, Row, Screen, run
from benchmarks.subjects.telemetry_kept import (
    SPANS_EACH,
    TRACES_PER_S,
    WAYS,
    Keeping,
    OneFile,
    log_searches,
    searches,
    spans,
)

AT_ONCE = 2_000
"""Spans of a transaction."""

ROOM_BYTES = 320
"""For each span, so that all of them find room."""

SEARCH_S_MAX = 0.3

PARTS = ("atoll", "msgspec")

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """So many spans are kept and searched; `full_bytes` is a bound that so many more `full_spans` do not fit into."""

    kept: int
    full_bytes: int
    full_spans: int
    collected: int
    times: int = 5


SIZES = {
    "tiny": Size(
        kept=4_000, full_bytes=16 * MEBIBYTE, full_spans=8_000, collected=500, times=1
    ),  # for tests: says nothing
    "small": Size(kept=200_000, full_bytes=32 * MEBIBYTE, full_spans=200_000, collected=30_000),
    "full": Size(kept=1_000_000, full_bytes=64 * MEBIBYTE, full_spans=400_000, collected=30_000, times=3),
}


def measure(size: Size, screen: Screen) -> Findings:
    """Each way to keep the same spans, one after the other; then what it takes to collect them."""
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="atoll-telemetry-") as folder:
        with screen.progress("keeping", 2 * len(WAYS)) as advance:
            for number, (name, way) in enumerate(WAYS.items()):
                kept_and_searched(Path(folder) / str(number), name, way, size, findings)
                advance()
                _full(Path(folder) / f"{number}-full", name, way, size, findings)
                advance()
        _collecting(Path(folder), size, findings)
    order = {name: place for place, name in enumerate(dict.fromkeys(row.name for row in findings.rows))}
    findings.rows.sort(key=lambda row: (row.group, order[row.name]))
    findings.ratios.append(slowest(findings, size))
    return findings


def slowest(findings: Findings, size: Size) -> Ratio:
    """The slowest answer of the store that is used, and the goal."""
    slowest_ms = max(row.cost.median for row in findings.rows if row.metric == OneFile.__name__)
    name = f"the slowest search of the one SQLite file, over {size.kept:,} spans"
    return Ratio(name, slowest_ms, SEARCH_S_MAX * 1e3, "ms")


def kept_and_searched(
    folder: Path, name: str, way: Callable[[Path, int], Keeping], size: Size, findings: Findings
) -> None:
    """Spans that all find room, and searches over them."""
    keeping = way(folder, max(size.kept * ROOM_BYTES, 16 * MEBIBYTE))
    cpu, wall = _written(keeping, size.kept)
    group = "1. Keeping spans, each with its part of a line"
    findings.rows += [
        Row(group, name, "CPU", "µs", cpu),
        Row(group, name, "spans kept", "1/s", wall),
        Row(group, name, "on the disk", "bytes", Cost((keeping.size_bytes() / size.kept,))),
    ]
    span = next(iter(spans(size.kept)))
    seconds = size.kept / SPANS_EACH / TRACES_PER_S
    of = type(keeping).__name__
    for what, search in searches(span, seconds).items():
        cost = _timed(partial(keeping.traces, search), size.times)
        findings.rows.append(Row(f"3. Searching traces, {size.kept:,} spans", what, of, "ms", cost))
    if isinstance(keeping, OneFile):
        kept = keeping.telemetry
        asked: dict[str, Callable[[], object]] = {
            "a trace": partial(kept.trace, span.trace_id),
            "the story of a key": partial(kept.story, span.key),
            **{f"lines: {what}": partial(kept.logs, search) for what, search in log_searches(span, seconds).items()},
        }
        group = f"4. Other questions, {size.kept // SPANS_EACH:,} lines"
        findings.rows += [Row(group, what, of, "ms", _timed(ask, size.times)) for what, ask in asked.items()]
    keeping.close()


def _full(folder: Path, name: str, way: Callable[[Path, int], Keeping], size: Size, findings: Findings) -> None:
    """Spans for which others have to make room."""
    keeping = way(folder, size.full_bytes)
    _written(keeping, size.full_spans)
    cpu, wall = _written(keeping, size.full_spans, seed=2)
    group = "2. The same, where the oldest has to make room"
    share = keeping.size_bytes() / size.full_bytes
    findings.rows += [
        Row(group, name, "CPU", "µs", cpu),
        Row(group, name, "spans kept", "1/s", wall),
        Row(group, name, "of the bound", "%", Cost((share * 100,))),
    ]
    keeping.close()


def _written(keeping: Keeping, count: int, seed: int = 1) -> tuple[Cost, Cost]:
    """What a span takes of the processor, in µs, and how many are kept in a second: of each tenth of them."""
    cpu_us: list[float] = []
    per_s: list[float] = []
    for tenth in _tenths(count, seed):
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        for batch in tenth:
            keeping.write(batch)
        number = sum(map(len, tenth))
        cpu_us.append((time.process_time() - cpu_s) / number * 1e6)
        per_s.append(number / (time.perf_counter() - wall_s))
    return Cost(tuple(cpu_us)), Cost(tuple(per_s))


def _tenths(count: int, seed: int) -> Iterator[list[list[Span]]]:
    """The same spans in batches, a tenth of these at a time."""
    source = spans(count, seed)
    batches = count // AT_ONCE
    for _ in range(min(10, batches)):
        yield [list(islice(source, AT_ONCE)) for _ in range(max(batches // 10, 1))]


def _timed(ask: Callable[[], object], times: int) -> Cost:
    """How long an answer takes, in milliseconds."""
    samples: list[float] = []
    for _ in range(times):
        began_s = time.perf_counter()
        ask()
        samples.append((time.perf_counter() - began_s) * 1e3)
    return Cost(tuple(samples))


def _collecting(folder: Path, size: Size, findings: Findings) -> None:
    """From the ring to the end of each span: kept, or dropped since there are too many."""
    ways = {"kept": Sampling(traces_per_s=1e9, traces_at_once=1e9), "dropped": Sampling(0.0, 0.0, idle_s=0.0)}
    for what, sampling in ways.items():
        samples: list[float] = []
        for turn in range(max(size.times, 1)):
            state = folder / f"collecting-{what}-{turn}"
            path, _ = ring_paths(state, "process-1", turn)
            ring = RingWriter(path, "process-1")
            for span in islice(spans(size.collected, turn), size.collected):
                ring.write(encode_span(span, 0.0))
            draining = Draining(state, sampling=sampling)
            began_s = time.process_time()
            draining.close()
            samples.append((time.process_time() - began_s) / size.collected * 1e6)
            ring.close()
        findings.rows.append(Row("5. Collecting a span, from the ring on", what, "CPU", "µs", Cost(tuple(samples))))


if __name__ == "__main__":
    run("telemetry_store", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
