"""How often somebody may ask: at an agreed rate in the long run, and a burst at once."""

import pytest

from atoll.resilience import Rate, Rates


def test_a_burst_may_come_at_once_and_no_more() -> None:
    """What is left is told on the way."""
    rates = Rates(Rate(10.0, 5))

    verdicts = [rates.ask("ada", 0.0) for _ in range(7)]

    assert [each.is_admitted for each in verdicts] == [True] * 5 + [False] * 2
    assert [each.remaining for each in verdicts] == [4, 3, 2, 1, 0, 0, 0]


def test_who_waits_as_told_may_ask_again() -> None:
    """And not a moment sooner."""
    rates = Rates(Rate(10.0, 5))
    for _ in range(5):
        rates.ask("ada", 0.0)
    told = rates.ask("ada", 0.0)

    assert told.retry_after_s == pytest.approx(0.1)
    assert told.reset_s == pytest.approx(0.5)
    assert not rates.ask("ada", 0.09).is_admitted
    assert rates.ask("ada", 0.1 + 1e-6).is_admitted


@pytest.mark.parametrize("per_s", [0.5, 7.0, 1_000.0])
def test_in_the_long_run_the_rate_is_kept(per_s: float) -> None:
    """Whoever asks ten times too often is answered at the agreed rate."""
    rates = Rates(Rate(per_s, 10))
    span_s = 1_000 / per_s

    admitted = sum(rates.ask("ada", tick * span_s / 10_000).is_admitted for tick in range(10_000))

    assert admitted == pytest.approx(1_010, abs=2)


def test_nobody_pays_for_another() -> None:
    """Each has a rate of his own."""
    rates = Rates(Rate(1.0, 1))
    rates.ask("ada", 0.0)

    assert not rates.ask("ada", 0.0).is_admitted
    assert rates.ask("grace", 0.0).is_admitted


def test_those_who_owe_nothing_are_forgotten() -> None:
    """A million names cost no memory for good."""
    rates = Rates(Rate(10.0, 5))
    for number in range(50_000):
        rates.ask(str(number), number * 0.001)

    assert rates.known <= 4_096
