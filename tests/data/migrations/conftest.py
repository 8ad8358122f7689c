"""Services that are written by a test, and databases of both kinds for them."""

import asyncio
import itertools
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from atoll.data.places import DatabasePlace, PostgresPlace, SqlitePlace
from atoll.testing import PostgresServer
from tests.data.migrations.packages import Package

_numbers = itertools.count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A service without tables, which can be imported."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # its files change several times within a second
    monkeypatch.setattr(sys, "path", [str(tmp_path / "source"), *sys.path])
    return Package(tmp_path / "source")


class Place:
    """A database of a test, and a look into it past everything that is tested."""

    def __init__(self, place: DatabasePlace) -> None:
        self.place = place

    def run(self, *statements: str) -> list[tuple[Any, ...]]:  # Any: values of all columns
        """Run statements; the rows of the last one."""
        place = self.place
        if isinstance(place, SqlitePlace):
            place.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(place.path, isolation_level=None)) as connection:
                return [connection.execute(each).fetchall() for each in statements][-1]
        return asyncio.run(_on_postgres(place, statements))

    def tables(self) -> list[str]:
        """The names of its tables but for the platform's."""
        if isinstance(self.place, SqlitePlace):
            names = self.run("SELECT name FROM sqlite_master WHERE type = 'table'") if self.place.path.exists() else []
        else:
            names = self.run(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.place.schema}'")
        return sorted(name for (name,) in names if not name.startswith(("atoll_", "alembic_", "sqlite_")))

    def beside(self, name: str) -> Path:
        """The file whose name is that of the database, and more."""
        assert isinstance(self.place, SqlitePlace)
        return self.place.path.with_name(f"{self.place.path.name}{name}")

    def revision(self) -> str:
        """At which revision it is."""
        ((revision,),) = self.run("SELECT version_num FROM alembic_version")
        return str(revision)


async def _on_postgres(place: PostgresPlace, statements: Sequence[str]) -> list[tuple[Any, ...]]:  # Any: as above
    connection = await asyncpg.connect(place.url, server_settings={"search_path": place.schema})
    try:
        rows: list[tuple[Any, ...]] = []  # Any: as above
        for each in statements:
            rows = [tuple(row) for row in await connection.fetch(each)]
        return rows
    finally:
        await connection.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    """A file that is not there yet."""
    return Place(SqlitePlace(tmp_path / "state" / "keep" / "keep.db"))


@pytest.fixture
def schema(postgres: PostgresServer) -> Place:
    """An empty schema, as its owner reaches it."""
    place = PostgresPlace(postgres.url(), f"test__keep_{next(_numbers)}", is_own=True)
    made = Place(place)
    made.run(f"CREATE SCHEMA {place.schema}")
    return made


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of database; where it has a server, this runs before a test begins to count what it leaves."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres")
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Place:
    """Each of them."""
    made: object = request.getfixturevalue("sqlite" if kind == "sqlite" else "schema")
    assert isinstance(made, Place)
    return made
