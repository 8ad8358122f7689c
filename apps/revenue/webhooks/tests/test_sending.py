"""When a message is tried again, and who is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from revenue.webhooks.sending import (
    ALONE_S,
    APART_S,
    ATTEMPTS_MAX,
    BUSY_S,
    FAILURES_MAX,
    IN_FLIGHT_MAX,
    PAUSES_S,
    RETRY_AFTER_MAX_S,
    Line,
    pause_s,
)


def test_pauses_grow_and_end() -> None:
    """After the last attempt there is none."""
    pauses = [pause_s(attempt, 0.0, 0.5) for attempt in range(1, ATTEMPTS_MAX + 1)]

    assert pauses == [*PAUSES_S, None]


@given(st.integers(1, ATTEMPTS_MAX - 1), st.floats(0, 1e9), st.floats(0, 1))
def test_a_receiver_that_asks_for_a_pause_has_it_within_a_day(attempt: int, asked_s: float, chance: float) -> None:
    """Never shorter than that, never later than a day, and never before its time."""
    pause = pause_s(attempt, asked_s, chance)

    assert pause is not None
    assert min(asked_s, RETRY_AFTER_MAX_S) <= pause <= max(RETRY_AFTER_MAX_S, PAUSES_S[-1] * 1.1)
    assert pause >= PAUSES_S[attempt - 1] * 0.9


def test_an_endpoint_that_fails_is_left_alone_and_tried_by_one() -> None:
    """One that arrives opens it for all."""
    line = Line()
    for _ in range(FAILURES_MAX):
        assert line.wait_s(0.0) == 0.0
        line.ended(0.0, is_well=False)

    assert line.wait_s(1.0) == ALONE_S - 1.0
    assert line.wait_s(ALONE_S) == 0.0
    line.in_flight = 1
    assert line.wait_s(ALONE_S) == BUSY_S + APART_S
    line.ended(ALONE_S, is_well=True)
    assert line.wait_s(ALONE_S) == 0.0


def test_a_clock_that_is_set_back_leaves_nobody_alone_for_longer() -> None:
    """It may be set back by a day."""
    line = Line(failures=FAILURES_MAX)
    line.ended(86_400.0, is_well=False)

    assert line.wait_s(86_400.0) == ALONE_S
    assert line.wait_s(0.0) == 0.0


def test_a_slow_endpoint_holds_only_so_many() -> None:
    """So that it takes nobody else's turn."""
    line = Line(in_flight=IN_FLIGHT_MAX)

    assert line.wait_s(0.0) == BUSY_S


def test_those_who_are_put_off_come_back_one_after_the_other() -> None:
    """Else a thousand messages ask a dead endpoint's line at one moment, again and again."""
    line = Line(in_flight=IN_FLIGHT_MAX)

    waits = [line.wait_s(0.0) for _ in range(1_000)]
    line.ended(0.0, is_well=True)

    assert waits == sorted(set(waits))
    assert max(waits) - BUSY_S == 999 * APART_S
    assert line.wait_s(0.0) == BUSY_S
