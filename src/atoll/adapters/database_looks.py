"""A look at a database from outside: how big it is, what it says of itself, and how many rows its tables have."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atoll.adapters.migrations import known_of_sqlite
from atoll.data import DatabaseUnavailable
from atoll.data.migrating import PLATFORM, REVISIONS, Known
from atoll.data.places import DatabasePlace, PostgresPlace

ROWS_MAX = 1_000_000
"""Nobody waits for the count of a bigger table: of one more row it is known that there are more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `rows` are those of the service's own tables, and not counted beyond `ROWS_MAX` + 1."""

    size_bytes: int
    known: Known
    rows: Mapping[str, int]


def look_at(place: DatabasePlace) -> Look | None:
    """What can be seen of a database; None where there is none yet. To be called in a thread that runs no loop.

    Raises:
        DatabaseUnavailable, DatabaseBusy: it cannot be reached, or is none.
    """
    if isinstance(place, PostgresPlace):
        return asyncio.run(_look_at_postgres(place))
    return _look_at_sqlite(place.path) if place.path.exists() else None


def is_made(place: DatabasePlace) -> bool:
    """Whether there is a database. To be called in a thread that runs no loop.

    Raises:
        DatabaseUnavailable, DatabaseBusy: its server cannot be reached.
    """
    return asyncio.run(_has_schema(place)) if isinstance(place, PostgresPlace) else place.path.exists()


def _look_at_sqlite(path: Path) -> Look:
    known = known_of_sqlite(path)
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("PRAGMA query_only=ON")
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: connection.execute(_count(name)).fetchone()[0] for name in sorted(names) if _is_own(name)}
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{path}: {error}") from None
    log = path.with_name(f"{path.name}-wal")
    return Look(path.stat().st_size + (log.stat().st_size if log.exists() else 0), known, rows)


async def _look_at_postgres(place: PostgresPlace) -> Look | None:
    from atoll.adapters.postgres_migrations import known_of_postgres, postgres_connection  # noqa: PLC0415  # an extra

    if not await _has_schema(place):
        return None
    async with postgres_connection(place) as connection:
        known = await known_of_postgres(connection, place.schema)
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", place.schema)
        rows = {name: await connection.fetchval(_count(name)) for (name,) in sorted(names) if _is_own(name)}
        size = await connection.fetchval(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
            "WHERE relkind IN ('r', 'm') AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
            place.schema,
        )
        return Look(size, known, rows)


async def _has_schema(place: PostgresPlace) -> bool:
    from atoll.adapters.postgres_migrations import postgres_connection  # noqa: PLC0415  # an extra

    async with postgres_connection(place, as_owner=False) as connection:
        found = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", place.schema)
        return bool(found)


def _is_own(name: str) -> bool:
    return not name.startswith((PLATFORM, "sqlite_")) and name != REVISIONS


def _count(name: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    return f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {ROWS_MAX + 1}) AS part"  # noqa: S608  # a name as it is
