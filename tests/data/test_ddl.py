"""Tables are made where they are missing, in the order in which they refer to each other, and again without harm."""

import sqlite3
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any, cast

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    TypeDecorator,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.types import TypeEngine

from atoll.data import Dialect, StatementRefused
from atoll.data.statements import ddl
from atoll.testing import PostgresServer
from tests.data.bare import connected

DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql")
COLOUR = Enum("red", "blue", name="colour")


class Paint(TypeDecorator[str]):
    """A colour, as a type of a service's own."""

    impl = Enum("matt", "gloss", name="paint")
    cache_ok = True


def _shop() -> MetaData:
    """Tables that refer to each other in a line and in a circle, declared in the wrong order."""
    metadata = MetaData()
    Table("parts", metadata, Column("id", Integer, primary_key=True), Column("car", Integer, ForeignKey("cars.id")))
    Table(
        "cars",
        metadata,
        Column("id", Integer, Sequence("car_numbers"), primary_key=True),
        Column("colour", COLOUR),
        Column("colours", ARRAY(COLOUR).with_variant(String(), "sqlite")),
        Column("paint", Paint),
        Column("note", String, server_default="it's \\ here: %s"),
        Column("maker", Integer, ForeignKey("makers.id"), index=True),
        Index("cars_by_colour", "colour", "note", unique=True),
        Index("red_cars", "note", postgresql_where=text("colour = 'red'"), sqlite_where=text("colour = 'red'")),
    )
    Table(
        "makers",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("best", Integer, ForeignKey("cars.id", name="best_car")),
    )
    return metadata


def test_tables_are_made_twice_on_sqlite() -> None:
    """The second time nothing happens."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    try:
        for statement in ddl(_shop(), "sqlite") * 2:
            connection.execute(statement)
        connection.execute("INSERT INTO makers (id) VALUES (1)")
        connection.execute("INSERT INTO cars (id, colour, maker) VALUES (1, 'red', 1)")
        made = connection.execute(
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name"
        ).fetchall()
        note = connection.execute("SELECT note FROM cars").fetchone()

        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            connection.execute("INSERT INTO makers (id, best) VALUES (2, 99)")
    finally:
        connection.close()

    assert [name for (name,) in made] == ["cars", "cars_by_colour", "ix_cars_maker", "makers", "parts", "red_cars"]
    assert note == ("it's \\ here: %s",)


_numbers = count(1)


@pytest.fixture
async def connection(postgres: PostgresServer) -> AsyncGenerator[Any]:  # Any: asyncpg's is generic in its rows
    """A connection to an empty database of PostgreSQL."""
    async with connected(postgres, f"tables_{next(_numbers)}") as opened:
        yield opened


@pytest.mark.parametrize("schema", [None, "a shop"])
async def test_tables_are_made_twice_on_postgresql(connection: Any, schema: str | None) -> None:  # Any: as above
    """With types, sequences and references in a circle, all in the schema that was asked for."""
    await connection.execute('CREATE SCHEMA "a shop"')

    for statement in ddl(_shop(), "postgresql", schema) * 2:
        await connection.execute(statement)

    await connection.execute(f'SET search_path = "{schema or "public"}"')
    await connection.execute("INSERT INTO makers (id) VALUES (1)")
    await connection.execute(
        "INSERT INTO cars (id, colour, colours, paint, maker) VALUES (1, 'red', '{blue}', 'matt', 1)"
    )
    places = "SELECT DISTINCT nspname FROM pg_namespace n JOIN {} x ON x.{}namespace = n.oid WHERE x.{} = ANY($1)"
    tables = await connection.fetch(
        places.format("pg_class", "rel", "relname"),
        ["cars", "makers", "parts", "cars_by_colour", "red_cars", "ix_cars_maker", "car_numbers"],
    )
    types = await connection.fetch(places.format("pg_type", "typ", "typname"), ["colour", "paint"])
    assert [row[0] for row in (*tables, *types)] == [schema or "public"] * 2
    assert await connection.fetchval("SELECT note FROM cars") == "it's \\ here: %s"
    assert await connection.fetchval("SELECT count(*) FROM pg_constraint WHERE conname = 'best_car'") == 1
    assert await connection.fetchval("SELECT nextval('car_numbers')") == 1


def test_tables_follow_those_that_they_refer_to() -> None:
    """PostgreSQL knows no table that is not there yet."""
    metadata = MetaData()
    for name, other in (("c", "b"), ("b", "a"), ("a", None)):
        reference = [Column("other", Integer, ForeignKey(f"{other}.id"))] if other else []
        Table(name, metadata, Column("id", Integer, primary_key=True), *reference)

    for dialect in ("sqlite", "postgresql"):
        names = [statement.split()[5] for statement in ddl(metadata, dialect)]

        assert names == ["a", "b", "c"]


def _is_sqlite(*_: Any, dialect: Any, **__: Any) -> bool:  # Any: as SQLAlchemy calls it
    return bool(dialect.name == "sqlite")


def test_what_is_for_another_database_is_left_out() -> None:
    """As `ddl_if` says: by a name, by several, by a function."""
    metadata = MetaData()
    table = Table("t", metadata, Column("a", Integer), Column("b", Integer), Column("c", Integer))
    Index("by_a", table.c.a).ddl_if(dialect="postgresql")
    Index("by_b", table.c.b).ddl_if(dialect=cast("str", ("sqlite", "postgresql")))
    Index("by_c", table.c.c).ddl_if(callable_=_is_sqlite)

    made: dict[str, list[str]] = {dialect: [each.split()[5] for each in ddl(metadata, dialect)] for dialect in DIALECTS}

    assert made == {"sqlite": ["t", "by_b", "by_c"], "postgresql": ["t", "by_a", "by_b"]}


def test_a_type_that_somebody_else_makes_is_not_made() -> None:
    """It says so."""
    metadata = MetaData()
    theirs: TypeEngine[Any] = ENUM("red", name="colour", create_type=False)  # Any: words
    Table("t", metadata, Column[Any]("colour", theirs))  # Any: as above

    assert [statement.split()[0] for statement in ddl(metadata, "postgresql")] == ["CREATE"]


def test_a_type_that_sqlite_has_not_is_refused() -> None:
    """With the table and the column."""
    metadata = MetaData()
    Table("t", metadata, Column("parts", ARRAY(Integer)))

    with pytest.raises(StatementRefused, match=r"sqlite cannot have it.*table 't', column 'parts'") as refused:
        ddl(metadata, "sqlite")

    assert refused.value.statement == "CREATE TABLE t"


def test_defaults_of_the_time_are_written_for_each_database() -> None:
    """In the form in which moments are kept there."""
    metadata = MetaData()
    Table("t", metadata, Column("at", String, server_default=func.now()))

    assert "DEFAULT (strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now'))" in ddl(metadata, "sqlite")[0]
    assert "DEFAULT now()" in ddl(metadata, "postgresql")[0]
