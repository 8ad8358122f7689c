"""Requests, errors and durations of each operation, counted where they happen: exact, whatever becomes of the records.

Counts begin with the process and only grow, so that whoever looks twice knows the rate between.
"""

from bisect import bisect_left

import msgspec

from atoll.telemetry.record import SLOW_S, Kind, Span

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Up to where the classes of durations reach; a last class takes all that took longer."""

NAMES_MAX = 5_000
"""So many different pieces of work are counted; callers are known by name, so that only a defect makes more."""


SLOW_TIMES, SLOW_LEAST_S = 4.0, 0.01
"""Slow is what takes so many times as long as 99 of 100 of its kind, and is no trifle."""
KNOWN_AFTER = 100
"""So many of a kind tell what is usual."""


class Figure(msgspec.Struct, array_like=True, gc=False):
    """One kind of work between two services, counted: `errors` by outcome, `buckets` by class of duration."""

    kind: Kind
    service: str
    name: str
    caller: str
    count: int = 0
    duration_s: float = 0.0
    errors: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))

    @property
    def failed(self) -> int:
        """How many did not end well."""
        return sum(self.errors.values())

    def minus(self, before: "Figure | None") -> "Figure":
        """What was counted since `before`; all of it where there is no before, or the process has begun anew."""
        if before is None or before.count > self.count:
            return self
        return Figure(
            self.kind,
            self.service,
            self.name,
            self.caller,
            self.count - before.count,
            self.duration_s - before.duration_s,
            {code: more for code, count in self.errors.items() if (more := count - before.errors.get(code, 0))},
            [now - then for now, then in zip(self.buckets, before.buckets, strict=True)],
        )

    def plus(self, other: "Figure") -> "Figure":
        """Both together."""
        codes = dict.fromkeys((*self.errors, *other.errors))
        return Figure(
            self.kind,
            self.service,
            self.name,
            self.caller,
            self.count + other.count,
            self.duration_s + other.duration_s,
            {code: self.errors.get(code, 0) + other.errors.get(code, 0) for code in codes},
            [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)],
        )

    def quantile_s(self, share: float) -> float:
        """The duration that this share (0 to 1) did not exceed, in seconds: within its class by its even spread."""
        wanted = share * self.count
        if not wanted:
            return 0.0
        seen, lower_s = 0.0, 0.0
        for upper_s, count in zip((*BOUNDS_S, 2 * BOUNDS_S[-1]), self.buckets, strict=True):
            if seen + count >= wanted and count:
                return lower_s + (upper_s - lower_s) * (wanted - seen) / count
            seen += count
            lower_s = upper_s
        return lower_s


class Track:
    """One kind of work between two services: its figure, and from which duration on it is slow.

    `tail` is the recorder's own: what it writes of all work of this kind that is plain.
    """

    __slots__ = ("figure", "slow_s", "tail")

    def __init__(self, figure: Figure, tail: bytes = b"") -> None:
        self.figure = figure
        self.slow_s = SLOW_S
        self.tail = tail

    def count(self, duration_s: float) -> bool:
        """Count work that ended well; whether it was slow."""
        figure = self.figure
        figure.count += 1
        figure.duration_s += duration_s
        figure.buckets[bisect_left(BOUNDS_S, duration_s)] += 1
        return duration_s >= self.slow_s

    def look(self) -> None:
        """Learn what is usual."""
        if self.figure.count >= KNOWN_AFTER:
            self.slow_s = max(SLOW_LEAST_S, min(SLOW_S, SLOW_TIMES * self.figure.quantile_s(0.99)))


class Figures:
    """The counts of one process."""

    def __init__(self) -> None:
        self._tracks: dict[tuple[str, str, str, Kind], Track] = {}
        self.uncounted = 0
        """What was not counted, since there were too many names."""

    def count(self, span: Span) -> bool:
        """Count one piece of work; whether it tells something: it failed, was degraded, tried again, or slow."""
        track = self.track(span.kind, span.service, span.name, span.caller)
        if track is None:
            self.uncounted += 1
            return True
        is_slow, errors = track.count(span.duration_s), track.figure.errors
        if span.outcome != "ok":
            errors[span.outcome] = errors.get(span.outcome, 0) + 1
            return True
        return is_slow or span.attempt > 1 or bool(span.degraded)

    def track(self, kind: Kind, service: str, name: str, caller: str) -> Track | None:
        """The track of one kind of work; None when there are too many."""
        key = (name, service, caller, kind)
        track = self._tracks.get(key)
        if track is None and len(self._tracks) < NAMES_MAX:
            track = self._tracks[key] = Track(Figure(kind, service, name, caller))
        return track

    @property
    def all(self) -> list[Figure]:
        """Everything that was counted, as it is now. Whoever looks makes it learn what is slow, too."""
        found = list(self._tracks.values())
        for track in found:
            track.look()
        return [track.figure for track in found]
