"""PostgreSQL as SQLAlchemy writes it for asyncpg, with the values of `columns`, and without asyncpg itself.

Its connections have codecs for `json` and `jsonb`, as SQLAlchemy's own have them: text goes in, and what it says comes
out. Their time zone is UTC.
"""

import importlib
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from sqlalchemy import Table, types
from sqlalchemy.dialects.postgresql import ENUM, INTERVAL, CreateEnumType
from sqlalchemy.dialects.postgresql.asyncpg import AsyncPgEnum, AsyncPgInterval, PGDialect_asyncpg
from sqlalchemy.engine import Dialect

from atoll.data import columns, values


class Moments(types.DateTime):
    """Moments, or dates with times."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Those with a zone where the type has one, those without where it has none."""
        return values.moment if self.timezone else values.local_moment

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # Any: a reading
        """As the type says: asyncpg reads `now()` with a zone, and the first and the last moment of all without one."""
        return _in_utc if self.timezone else values.local_moment_of


class Days(types.Date):
    """Dates."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Dates alone."""
        return values.day


class Clocks(types.Time):
    """Times of day."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check, or None
        """Those without a zone."""
        return None if self.timezone else values.clock


class Spans(AsyncPgInterval):
    """Spans of time."""

    @classmethod
    def adapt_emulated_to_native(cls, *generic: Any, **_: Any) -> "Spans":  # Any: SQLAlchemy's `Interval`
        """The one for a generic `Interval`."""
        return cls(precision=generic[0].second_precision)

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Spans, and nothing else."""
        return values.span


class Exact(types.Numeric[Any]):  # Any: Decimal, or float where it is asked for
    """Decimal numbers."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Decimals of the type's scale."""
        return values.exact(self.precision, self.scale)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # Any: a reading
        """Decimals, or floats where the type says so."""
        return values.decimal_from_float(None) if self.asdecimal else columns.as_float


class Choices(AsyncPgEnum):
    """Members of an Enum, by their names."""

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Members alone."""
        checked: Any = super().bind_processor  # Any: SQLAlchemy says no types here
        return columns.choice(checked(dialect), self.enums)


class Driver:
    """asyncpg, loaded by those alone whose values it has classes for: ranges, and strings of bits."""

    @property
    def asyncpg(self) -> Any:  # Any: a module
        """The module."""
        return importlib.import_module("asyncpg")


class PostgresqlDialect(PGDialect_asyncpg):
    """PostgreSQL for asyncpg, without a connection."""

    supports_statement_cache = True
    _backslash_escapes = False  # as in every server whose `standard_conforming_strings` nobody has turned off
    colspecs = {  # noqa: RUF012  # a table of SQLAlchemy's, which nobody changes
        **PGDialect_asyncpg.colspecs,
        types.String: columns.Words,
        types.CHAR: columns.Characters,
        types.Integer: columns.Whole,
        types.SmallInteger: columns.SmallWhole,
        types.BigInteger: columns.BigWhole,
        types.Float: columns.Real,
        types.Numeric: Exact,
        types.LargeBinary: columns.Octets,
        types.DateTime: Moments,
        types.Date: Days,
        types.Time: Clocks,
        types.Interval: Spans,
        INTERVAL: Spans,
        types.Uuid: columns.Identifiers,
        types.Enum: Choices,
    }

    def __init__(self) -> None:
        PGDialect_asyncpg.__init__(self, json_serializer=columns.dumps)  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType]  # SQLAlchemy says no types here
        self.dbapi: Any = Driver()  # Any: of it SQLAlchemy\'s types want this alone


def _in_utc(value: Any) -> Any:  # Any: a moment
    return value if value is None or value.tzinfo is not None else value.replace(tzinfo=UTC)


def enums_of(table: Table, dialect: Dialect) -> Iterator[CreateEnumType]:
    """The types that have to be made before a table can be."""
    for column in table.c:
        kind = _innermost(column.type.dialect_impl(dialect), dialect)
        if isinstance(kind, ENUM) and kind.create_type:
            yield CreateEnumType(kind)


def _innermost(kind: Any, dialect: Dialect) -> Any:  # Any: of all types
    """What an array holds, and what a type of a service's own is made of."""
    for outer, inner in ((types.ARRAY, "item_type"), (types.TypeDecorator, "impl_instance")):
        if issubclass(type(kind), outer):
            return _innermost(getattr(kind, inner).dialect_impl(dialect), dialect)
    return kind
