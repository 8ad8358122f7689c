"""Which traces are kept: all of them where there are few, and of many those that tell something.

Tail sampling by trace. Time is given by whoever asks: seconds on any clock that does not go back.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

import msgspec

from atoll.telemetry.record import Span

M = TypeVar("M")


class Sampling(msgspec.Struct, frozen=True):
    """How traces are chosen.

    `traces_per_s` are kept whatever they are, after a rest `traces_at_once` of them. A trace beyond these waits until
    nothing more has come of it for `idle_s`, or for `waits_max_s`: it is kept when a span tells something, which is
    that it did not end well, was degraded, was not the first attempt, or was slow: `slow_s`, or `slow_times` as long as
    99 of 100 of its name usually take, where that is no less than `slow_min_s`. So many `waiting_max` spans wait; with
    more of them the oldest trace is decided at once. So many `remembered_max` decisions are remembered, for spans that
    come late, and the usual durations of `names_max` names.
    """

    traces_per_s: float = 100.0
    traces_at_once: float = 500.0
    idle_s: float = 2.0
    waits_max_s: float = 10.0
    slow_s: float = 1.0
    slow_times: float = 4.0
    slow_min_s: float = 0.01
    waiting_max: int = 100_000
    remembered_max: int = 50_000
    names_max: int = 5_000


class _Waiting(Generic[M]):
    """A trace that is not decided yet."""

    __slots__ = ("first_at", "last_at", "spans")

    def __init__(self, at: float) -> None:
        self.first_at = self.last_at = at
        self.spans: list[tuple[M, Span]] = []


class Sampler(Generic[M]):
    """Decides trace by trace. Each span comes with a mark of whoever offers it: where it has read it, say.

    A trace with a span that tells something is kept at any rate: whole where its other spans wait still, else from that
    span on. Memory is bounded by `Sampling`.
    """

    def __init__(self, sampling: Sampling | None = None) -> None:
        self._sampling = sampling or Sampling()
        self._kept: list[tuple[M, Span]] = []
        self._dropped: list[M] = []
        self._waiting: OrderedDict[int, _Waiting[M]] = OrderedDict()
        self._waiting_spans = 0
        self._are_kept: OrderedDict[int, None] = OrderedDict()  # apart: a flood of others must not wash them away
        self._are_dropped: OrderedDict[int, None] = OrderedDict()
        self._usual = _Usual(self._sampling)
        self._budget = self._sampling.traces_at_once
        self._budget_at: float | None = None
        self.dropped_traces = 0
        """Traces that were not kept, since the beginning."""

    def offer(self, span: Span, mark: M, now: float) -> bool:
        """Take one span; whether it waits. `taken` has what was decided."""
        trace_id = span.trace_id
        tells = self._usual.tells(span)
        if trace_id in self._are_kept or tells or (self._is_new(trace_id) and self._affords(now)):
            self._keep(trace_id)
            self._kept.append((mark, span))
            return False
        if trace_id in self._are_dropped:
            self._dropped.append(mark)
            return False
        return self._wait(span, mark, now)

    def decide(self, now: float) -> None:
        """Drop those that have waited long enough."""
        idle_since = now - self._sampling.idle_s
        while self._waiting and next(iter(self._waiting.values())).last_at <= idle_since:
            self._drop_oldest()

    def close(self) -> None:
        """Decide all that waits: nothing more will come."""
        while self._waiting:
            self._drop_oldest()

    def keep(self, trace_id: int) -> None:
        """Know that a trace is kept: what an earlier sampler has decided."""
        self._remember(trace_id, self._are_kept)

    def taken(self) -> tuple[list[tuple[M, Span]], list[M]]:
        """What was decided since the last time: spans to keep, each with its mark, and the marks of others."""
        taken = self._kept, self._dropped
        self._kept, self._dropped = [], []
        return taken

    @property
    def waiting_spans(self) -> int:
        """How many spans wait."""
        return self._waiting_spans

    @property
    def remembered(self) -> int:
        """How many decisions are remembered."""
        return len(self._are_kept) + len(self._are_dropped)

    @property
    def names(self) -> int:
        """Of how many names the usual durations are known."""
        return len(self._usual.known)

    def _is_new(self, trace_id: int) -> bool:
        return trace_id not in self._waiting and trace_id not in self._are_dropped

    def _affords(self, now: float) -> bool:
        """Whether there is room for a trace that tells nothing yet; takes it."""
        sampling = self._sampling
        if self._budget_at is not None:
            more = (now - self._budget_at) * sampling.traces_per_s
            self._budget = min(sampling.traces_at_once, self._budget + more)
        self._budget_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    def _wait(self, span: Span, mark: M, now: float) -> bool:
        trace_id = span.trace_id
        waiting = self._waiting.get(trace_id)
        if waiting is None:
            waiting = self._waiting[trace_id] = _Waiting(now)
        else:
            self._waiting.move_to_end(trace_id)
            waiting.last_at = now
        waiting.spans.append((mark, span))
        self._waiting_spans += 1
        if now - waiting.first_at > self._sampling.waits_max_s - self._sampling.idle_s:  # it would be idle too late
            self._drop(trace_id)
        while self._waiting_spans > self._sampling.waiting_max:
            self._drop_oldest()
        return trace_id in self._waiting

    def _keep(self, trace_id: int) -> None:
        waiting = self._waiting.pop(trace_id, None)
        if waiting is not None:
            self._waiting_spans -= len(waiting.spans)
            self._kept += waiting.spans
        self._are_dropped.pop(trace_id, None)
        self._remember(trace_id, self._are_kept)

    def _drop_oldest(self) -> None:
        self._drop(next(iter(self._waiting)))

    def _drop(self, trace_id: int) -> None:
        waiting = self._waiting.pop(trace_id)
        self._waiting_spans -= len(waiting.spans)
        self._dropped += [mark for mark, _ in waiting.spans]
        self.dropped_traces += 1
        self._remember(trace_id, self._are_dropped)

    def _remember(self, trace_id: int, among: OrderedDict[int, None]) -> None:
        among[trace_id] = None
        among.move_to_end(trace_id)
        if len(among) > self._sampling.remembered_max:
            among.popitem(last=False)


_KNOWN_AFTER = 100
"""So many spans of a name are seen before one of them is called slow for it."""
_STEP = 0.05


class _Usual:
    """How long 99 of 100 spans of each name usually take: an estimate that moves a little with each span.

    It rises by 99 steps of 0.05 % where one took longer, and falls by one where it did not: it rests where one in a
    hundred is above it.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self.known: dict[tuple[str, str], list[float]] = {}

    def tells(self, span: Span) -> bool:
        """Whether a span tells something by itself."""
        is_slow = self._is_slow(span)
        return is_slow or span.outcome != "ok" or bool(span.degraded) or span.attempt > 1

    def _is_slow(self, span: Span) -> bool:
        duration_s = span.duration_s
        key = (span.service, span.name)
        known = self.known.get(key)
        if known is None:
            if len(self.known) < self._sampling.names_max:
                self.known[key] = [max(duration_s, 1e-6), 1]
            return duration_s >= self._sampling.slow_s
        usual_s, seen = known
        known[1] = seen + 1
        known[0] = usual_s * (1 + _STEP * 0.99 if duration_s > usual_s else 1 - _STEP * 0.01)
        if duration_s >= self._sampling.slow_s:
            return True
        limit_s = max(self._sampling.slow_min_s, self._sampling.slow_times * usual_s)
        return seen >= _KNOWN_AFTER and duration_s >= limit_s
