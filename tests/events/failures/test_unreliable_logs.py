"""Whatever becomes of batches on their way: each event takes effect once, in the order of its key."""

import asyncio

import pytest

from atoll.data import Database
from tests.events.coast import Reader, Shore, has_lanes, reading, until
from tests.events.conftest import Opens
from tests.events.failures.unreliable import (
    FAULTS,
    Credulous,
    Fault,
    Unchecked,
    Unreliable,
    ahead,
    anything,
    garbled,
    repeated,
)

ARTICLES = [f"article-{number}" for number in range(10)]
COUNT = 12


@pytest.mark.parametrize("fault", [*FAULTS, anything], ids=lambda fault: fault.__name__)
async def test_each_event_takes_effect_once_and_in_order(shop: Shore, billing: Database, fault: Fault) -> None:
    """What is there already is passed over, what is missing is asked for again."""
    log = Unreliable(shop.log, fault)

    async with reading(billing, log) as reader:
        await sell(shop)
        await reader.until(len(ARTICLES) * COUNT)

        assert log.faults
        for article in ARTICLES:
            assert await reader.values(article) == list(range(COUNT))


async def test_a_log_that_raises_what_it_may_not_is_asked_again(shop: Shore, billing: Database) -> None:
    """A defect in a driver silences no subscription."""
    await shop.sell(1)

    async with reading(billing, Unreliable(shop.log, garbled, seed=3)) as reader:
        await shop.sell(2, 3)

        assert await reader.until(3) == [("lamp", 1), ("lamp", 2), ("lamp", 3)]


async def test_instances_that_share_such_a_log_do_it_once(shop: Shore, opens: Opens) -> None:
    """Also while one comes and goes."""
    one, other = await opens("billing"), await opens("billing")
    log = Unreliable(shop.log, anything)

    async with reading(one, log) as reader:
        selling = asyncio.ensure_future(sell(shop))
        for _ in range(2):
            async with reading(other, Unreliable(shop.log, anything, seed=2)):
                await asyncio.sleep(0.3)
        await selling
        await reader.until(len(ARTICLES) * COUNT)

        for article in ARTICLES:
            assert await reader.values(article) == list(range(COUNT))


async def test_the_cursor_refuses_what_a_lane_believes(shop: Shore, billing: Database) -> None:
    """Two look at the position: the lane, which saves the attempt, and the cursor, which is the one that counts."""
    async with reading(billing, Unreliable(shop.log, repeated)) as reader:
        await believe(reader)
        await sell(shop)
        await reader.until(len(ARTICLES) * COUNT)

        for article in ARTICLES:
            assert await reader.values(article) == list(range(COUNT))


@pytest.mark.parametrize("fault", [repeated, ahead], ids=lambda fault: fault.__name__)
async def test_without_both_of_them_it_is_done_twice_or_not_at_all(
    shop: Shore, billing: Database, fault: Fault
) -> None:
    """The control: a cursor that is not checked, behind a lane that believes everything."""
    async with reading(billing, Unreliable(shop.log, fault), leases=Unchecked) as reader:
        await believe(reader)
        await sell(shop)
        await asyncio.sleep(0.5)
        values = {article: await reader.values(article) for article in ARTICLES}

    assert values != {article: list(range(COUNT)) for article in ARTICLES}


async def believe(reader: Reader) -> None:
    """Let the lanes of a reader take whatever comes."""
    await until(lambda: has_lanes(reader))
    lanes = reader.subscription.lanes
    lanes.update({partition: Credulous(lane.held, lane.keys) for partition, lane in lanes.items()})


async def sell(shop: Shore) -> None:
    """All articles side by side, each in its order."""

    async def sell_one(article: str) -> None:
        for value in range(COUNT):
            await shop.sell(value, article=article)

    await asyncio.gather(*map(sell_one, ARTICLES))
