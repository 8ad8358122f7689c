"""One statement after the other on a service's database, for people: reading, unless they ask to write."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from atoll.adapters.sqlite_opening import made_ready
from atoll.data import DatabaseUnavailable, StatementRefused
from atoll.data.places import DatabasePlace, PostgresPlace


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement answers: columns and rows, or how many rows it has changed (-1 where nobody counts)."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]  # Any: values of all columns
    changed: int


class Shell(Protocol):
    """A database that is open for statements."""

    def run(self, statement: str) -> Answer:
        """What a statement answers; it is committed at once.

        Raises:
            StatementRefused: the database refuses it.
        """
        ...

    def tables(self) -> Answer:
        """The tables, with those of the platform."""
        ...


@contextmanager
def shell(place: DatabasePlace, *, writes: bool = False) -> Generator[Shell]:
    """The database at a place, open until the block is left. To be called in a thread that runs no loop.

    Raises:
        DatabaseUnavailable, DatabaseBusy: it is not there, or cannot be reached.
    """
    if isinstance(place, PostgresPlace):
        with asyncio.Runner() as runner, _postgres_shell(place, runner, writes=writes) as opened:
            yield opened
        return
    if not place.path.exists():
        raise DatabaseUnavailable(f"{place.path}: there is no such file yet; it is made when the service starts")
    try:
        connection = _opened(place.path, writes=writes)
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{place.path}: {error}") from None
    with contextlib.closing(connection):
        yield _SqliteShell(connection)


def _opened(path: Path, *, writes: bool) -> sqlite3.Connection:
    mode = "rw" if writes else "ro"
    made = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5)
    with made_ready(made) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # what is no database is told now
        return connection


class _SqliteShell:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str) -> Answer:
        try:
            cursor = self._connection.execute(statement)
            rows = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise StatementRefused(statement.strip(), str(error)) from None
        columns = tuple(column[0] for column in cursor.description or ())
        return Answer(columns, rows, cursor.rowcount)

    def tables(self) -> Answer:
        return self.run(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )


@contextmanager
def _postgres_shell(place: PostgresPlace, runner: asyncio.Runner, *, writes: bool) -> Generator["_PostgresShell"]:
    from atoll.adapters.postgres_migrations import postgres_connection  # noqa: PLC0415  # an extra

    opening = postgres_connection(place)
    connection = runner.run(opening.__aenter__())
    try:
        if not writes:
            runner.run(connection.execute("SET default_transaction_read_only = on"))
        yield _PostgresShell(connection, runner, place.schema)
    finally:
        runner.run(opening.__aexit__(None, None, None))


class _PostgresShell:
    def __init__(self, connection: Any, runner: asyncio.Runner, schema: str) -> None:  # Any: asyncpg's own types
        self._connection = connection
        self._runner = runner
        self._schema = schema

    def run(self, statement: str) -> Answer:
        return self._runner.run(self._run(statement))

    def tables(self) -> Answer:
        return self.run(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self._schema}' ORDER BY 1")  # noqa: S608  # a name of our own

    async def _run(self, statement: str) -> Answer:
        from atoll.adapters.postgres_connection import changed  # noqa: PLC0415  # an extra
        from atoll.adapters.postgres_errors import ERRORS  # noqa: PLC0415  # an extra

        try:
            prepared = await self._connection.prepare(statement)
            rows = await prepared.fetch()
        except ERRORS as error:
            raise StatementRefused(statement.strip(), str(error)) from None
        columns = tuple(attribute.name for attribute in prepared.get_attributes())
        return Answer(columns, [tuple(row.values()) for row in rows], changed(prepared.get_statusmsg()))
