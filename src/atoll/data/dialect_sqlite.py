"""SQLite as SQLAlchemy writes it for Python's own `sqlite3`, with the values of `columns`.

What differs from SQLAlchemy's dialect, so that a service finds on SQLite what it finds on PostgreSQL:

- `DateTime(timezone=True)` takes moments with a zone alone, and reads them in UTC. They are kept as text in UTC with
  the offset, `2026-11-26 14:02:39.105542+00:00`, which sorts as time and is understood by SQLite's own functions.
  `now()` and `current_timestamp()` are written in the same form, to the millisecond.
- A plain `DateTime` takes those without a zone alone.
- `Numeric` is kept as a number, so that it compares and adds up, rounded to its scale; what has more than 15 digits is
  refused, where SQLAlchemy would warn and lose some.
- Types that only PostgreSQL has are refused.
"""

from typing import Any

from sqlalchemy import types
from sqlalchemy.dialects.sqlite import DATE, DATETIME, TIME
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect

from atoll.data import columns, values

NOW = "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')"


class Moments(types.DateTime):
    """Moments in UTC, or dates with times."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Text, of moments with a zone where the type has one."""
        return values.moment_text if self.timezone else values.local_moment_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # Any: a reading
        """Moments in UTC where the type has a zone."""
        return values.moment_of if self.timezone else values.local_moment_of


class Days(DATE):
    """Dates."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Text."""
        return values.day_text


class Clocks(TIME):
    """Times of day."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Text."""
        return values.clock_text


class Exact(types.Numeric[Any]):  # Any: Decimal, or float where it is asked for
    """Decimal numbers, kept as floats."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Floats that come back as they were written."""
        return values.exact_in_float(self.precision, self.scale)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # Any: a reading
        """Decimals, or floats where the type says so."""
        return values.decimal_from_float(self.scale) if self.asdecimal else columns.as_float


class Choices(types.Enum):
    """Members of an Enum, by their names."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Members alone."""
        checked: Any = super().bind_processor  # Any: SQLAlchemy says no types here
        return columns.choice(checked(dialect), self.enums)


class Compiler(SQLiteCompiler):
    """SQLAlchemy's, with moments in the form in which columns have them."""

    def visit_now_func(self, fn: Any, **kw: Any) -> Any:  # Any: as in SQLAlchemy; text
        """This moment."""
        return NOW

    def visit_current_timestamp_func(self, fn: Any, **kw: Any) -> str:  # Any: as in SQLAlchemy
        """This moment."""
        return NOW


class SqliteDialect(SQLiteDialect_pysqlite):
    """SQLite for `sqlite3`, without a connection."""

    supports_statement_cache = True
    statement_compiler = Compiler
    colspecs = {  # noqa: RUF012  # a table of SQLAlchemy's, which nobody changes
        **SQLiteDialect_pysqlite.colspecs,
        types.String: columns.Words,
        types.Integer: columns.Whole,
        types.SmallInteger: columns.SmallWhole,
        types.BigInteger: columns.BigWhole,
        types.Float: columns.Real,
        types.Numeric: Exact,
        types.LargeBinary: columns.Octets,
        types.DateTime: Moments,
        types.Date: Days,
        types.Time: Clocks,
        types.Uuid: columns.Identifiers,
        types.Enum: Choices,
        DATETIME: DATETIME,  # who names SQLite's own type, and its format, gets it
        DATE: DATE,
        TIME: TIME,
    }

    def __init__(self) -> None:
        super().__init__(json_serializer=columns.dumps, json_deserializer=columns.loads)
