"""Ways to keep spans on a disk within a bound, and to search them: what `telemetry_store` compares."""

from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest
from pathlib import Path
from random import Random
from shutil import rmtree
from struct import Struct
from typing import Protocol

from atoll.adapters.telemetry_reading import KeptTelemetry
from atoll.adapters.telemetry_schema import store_path, telemetry_folder
from atoll.adapters.telemetry_store import Batch, TelemetryStore
from atoll.telemetry import Kept, LogLine, LogSearch, Span, TraceSearch, decode, encode_span

SEGMENTS = 16
BEGAN_AT = 1.7e9
TRACES_PER_S = 100
SPANS_EACH = 5
LINES_EACH = 1
"""Of a trace."""
_LENGTH = Struct("<I")


def spans(count: int, seed: int = 1) -> Iterator[Span]:
    """Spans of an application with 12 services, five a trace; one in a hundred has failed, one in two has a key."""
    chance = Random(seed)
    at = BEGAN_AT
    for _ in range(-(-count // SPANS_EACH)):
        at += chance.expovariate(TRACES_PER_S)
        trace_id, key, parent_id, caller = chance.getrandbits(128), f"lead-{chance.randrange(count // 20 + 1)}", 0, ""
        for depth in range(SPANS_EACH):
            service = f"service{min(int(chance.expovariate(0.3)), 11)}"
            outcome = "ok" if chance.random() < 0.99 else chance.choice(("unavailable", "not_found", "internal_error"))
            span_id = chance.getrandbits(64)
            name, duration_s = f"{service}.operation{chance.randrange(8)}", chance.expovariate(200)
            began_at, about = at + depth / 1_000, key if depth < 2 else ""
            yield Span(
                name, caller, trace_id, span_id, parent_id, began_at, duration_s, outcome, service=service, key=about
            )
            parent_id, caller = span_id, service


def lines(of: Sequence[Span]) -> list[LogLine]:
    """A line for each trace; two in a hundred are warnings or worse."""
    return [
        LogLine(
            span.started_at,
            20 if number % 50 else 40 if number % 500 else 30,
            "application",
            f"scored lead {span.key} in {span.duration_s:.6f} s",
            span.service,
            span.trace_id,
            span.span_id,
        )
        for number, span in enumerate(of[:: SPANS_EACH // LINES_EACH])
    ]


class Keeping(Protocol):
    """Keeps spans and lines in a folder of its own."""

    def write(self, batch: Sequence[Span]) -> None:
        """Keep some spans, with their lines."""
        ...

    def traces(self, search: TraceSearch) -> Sequence[int]:
        """How many traces there are of each answer."""
        ...

    def size_bytes(self) -> int:
        """How much the disk holds."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class OneFile:
    """One SQLite file, in which the oldest is deleted: what Atoll does."""

    def __init__(self, folder: Path, size_bytes_max: int) -> None:
        self._folder = folder
        telemetry_folder(folder)
        self._store = TelemetryStore(store_path(folder), size_bytes_max)
        self.telemetry = KeptTelemetry(folder)

    def write(self, batch: Sequence[Span]) -> None:
        """In one transaction."""
        self._store.write(Batch(BEGAN_AT, [Kept("process-1", batch, lines(batch))]))

    def traces(self, search: TraceSearch) -> Sequence[int]:
        """By indexes."""
        return [found.spans for found in self.telemetry.traces(search)]

    def size_bytes(self) -> int:
        """With its log."""
        return _size_bytes(self._folder)

    def close(self) -> None:
        """Let go of it."""
        self._store.close()


class Segments:
    """SQLite files of which the oldest is removed whole. A trace that lies in two of them counts as two."""

    def __init__(self, folder: Path, size_bytes_max: int) -> None:
        self._folder = folder
        self._bytes_each = size_bytes_max // SEGMENTS
        self._made = 0
        self._segments: list[tuple[Path, OneFile]] = []
        self._next()

    def write(self, batch: Sequence[Span]) -> None:
        """Into the last one."""
        if self._segments[-1][1].size_bytes() > self._bytes_each:
            self._next()
        self._segments[-1][1].write(batch)

    def traces(self, search: TraceSearch) -> Sequence[int]:
        """Of all, merged."""
        found = [trace for _, segment in self._segments for trace in segment.telemetry.traces(search)]
        return [trace.spans for trace in nlargest(search.limit, found, key=lambda trace: trace.started_at)]

    def size_bytes(self) -> int:
        """Of all of them."""
        return _size_bytes(self._folder)

    def close(self) -> None:
        """Let go of them."""
        for _, segment in self._segments:
            segment.close()

    def _next(self) -> None:
        place = self._folder / str(self._made)
        self._made += 1
        self._segments.append((place, OneFile(place, 2**30)))
        if len(self._segments) > SEGMENTS:
            oldest, segment = self._segments.pop(0)
            segment.close()
            rmtree(oldest)


class Scanned:
    """Files of MessagePack that a search reads from their beginning to their end. Spans alone, no lines."""

    def __init__(self, folder: Path, size_bytes_max: int) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._bytes_each = size_bytes_max // SEGMENTS
        self._made = 0

    def write(self, batch: Sequence[Span]) -> None:
        """At the end of the last one."""
        path = self._folder / f"{self._made:06}"
        with path.open("ab") as file:
            for span in batch:
                content = encode_span(span, 0.0)
                file.write(_LENGTH.pack(len(content)) + content)
            if file.tell() > self._bytes_each:
                self._made += 1
                (self._folder / f"{self._made - SEGMENTS:06}").unlink(missing_ok=True)

    def traces(self, search: TraceSearch) -> Sequence[int]:
        """By looking at everything."""
        counts: dict[int, int] = {}
        began: dict[int, float] = {}
        meant: set[int] = set()
        for span in self._all():
            counts[span.trace_id] = counts.get(span.trace_id, 0) + 1
            began[span.trace_id] = min(began.get(span.trace_id, span.started_at), span.started_at)
            if _is_meant(span, search):
                meant.add(span.trace_id)
        within = (trace for trace in meant if search.since <= began[trace] < search.until)
        return [counts[trace] for trace in nlargest(search.limit, within, key=began.__getitem__)]

    def size_bytes(self) -> int:
        """Of all of them."""
        return _size_bytes(self._folder)

    def close(self) -> None:
        """Nothing is held."""

    def _all(self) -> Iterator[Span]:
        for path in sorted(self._folder.iterdir()):
            content = memoryview(path.read_bytes())
            at = 0
            while at < len(content):
                begin = at + 4
                at = begin + _LENGTH.unpack_from(content, at)[0]
                span = decode(content[begin:at])
                assert isinstance(span, Span)
                yield span


def _is_meant(span: Span, search: TraceSearch) -> bool:
    return (
        search.service in ("", span.service)
        and search.name in ("", span.name)
        and search.key in ("", span.key)
        and search.outcome in ("", span.outcome)
        and not (search.is_failed and span.is_well)
        and span.duration_s >= search.duration_min_s
    )


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


WAYS: dict[str, Callable[[Path, int], Keeping]] = {
    "one SQLite file, the oldest deleted (Atoll)": OneFile,
    f"{SEGMENTS} SQLite files, the oldest removed": Segments,
    f"{SEGMENTS} files of MessagePack, scanned": Scanned,
}


def searches(span: Span, seconds: float) -> dict[str, TraceSearch]:
    """Each search, as it is asked often and as it finds nothing: then all there is has to be ruled out."""
    middle = BEGAN_AT + seconds / 2
    return {
        "the last": TraceSearch(),
        "a service that is everywhere": TraceSearch(service="service0"),
        "a service that is rare": TraceSearch(service="service10"),
        "a name": TraceSearch(name=span.name),
        "a key": TraceSearch(key=span.key),
        "a key that nothing is about": TraceSearch(key="nobody"),
        "an outcome": TraceSearch(outcome="unavailable"),
        "failed": TraceSearch(is_failed=True),
        "failed, of a name": TraceSearch(is_failed=True, name=span.name),
        "failed and slow, there is none": TraceSearch(is_failed=True, duration_min_s=9.0),
        "slow": TraceSearch(duration_min_s=0.05),
        "slow, there is none": TraceSearch(duration_min_s=9.0),
        "slow in a service that is everywhere, there is none": TraceSearch(service="service0", duration_min_s=9.0),
        "a minute in the middle": TraceSearch(since=middle, until=middle + 60),
        "a service, before the middle": TraceSearch(service="service0", until=middle),
    }


def log_searches(span: Span, seconds: float) -> dict[str, LogSearch]:
    """The same of lines."""
    return {
        "the last": LogSearch(),
        "a service that is rare": LogSearch(service="service10"),
        "warnings": LogSearch(level=30),
        "errors of a service": LogSearch(level=40, service="service10"),
        "a text": LogSearch(text="lead-1"),
        "a text, there is none": LogSearch(text="nobody"),
        "of a trace": LogSearch(trace_id=span.trace_id),
        "before the middle": LogSearch(until=BEGAN_AT + seconds / 2),
        "following": LogSearch(after=0),
    }
