"""Which traces are kept: all of them where there are few, and of many those that tell something.

Tail sampling by trace, in two generations: what belongs to traces that are not decided is held by its trace, and a
trace of which nothing has come for a whole generation is dropped with it. So a span that will be dropped costs a look
into a dictionary, and is never decoded. Time is given by whoever asks: seconds on any clock that does not go back.
"""

from collections.abc import Collection, Iterator
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Sampling(msgspec.Struct, frozen=True):
    """How traces are chosen.

    `traces_per_s` are kept whatever they are, after a rest `traces_at_once` of them. A trace beyond these waits until
    nothing more has come of it for `idle_s`, at most twice as long, or for `generations_max` times that in all: it is
    kept when a span tells something. So many `waiting_max` spans wait; with more of them the older half is decided at
    once. So many `remembered_max` decisions to keep are remembered, for spans that come late.
    """

    traces_per_s: float = 100.0
    traces_at_once: float = 500.0
    idle_s: float = 2.0
    generations_max: int = 5
    waiting_max: int = 100_000
    remembered_max: int = 50_000


class Sampler(Generic[T]):
    """Decides trace by trace. `T` is whatever stands for a span: it is given back when its trace is kept.

    A trace with a span that tells something is kept at any rate: whole where its other spans wait still, else from that
    span on. Memory is bounded by `Sampling`.
    """

    def __init__(self, sampling: Sampling | None = None) -> None:
        self._sampling = sampling or Sampling()
        self._kept: list[T] = []
        self._generation = 0
        self._turns_at: float | None = None
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}
        """The first span of each trace that waits; many have no other one."""
        self._others: dict[bytes, list[T]] = {}
        self._since: dict[bytes, int] = {}
        """In which generation those have begun that have outlived one."""
        self._items = 0
        self._are_kept: tuple[dict[bytes, None], dict[bytes, None]] = ({}, {})
        self._are_dropped: tuple[Collection[bytes], Collection[bytes]] = ((), ())
        self._budget = self._sampling.traces_at_once
        self._budget_at: float | None = None
        self.dropped_traces = 0
        """Traces that were not kept, since the beginning."""

    def offer(self, trace: bytes, item: T, now: float, *, tells: bool) -> bool:
        """Take one span of a trace; whether it waits. `taken` has what is kept.

        Under load nearly every span is the first of a trace that nothing is known of, and that will be dropped.
        """
        young = self._young
        if not tells and trace in young:
            self._add(trace, item)
            return True
        if tells or trace in self._are_kept[0] or trace in self._are_kept[1]:
            return self._take(trace, item)
        if trace in self._are_dropped[0] or trace in self._are_dropped[1]:
            return False
        if trace in self._old:
            return self._wait_again(trace, item)
        if now != self._budget_at:
            self._earn(now)
        if self._budget >= 1:
            self._budget -= 1
            return self._take(trace, item)
        young[trace] = item
        self._items += 1
        if self._items > self._sampling.waiting_max:
            self._turn()
            return trace in self._old
        return True

    def decide(self, now: float) -> bool:
        """Drop those that have waited long enough; whether a generation has ended, so that there were any to drop."""
        if self._turns_at is None:
            self._turns_at = now + self._sampling.idle_s
        if now < self._turns_at:
            return False
        self._turns_at = now + self._sampling.idle_s
        self._turn()
        return True

    def close(self) -> None:
        """Decide all that waits: nothing more will come."""
        self._turn()
        self._turn()

    def keep(self, trace: bytes) -> None:
        """Keep a trace, with what waits of it and what will come."""
        for generation in (self._young, self._old):
            if trace in generation:
                waiting = [generation.pop(trace), *self._others.pop(trace, ())]
                self._since.pop(trace, None)
                self._items -= len(waiting)
                self._kept += waiting
        young, old = self._are_kept
        young[trace] = None
        if len(young) > self._sampling.remembered_max:
            self._are_kept = ({}, young)
            old.clear()

    def taken(self) -> list[T]:
        """What is kept, since the last time."""
        taken, self._kept = self._kept, []
        return taken

    def waiting(self) -> Iterator[T]:
        """All that waits."""
        for generation in (self._old, self._young):
            yield from generation.values()
        for others in self._others.values():
            yield from others

    @property
    def waiting_items(self) -> int:
        """How many spans wait."""
        return self._items

    @property
    def remembered(self) -> int:
        """How many decisions are remembered."""
        return sum(map(len, (*self._are_kept, *self._are_dropped)))

    def _take(self, trace: bytes, item: T) -> bool:
        """Keep a trace, and this span of it, which therefore does not wait."""
        self.keep(trace)
        self._kept.append(item)
        return False

    def _earn(self, now: float) -> None:
        """Add to what can be kept of traces that tell nothing, as time has passed."""
        if self._budget_at is not None:
            more = (now - self._budget_at) * self._sampling.traces_per_s
            self._budget = min(self._sampling.traces_at_once, self._budget + more)
        self._budget_at = now

    def _wait_again(self, trace: bytes, item: T) -> bool:
        """Go on with a trace of the generation before; whether it waits: one that has for too many is dropped."""
        first = self._old.pop(trace)
        if self._generation - self._since.setdefault(trace, self._generation - 1) >= self._sampling.generations_max:
            self._drop({trace: first})
            return False
        self._young[trace] = first
        self._add(trace, item)
        if self._items > self._sampling.waiting_max:
            self._turn()
        return trace in self._young or trace in self._old

    def _add(self, trace: bytes, item: T) -> None:
        """Hold another span of a trace."""
        self._others.setdefault(trace, []).append(item)
        self._items += 1

    def _turn(self) -> None:
        """Begin a generation: what has waited for a whole one is dropped."""
        self._generation += 1
        dropped, self._old, self._young = self._old, self._young, {}
        self._are_dropped = ((), self._are_dropped[0])
        self._drop(dropped)
        if self._items > self._sampling.waiting_max:  # nothing old was there
            dropped, self._old = self._old, {}
            self._drop(dropped)

    def _drop(self, traces: dict[bytes, T]) -> None:
        self.dropped_traces += len(traces)
        self._items -= len(traces)
        if self._others:
            self._items -= sum(len(self._others.pop(trace, ())) for trace in traces)
        if self._since:
            for trace in traces:
                self._since.pop(trace, None)
        self._are_dropped = ({*self._are_dropped[0], *traces}, self._are_dropped[1])
