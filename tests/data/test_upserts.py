"""An upsert overwrites what it is given, and nothing else; the same on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, func, insert, select

from atoll.data import Rows, StatementRefused, upsert
from atoll.data.statements import Statements, ddl
from atoll.testing import PostgresServer
from tests.data.bare import connected

_clock = count(1)

SCORES = Table(
    "scores",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("tenant", String, nullable=False, default="main"),
    Column("lead", String, nullable=False),
    Column("points", Integer, default=1),
    Column("note", String),
    Column("created", Integer, default=lambda: next(_clock)),
    Column("updated", Integer, default=lambda: next(_clock), onupdate=lambda: next(_clock)),
    Column("counted", Integer, server_default="5", onupdate=7),
    Column("the order", String, key="sorting"),
    UniqueConstraint("tenant", "lead"),
)
LINKS = Table("links", SCORES.metadata, Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True))

Run = Callable[..., Awaitable[Rows]]


Given = dict[str, Any] | list[dict[str, Any]] | None  # Any: values of all columns


async def _run_on_sqlite(
    connection: sqlite3.Connection, statement: Any, parameters: Given = None
) -> Rows:  # Any: all kinds
    prepared = Statements("sqlite").prepared(statement, parameters)
    if isinstance(parameters, list):
        return prepared.rows((), connection.executemany(*prepared.bound_many(parameters)).rowcount)
    cursor = connection.execute(*prepared.bound(parameters))
    return prepared.rows(cursor.fetchall(), cursor.rowcount)


async def _run_on_postgresql(connection: Any, statement: Any, parameters: Given = None) -> Rows:  # Any: as above
    prepared = Statements("postgresql").prepared(statement, parameters)
    if isinstance(parameters, list):
        await connection.executemany(*prepared.bound_many(parameters))
        return prepared.rows((), -1)
    text, arguments = prepared.bound(parameters)
    return prepared.rows(await connection.fetch(text, *arguments), -1)


_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def run(request: pytest.FixtureRequest, postgres: PostgresServer) -> AsyncGenerator[Run]:
    """Runs a statement on a database with empty tables."""
    if request.param == "sqlite":
        memory = sqlite3.connect(":memory:", isolation_level=None)
        for text in ddl(SCORES.metadata, "sqlite"):
            memory.execute(text)
        yield lambda *given: _run_on_sqlite(memory, *given)
        memory.close()
        return
    async with connected(postgres, f"upserts_{next(_numbers)}") as connection:
        for text in ddl(SCORES.metadata, "postgresql"):
            await connection.execute(text)
        yield lambda *given: _run_on_postgresql(connection, *given)


async def _row(run: Run, number: int = 1) -> dict[str, Any]:  # Any: values of all columns
    return (await run(select(SCORES).where(SCORES.c.id == number))).one().as_dict()


async def test_a_new_row_is_inserted_with_its_defaults(run: Run) -> None:
    """As by any insert."""
    await run(upsert(SCORES, "id"), {"id": 1, "lead": "ada"})

    row = await _row(run)

    assert {**row, "created": 0, "updated": 0} == {
        "id": 1, "tenant": "main", "lead": "ada", "points": 1, "note": None, "created": 0, "updated": 0,
        "counted": 5, "the order": None,
    }  # fmt: skip


async def test_what_is_given_is_overwritten_and_defaults_are_not(run: Run) -> None:
    """`created` keeps its value; `updated`, which changes with each update, gets a new one."""
    await run(insert(SCORES), {"id": 1, "lead": "ada", "points": 9, "note": "kept"})
    before = await _row(run)

    await run(upsert(SCORES, "id"), {"id": 1, "lead": "eve"})
    after = await _row(run)

    assert after.pop("updated") > before.pop("updated")
    assert after == {**before, "lead": "eve"}


async def test_a_row_known_by_other_columns_keeps_its_primary_key(run: Run) -> None:
    """Others refer to it."""
    await run(insert(SCORES), {"id": 1, "lead": "ada", "note": "old"})
    by_lead = upsert(SCORES, "tenant", "lead")

    await run(by_lead, {"id": 2, "lead": "ada", "note": "new"})
    await run(by_lead, {"id": 3, "lead": "ada", "tenant": "other", "note": "new"})

    found = await run(select(SCORES.c.id, SCORES.c.tenant, SCORES.c.note).order_by(SCORES.c.id))
    assert [tuple(row) for row in found] == [(1, "main", "new"), (3, "other", "new")]


async def test_what_is_overwritten_can_be_said(run: Run) -> None:
    """And then it is that alone."""
    await run(insert(SCORES), {"id": 1, "lead": "ada", "points": 9, "note": "old"})
    before = await _row(run)

    await run(upsert(SCORES, "id", update=["note"]), {"id": 1, "lead": "eve", "points": 3, "note": "new"})

    assert await _row(run) == {**before, "note": "new"}


async def test_nothing_may_be_overwritten(run: Run) -> None:
    """`()` leaves the row as it is, and answers nothing for it."""
    adding = upsert(SCORES, "id", update=()).returning(SCORES.c.id)

    first = await run(adding, {"id": 1, "lead": "ada"})
    second = await run(adding, {"id": 1, "lead": "eve"})

    assert (first.scalars(), second.scalars()) == ([1], [])
    assert (await _row(run))["lead"] == "ada"


async def test_a_table_of_keys_alone_has_nothing_to_overwrite(run: Run) -> None:
    """Its upsert makes sure that a row is there."""
    for _ in range(2):
        await run(upsert(LINKS), {"a": 1, "b": 2})

    assert [tuple(row) for row in await run(select(LINKS))] == [(1, 2)]


async def test_the_row_is_answered_as_it_is_afterwards(run: Run) -> None:
    """Whether it was new or not."""
    returning = upsert(SCORES, "id").returning(SCORES.c.id, SCORES.c.lead, SCORES.c.points)

    first = await run(returning, {"id": 1, "lead": "ada", "points": 9})
    second = await run(returning, {"id": 1, "lead": "eve"})

    assert [tuple(row) for row in (*first, *second)] == [(1, "ada", 9), (1, "eve", 9)]


async def test_many_rows_are_upserted(run: Run) -> None:
    """For a list of parameters, as values of one statement, and from a select with and without a condition."""
    await run(upsert(LINKS), [{"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 2, "b": 2}])
    await run(upsert(LINKS).values([{"a": 2, "b": 2}, {"a": 3, "b": 3}]))
    await run(upsert(LINKS).from_select(["a", "b"], select(LINKS.c.a + 1, LINKS.c.b + 1)))
    await run(upsert(LINKS).from_select(["a", "b"], select(LINKS.c.a, LINKS.c.b).where(LINKS.c.a > 2)))

    assert (await run(select(LINKS.c.a).order_by(LINKS.c.a))).scalars() == [1, 2, 3, 4]


async def test_columns_with_odd_names_are_overwritten(run: Run) -> None:
    """By the name that they have in the database, given by the one that they have in the code."""
    await run(upsert(SCORES, "id"), {"id": 1, "lead": "ada", "sorting": "a"})
    await run(upsert(SCORES, "id", update=["sorting"]), {"id": 1, "lead": "ada", "sorting": "b"})

    assert (await _row(run))["the order"] == "b"


async def test_values_of_the_statement_count_as_given(run: Run) -> None:
    """Those beside the parameters, by names and by columns."""
    await run(insert(SCORES), {"id": 1, "lead": "ada", "note": "old", "points": 2})

    await run(
        upsert(SCORES, "id").values({SCORES.c.note: func.upper("new")}).values(lead="ada"), {"id": 1, "points": 3}
    )

    row = await _row(run)
    assert (row["note"], row["points"]) == ("NEW", 3)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_upserts_that_differ_in_what_they_overwrite_are_other_statements(dialect: Any) -> None:  # Any: a literal
    """They are compiled apart."""
    statements: Any = Statements(dialect)  # Any: looked behind the door
    row = {"id": 1, "lead": "ada", "note": "n"}
    several = [
        upsert(SCORES, "id"),
        upsert(SCORES, "id", update=()),
        upsert(SCORES, "id", update=["note"]),
        upsert(SCORES, "lead"),
    ]

    texts = [statements.prepared(each, row).bound(row)[0] for each in several]

    assert len(set(texts)) == len(texts)
    assert len({id(statements.prepared(upsert(SCORES, "id"), row)._pattern) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("keys", "update", "reason"),
    [(("colour",), None, "the table has no column colour"), (("id",), ["name"], "the table has no column name")],
)
def test_an_upsert_of_columns_that_are_not_there_is_refused(
    keys: tuple[str, ...], update: Any, reason: str
) -> None:  # Any: words
    """Where it is written, not where it is run."""
    with pytest.raises(StatementRefused, match=reason):
        upsert(SCORES, *keys, update=update)


def test_an_upsert_needs_a_key() -> None:
    """Without one no row is known."""
    with pytest.raises(StatementRefused, match="the table has no primary key"):
        upsert(Table("t", MetaData(), Column("a", Integer)))
