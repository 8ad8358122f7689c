"""How working hours are written, `09:00-12:30, 13:15-17:00`, and read: as minutes of a day. Pure."""

import re
from functools import lru_cache
from itertools import pairwise

DAY_MINUTES = 24 * 60
SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")

Spans = tuple[tuple[int, int], ...]
"""Parts of a day on which somebody works: first minute, and the minute behind the last one. In order, and apart."""


@lru_cache(maxsize=1_000)
def spans_of(text: str) -> Spans:
    """The parts of a day in a text; none where it is empty or says `off`.

    >>> spans_of("09:00-12:30, 13:15-17:00")
    ((540, 750), (795, 1020))

    Raises:
        ValueError: it is not written so, with what to write instead.
    """
    if text.strip().casefold() in ("", "off"):
        return ()
    spans = tuple(_span_of(part.strip(), text) for part in text.split(","))
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError(f"`{text}` has parts that overlap, or are not in their order")
    return spans


def _span_of(part: str, text: str) -> tuple[int, int]:
    found = SPAN.fullmatch(part)
    if found is None:
        raise ValueError(f"`{text}` are no hours: write `09:00-17:00`, or `09:00-12:00, 13:00-17:00`, or `off`")
    numbers = [int(number) for number in found.groups()]
    first, last = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if numbers[1] > 59 or numbers[3] > 59 or last > DAY_MINUTES:
        raise ValueError(f"`{part}` is no part of a day: hours go from 00:00 to 24:00")
    if first >= last:
        raise ValueError(
            f"`{part}` ends before it begins: who works through midnight has `22:00-24:00` on one day and "
            "`00:00-06:00` on the next"
        )
    return first, last
