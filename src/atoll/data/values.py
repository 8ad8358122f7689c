"""What a column takes: checks of values on their way into a database, the same for every database.

A column's type is a promise that holds wherever the service runs. Left to themselves the drivers disagree: SQLite
stores a word in a column of numbers, an integer that PostgreSQL's INTEGER cannot hold, and NULL for NaN; PostgreSQL
takes no text with a NUL, and reads a moment without a zone as one of the machine's own. So both get the same checks,
and what one of them would refuse or change is refused on both. A check answers the value, and raises `ValueError` with
what it takes; the value itself is in no message, since it may be personal.
"""

import math
import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, cast
from uuid import UUID

Check = Callable[[Any], Any]  # Any: values of all columns
checked = cast("Callable[[Check, Any], Any]", operator.call)  # Any: as above
"""A value, checked: for `map`, which is quicker than a comprehension."""

WIDE = Context(prec=2_000)
"""For numbers of any length: the usual context would round them to 28 digits."""
BYTES = frozenset((bytes, bytearray, memoryview))
DIGITS_EXACT = 15
"""So many digits of a decimal number come back from a float as they were."""


def text(value: Any) -> Any:  # Any: whatever was passed
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    if type(value) is str and value.isascii() and "\0" not in value:  # nearly all of it
        return value
    if value is None:
        return None
    if not isinstance(value, str):
        raise _other(value, "a str")
    if "\0" in value:
        raise ValueError("it holds a NUL, which PostgreSQL does not take")
    value.encode()
    return value


def words(length: int, check: Check = text) -> Check:
    """As `check`, for text of so many characters at most. Blanks at its end count: PostgreSQL would cut them off."""

    def checked_words(value: Any) -> Any:  # Any: whatever was passed
        if check is text and type(value) is str and len(value) <= length and value.isascii() and "\0" not in value:
            return value
        found = check(value)
        if found is not None and len(found) > length:
            raise ValueError(f"it has {len(found)} characters, and the column holds {length}")
        return found

    return checked_words


def whole(bits: int) -> Check:
    """A check of integers of so many bits."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def check(value: Any) -> Any:  # Any: whatever was passed
        if value is None or (isinstance(value, int) and low <= value <= high):
            return value
        if not isinstance(value, int):
            raise _other(value, "an int")
        raise ValueError(f"it does not fit into {bits} bits" + (": make it a BigInteger" if bits < 64 else ""))

    return check


WHOLE_16, WHOLE_32, WHOLE_64 = whole(16), whole(32), whole(64)


def real(value: Any) -> Any:  # Any: whatever was passed
    """A float. NaN is refused: SQLite would store NULL."""
    if value is None:
        return None
    if not isinstance(value, float | int | Decimal):
        raise _other(value, "a float")
    value = float(value)
    if math.isnan(value):
        raise ValueError("it is NaN, for which SQLite would store NULL")
    return value


def exact(precision: int | None, scale: int | None) -> Check:
    """A check of decimal numbers, rounded to the scale as PostgreSQL rounds them: half away from zero."""
    digits = (scale or 0) if precision is not None else 0
    step = Decimal(1).scaleb(-digits)
    limit = None if precision is None else Decimal(10) ** (precision - digits)

    def check(value: Any) -> Any:  # Any: whatever was passed
        if value is None:
            return None
        number = decimal_of(value)
        if not number.is_finite():
            raise ValueError("it is no finite number")
        if limit is None:
            return number
        if abs(number) < limit:
            number = number.quantize(step, ROUND_HALF_UP, WIDE)
        if abs(number) >= limit:
            raise ValueError(f"it has more digits than NUMERIC({precision}, {digits}) holds")
        return number

    return check


def exact_in_float(precision: int | None, scale: int | None) -> Check:
    """As `exact`, for a database that keeps floats: numbers that would not come back as they were are refused."""
    rounded = exact(precision, scale)

    def check(value: Any) -> Any:  # Any: whatever was passed
        number = rounded(value)
        if number is None:
            return None
        kept = float(number)
        if Decimal(f"{kept:.{DIGITS_EXACT}g}") != number:
            raise ValueError(
                f"it has more than {DIGITS_EXACT} digits, of which SQLite would lose some: store whole units in a "
                "BigInteger, or text"
            )
        return kept

    return check


def decimal_of(value: Any) -> Decimal:  # Any: whatever was passed
    """A decimal number; a float as it is written, not with all the digits of its binary fraction."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    raise _other(value, "a Decimal")


def decimal_from_float(scale: int | None) -> Check:
    """What is read where decimal numbers are kept as floats: with `scale` decimals at least, as it was written."""
    last = -(scale or 0)
    step = Decimal(1).scaleb(last)

    def read(value: Any) -> Any:  # Any: whatever was read
        if value is None or isinstance(value, Decimal):
            return value
        number = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{DIGITS_EXACT}g}")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent > last:
            return number.quantize(step, context=WIDE)
        return number

    return read


def moment(value: Any) -> Any:  # Any: whatever was passed
    """A moment with a zone, for `DateTime(timezone=True)`."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise _other(value, "a datetime")
    if value.utcoffset() is None:
        raise ValueError(
            "it has no time zone, and the column has one: write datetime.now(UTC), or .replace(tzinfo=UTC)"
        )
    return value


def local_moment(value: Any) -> Any:  # Any: whatever was passed
    """Date and time without a zone, for a plain `DateTime`."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise _other(value, "a datetime")
    if value.tzinfo is not None:
        raise ValueError("it has a time zone, and the column has none: make it a DateTime(timezone=True)")
    return value


def moment_text(value: Any) -> Any:  # Any: as above
    """A moment as SQLite keeps it: in UTC, always of the same length, so that it sorts and compares as time does."""
    found = moment(value)
    return None if found is None else found.astimezone(UTC).isoformat(" ", "microseconds")


def local_moment_text(value: Any) -> Any:  # Any: as above
    """As `moment_text`, without a zone."""
    found = local_moment(value)
    return None if found is None else found.isoformat(" ", "microseconds")


def moment_of(value: Any) -> Any:  # Any: text of SQLite
    """A moment in UTC. Text without an offset is UTC, as SQLite's own CURRENT_TIMESTAMP is."""
    if value is None:
        return None
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def local_moment_of(value: Any) -> Any:  # Any: text of SQLite, or what PostgreSQL's driver reads
    """Date and time without a zone; where there is one, as `now()` has, those of UTC."""
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def day(value: Any) -> Any:  # Any: whatever was passed
    """A date; a datetime is refused, whose time would be lost."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise _other(value, "a date")


def day_text(value: Any) -> Any:  # Any: as above
    """A date as SQLite keeps it."""
    return None if value is None else day(value).isoformat()


def clock(value: Any) -> Any:  # Any: whatever was passed
    """A time of day, which has no zone."""
    if value is None or (isinstance(value, time) and value.tzinfo is None):
        return value
    raise _other(value, "a time without a zone")


def clock_text(value: Any) -> Any:  # Any: as above
    """A time of day as SQLite keeps it."""
    return None if value is None else clock(value).isoformat("microseconds")


def span(value: Any) -> Any:  # Any: whatever was passed
    """A span of time."""
    if value is None or isinstance(value, timedelta):
        return value
    raise _other(value, "a timedelta")


def octets(value: Any) -> Any:  # Any: whatever was passed
    """Bytes."""
    if value is None or type(value) in BYTES:
        return value
    raise _other(value, "bytes")


def identifier(value: Any) -> Any:  # Any: whatever was passed
    """A UUID."""
    if value is None or isinstance(value, UUID):
        return value
    raise _other(value, "a UUID")


def untyped(value: Any) -> Any:  # Any: whatever was passed
    """What SQLite stores without being told a type; everything else needs one."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return WHOLE_64(value)
    if isinstance(value, float):
        return real(value)
    if value is None or type(value) in BYTES:
        return value
    raise ValueError(f"{_article(value)} needs a type: bindparam(name, type_=...), with text() in its .bindparams(...)")


def unchecked(value: Any) -> Any:  # Any: whatever was passed
    """The value."""
    return value


def _other(value: object, wanted: str) -> ValueError:
    return ValueError(f"it takes {wanted}, not {_article(value)}")


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
