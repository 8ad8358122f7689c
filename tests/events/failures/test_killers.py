"""A message that ends the process each time is put aside, too: others go on, and no innocent one is taken for it."""

import asyncio
import dataclasses
import os
import signal
import traceback
import warnings
from pathlib import Path

import pytest
from sqlalchemy import select

from atoll import Transaction
from atoll.adapters.sqlite import open_sqlite
from atoll.events import Pace
from atoll.events.parking import BEHIND, DEAD
from atoll.events.tables import PARKED
from tests.events.coast import EFFECTS, PACE, Handler, Reader, Sold, database_of, note, parked, reading, shore, until

QUICK = dataclasses.replace(PACE, lease_s=0.2, ends_max=3)
FOR_EVER = dataclasses.replace(QUICK, ends_max=10**6)
GOOD = [f"good-{number}" for number in range(12)]
pytestmark = pytest.mark.slow

KILLED = -signal.SIGKILL
DEATHS_MAX = 12


async def kill(event: Sold, tx: Transaction) -> None:
    """End the process, at the first sale of something deadly."""
    if event.article == "deadly" and event.count == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    await note(event, tx)


async def kill_when_parked(event: Sold, tx: Transaction) -> None:
    """Fail first, and end the process where it is tried from beside the road."""
    if event.article == "deadly" and event.count == 1:
        if list(await tx.execute(select(PARKED.c.number))):
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError("not at once")
    await note(event, tx)


async def kill_beside_slow_ones(event: Sold, tx: Transaction) -> None:
    """All others are under way whenever the process ends."""
    if event.article != "deadly":
        await asyncio.sleep(0.1)
    await kill(event, tx)


def test_a_message_that_kills_is_put_aside(tmp_path: Path) -> None:
    """After some deaths, with what comes after it under its key."""
    deaths = deaths_until_dead(tmp_path, kill)

    rows, noted = asyncio.run(left(tmp_path))
    assert [(row[0], row[1]) for row in rows] == [(DEAD, "deadly"), (BEHIND, "deadly")]
    assert "times the process ended" in rows[0][2]
    assert noted == sorted(GOOD)
    assert 1 < deaths <= QUICK.ends_max + 2


def test_without_a_count_it_kills_for_ever(tmp_path: Path) -> None:
    """The control."""
    deaths = deaths_until_dead(tmp_path, kill, FOR_EVER)

    rows, _ = asyncio.run(left(tmp_path))
    assert not rows
    assert deaths == DEATHS_MAX


def test_a_parked_message_that_kills_is_dead_after_its_attempts(tmp_path: Path) -> None:
    """Each of them is counted before it is made."""
    deaths = deaths_until_dead(tmp_path, kill_when_parked)

    rows, noted = asyncio.run(left(tmp_path))
    assert [(row[0], row[1]) for row in rows] == [(DEAD, "deadly"), (BEHIND, "deadly")]
    assert rows[0][2] == "the process ended while it was delivered"
    assert noted == sorted(GOOD)
    assert 1 < deaths < DEATHS_MAX


def test_innocent_ones_are_not_taken_for_it(tmp_path: Path) -> None:
    """Also where they were under way each time."""
    deaths_until_dead(tmp_path, kill_beside_slow_ones)

    rows, noted = asyncio.run(left(tmp_path))
    assert {row[1] for row in rows} == {"deadly"}
    assert noted == sorted(GOOD)


def deaths_until_dead(folder: Path, handler: Handler, pace: Pace = QUICK) -> int:
    """Start instances one after the other until the deadly message is put aside; how many have died before."""
    asyncio.run(sold(folder))
    for deaths in range(DEATHS_MAX):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind
            child = os.fork()
        if child == 0:
            try:
                asyncio.run(read(folder, handler, pace))
                os._exit(0)
            except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
                traceback.print_exc()
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != KILLED:
            assert code == 0
            return deaths
    return DEATHS_MAX


async def sold(folder: Path) -> None:
    """Sell what is deadly among what is good."""
    shop = await shore(await database_of(await open_sqlite(folder / "shop.db")))
    for article in GOOD[:6]:
        await shop.sell(1, article=article)
    await shop.sell(1, 2, article="deadly")
    for article in GOOD[6:]:
        await shop.sell(1, article=article)
    await shop.database.close()


async def read(folder: Path, handler: Handler, pace: Pace) -> None:
    """Be one instance of the subscriber, until all has an end."""
    shop = await shore(await database_of(await open_sqlite(folder / "shop.db")))
    billing = await database_of(await open_sqlite(folder / "billing.db"))
    async with reading(billing, shop.log, handler, pace=pace) as reader:
        await until(lambda: has_ended(reader))
    await billing.close()
    await shop.database.close()


async def has_ended(reader: Reader) -> bool:
    """Whether all good ones have taken effect, and the deadly one is dead."""
    rows = await parked(reader.database)
    return len(await reader.noted()) == len(GOOD) and [row.state for row in rows] == [DEAD, BEHIND]


async def left(folder: Path) -> tuple[list[tuple[str, str, str]], list[str]]:
    """What is parked, and what has taken effect."""
    billing = await database_of(await open_sqlite(folder / "billing.db"))
    rows = [(row.state, row.key, row.error) for row in await parked(billing)]
    noted: list[str] = (await billing.read(select(EFFECTS.c.key))).scalars()
    await billing.close()
    return rows, sorted(noted)
