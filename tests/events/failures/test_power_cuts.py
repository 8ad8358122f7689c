"""The power goes: what was acknowledged is there when it comes back, and what follows takes effect, too."""

import asyncio
import contextlib
import os
import random
import select as selecting
import signal
import traceback
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.adapters.sqlite import open_sqlite
from atoll.data import Driver, Raw, StatementRefused
from atoll.data.places import schema_name
from atoll.testing import PostgresServer, postgres_server
from tests.events.coast import Reader, Shore, database_of, reading, shore
from tests.events.failures.disks import LosingDisk, losing_disk
from tests.passing import PassingDriver

pytestmark = pytest.mark.slow

CUTS = 4
ARTICLES = [f"article-{number}" for number in range(4)]
Opens = Callable[[str], Awaitable[Driver]]
"""Opens the database of a service, by its name."""


class Hasty(PassingDriver):
    """A database that waits for no disk."""

    async def synced(self, ticket: int) -> None:
        """It is said to be."""


def sqlite_on(disk: LosingDisk, between: Callable[[Driver], Driver] = lambda driver: driver) -> Opens:
    """Databases in files of a disk."""
    folder = disk.path

    async def opened(name: str) -> Driver:
        return between(await open_sqlite(folder / name / f"{name}.db"))

    return opened


async def postgres_at(server: PostgresServer) -> Opens:
    """Databases on a server."""
    urls = {name: await provision(server.url(), "coast", name, "secret") for name in ("shop", "billing")}

    async def opened(name: str) -> Driver:
        return await open_postgres(urls[name], schema=schema_name("coast", name), connections_max=8)

    return opened


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LosingDisk]:
    """A disk whose power can be cut."""
    with losing_disk(tmp_path) as made:
        yield made


def test_nothing_acknowledged_is_lost_with_the_power(disk: LosingDisk) -> None:
    """Cut after cut: effects are there once and in order, and no reader is ahead of what its log has kept."""
    chance = random.Random(1)
    acknowledged: dict[str, int] = dict.fromkeys(ARTICLES, 0)
    for _ in range(CUTS):
        said = acknowledged_until_killed(sqlite_on(disk), acknowledged, chance.randrange(40, 400))
        disk.cut_power()
        acknowledged = kept_after(sqlite_on(disk), said)


def test_nothing_acknowledged_is_lost_on_postgresql(tmp_path: Path) -> None:
    """Its server promises as much, and is asked to."""
    said: dict[str, int] = dict.fromkeys(ARTICLES, 0)
    with losing_disk(tmp_path, 512) as disk:
        for _ in range(2):
            with postgres_server(disk.path / "server") as server:
                if not any(said.values()):
                    os.sync()  # what it was made of is on the disk
                said = acknowledged_until_killed(asyncio.run(postgres_at(server)), said, 150)
                server.kill()
                disk.cut_power()
            with postgres_server(disk.path / "server") as server:
                said = kept_after(asyncio.run(postgres_at(server)), said)


def test_without_the_sync_what_was_acknowledged_is_lost(disk: LosingDisk) -> None:
    """The control. Somebody else on this machine may have had everything synced just then: not three times."""
    losses = 0
    acknowledged: dict[str, int] = dict.fromkeys(ARTICLES, 0)
    for _ in range(3):
        said = acknowledged_until_killed(sqlite_on(disk, Hasty), acknowledged, 400)
        disk.cut_power()
        kept = asyncio.run(sold_in(sqlite_on(disk)))
        losses += sum(max(0, said[article] - kept[article]) for article in ARTICLES)
        acknowledged = kept

    assert losses > 0


def kept_after(opens: Opens, said: dict[str, int]) -> dict[str, int]:
    """How many sales of each article there are, after one more of each, when all is as it must be."""
    kept = asyncio.run(effects_after(opens))
    for article in ARTICLES:
        assert kept[article] == list(range(1, len(kept[article]) + 1))
        assert len(kept[article]) > said[article]
    return {article: len(values) for article, values in kept.items()}


def acknowledged_until_killed(opens: Opens, before: dict[str, int], count: int) -> dict[str, int]:
    """Sell in another process, and kill it after so many answers; the last that was acknowledged, by article."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind
        child = os.fork()
    if child == 0:
        sell_for_ever(opens, before, theirs)
    os.close(theirs)
    said, lines = dict(before), b""
    while lines.count(b"\n") < count:
        assert selecting.select([ours], [], [], 20)[0], "it has stopped selling"
        piece = os.read(ours, 4096)
        assert piece, "it has died"
        lines += piece
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(ours, 4096):  # what it has said before it died counts
        lines += piece
    os.close(ours)
    for line in lines.decode().splitlines():
        article, _, number = line.partition(" ")
        said[article] = max(said[article], int(number))
    return said


def sell_for_ever(opens: Opens, before: dict[str, int], told: int) -> NoReturn:
    """Sell each article again and again, and say so when it was acknowledged; a subscriber follows in this process."""

    async def sell_one(shop: Shore, article: str) -> None:
        number = before[article]
        while True:
            number += 1
            await shop.sell(number, article=article)
            os.write(told, f"{article} {number}\n".encode())

    async def sell() -> None:
        async with running(opens) as (shop, _):
            await asyncio.gather(*(sell_one(shop, article) for article in ARTICLES))

    try:
        asyncio.run(sell())
    except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(1)


@asynccontextmanager
async def running(opens: Opens) -> AsyncGenerator[tuple[Shore, Reader]]:
    """A publisher and a subscriber."""
    shop = await shore(await database_of(await opens("shop")))
    billing = await database_of(await opens("billing"))
    try:
        async with reading(billing, shop.log) as reader:
            yield shop, reader
    finally:
        await billing.close()
        await shop.database.close()


async def effects_after(opens: Opens) -> dict[str, list[int]]:
    """All effects, once what the log has kept and one more of each article have taken effect."""
    kept = await sold_in(opens)
    async with running(opens) as (shop, reader):
        for article in ARTICLES:
            await shop.sell(kept[article] + 1, article=article)
        await reader.until(sum(kept.values()) + len(ARTICLES))
        return {article: await reader.values(article) for article in ARTICLES}


async def sold_in(opens: Opens) -> dict[str, int]:
    """How many sales of each article the log has kept; none where not even its table was."""
    driver = await opens("shop")
    rows: Raw = ()
    with contextlib.suppress(StatementRefused):
        rows = await driver.read("SELECT subject, count(*) FROM atoll_outbox GROUP BY subject", ())
    await driver.close()
    return dict.fromkeys(ARTICLES, 0) | {row[0]: row[1] for row in rows}
