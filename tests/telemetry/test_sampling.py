"""Sampling: few traces are kept whole, of many those that tell something, and memory has a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.telemetry import Sampler, Sampling, Span

NONE_AT_ONCE = Sampling(traces_per_s=0.0, traces_at_once=0.0)


def span(trace_id: int, outcome: str = "ok", *, duration_s: float = 0.002, attempt: int = 1) -> Span:
    """A span of a trace."""
    return Span("scoring.score", "capture", trace_id, 1, 0, 1.0, duration_s, outcome, attempt, service="scoring")


DEGRADED = Span("scoring.score", "capture", 1, 1, 0, 1.0, 0.002, "ok", degraded=("enrichment",), service="scoring")


def kept(sampler: Sampler[int]) -> list[int]:
    """The marks of those spans that are kept."""
    return [mark for mark, _ in sampler.taken()[0]]


def test_few_traces_are_all_kept_at_once() -> None:
    """An operator who tries something sees it, whatever it was."""
    sampler = Sampler[int]()

    waits = [sampler.offer(span(number), number, now=number / 100) for number in range(2_000)]

    assert not any(waits)
    assert kept(sampler) == list(range(2_000))
    assert sampler.dropped_traces == 0


def test_many_traces_wait_and_are_dropped_and_counted() -> None:
    """Beyond the rate, those that tell nothing."""
    sampler = Sampler[int](Sampling(traces_per_s=10, traces_at_once=5))

    waits = [sampler.offer(span(number), number, now=0.0) for number in range(20)]
    sampler.decide(1.9)
    too_early = sampler.waiting_spans
    sampler.decide(2.0)

    assert waits == [False] * 5 + [True] * 15
    assert too_early == 15
    assert sampler.waiting_spans == 0
    assert sampler.taken() == ([(number, span(number)) for number in range(5)], list(range(5, 20)))
    assert sampler.dropped_traces == 15


@pytest.mark.parametrize(
    "telling",
    [
        span(1, "unavailable"),
        span(1, duration_s=1.0),
        span(1, attempt=2),
        DEGRADED,
    ],
)
def test_a_trace_with_a_span_that_tells_something_is_kept_whole(telling: Span) -> None:
    """Also what was read of it before."""
    sampler = Sampler[int](NONE_AT_ONCE)

    waits = [sampler.offer(span(1), 0, 0.0), sampler.offer(span(1), 1, 0.1), sampler.offer(telling, 2, 0.2)]

    assert waits == [True, True, False]
    assert kept(sampler) == [0, 1, 2]


def test_what_takes_much_longer_than_usual_is_kept() -> None:
    """Forty milliseconds are slow for what takes two."""
    sampler = Sampler[int](NONE_AT_ONCE)
    for number in range(500):
        sampler.offer(span(number), number, 0.0)

    sampler.offer(span(1_000, duration_s=0.04), 1_000, 0.0)
    sampler.offer(span(1_001, duration_s=0.009), 1_001, 0.0)

    assert kept(sampler) == [1_000]


def test_what_has_become_usual_is_not_slow() -> None:
    """A service that got slower for good does not fill the store."""
    sampler = Sampler[int](NONE_AT_ONCE)
    for number in range(500):
        sampler.offer(span(number), number, 0.0)

    for number in range(500, 1_500):
        sampler.offer(span(number, duration_s=0.05), number, 0.0)

    assert 0 < len(kept(sampler)) < 100


def test_late_spans_follow_the_decision() -> None:
    """Of a trace that is kept all, of one that is not none."""
    sampler = Sampler[int](Sampling(traces_per_s=0, traces_at_once=1))
    sampler.offer(span(1), 0, 0.0)
    sampler.offer(span(2), 1, 0.0)
    sampler.decide(5.0)

    waits = [sampler.offer(span(1), 2, 60.0), sampler.offer(span(2), 3, 60.0)]

    assert waits == [False, False]
    assert sampler.taken() == ([(0, span(1)), (2, span(1))], [1, 3])
    assert sampler.dropped_traces == 1


def test_an_error_is_kept_though_its_trace_was_dropped() -> None:
    """With what comes after it."""
    sampler = Sampler[int](NONE_AT_ONCE)
    sampler.offer(span(1), 0, 0.0)
    sampler.decide(2.0)

    sampler.offer(span(1, "unavailable"), 1, 3.0)
    sampler.offer(span(1), 2, 4.0)

    assert kept(sampler) == [1, 2]


def test_a_trace_that_never_rests_is_decided_all_the_same() -> None:
    """Within ten seconds."""
    sampler = Sampler[int](NONE_AT_ONCE)

    waits = [sampler.offer(span(1), tenth, tenth / 10) for tenth in range(100)]

    assert waits[:80] == [True] * 80
    assert waits[82:] == [False] * 18


def test_what_an_earlier_sampler_has_kept_is_kept() -> None:
    """Who takes over goes on as the other did."""
    sampler = Sampler[int](NONE_AT_ONCE)
    sampler.keep(1)

    sampler.offer(span(1), 0, 0.0)

    assert kept(sampler) == [0]


def test_memory_has_a_bound_however_many_traces_there_are() -> None:
    """Of spans that wait, of decisions, and of names."""
    sampling = Sampling(traces_per_s=50, traces_at_once=50, waiting_max=100, remembered_max=200, names_max=10)
    sampler = Sampler[int](sampling)
    most_waiting = 0

    for number in range(10_000):
        one = Span(f"work-{number}", "", number, 1, 0, 1.0, 0.001, "ok" if number % 3 else "bad", service="scoring")
        sampler.offer(one, number, number / 1_000)
        most_waiting = max(most_waiting, sampler.waiting_spans)
        sampler.taken()

    assert most_waiting == 100
    assert sampler.remembered == 400
    assert sampler.names == 10


SPANS = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["ok", "ok", "ok", "unavailable"]),
        st.floats(0, 1.5),
        st.sampled_from([0.001, 0.001, 2.0]),
        st.integers(1, 2),
    ),
    max_size=80,
)


@given(spans=SPANS, rate=st.floats(0, 5), at_once=st.floats(0, 5), waiting_max=st.integers(1, 20))
def test_every_trace_with_an_error_is_kept_at_any_rate(
    spans: list[tuple[int, str, float, float, int]], rate: float, at_once: float, waiting_max: int
) -> None:
    """The error itself always, all of its trace unless it had to be decided before; and each span has one end."""
    sampler = Sampler[int](Sampling(traces_per_s=rate, traces_at_once=at_once, waiting_max=waiting_max))
    offered: list[Span] = []
    taken: list[tuple[int, Span]] = []
    dropped: list[int] = []
    now = 0.0

    for mark, (trace_id, outcome, pause_s, duration_s, attempt) in enumerate(spans):
        now += pause_s
        offered.append(span(trace_id, outcome, duration_s=duration_s, attempt=attempt))
        sampler.offer(offered[-1], mark, now)
        sampler.decide(now)
        more, others = sampler.taken()
        taken += more
        dropped += others
    sampler.close()
    more, others = sampler.taken()
    taken += more
    dropped += others

    marks = [mark for mark, _ in taken]
    assert sorted(marks + dropped) == list(range(len(offered)))
    assert all(offered[mark] is one for mark, one in taken)
    telling = [
        mark for mark, one in enumerate(offered) if one.outcome != "ok" or one.duration_s >= 1 or one.attempt > 1
    ]
    assert set(telling) <= set(marks)
    gone_whole = {one.trace_id for one in offered} - {one.trace_id for _, one in taken}
    assert sampler.dropped_traces >= len(gone_whole)
