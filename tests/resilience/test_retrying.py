"""How long to wait before a call is sent again: by chance, within bounds that double."""

import pytest

from atoll.resilience import Retry


@pytest.mark.parametrize(("attempts", "most_s"), [(1, 0.05), (2, 0.1), (3, 0.2), (9, 1.0), (60, 1.0)])
def test_the_bound_doubles_up_to_a_second(attempts: int, most_s: float) -> None:
    """And all of the range below it can be drawn: callers that failed together come back apart."""
    retry = Retry()

    assert retry.wait_s(attempts, 0.0) == 0.0
    assert retry.wait_s(attempts, 0.5) == pytest.approx(most_s / 2)
    assert retry.wait_s(attempts, 1.0) == pytest.approx(most_s)


def test_work_in_the_background_has_more_patience() -> None:
    """Nobody looks at a clock there."""
    assert Retry().wait_s(9, 1.0, is_background=True) == pytest.approx(12.8)


def test_who_was_told_to_slow_down_waits_longer() -> None:
    """The fault is not over in an instant: it is the load itself."""
    assert Retry().wait_s(1, 1.0, is_throttled=True) == pytest.approx(1.0)


def test_nobody_comes_back_before_he_was_asked_to() -> None:
    """What was asked for is the least, and chance comes on top, so that not all come at that moment."""
    assert Retry().wait_s(1, 0.0, retry_after_s=2.0) == pytest.approx(2.0)
    assert Retry().wait_s(1, 1.0, retry_after_s=2.0) == pytest.approx(2.05)
