"""Instances that migrate at the same time, and instances that are killed in the middle of it."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, Engine, event

from atoll.adapters.locks import locked
from atoll.adapters.migrations import migrated
from atoll.adapters.postgres_migrations import lock_key
from atoll.adapters.sqlite import open_sqlite
from atoll.data import DatabaseBusy
from atoll.data.places import PostgresPlace, SqlitePlace
from tests.amount import amount
from tests.data.migrations.conftest import Place
from tests.data.migrations.packages import FIRST, LEADS, SECOND, Package

MANY = 4
WRITTEN_MAX = 100_000
ROWS = "op.execute(\"INSERT INTO leads (id) VALUES ('{revision}')\")"

COPIED = """
with op.batch_alter_table("leads", recreate="always") as batch:
    batch.alter_column("points", new_column_name="score", existing_type=sa.Integer)
    batch.add_column(sa.Column("grade", sa.String(1), server_default="C", nullable=False))
op.create_index("by_grade", "leads", ["grade"])
"""


def write(package: Package) -> None:
    """Three migrations, of all that there is: tables, rows, columns, a table that is copied."""
    package.migrate("one", f"{FIRST}\n{ROWS.format(revision='one')}")
    package.migrate("two", f"{SECOND}\n{ROWS.format(revision='two')}", down="one")
    package.migrate("three", f"{COPIED}\n{ROWS.format(revision='three')}", down="two")


def forked(work: Callable[[], object]) -> int:
    """Run something in a process of its own, which has all that is loaded here; how it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind: none is needed
        child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
            traceback.print_exc()
            os._exit(1)
    return child


def ended(child: int) -> int:
    """Its exit code; minus the signal that has killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number: int) -> None:
    """Let this process be killed right before its statement of this number: they begin, change and commit."""
    left = number

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def begun(connection: Connection) -> None:
        count(connection)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", begun)


def state_of(database: Place) -> object:
    """All of a database that a service can see: its tables, and their rows."""
    if isinstance(database.place, PostgresPlace):
        made = database.run(
            "SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns "
            f"WHERE table_schema = '{database.place.schema}' AND table_name NOT LIKE 'atoll%' ORDER BY 1, 2"
        )
    else:
        made = database.run("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%atoll_meta%' ORDER BY 1")
    rows = database.run("SELECT * FROM leads ORDER BY id") if database.tables() else []
    return made, rows


def emptied(database: Place) -> None:
    """Make it as it was before anything was done."""
    if isinstance(database.place, SqlitePlace):
        for file in database.place.path.parent.glob("*"):
            file.unlink()
    else:
        database.run(f"DROP SCHEMA {database.place.schema} CASCADE", f"CREATE SCHEMA {database.place.schema}")


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_the_database_before_or_behind_a_migration(
    package: Package, database: Place
) -> None:
    """At the statements that it runs; and whoever starts next brings it to the end."""
    write(package)
    tables = package.tables()
    whole: dict[str, object] = {}
    for revision in ("one", "two", "three"):
        hidden = [each for each in package.migrations.glob("*.py") if each.stem not in (*whole, revision)]
        for each in hidden:
            each.rename(package.root / each.name)
        migrated(database.place, "keep", tables)
        whole[revision] = state_of(database)
        for each in hidden:
            (package.root / each.name).rename(each)
    seen: list[str | None] = []

    step = amount(3, 1) if isinstance(database.place, SqlitePlace) else amount(7, 2)  # each takes a third of a second
    for number in range(1, 1_000, step):
        emptied(database)

        def work(number: int = number) -> None:
            killed_at(number)
            migrated(database.place, "keep", tables)

        code = ended(forked(work))

        if code == 0:
            break
        assert code == -signal.SIGKILL
        stands = database.revision() if database.tables() else None
        assert stands is None or state_of(database) == whole[stands], f"killed at statement {number}"
        seen.append(stands)
        migrated(database.place, "keep", tables)
        assert (database.revision(), state_of(database)) == ("three", whole["three"])
    else:
        pytest.fail("it never came to its end")

    assert seen == sorted(seen, key=[None, "one", "two", "three"].index)
    assert set(seen) == {None, "one", "two", "three"}
    assert len(seen) > 40 / step


@pytest.mark.slow
def test_of_many_that_start_at_once_one_migrates(package: Package, database: Place) -> None:
    """Each migration is run once, and nobody starts before the last one is done."""
    write(package)
    tables = package.tables()

    def work() -> None:
        migrated(database.place, "keep", tables)
        assert database.revision() == "three"

    codes = [ended(child) for child in [forked(work) for _ in range(MANY)]]

    assert codes == [0] * MANY
    assert [row[0] for row in database.run("SELECT id FROM leads ORDER BY id")] == ["one", "three", "two"]


def test_who_waits_for_too_long_says_so(package: Package, sqlite: Place) -> None:
    """A migration that hangs is told by those who wait for it."""
    write(package)
    lock = sqlite.beside("-migration")
    lock.parent.mkdir(parents=True)

    with locked(lock, 1), pytest.raises(DatabaseBusy, match="another instance of `keep` has been migrating it"):
        migrated(sqlite.place, "keep", package.tables(), wait_s=0.1)


def test_who_waits_for_too_long_on_a_server_says_so_too(package: Package, schema: Place) -> None:
    """The lock is the server's there, which lets go of it when its holder dies."""
    write(package)
    place = schema.place
    assert isinstance(place, PostgresPlace)
    tables = package.tables()

    async def held() -> None:
        connection = await asyncpg.connect(place.url)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", lock_key(place.schema))
            with pytest.raises(DatabaseBusy, match="another instance of `keep` has been migrating it"):
                await asyncio.get_running_loop().run_in_executor(
                    None, functools.partial(migrated, place, "keep", tables, wait_s=0.1)
                )
        finally:
            await connection.close()

    asyncio.run(held())
    assert migrated(place, "keep", tables).after == "three"


async def test_a_migration_has_its_turn_among_writers_who_never_stop(package: Package, sqlite: Place) -> None:
    """SQLite lets one write, and whoever asks again and again would starve: they stand in line instead."""
    assert isinstance(sqlite.place, SqlitePlace)
    package.migrate("one", FIRST)
    migrated(sqlite.place, "keep", package.tables())
    package.migrate("two", SECOND, down="one")
    tables = package.tables()
    driver = await open_sqlite(sqlite.place.path)
    loop = asyncio.get_running_loop()
    written = 0
    try:
        done = loop.run_in_executor(None, migrated, sqlite.place, "keep", tables)
        while not done.done() and written < WRITTEN_MAX:
            session = await driver.begin(loop.time() + 20)
            await session.execute("INSERT INTO leads (id) VALUES (?)", (str(written),))
            await session.commit()
            written += 1
            await asyncio.sleep(0)  # a transaction waits for nothing, and the loop has to hear of the migration

        assert (await done).applied == ("two",)
        assert await driver.read("SELECT count(*) FROM leads WHERE owner IS NULL", ()) == [(written,)]
        assert 0 < written < WRITTEN_MAX
    finally:
        await driver.close()


QUICK = """
import sys
from pathlib import Path
from atoll.adapters.migrations import migrated
from atoll.data.migrating import tables_of
from atoll.data.places import SqlitePlace

sys.path.insert(0, sys.argv[1])
import keep.service

done = migrated(SqlitePlace(Path(sys.argv[2])), "keep", tables_of(keep.service.KeepService))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"alembic", "sqlalchemy", "mako"}), done.applied)
"""


@pytest.mark.parametrize("has_migrations", [True, False])
def test_a_start_that_has_nothing_to_do_loads_nothing_for_it(
    package: Package, sqlite: Place, has_migrations: bool
) -> None:
    """Alembic takes longer to load than all else: it is for those who migrate."""
    assert isinstance(sqlite.place, SqlitePlace)
    package.declare(LEADS)
    if has_migrations:
        package.migrate("one", FIRST)

    first, second = (_said(package.root, sqlite.place.path) for _ in range(2))

    assert first == f"['alembic', 'mako', 'sqlalchemy'] {('one',) if has_migrations else ()}"
    assert second == "['sqlalchemy'] ()"  # which the service has loaded itself


def _said(source: Path, path: Path) -> str:
    command = [sys.executable, "-c", QUICK, str(source), str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_declaration_reads_the_same_in_every_process(package: Package) -> None:
    """Its digest is compared with one that another process has noted."""
    package.declare(
        """
        import enum

        class Kind(enum.Enum):
            GOOD = 1
            BAD = 2

        sa.Table(
            "kinds", metadata, sa.Column("id", sa.Uuid, primary_key=True, default=lambda: None),
            sa.Column("kind", sa.Enum(Kind)), sa.Column("made", sa.DateTime, server_default=sa.func.now()),
            sa.UniqueConstraint("kind", "made"), sa.CheckConstraint("id > 0"),
            sa.Index("a", "kind"), sa.Index("b", "made"),
        )
        """
    )
    source = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom atoll.data.migrating import tables_of\n"
        "import keep.service\nprint(tables_of(keep.service.KeepService).digest)"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", source, str(package.root)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1
