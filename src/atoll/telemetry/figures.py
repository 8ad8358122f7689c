"""Requests, errors and durations of each operation, counted where they happen: exact, whatever becomes of the records.

Counts begin with the process and only grow, so that whoever looks twice knows the rate between.
"""

from bisect import bisect_left

import msgspec

from atoll.telemetry.record import Kind, Span

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Up to where the classes of durations reach; a last class takes all that took longer."""

NAMES_MAX = 5_000
"""So many different pieces of work are counted; callers are known by name, so that only a defect makes more."""


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


class Figures:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str, str], Figure] = {}
        self.uncounted = 0
        """What was not counted, since there were too many names."""

    def count(self, span: Span) -> None:
        """Count one piece of work."""
        which = (span.kind, span.service, span.name, span.caller)
        figure = self._counted.get(which)
        if figure is None:
            if len(self._counted) >= NAMES_MAX:
                self.uncounted += 1
                return
            figure = self._counted[which] = Figure(span.kind, span.service, span.name, span.caller)
        figure.count += 1
        duration_s = span.duration_s
        figure.duration_s += duration_s
        figure.buckets[bisect_left(BOUNDS_S, duration_s)] += 1
        outcome = span.outcome
        if outcome != "ok":
            figure.errors[outcome] = figure.errors.get(outcome, 0) + 1

    @property
    def all(self) -> list[Figure]:
        """Everything that was counted, as it is now."""
        return list(self._counted.values())
