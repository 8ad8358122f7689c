"""A budget of retries: a tenth of what succeeds, a few at first, and one a second for those who call seldom."""

from itertools import count

from atoll.resilience import Budget


def taken(budget: Budget, now: float, times: int) -> int:
    """How many retries were granted of so many."""
    return sum(budget.take(now) for _ in range(times))


def test_who_has_just_started_has_some() -> None:
    """Ten, and the one that is free each second."""
    assert taken(Budget(), 0.0, 50) == 11


def test_ten_successes_earn_one() -> None:
    """So that in the long run there is one retry for ten calls that succeed."""
    budget = Budget()
    taken(budget, 0.0, 50)
    for _ in range(100):
        budget.earn()

    assert taken(budget, 0.5, 50) == 10


def test_no_more_than_a_hundred_are_saved() -> None:
    """A good day must not pay for a storm."""
    budget = Budget()
    for _ in range(100_000):
        budget.earn()

    assert budget.tokens == 100
    assert taken(budget, 0.0, 1_000) == 101


def test_one_a_second_is_free() -> None:
    """Whoever calls once a minute has never earned anything."""
    budget = Budget()
    taken(budget, 0.0, 50)

    assert [budget.take(now / 4) for now in range(1, 9)] == [False, False, False, True, False, False, False, True]


def test_when_everything_fails_retries_are_a_trickle() -> None:
    """A thousand calls a second for a minute: 11 and then one a second, not two thousand a second."""
    budget = Budget()
    granted = sum(budget.take(number / 1_000) for number in range(60_000))

    assert granted == 10 + 60


def test_the_load_stays_below_eleven_tenths_for_any_share_of_failures() -> None:
    """Each failure asks for a retry, and each retry may fail: the bound holds whatever happens."""
    for failing in range(1, 10):
        budget = Budget()
        numbers = count()
        sent = 0
        for call in range(20_000):
            for _attempt in range(3):
                sent += 1
                if next(numbers) % 10 >= failing:
                    budget.earn()
                    break
                if not budget.take(call / 1_000):
                    break

        assert sent <= 20_000 * 1.1 + 10 + 20 + 1
