"""The power goes: what was acknowledged is there when it comes back, and what follows takes effect, too."""

import asyncio
import contextlib
import os
import random
import select as selecting
import signal
import traceback
import warnings
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from atoll.adapters.sqlite import open_sqlite
from atoll.data import Driver, Raw, StatementRefused
from tests.events.coast import Reader, Shore, database_of, reading, shore
from tests.events.failures.disks import LosingDisk, losing_disk
from tests.passing import PassingDriver

pytestmark = pytest.mark.slow

CUTS = 4
ARTICLES = [f"article-{number}" for number in range(4)]
Between = Callable[[Driver], Driver]


class Hasty(PassingDriver):
    """A database that waits for no disk."""

    async def synced(self, ticket: int) -> None:
        """It is said to be."""


def patient(driver: Driver) -> Driver:
    """A database as it is."""
    return driver


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
        said = acknowledged_until_cut(disk, patient, acknowledged, chance.randrange(40, 400))
        kept = asyncio.run(effects_after(disk.path))

        for article in ARTICLES:
            assert kept[article] == list(range(1, len(kept[article]) + 1))
            assert len(kept[article]) >= said[article]
        acknowledged = {article: len(values) for article, values in kept.items()}


def test_without_the_sync_what_was_acknowledged_is_lost(disk: LosingDisk) -> None:
    """The control. Somebody else on this machine may have had everything synced just then: not three times."""
    losses = 0
    acknowledged: dict[str, int] = dict.fromkeys(ARTICLES, 0)
    for _ in range(3):
        said = acknowledged_until_cut(disk, Hasty, acknowledged, 400)
        kept = asyncio.run(sold_in(disk.path))
        losses += sum(max(0, said[article] - kept[article]) for article in ARTICLES)
        acknowledged = kept

    assert losses > 0


def acknowledged_until_cut(disk: LosingDisk, between: Between, before: dict[str, int], count: int) -> dict[str, int]:
    """Sell in another process, and cut the power after so many answers; the last that was acknowledged, by article."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind
        child = os.fork()
    if child == 0:
        sell_for_ever(disk.path, between, before, theirs)
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
    disk.cut_power()
    for line in lines.decode().splitlines():
        article, _, number = line.partition(" ")
        said[article] = max(said[article], int(number))
    return said


def sell_for_ever(folder: Path, between: Between, before: dict[str, int], told: int) -> NoReturn:
    """Sell each article again and again, and say so when it was acknowledged; a subscriber follows in this process."""

    async def sell_one(shop: Shore, article: str) -> None:
        number = before[article]
        while True:
            number += 1
            await shop.sell(number, article=article)
            os.write(told, f"{article} {number}\n".encode())

    async def sell() -> None:
        async with running(folder, between) as (shop, _):
            await asyncio.gather(*(sell_one(shop, article) for article in ARTICLES))

    try:
        asyncio.run(sell())
    except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(1)


@asynccontextmanager
async def running(folder: Path, between: Between = patient) -> AsyncGenerator[tuple[Shore, Reader]]:
    """A publisher and a subscriber on a disk."""
    shop = await shore(await database_of(between(await open_sqlite(folder / "shop" / "shop.db"))))
    billing = await database_of(between(await open_sqlite(folder / "billing" / "billing.db")))
    try:
        async with reading(billing, shop.log) as reader:
            yield shop, reader
    finally:
        await billing.close()
        await shop.database.close()


async def effects_after(folder: Path) -> dict[str, list[int]]:
    """All effects, once what the log has kept and one more of each article have taken effect."""
    kept = await sold_in(folder)
    async with running(folder) as (shop, reader):
        for article in ARTICLES:
            await shop.sell(kept[article] + 1, article=article)
        await reader.until(sum(kept.values()) + len(ARTICLES))
        return {article: await reader.values(article) for article in ARTICLES}


async def sold_in(folder: Path) -> dict[str, int]:
    """How many sales of each article the log has kept; none where not even its table was."""
    driver = await open_sqlite(folder / "shop" / "shop.db")
    rows: Raw = ()
    with contextlib.suppress(StatementRefused):
        rows = await driver.read("SELECT subject, count(*) FROM atoll_outbox GROUP BY subject", ())
    await driver.close()
    return dict.fromkeys(ARTICLES, 0) | {row[0]: row[1] for row in rows}
