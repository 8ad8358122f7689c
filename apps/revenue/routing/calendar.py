"""Working time of one person: which moments it has, and when so many minutes of it have passed. Pure.

Hours are those on the clocks of the person's zone. A moment is working time when the clock on the wall shows one of the
hours of that weekday, and the day is no absence: also on days on which clocks are changed, where an hour is missing or
comes twice. Moments are seconds since 1970, UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .hours import Spans

Window = tuple[float, float]

DAYS_AHEAD_MAX = 800
"""Who does not work for longer than two years is not waited for."""
DAYS_KEPT = 500
ONE_DAY = timedelta(days=1)


class Calendar:
    """When somebody works. It has no state but days that were worked out already."""

    def __init__(self, zone: ZoneInfo, week: tuple[Spans, ...] | None, away: frozenset[tuple[date, date]]) -> None:
        """Hours of the seven weekdays from Monday on (None: always), and days off, first and last."""
        self._zone = zone
        self._week = week
        self._away = away
        self._days: dict[date, tuple[Window, ...]] = {}
        self._lately: tuple[float, float, bool, bool] = (0.0, 0.0, False, False)

    def is_away(self, at: float) -> bool:
        """Whether a moment is on a day off."""
        return bool(self._away) and self._around(at)[3]

    def back_on(self, at: float) -> date | None:
        """The first day behind the absence in which a moment lies; None where there is none for years."""
        day = datetime.fromtimestamp(at, self._zone).date()
        return next((each for each in _days_from(day) if not self._is_off(each)), None)

    def is_working(self, at: float) -> bool:
        """Whether a moment is working time."""
        if self._week is None and not self._away:
            return True
        return self._around(at)[2]

    def after(self, at: float, minutes: float) -> float | None:
        """The moment when so many minutes of working time have passed since another one; None: not within two years.

        It is the end of the last of these minutes: 17:00 where a day ends with it, and not 09:00 of the next.
        """
        left = minutes * 60
        if self._week is None and not self._away:
            return at + left
        for day in _days_from(
            datetime.fromtimestamp(at, self._zone).date() - ONE_DAY
        ):  # clocks may go back at midnight
            for first, last in self._windows(day):
                begins = max(first, at)
                if begins >= last:
                    continue
                if left <= last - begins:
                    return begins + left
                left -= last - begins
        return None

    def _around(self, at: float) -> tuple[float, float, bool, bool]:
        """From when until when it is as it is at a moment: whether it is working time, and whether a day off."""
        if self._lately[0] <= at < self._lately[1]:
            return self._lately
        day = datetime.fromtimestamp(at, self._zone).date()
        minute = at - at % 60  # zones are whole minutes from UTC, as hours are: nothing changes within one
        is_working = any(first <= at < last for first, last in self._windows(day))
        self._lately = (minute, minute + 60, is_working, self._is_off(day))
        return self._lately

    def _windows(self, day: date) -> tuple[Window, ...]:
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= DAYS_KEPT:
                self._days.clear()
            known = self._days[day] = () if self._is_off(day) else self._worked_out(day)
        return known

    def _worked_out(self, day: date) -> tuple[Window, ...]:
        """Each stretch of the day in which clocks go on evenly has its own distance to UTC."""
        spans = ((0, 24 * 60),) if self._week is None else self._week[day.weekday()]
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        windows: list[Window] = []
        for first, last, offset in self._stretches(midnight) if spans else ():
            for begins, ends in spans:
                window = max(first, midnight + begins * 60 - offset), min(last, midnight + ends * 60 - offset)
                if window[0] < window[1]:
                    windows.append(window)
        return tuple(windows)

    def _stretches(self, midnight: float) -> list[tuple[float, float, float]]:
        """Begin, end and offset of each stretch of a local day and of the hours beside it."""
        first, last = midnight - 18 * 3600, midnight + 42 * 3600
        changes = [first]
        step = first
        while step < last:  # a zone changes its clocks at most once in six hours
            ends = min(step + 6 * 3600, last)
            if self._offset(step) != self._offset(ends):
                changes.append(self._change_between(step, ends))
            step = ends
        return [
            (begins, ends, self._offset(begins)) for begins, ends in zip(changes, [*changes[1:], last], strict=True)
        ]

    def _change_between(self, before: float, behind: float) -> float:
        was = self._offset(before)
        low, high = int(before), int(behind)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == was else (low, middle)
        return float(high)

    def _offset(self, at: float) -> float:
        offset = datetime.fromtimestamp(at, self._zone).utcoffset()
        assert offset is not None
        return offset.total_seconds()

    def _is_off(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self._away)


def _days_from(day: date) -> Iterator[date]:
    """The days from one on."""
    return (day + ONE_DAY * count for count in range(DAYS_AHEAD_MAX))
