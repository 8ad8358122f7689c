"""What SQLite's driver promises beside the port: one machine, several processes, nobody starved, a disk that fails."""

import asyncio
import contextlib
import gc
import itertools
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from atoll.adapters.sqlite import MemoryDriver, SqliteDriver, open_sqlite
from atoll.adapters.sqlite_machines import file_system_of
from atoll.data import Database, DatabaseBusy, DatabaseUnavailable, OutcomeUnknown
from atoll.data.statements import Statements
from tests.events.coast import TASKS
from tests.patience import PATIENCE_S

LOCAL = "24 1 259:1 / / rw,relatime - ext4 /dev/root rw"
EXPORT = "31 24 0:40 / /srv/data rw,relatime - nfs4 files:/export rw"
INSIDE = "32 31 0:41 / /srv/data/fast rw - tmpfs tmpfs rw"
SPACE = r"33 24 0:42 / /srv/my\040data rw - cifs //files/data rw"


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/opt/shop", "ext4"), ("/srv/data", "nfs4"), ("/srv/data/fast/x", "tmpfs"), ("/srv/my data/x", "cifs")],
)
def test_the_innermost_mount_says_which_file_system_a_folder_lies_in(folder: str, kind: str) -> None:
    """Whichever order they are listed in."""
    mounts = [LOCAL, EXPORT, INSIDE, SPACE]

    assert file_system_of(Path(folder), mounts) == kind
    assert file_system_of(Path(folder), reversed(mounts)) == kind


async def test_a_second_machine_is_refused_with_a_word_about_postgresql(tmp_path: Path) -> None:
    """While the first one has it open: what it has in memory, no network carries."""
    driver = await open_sqlite(tmp_path / "stock.db")
    (tmp_path / "stock.db-machine").write_text("the name of another boot\n")

    with pytest.raises(DatabaseUnavailable, match="several machines need PostgreSQL"):
        await open_sqlite(tmp_path / "stock.db")
    await driver.close()
    again = await open_sqlite(tmp_path / "stock.db")  # it has gone: the file was moved, or the machine started again
    await again.close()


async def test_processes_that_write_all_the_time_have_their_turns(tmp_path: Path) -> None:
    """Each gets about as many, and none waits as long as a transaction may."""
    path = tmp_path / "stock.db"
    await written(await open_sqlite(path), "CREATE TABLE turns (who text)")
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.adapters.sqlite_writer", str(path), name, "1.5"
        )
        for name in ("one", "two", "three")
    ]
    assert [await writer.wait() for writer in writers] == [0, 0, 0]

    driver = await open_sqlite(path)
    rows = await driver.read("SELECT who, count(*) FROM turns GROUP BY who", ())
    counts = [count for _, count in rows]
    await driver.close()

    assert len(counts) == 3
    assert max(counts) < 4 * min(counts)


async def test_who_waits_for_another_process_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    """And takes its turn when it comes, though nobody waits for it any more, without keeping it."""
    path = tmp_path / "stock.db"
    one, other = await open_sqlite(path), await open_sqlite(path)
    holding = await one.begin(now() + 5)

    with pytest.raises(DatabaseBusy, match="another process"):
        await other.begin(now() + 0.05)
    await holding.rollback()
    await written(one, "CREATE TABLE a (x)", close=False)
    await written(other, "CREATE TABLE b (x)", close=False)
    await written(one, "CREATE TABLE c (x)")
    await other.close()


async def test_many_commits_wait_for_one_sync(tmp_path: Path) -> None:
    """That is what makes durable commits cheap."""
    driver = await open_sqlite(tmp_path / "stock.db")
    await written(driver, "CREATE TABLE t (x)", close=False)
    synced, real = 0, os.fdatasync

    def counted(descriptor: int) -> None:
        nonlocal synced
        synced += 1
        real(descriptor)

    driver.sync_with(counted)
    await asyncio.gather(*(written(driver, f"INSERT INTO t VALUES ({number})", close=False) for number in range(100)))
    await driver.close()

    assert 1 <= synced <= 20


async def test_after_a_sync_that_failed_nothing_is_acknowledged(tmp_path: Path) -> None:
    """What the kernel has kept of it, nobody knows: a later sync that works proves nothing."""
    driver = await open_sqlite(tmp_path / "stock.db")
    await written(driver, "CREATE TABLE t (x)", close=False)
    calls = 0

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError(5, "Input/output error")

    driver.sync_with(failing)
    for number in range(2):
        with pytest.raises(OutcomeUnknown, match="Input/output error"):
            await written(driver, f"INSERT INTO t VALUES ({number})", close=False)
    await driver.close()


async def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    """It is written back in a thread while others write."""
    driver = await open_sqlite(tmp_path / "stock.db")
    await written(driver, "CREATE TABLE t (x)", close=False)
    for number in range(9_000):
        session = await driver.begin(now() + 5)
        await session.execute("INSERT INTO t VALUES (?)", ("x" * 3_000,))
        ticket = await session.commit()
        if number % 200 == 0:
            await driver.synced(ticket)
    size = (tmp_path / "stock.db-wal").stat().st_size
    await driver.close()

    assert size < 64 * 1024 * 1024


async def test_the_log_of_a_few_large_transactions_does_not_grow_for_ever(tmp_path: Path) -> None:
    """It is written back by its length, and its file cut: a piece of an import is as long as a thousand forms."""
    driver = await open_sqlite(tmp_path / "stock.db")
    await written(driver, "CREATE TABLE t (x)", close=False)
    sizes: list[int] = []
    for _ in range(36):
        session = await driver.begin(now() + 5)
        await session.execute("INSERT INTO t VALUES (?)", (b"x" * 4_000_000,))
        await driver.synced(await session.commit())
        sizes.append((tmp_path / "stock.db-wal").stat().st_size)
    await driver.close()

    assert max(sizes) < 120_000_000
    assert any(later < earlier for earlier, later in itertools.pairwise(sizes))


async def written(driver: SqliteDriver, statement: str, *, close: bool = True) -> None:
    """Run a statement durably."""
    session = await driver.begin(now() + 5)
    await session.execute(statement, ())
    await driver.synced(await session.commit())
    if close:
        await driver.close()


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


async def test_whoever_reads_waits_for_the_sync_that_covers_it(tmp_path: Path) -> None:
    """What was read is told to others: it must not be gone after a power cut."""
    driver = await open_sqlite(tmp_path / "stock.db")
    database = Database(driver, Statements("sqlite"))
    await written(driver, "CREATE TABLE t (x integer)", close=False)
    may_sync = threading.Event()
    driver.sync_with(lambda _: may_sync.wait(PATIENCE_S))
    session = await driver.begin(now() + 5)
    await session.execute("INSERT INTO t VALUES (1)", ())
    await session.commit()

    reading = TASKS.spawn(database.read(text("SELECT x FROM t")), "read", awaited=True)
    await asyncio.sleep(0.05)
    was_told = reading.done()
    may_sync.set()
    rows = await reading
    await driver.close()

    assert not was_told
    assert rows.scalars() == [1]


async def test_what_another_process_has_committed_is_synced_before_it_is_told(tmp_path: Path) -> None:
    """It may have died before it could."""
    path = tmp_path / "stock.db"
    driver = await open_sqlite(path)
    await written(driver, "CREATE TABLE t (x integer)", close=False)
    before = driver.written
    other = await open_sqlite(path)
    session = await other.begin(now() + 5)
    await session.execute("INSERT INTO t VALUES (1)", ())
    await session.commit()

    rows = await driver.read("SELECT x FROM t", ())
    seen = driver.written
    await other.close()
    await driver.close()

    assert list(rows) == [(1,)]
    assert seen > before


def test_a_database_in_memory_ends_with_who_has_it() -> None:
    """Newer Pythons warn of a connection that nobody has closed."""
    driver = MemoryDriver()
    connection = driver.connection

    del driver
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.mark.parametrize("is_there", [True, False])
async def test_what_cannot_be_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """At once, and not whenever somebody collects it: it may be no database, or one that somebody else begins."""
    path = tmp_path / "shop.db"
    if is_there:
        path.write_bytes(b"no database at all" * 100)
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # Any: whatever sqlite3 takes
        made.append(connect(*args, **kwargs))
        made[-1].execute("PRAGMA busy_timeout=0")
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", connected)
    with contextlib.closing(connect(tmp_path / "shop.db", isolation_level=None)) as other:
        if not is_there:
            other.executescript("PRAGMA journal_mode=WAL; BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            await open_sqlite(path)

    assert len(made) == (1 if is_there else 2)
    for connection in made:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
