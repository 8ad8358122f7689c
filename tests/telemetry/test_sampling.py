"""Sampling: few traces are kept whole, of many those that tell something, and memory has a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.telemetry import Sampler, Sampling

NONE_AT_ONCE = Sampling(traces_per_s=0.0, traces_at_once=0.0)


def trace(number: int) -> bytes:
    """The id of a trace."""
    return number.to_bytes(16, "big")


class Sampled:
    """A sampler, and what came of each span that it was offered."""

    def __init__(self, sampling: Sampling | None = None) -> None:
        self.sampler = Sampler[int](sampling)
        self.offered = 0

    def offer(self, number: int, at: float = 0.0, *, tells: bool = False) -> bool:
        """Offer the next span, of a trace; whether it waits."""
        self.offered += 1
        return self.sampler.offer(trace(number), self.offered - 1, at, tells=tells)

    @property
    def kept(self) -> list[int]:
        """Which spans are kept, since the last time: the first that was offered is 0."""
        return self.sampler.taken()


def test_few_traces_are_all_kept_at_once() -> None:
    """An operator who tries something sees it, whatever it was."""
    it = Sampled()

    waits = [it.offer(number, number / 100) for number in range(2_000)]

    assert not any(waits)
    assert it.kept == list(range(2_000))
    assert it.sampler.dropped_traces == 0


def test_many_traces_wait_and_are_dropped_and_counted() -> None:
    """Beyond the rate, those that tell nothing; after a generation, and the rest of the one in which they came."""
    it = Sampled(Sampling(traces_per_s=10, traces_at_once=5))
    it.sampler.decide(0.0)

    waits = [it.offer(number) for number in range(20)]
    turns = [it.sampler.decide(at) for at in (1.9, 2.0, 3.9)]
    waiting = it.sampler.waiting_items
    it.sampler.decide(4.0)

    assert waits == [False] * 5 + [True] * 15
    assert turns == [False, True, False]
    assert (waiting, it.sampler.waiting_items) == (15, 0)
    assert it.kept == list(range(5))
    assert it.sampler.dropped_traces == 15


@pytest.mark.parametrize("turns", [0, 1])
def test_a_trace_with_a_span_that_tells_something_is_kept_whole(turns: int) -> None:
    """Also what was read of it before, in this generation and in the one before."""
    it = Sampled(NONE_AT_ONCE)

    waits = [it.offer(1), it.offer(1), it.offer(2)]
    for turn in range(turns + 1):
        it.sampler.decide(2.0 * turn)
    waits.append(it.offer(1, 2.5, tells=True))

    assert waits == [True, True, True, False]
    assert it.kept == [0, 1, 3]


def test_late_spans_follow_the_decision() -> None:
    """Of a trace that is kept all, of one that is not none."""
    it = Sampled(Sampling(traces_per_s=1e9, traces_at_once=1))
    it.offer(1)
    it.offer(2)
    for at in (0.0, 2.0, 4.0):
        it.sampler.decide(at)

    waits = [it.offer(1, 4.1), it.offer(2, 4.1), it.offer(3, 4.1)]

    assert waits == [False, False, False]
    assert it.kept == [0, 2, 4]
    assert it.sampler.dropped_traces == 1


def test_an_error_is_kept_though_its_trace_was_dropped() -> None:
    """With what comes after it."""
    it = Sampled(NONE_AT_ONCE)
    it.offer(1)
    for at in (0.0, 2.0, 4.0):
        it.sampler.decide(at)

    it.offer(1, 4.1, tells=True)
    it.offer(1, 4.2)

    assert it.kept == [1, 2]


def test_a_trace_that_never_rests_is_decided_all_the_same() -> None:
    """After some generations: what waits holds up the place in the ring."""
    it = Sampled(NONE_AT_ONCE)

    waits: list[bool] = []
    for tenth in range(200):
        it.sampler.decide(tenth / 10)
        waits.append(it.offer(1, tenth / 10))

    first = waits.index(False)
    assert 80 <= first <= 140
    assert it.sampler.dropped_traces >= 1
    assert it.kept == []


def test_what_an_earlier_sampler_has_kept_is_kept() -> None:
    """Who takes over goes on as the other did."""
    it = Sampled(NONE_AT_ONCE)
    it.sampler.keep(trace(1))

    it.offer(1)

    assert it.kept == [0]


def test_who_waits_is_known() -> None:
    """So that whoever has read them knows up to where all is decided."""
    it = Sampled(NONE_AT_ONCE)
    for number in (1, 2, 1):
        it.offer(number)
    it.sampler.decide(0.0)
    it.sampler.decide(2.0)
    it.offer(3, 2.0)
    it.offer(2, 2.0, tells=True)

    assert sorted(it.sampler.waiting()) == [0, 2, 3]


def test_the_one_for_whom_others_make_room_waits() -> None:
    """The older half is dropped, and it is none of that: where it stands in the ring is not passed over."""
    it = Sampled(Sampling(traces_per_s=0.0, traces_at_once=0.0, waiting_max=3))
    it.offer(1)
    it.sampler.decide(0.0)
    it.sampler.decide(2.0)

    waits = [it.offer(number, 2.0) for number in (2, 3, 4)]

    assert waits == [True, True, True]
    assert sorted(it.sampler.waiting()) == [1, 2, 3]
    assert it.sampler.dropped_traces == 1


def test_memory_has_a_bound_however_many_traces_there_are() -> None:
    """Of spans that wait, and of decisions."""
    sampling = Sampling(traces_per_s=50, traces_at_once=50, waiting_max=100, remembered_max=200)
    it = Sampled(sampling)
    most_waiting = most_remembered = 0

    for number in range(10_000):
        it.offer(number, number / 1_000, tells=not number % 3)
        it.sampler.decide(number / 1_000)
        most_waiting = max(most_waiting, it.sampler.waiting_items)
        most_remembered = max(most_remembered, it.sampler.remembered)
        it.sampler.taken()

    assert most_waiting <= 100
    assert most_remembered <= 2 * (200 + 1) + 4 * 100


SPANS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3), st.floats(0, 1.5)), max_size=80)


@given(spans=SPANS, rate=st.floats(0, 5), at_once=st.floats(0, 5), waiting_max=st.integers(1, 20))
def test_every_trace_with_an_error_is_kept_at_any_rate(
    spans: list[tuple[int, int, float]], rate: float, at_once: float, waiting_max: int
) -> None:
    """The error itself always, and none twice; what does not wait and is not kept is a dropped trace's."""
    it = Sampled(Sampling(traces_per_s=rate, traces_at_once=at_once, waiting_max=waiting_max))
    telling: set[int] = set()
    kept: list[int] = []
    now = 0.0

    for number, chance, pause_s in spans:
        now += pause_s
        if not chance:
            telling.add(it.offered)
        it.offer(number, now, tells=not chance)
        it.sampler.decide(now)
        kept += it.kept
    it.sampler.close()
    kept += it.kept

    assert len(kept) == len(set(kept))
    assert telling <= set(kept) <= set(range(it.offered))
    assert it.sampler.waiting_items == 0
    assert list(it.sampler.waiting()) == []
