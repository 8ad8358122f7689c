"""Working time, compared with a simulation that goes minute by minute, also where clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.routing.calendar import Calendar
from revenue.routing.hours import Spans, spans_of

WEEK = (spans_of("09:00-17:00"),) * 5 + ((), ())
ALL_WEEK = (spans_of("09:00-17:00"),) * 7
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 6, 1, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
]
"""Where clocks are changed, by an hour or by half of one, at night or at midnight, or never."""


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Spans, ...]:
    """Hours of seven days, at odd minutes, also at night."""
    days: list[Spans] = []
    for _ in range(7):
        marks = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=4)))
        marks = marks[: len(marks) // 2 * 2]
        days.append(tuple(zip(marks[::2], marks[1::2], strict=True)))
    return tuple(days)


def is_shown(zone: ZoneInfo, week: tuple[Spans, ...], away: frozenset[tuple[date, date]], at: float) -> bool:
    """Whether the clock on the wall shows a working hour."""
    local = datetime.fromtimestamp(at, zone)
    minute = local.hour * 60 + local.minute
    is_off = any(first <= local.date() <= last for first, last in away)
    return not is_off and any(first <= minute < last for first, last in week[local.weekday()])


def simulated(
    zone: ZoneInfo, week: tuple[Spans, ...], away: frozenset[tuple[date, date]], start: float, minutes: int
) -> float | None:
    """Minute by minute, for ten days."""
    left = minutes
    for number in range(10 * 24 * 60):
        at = start + number * 60
        if is_shown(zone, week, away, at):
            left -= 1
            if left == 0:
                return at + 60
    return None


@given(
    st.sampled_from(CHANGES),
    weeks(),
    st.integers(-3 * 24 * 60, 24 * 60),
    st.integers(1, 1500),
    st.sets(st.integers(-3, 5), max_size=2),
)
def test_the_clock_equals_one_that_goes_minute_by_minute(
    change: tuple[str, datetime], week: tuple[Spans, ...], before: int, minutes: int, off: set[int]
) -> None:
    """In every zone, around its changes, with days off."""
    zone = ZoneInfo(change[0])
    start = (change[1] + timedelta(minutes=before)).timestamp()
    days = [change[1].date() + timedelta(days=each) for each in off]
    away = frozenset((day, day) for day in days)
    calendar = Calendar(zone, week, away)

    expected = simulated(zone, week, away, start, minutes)

    found = calendar.after(start, minutes)
    if expected is not None:
        assert found == expected
    else:
        assert found is None or found > start + 10 * 24 * 3600 - 60
    for at in (start, start + minutes * 30, start + minutes * 60):
        assert calendar.is_working(at) == is_shown(zone, week, away, at)


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "ends"),
    [
        ("Europe/Berlin", "2026-03-06T16:30+01:00", 60, "2026-03-09T09:30+01:00"),  # Friday evening to Monday
        ("Europe/Berlin", "2026-03-06T16:30+01:00", 30, "2026-03-06T17:00+01:00"),  # the last minute of a day
        ("Europe/Berlin", "2026-03-27T16:00+01:00", 120, "2026-03-30T10:00+02:00"),  # over the change to summer
        ("America/New_York", "2026-03-02T12:00+00:00", 15, "2026-03-02T09:15-05:00"),  # before work begins
    ],
)
def test_minutes_are_counted_in_working_hours(zone: str, start: str, minutes: int, ends: str) -> None:
    """By the person's own clock."""
    found = Calendar(ZoneInfo(zone), WEEK, frozenset()).after(datetime.fromisoformat(start).timestamp(), minutes)

    assert found == datetime.fromisoformat(ends).timestamp()


def test_a_night_shift_is_as_long_as_it_is() -> None:
    """In the night in which clocks go back it has an hour more, in the one in which they go forward one less."""
    night = ((spans_of("00:00-06:00"),) * 7, frozenset[tuple[date, date]]())
    berlin = Calendar(ZoneInfo("Europe/Berlin"), *night)

    def behind(day: str, hours: int) -> str:
        ends = berlin.after(
            datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp(), hours * 60
        )
        assert ends is not None
        return datetime.fromtimestamp(ends, ZoneInfo("Europe/Berlin")).strftime("%d. %H:%M")

    assert behind("2026-06-01", 6) == "01. 06:00"
    assert behind("2026-10-25", 6) == "25. 05:00"
    assert behind("2026-03-29", 6) == "30. 01:00"


def test_who_is_away_has_no_working_time() -> None:
    """And is back on the day behind."""
    away = frozenset({(date(2026, 3, 2), date(2026, 3, 4)), (date(2026, 3, 5), date(2026, 3, 5))})
    calendar = Calendar(ZoneInfo("Europe/Berlin"), ALL_WEEK, away)
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()

    assert calendar.is_away(monday)
    assert not calendar.is_working(monday)
    assert calendar.back_on(monday) == date(2026, 3, 6)
    assert calendar.after(monday, 1) == datetime(2026, 3, 6, 8, 1, tzinfo=UTC).timestamp()


def test_somebody_without_hours_always_works() -> None:
    """But on days off."""
    calendar = Calendar(ZoneInfo("UTC"), None, frozenset({(date(2026, 3, 3), date(2026, 3, 3))}))
    monday = datetime(2026, 3, 2, 23, tzinfo=UTC).timestamp()

    assert calendar.after(monday, 90) == datetime(2026, 3, 4, 0, 30, tzinfo=UTC).timestamp()
    assert Calendar(ZoneInfo("UTC"), None, frozenset()).after(monday, 90) == monday + 90 * 60


def test_nobody_waits_for_years() -> None:
    """Who is away for three of them has no moment."""
    calendar = Calendar(ZoneInfo("UTC"), ALL_WEEK, frozenset({(date(2026, 1, 1), date(2029, 1, 1))}))

    assert calendar.after(datetime(2026, 3, 2, tzinfo=UTC).timestamp(), 5) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("9-17", "write `09:00-17:00`"),
        ("09:00-25:00", "no part of a day"),
        ("09:70-10:00", "no part of a day"),
        ("22:00-06:00", "through midnight"),
        ("09:00-12:00, 11:00-13:00", "overlap"),
    ],
)
def test_hours_that_are_none_are_refused_with_what_to_write(text: str, says: str) -> None:
    """A mistake in a file is a sentence."""
    with pytest.raises(ValueError, match=says):
        spans_of(text)


def test_days_off_are_written_as_words_or_left_empty() -> None:
    """Either will do."""
    assert spans_of("") == spans_of("off") == ()
    assert spans_of("22:00-24:00") == ((1320, 1440),)
