"""How fast a provider is asked, and when it is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.pace import Pace


def test_a_breaker_opens_and_closes() -> None:
    """Half of ten have failed: it rests for a second, then lets one through, and on success all."""
    pace = Pace(1_000.0)
    for number in range(10):
        assert pace.admits(number / 100)
        pace.ended(number / 100, is_well=number % 2 == 0)
    assert not pace.admits(0.2)
    assert (pace.admits(1.2), pace.admits(1.2)) == (True, False)
    pace.ended(1.3, is_well=False)
    assert (pace.admits(3.0), pace.admits(3.4)) == (False, True)
    pace.left()
    assert pace.admits(3.5)
    pace.ended(3.6, is_well=True)
    assert (pace.admits(3.6), pace.admits(3.6)) == (True, True)


@given(st.floats(0.5, 500), st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_a_rate_is_never_passed(rate: float, gaps: list[float]) -> None:
    """In any second there are at most two seconds' worth: the burst, and what comes meanwhile."""
    pace, now = Pace(rate), 0.0
    sent: list[float] = []
    for gap in gaps:
        now += gap
        sent.append(now + pace.wait_s(now))
        pace.took(now)

    for start in sent:
        assert sum(start <= each < start + 1.0 for each in sent) <= 2 * max(1.0, rate) + 1
