"""Which instance is called: one that is well, rather the less busy one, and each as often as the others."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from atoll.calls.balancing import LATE_MAX, LEFT_OUT_MAX_S, LEFT_OUT_S, Candidate, choose

NOW = 1_000.0


def _candidate(load: int, failures: int) -> Candidate:
    made = Candidate()
    made.load = load
    for _ in range(failures):
        made.failed(max(NOW - 0.01, made.back_at))
    return made


candidates = st.lists(st.builds(_candidate, st.integers(0, 50), st.integers(0, 3)), max_size=12)
seeds = st.integers(0, 2**32)


@given(candidates, st.data(), seeds)
def test_one_that_is_well_goes_before_one_that_has_failed(
    instances: list[Candidate], data: st.DataObject, seed: int
) -> None:
    """Whatever their number and their load; and nobody is chosen who has been tried."""
    tried = data.draw(st.lists(st.sampled_from(instances), max_size=3)) if instances else []
    fit = [each for each in instances if each not in tried]

    chosen = choose(instances, NOW, random.Random(seed).randrange, tried)

    assert (chosen is None) == (not fit)
    if chosen is not None:
        assert chosen in fit
        assert not chosen.is_left_out(NOW) or all(each.is_left_out(NOW) for each in fit)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12), seeds)
def test_the_busiest_of_all_is_not_chosen(loads: list[int], seed: int) -> None:
    """Of two it is always the other one, unless they are as busy."""
    instances = [_candidate(load, 0) for load in loads]

    chosen = choose(instances, NOW, random.Random(seed).randrange)

    assert chosen is not None
    assert chosen.load < max(loads) or loads.count(max(loads)) > 1


@given(st.integers(2, 10), seeds)
def test_calls_are_spread_evenly(count: int, seed: int) -> None:
    """Each call stays under way: nobody gets many more than another."""
    instances = [Candidate() for _ in range(count)]
    below = random.Random(seed).randrange

    for _ in range(count * 50):
        chosen = choose(instances, NOW, below)
        assert chosen is not None
        chosen.load += 1

    assert max(each.load for each in instances) - min(each.load for each in instances) <= 10


@given(st.integers(2, 6), seeds)
def test_calls_that_end_at_once_are_spread_too(count: int, seed: int) -> None:
    """Where nobody is busy, chance alone decides, and favours nobody."""
    instances = [Candidate() for _ in range(count)]
    below = random.Random(seed).randrange

    chosen = Counter(id(choose(instances, NOW, below)) for _ in range(count * 200))

    assert len(chosen) == count
    assert max(chosen.values()) < 2 * min(chosen.values())


@given(st.lists(st.integers(1, 3), min_size=2, max_size=8), seeds)
def test_where_all_have_failed_the_one_that_is_back_first_is_tried(failures: list[int], seed: int) -> None:
    """Somebody has to find out."""
    instances = [_candidate(0, count) for count in failures]

    chosen = choose(instances, NOW, random.Random(seed).randrange)

    assert chosen is not None
    assert chosen.back_at == min(each.back_at for each in instances)


@given(st.integers(1, 40))
def test_an_instance_is_left_out_for_longer_each_time(failures: int) -> None:
    """Twice as long, within a limit."""
    one, now = Candidate(), NOW
    for number in range(failures):
        one.failed(now)
        span = one.back_at - now
        assert abs(span - min(LEFT_OUT_MAX_S, LEFT_OUT_S * 2.0**number)) < 1e-6
        now = one.back_at
        assert not one.is_left_out(now)

    one.answered()

    one.failed(now)
    assert abs(one.back_at - now - LEFT_OUT_S) < 1e-6


def test_calls_that_fail_together_count_once() -> None:
    """A hundred connections break at one moment."""
    one = Candidate()

    for _ in range(100):
        one.failed(NOW)

    assert one.back_at == NOW + LEFT_OUT_S


def test_some_late_calls_in_a_row_are_a_failure() -> None:
    """An answer in between says that it is well."""
    one = Candidate()

    for _ in range(LATE_MAX - 1):
        one.was_late(NOW)
    one.answered()
    for _ in range(LATE_MAX - 1):
        one.was_late(NOW)
    before = one.is_left_out(NOW)
    one.was_late(NOW)

    assert (before, one.is_left_out(NOW)) == (False, True)
