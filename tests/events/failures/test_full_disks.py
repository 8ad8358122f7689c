"""A disk that takes no more: nothing that was acknowledged is lost, and when there is room it goes on by itself."""

import asyncio
import contextlib
import os
import signal
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from sqlalchemy import bindparam, select, update

from atoll.adapters.migrations import known_of_sqlite
from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.adapters.sqlite import CHECKPOINT_COMMITS, FULL_S, open_sqlite
from atoll.data import Database, DiskFull, Driver, Session
from atoll.data.places import schema_name
from atoll.events.tables import OUTBOX
from atoll.testing import PostgresServer, postgres_server
from tests.events.coast import EFFECTS, NOTE, Shore, Sold, database_of, parked, reading, shore, until
from tests.events.failures.disks import fill, small_disk
from tests.passing import PassingDriver, PassingSession

SIZE = 8
CHANGE = update(EFFECTS).values(key=bindparam("text"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    with small_disk(tmp_path / "disk", SIZE) as folder:
        yield folder


@asynccontextmanager
async def at(
    folder: Path, name: str, between: Callable[[Driver], Driver] = lambda driver: driver
) -> AsyncGenerator[Database]:
    """A database in a folder, with something between."""
    database = await database_of(between(await open_sqlite(folder / name / f"{name}.db")))
    try:
        yield database
    finally:
        await database.close()


async def test_a_publisher_goes_on_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    """Who publishes is told that the disk is full; all that was not refused is delivered, and nothing else."""
    async with at(disk, "shop") as database, at(tmp_path, "billing") as billing:
        shop = await shore(database)
        async with reading(billing, shop.log) as reader:
            ballast = fill(disk, leave_bytes=200_000)
            before, was_full = await sold_until_full(shop, 0)
            ballast.unlink()
            after, _ = await sold_until_full(shop, 10_000, count=20)
            noted = await reader.until(len(before) + len(after))

    assert was_full
    assert len(before) > 3
    assert len(after) == 20
    assert [value for _, value in noted] == before + after


async def test_who_takes_a_full_disk_for_a_commit_loses_what_it_acknowledged(disk: Path) -> None:
    """The control: a driver that does not say so."""
    async with at(disk, "shop", Silent) as database:
        shop = await shore(database)
        fill(disk, leave_bytes=100_000)
        acknowledged, _ = await sold_until_full(shop, 0, count=100)

        assert len(await all_sold(database)) < len(acknowledged)


class Silent(PassingDriver):
    """A driver whose commits go well, whatever the disk says."""

    async def begin(self, ends_at: float) -> Session:
        """A transaction."""
        return SilentSession(self.driver, await self.driver.begin(ends_at))


class SilentSession(PassingSession):
    """A transaction of it."""

    async def commit(self) -> int:
        """Commit, or not."""
        with contextlib.suppress(DiskFull):
            return await self.session.commit()
        return 0


async def test_a_subscriber_goes_on_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    """What it cannot write waits in its place: no message is at fault for that."""
    async with at(tmp_path, "shop") as database, at(disk, "billing") as billing:
        shop = await shore(database)
        async with reading(billing, shop.log) as reader:
            await shop.sell(*range(10))
            await reader.until(10)
            ballast = fill(disk)
            await shop.sell(*range(10, 400))
            await until(lambda: is_full(billing))
            ballast.unlink()
            noted = await reader.until(400)

            assert [value for _, value in noted] == list(range(400))
            assert not await parked(billing)


async def test_a_start_on_a_full_disk_says_that_it_is_full(disk: Path) -> None:
    """It finds no room for the index of the write-ahead log, which SQLite calls an error of the disk."""
    async with at(disk, "shop") as database:
        await shore(database)
    fill(disk, leave_bytes=0)

    with pytest.raises(DiskFull, match="is full"):
        async with at(disk, "shop") as database:
            await all_sold(database)
    with pytest.raises(DiskFull, match="is full"):  # a start looks at the migrations first
        known_of_sqlite(disk / "shop" / "shop.db")


async def test_a_write_ahead_log_that_has_taken_all_room_gives_it_back(disk: Path) -> None:
    """What is changed again and again fills the log, and not the file: no hand is needed to write it back."""
    async with at(disk, "shop") as database:
        async with database.transaction() as tx:
            await tx.execute(NOTE, {"key": "", "value": 0})
        assert await can_change(database)
        write_back(disk / "shop" / "shop.db")  # so that the file has its size
        changes = await changed_until_full(database)
        ballast = fill(disk)  # there is no room but that of the log
        await until(lambda: can_change(database))
        more = await changed_until_full(database)

        assert min(changes, more) > 10
        assert ballast.exists()


async def test_a_checkpoint_that_finds_no_room_is_made_up_for(tmp_path: Path) -> None:
    """It fails, and nothing is lost by that; with room, the next one writes the log back."""
    with small_disk(tmp_path / "disk", 64) as disk:
        file = disk / "shop" / "shop.db"
        async with at(disk, "shop") as database:
            shop = await shore(database)
            ballast = fill(disk, leave_bytes=600_000)
            before, was_full = await sold_until_full(shop, 0)
            await asyncio.sleep(FULL_S)
            still_full = not (await sold_until_full(shop, 5_000, count=1))[0]
            unwritten_bytes = size_of(file)
            ballast.unlink()
            after, _ = await sold_until_full(shop, 10_000, count=CHECKPOINT_COMMITS + 10)
            await until(lambda: has_grown(file))
        async with at(disk, "shop") as again:
            numbers = await all_sold(again)

    assert was_full
    assert still_full
    assert unwritten_bytes < 10_000
    assert len(after) == CHECKPOINT_COMMITS + 10
    assert numbers == before + after


def test_a_process_that_dies_on_a_full_disk_is_followed_by_one_that_reads(disk: Path, tmp_path: Path) -> None:
    """What was acknowledged is there, without room for more; with room it is written again."""
    child = os.fork()
    if child == 0:
        die_on_a_full_disk(disk, tmp_path / "said")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    said = int((tmp_path / "said").read_text())

    numbers = asyncio.run(sold_before_and_after(disk))

    assert said > 10
    assert numbers == [*range(said), -1]


@pytest.mark.slow
def test_on_postgresql_a_publisher_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """The server says so, and lives on."""
    with small_disk(tmp_path / "disk", 256) as disk, postgres_server(disk / "server") as server:
        before, was_full, after, kept = asyncio.run(sold_on_a_full_server(disk, server))

    assert was_full
    assert len(after) == 20
    assert kept == before + after


async def sold_on_a_full_server(disk: Path, server: PostgresServer) -> tuple[list[int], bool, list[int], list[int]]:
    """What was acknowledged until the disk was full, and when there was room again; and what stands in the log."""
    url = await provision(server.url(), "coast", "shop", "secret")
    database = await database_of(await open_postgres(url, schema=schema_name("coast", "shop"), connections_max=4))
    try:
        shop = await shore(database)
        before, _ = await sold_until_full(shop, 0, count=20)
        ballast = fill(disk)
        more, was_full = await sold_until_full(shop, 20)
        ballast.unlink()
        after, _ = await sold_until_full(shop, 10_000, count=20)
        return before + more, was_full, after, await all_sold(database)
    finally:
        await database.close()


def die_on_a_full_disk(disk: Path, said: Path) -> NoReturn:
    """Sell until the disk is full, say how many those were, and end as a crash does."""

    async def sell() -> None:
        async with at(disk, "shop") as database:
            shop = await shore(database)
            fill(disk, leave_bytes=400_000)
            said.write_text(str(len((await sold_until_full(shop, 0))[0])))  # noqa: ASYNC240  # nobody else waits
            fill(disk)
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        asyncio.run(sell())
    finally:
        os._exit(1)


async def sold_before_and_after(disk: Path) -> list[int]:
    """All that was sold before there was room, and one more."""
    async with at(disk, "shop") as database:
        shop = await shore(database)
        with pytest.raises(DiskFull):
            await shop.sell(-1)
        (disk / "ballast").unlink()
        await shop.sell(-1)
        return await all_sold(database)


async def sold_until_full(shop: Shore, first: int, count: int = 10_000) -> tuple[list[int], bool]:
    """Sell until the disk is full, or so often; what was acknowledged, and whether it was full."""
    done: list[int] = []
    for number in range(first, first + count):
        try:
            await shop.publish(Sold(article="lamp", count=number))
        except DiskFull:
            return done, True
        done.append(number)
    return done, False


async def all_sold(database: Database) -> list[int]:
    """What stands in the log."""
    envelopes = (await database.read(select(OUTBOX.c.envelope).order_by(OUTBOX.c.number))).scalars()
    return [msgspec.json.decode(envelope)["data"]["count"] for envelope in envelopes]


async def changed_until_full(database: Database) -> int:
    """Change one row again and again, until the disk is full; how often that went well."""
    count = 0
    while await can_change(database):
        count += 1
    return count


async def can_change(database: Database) -> bool:
    """Whether a row can be changed now."""
    try:
        async with database.transaction() as tx:
            await tx.execute(CHANGE, {"text": os.urandom(10_000).hex()})
    except DiskFull:
        return False
    return True


async def is_full(database: Database) -> bool:
    """Whether nothing can be written now."""
    return not await can_change(database)


async def has_grown(file: Path) -> bool:
    """Whether the log was written back into the file."""
    return size_of(file) > 100_000


def size_of(file: Path) -> int:
    """How long it is."""
    return file.stat().st_size


def write_back(file: Path) -> None:
    """Have the write-ahead log written back into the file."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
