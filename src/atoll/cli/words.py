"""Moments, spans and counts as people read them."""

from datetime import UTC, datetime


def moment(seconds: float | None) -> str | None:
    """A moment for programs (RFC 3339).

    >>> moment(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at(seconds: float | None) -> str:
    """A moment for people, in their own time."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(seconds: float | None, now: float) -> str:
    """How long ago a moment is.

    >>> age(0, 90), age(0, 5), age(None, 5), age(0, 200_000), age(0, 0.2)
    ('1 min', '5 s', '-', '2 d', 'now')
    """
    if seconds is None:
        return "-"
    span = max(0.0, now - seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if span >= size:
            return f"{span / size:.0f} {unit}" if size == 1 else f"{int(span // size)} {unit}"
    return "now"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number with what it counts.

    >>> counted(1, "message"), counted(2_000, "message"), counted(2, "is", "are")
    ('1 message', '2,000 messages', '2 are')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
