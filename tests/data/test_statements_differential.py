"""A statement does what it does through SQLAlchemy's own Connection: the same rows, counts, and bytes in the tables."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool, StaticPool

from atoll.data import upsert
from atoll.data.statements import Prepared, Statements, ddl
from atoll.testing import PostgresServer
from tests.data.bare import connected
from tests.data.shelf import READS, ROWS, SHELF, THINGS, WRITES, Grade, Parameters

Answer = tuple[list[tuple[Any, ...]], tuple[str, ...] | None, int]  # Any: values of all columns
Stored = list[list[tuple[Any, ...]]]  # Any: as above

ALL = READS + WRITES
each_statement = pytest.mark.parametrize(
    ("statement", "parameters"),
    [pytest.param(statement, parameters, id=name) for name, statement, parameters in ALL],
)


class OnSqlite:
    """Two databases of the same content: ours, and one that SQLAlchemy runs."""

    def __init__(self) -> None:
        self.ours, self.theirs = _filled(), _filled()
        self.engine = create_engine("sqlite://", creator=lambda: self.theirs, poolclass=StaticPool)
        self.statements = Statements("sqlite")

    def run_ours(self, statement: Any, parameters: Parameters) -> Answer:  # Any: SQLAlchemy's classes of statements
        """Through `Statements`."""
        prepared = self.statements.prepared(statement, parameters)
        if isinstance(parameters, list):
            changed = self.ours.executemany(*prepared.bound_many(parameters)).rowcount
            return [], None, changed
        assert parameters is None or isinstance(parameters, dict)
        cursor = self.ours.execute(*prepared.bound(parameters))
        rows = prepared.rows(cursor.fetchall(), cursor.rowcount)
        return _plain(rows), tuple(rows[0].as_dict()) if rows else None, rows.changed

    def run_theirs(self, statement: Any, parameters: Parameters) -> Answer:  # Any: as above
        """Through SQLAlchemy."""
        with self.engine.connect() as connection:
            return _answer(connection.execute(statement, parameters))

    def close(self) -> None:
        """Let go of both."""
        self.engine.dispose()
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def sqlite() -> Generator[OnSqlite]:
    """Two databases of the same content."""
    both = OnSqlite()
    yield both
    both.close()


@each_statement
def test_a_statement_does_the_same_on_sqlite(
    sqlite: OnSqlite, statement: Any, parameters: Parameters
) -> None:  # Any: above
    """Rows, their names, how many were changed, and every byte of what is stored afterwards."""
    for _ in range(3):  # compiled; found by its key; known by its identity
        ours = _attempt(sqlite.run_ours, statement, parameters)
        theirs = _attempt(sqlite.run_theirs, statement, parameters)

        assert _comparable(ours, statement) == _comparable(theirs, statement)
        assert _dump(sqlite.ours) == _dump(sqlite.theirs)


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
documents = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner) | st.dictionaries(words, inner),
    max_leaves=5,
)
a_lifetime = timedelta(days=30_000)
wholes = st.integers(-(2**63), 2**63 - 1)
nothing = st.none()
one_row: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(  # Any: values of all columns
    {
        "id": wholes,
        "born": nothing | st.dates(),
        "at": nothing | st.datetimes(),
        "hour": nothing | st.times(),
        "took": nothing | st.timedeltas(-a_lifetime, a_lifetime),
        "doc": nothing | st.lists(documents, min_size=1),  # a bare number would be kept as one by SQLite
        "raw": nothing | st.binary(),
        "uid": nothing | st.uuids(),
        "uid_text": nothing | st.uuids().map(str),
        "grade": nothing | st.sampled_from(Grade),
        "tags": nothing | st.lists(st.from_regex(r"\A[a-z]+\Z")).map(tuple),
        "odd name": nothing | words,
        "sorting": nothing | words,
    }
)
ADD, REPLACE = insert(THINGS), upsert(THINGS)


def _number(row: dict[str, Any]) -> int:  # Any: as above
    number: int = row["id"]
    return number


@given(rows=st.lists(one_row, min_size=1, max_size=3, unique_by=_number), least=wholes)
def test_any_row_is_stored_and_read_the_same(
    rows: list[dict[str, Any]], least: int
) -> None:  # Any: values of all columns
    """One by one, in one statement of several, and again over the first."""
    both = OnSqlite()
    wanted = select(THINGS).where(THINGS.c.id >= least).order_by(THINGS.c.id)
    try:
        for statement, parameters in (
            (ADD, rows[0]),
            (REPLACE, rows),
            (insert(THINGS).values(rows[1:] or rows), None),
            (wanted, None),
        ):
            ours = _attempt(both.run_ours, statement, parameters)
            theirs = _attempt(both.run_theirs, statement, parameters)

            assert _comparable(ours, statement) == _comparable(theirs, statement)
            assert _dump(both.ours) == _dump(both.theirs)
    finally:
        both.close()


class OnPostgres:
    """One database, which forgets what was done in it; ours and SQLAlchemy's connection to it."""

    def __init__(self, ours: Any, theirs: AsyncConnection) -> None:  # Any: asyncpg's connection
        self.ours, self.theirs = ours, theirs
        self.statements = Statements("postgresql")

    async def run_ours(self, statement: Any, parameters: Parameters) -> tuple[Answer, Stored]:  # Any: as above
        """Through `Statements`, undone afterwards."""
        await self._count_anew()
        work = self.ours.transaction()
        await work.start()
        try:
            prepared = self.statements.prepared(statement, parameters)
            if isinstance(parameters, list):
                await self.ours.executemany(*prepared.bound_many(parameters))
                answer: Answer = ([], None, -1)
            else:
                answer = await self._run(prepared, parameters)
            stored = [(await self._run(self.statements.prepared(_all(table), None), None))[0] for table, _ in ROWS]
            return answer, stored
        finally:
            await work.rollback()

    async def run_theirs(self, statement: Any, parameters: Parameters) -> tuple[Answer, Stored]:  # Any: as above
        """Through SQLAlchemy, undone afterwards."""
        await self._count_anew()
        try:
            answer = _answer(await self.theirs.execute(statement, parameters))
            stored = [[tuple(row) for row in await self.theirs.execute(_all(table))] for table, _ in ROWS]
            return answer, stored
        finally:
            await self.theirs.rollback()

    async def _run(self, prepared: Prepared, parameters: Any) -> Answer:  # Any: values of all columns
        text, arguments = prepared.bound(parameters)
        made = await self.ours.prepare(text)
        raw = await made.fetch(*arguments)
        rows = prepared.rows(raw, int(made.get_statusmsg().split()[-1]))
        return _plain(rows), tuple(rows[0].as_dict()) if rows else None, rows.changed

    async def _count_anew(self) -> None:
        """What counts up is not undone with a transaction."""
        for table, _ in ROWS:
            await self.ours.execute(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 100)")


_numbers = count(1)


@asynccontextmanager
async def on_postgresql(server: PostgresServer) -> AsyncGenerator[OnPostgres]:
    """A database with tables and rows in it, and two connections."""
    name = f"statements_{next(_numbers)}"
    async with connected(server, name) as ours:
        statements = Statements("postgresql")
        for text in ddl(SHELF, "postgresql"):
            await ours.execute(text)
        for table, rows in ROWS:
            await ours.executemany(*statements.prepared(insert(table), rows).bound_many(rows))
        url = server.url(name).replace("postgresql://", "postgresql+asyncpg://")
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.connect() as theirs:
            yield OnPostgres(ours, theirs)
        await engine.dispose()


@pytest.fixture
async def postgresql(postgres: PostgresServer) -> AsyncGenerator[OnPostgres]:
    """A database with tables and rows in it, and two connections."""
    async with on_postgresql(postgres) as both:
        yield both


def test_any_row_is_stored_and_read_the_same_on_postgresql(postgres: PostgresServer) -> None:
    """As on SQLite."""

    @settings(max_examples=50)
    @given(rows=st.lists(one_row, min_size=1, max_size=3, unique_by=_number))
    def check(rows: list[dict[str, Any]]) -> None:  # Any: values of all columns
        kept = [row for row in rows if row["id"] not in (1, 2)] or [{"id": 3}]
        for statement, parameters in ((REPLACE, rows), (insert(THINGS).values(kept), None), (REPLACE, rows[0])):
            ours, stored = runner.run(both.run_ours(statement, parameters))
            theirs, stored_by_them = runner.run(both.run_theirs(statement, parameters))

            assert ours[:2] == theirs[:2]
            assert stored == stored_by_them

    with asyncio.Runner() as runner:
        opening = on_postgresql(postgres)
        both = runner.run(opening.__aenter__())
        try:
            check()
        finally:
            runner.run(opening.__aexit__(None, None, None))


async def test_every_statement_does_the_same_on_postgresql(postgresql: OnPostgres) -> None:
    """As on SQLite; counts of lists apart, which asyncpg does not tell."""
    amiss: list[str] = []
    for name, statement, parameters in ALL:
        theirs, stored_by_them = await postgresql.run_theirs(statement, parameters)
        for _ in range(3):
            ours, stored = await postgresql.run_ours(statement, parameters)

            told = slice(0, 2) if isinstance(parameters, list) else slice(0, 3)
            if _comparable(ours, statement)[told] != _comparable(theirs, statement)[told] or stored != stored_by_them:
                amiss.append(f"{name}: {ours} instead of {theirs}")

    assert not amiss, "\n".join(amiss)


def _filled() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=OFF")
    statements = Statements("sqlite")
    for text in ddl(SHELF, "sqlite"):
        connection.execute(text)
    for table, rows in ROWS:
        connection.executemany(*statements.prepared(insert(table), rows).bound_many(rows))
    return connection


def _all(table: Any) -> Any:  # Any: a table, a select
    return select(table).order_by(table.c.id)


def _answer(result: CursorResult[Any]) -> Answer:  # Any: of all types
    if not result.returns_rows:
        return [], None, result.rowcount
    rows = result.all()
    return [tuple(row) for row in rows], tuple(result.keys()) if rows else None, result.rowcount


def _plain(rows: Any) -> list[tuple[Any, ...]]:  # Any: rows of all types
    return [tuple(row) for row in rows]


def _attempt(run: Any, *given: Any) -> Any:  # Any: a method, an answer or the name of an error
    try:
        return run(*given)
    except Exception as error:
        if "UNIQUE constraint" not in str(error):
            raise
        return "it is there already"


def _comparable(answer: Any, statement: Any) -> Any:  # Any: as above
    """Without the names where SQLAlchemy takes them from the cursor, and the counts that it does not tell."""
    if isinstance(answer, str):
        return answer
    rows, names, changed = answer
    is_known = not hasattr(statement, "text")
    return rows, names if is_known else None, None if rows or getattr(statement, "is_select", False) else changed


def _dump(connection: sqlite3.Connection) -> list[str]:
    return [*connection.iterdump()]
