"""SQLAlchemy's dialects as we use them: without a connection, and without a driver."""

import functools

from sqlalchemy.engine import Dialect as Language

from atoll.data.ports import Dialect


@functools.cache
def language(dialect: Dialect) -> Language:
    """SQLAlchemy's dialect, with our types; needs no connection, and loads no driver."""
    if dialect == "sqlite":
        from atoll.data.dialect_sqlite import SqliteDialect  # noqa: PLC0415  # each database loads its own

        return SqliteDialect()
    from atoll.data.dialect_postgresql import PostgresqlDialect  # noqa: PLC0415  # as above

    return PostgresqlDialect()
