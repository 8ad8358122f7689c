"""A breaker: closed as long as most calls succeed, open for a while, and closed again step by step."""

from random import Random

import pytest

from atoll.resilience import Break, Breaker, State
from tests.plain import NeverOpen


def breaker(chance: float = 0.5) -> Breaker:
    """A breaker without jitter, unless there shall be some."""
    return Breaker(lambda: chance)


def opened(times: int = 20) -> Breaker:
    """One that has opened at the moment zero."""
    made = breaker()
    for _ in range(times):
        made.failed(0.0)
    return made


def test_few_calls_say_nothing() -> None:
    """Nineteen that fail may be nineteen of a kind."""
    assert opened(19).state is State.CLOSED
    assert opened(20).state is State.OPEN


@pytest.mark.parametrize(("good", "state"), [(10, State.OPEN), (12, State.CLOSED)])
def test_half_of_the_calls_have_to_fail(good: int, state: State) -> None:
    """A service that answers most of its callers is not left alone."""
    made = breaker()
    for _ in range(good):
        made.succeeded(0.0)
    for _ in range(11 if good == 12 else 10):
        made.failed(0.0)

    assert made.state is state


def test_what_is_long_ago_does_not_count() -> None:
    """Ten seconds are remembered."""
    made = breaker()
    for second in range(40):
        made.failed(second * 1.0)

    assert made.state is State.CLOSED


def test_it_stays_open_for_a_second() -> None:
    """Then one call finds out, and no second one."""
    made = opened()

    assert not made.admits(0.9)
    assert made.shut_s(0.6) == pytest.approx(0.4)
    assert made.admits(1.0)
    assert not made.admits(1.0)


def test_a_probe_that_fails_opens_it_for_twice_as_long() -> None:
    """Up to half a minute."""
    made = opened()
    now, spans = 1.0, list[float]()
    for _ in range(5):
        assert made.admits(now)
        made.probed(now, is_well=False)
        spans.append(made.shut_s(now))
        now += made.shut_s(now)

    assert spans == pytest.approx([2.0, 4.0, 8.0, 16.0, 30.0])


def test_each_probe_that_succeeds_lets_one_more_be_under_way() -> None:
    """A service that has just come back is not met by all that have waited for it."""
    made = opened()
    under_way = [made.admits(1.0)]
    made.probed(1.0, is_well=True)
    while made.admits(1.0):
        under_way.append(True)

    assert len(under_way) == 3  # the first, and now two at a time
    made.probed(1.1, is_well=True)
    assert [made.admits(1.1) for _ in range(3)] == [True, True, False]


def test_after_twenty_that_succeed_it_is_closed() -> None:
    """However seldom they come: nobody who calls alone is refused on the way."""
    made = opened()
    for number in range(20):
        assert made.admits(1.0 + number)
        made.probed(1.0 + number, is_well=True)

    assert made.is_closed


def test_a_probe_that_was_given_up_makes_room_for_another() -> None:
    """A caller that has gone must not shut the way for good."""
    made = opened()
    made.admits(1.0)
    made.left()

    assert made.admits(1.0)


def test_calls_that_were_begun_before_do_not_count_afterwards() -> None:
    """Their answers come late, and say what is known."""
    made = opened()
    made.succeeded(0.4)
    made.failed(0.4)

    assert made.state is State.OPEN
    assert made.shut_s(0.4) == pytest.approx(0.6)


def test_callers_do_not_come_back_together() -> None:
    """A fifth sooner or later."""
    spans: list[float] = []
    chance = Random(1)
    for _ in range(200):
        made = Breaker(chance.random)
        for _ in range(20):
            made.failed(0.0)
        spans.append(made.shut_s(0.0))

    assert 0.8 <= min(spans) < 0.84
    assert 1.16 < max(spans) <= 1.2


def flapping(made: Breaker) -> tuple[int, int, int]:
    """Calls that failed, calls that succeeded, and how often it opened: 10 min of a target that works by turns."""
    failures = successes = openings = 0
    was_closed = True
    for tick in range(60_000):
        now = tick / 100
        is_well = now % 6.0 < 3.0
        is_probe = not made.is_closed
        if is_probe and not made.admits(now):
            continue
        if is_probe:
            made.probed(now, is_well=is_well)
        else:
            (made.succeeded if is_well else made.failed)(now)
        successes += is_well
        failures += not is_well
        openings += was_closed and not made.is_closed
        was_closed = made.is_closed
    return failures, successes, openings


def test_a_target_that_flaps_does_not_make_it_flap() -> None:
    """Three seconds well, three seconds not: it opens rarely, and hardly any call is wasted."""
    failures, successes, openings = flapping(Breaker(Random(7).random))
    all_failures, _, _ = flapping(NeverOpen(Random(7).random))

    assert all_failures == 30_000
    assert failures < all_failures * 0.1
    assert openings <= 600 / Break().open_s / 2
    assert successes > 0
