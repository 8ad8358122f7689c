"""A subscription is told again what it was told before, also while instances run."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import update

from atoll import Transaction
from atoll.data import Database
from atoll.events.auditing import deeds
from atoll.events.moving import NoSuchSubscription, NotBehind, hold_back, rewind
from atoll.events.operating import bounds_of, followers_of, followings_of, position_before
from atoll.events.parking import BEHIND, DEAD
from atoll.events.tables import OUTBOX
from tests.events.coast import (
    Shore,
    Sold,
    has_lanes,
    note,
    parked,
    reading,
    until,
)
from tests.events.conftest import Opens
from tests.events.operators import ANN, Mending, stands, until_heard


@pytest.fixture
async def billing_too(opens: Opens) -> Database:
    """The same database as another instance opens it."""
    return await opens("billing")


@pytest.mark.slow
async def test_a_running_subscription_is_told_again(shop: Shore, billing: Database) -> None:
    """All of it, in its order, while it waits at the end of the log for what is new."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(*range(300))
        await shop.sell(*range(50), article="chair")
        await reader.until(350)

        found = await rewind(billing, "billing", "shop", 0, ANN, time.time())
        await reader.until(700)
        await shop.sell(300)
        await reader.until(701)

        assert (found.position, found.generation, found.unparked) == (0, 1, 0)
        assert await reader.values() == [*range(300), *range(300), 300]
        assert await reader.values("chair") == [*range(50), *range(50)]
        assert (await followings_of(billing))[0].generation == 1
    deed = (await deeds(billing))[0]
    assert (deed.action, deed.details["was"], deed.details["position"]) == ("rewind", found.was, 0)


async def test_two_instances_are_told_again(shop: Shore, billing: Database, billing_too: Database) -> None:
    """Whoever held a partition before, no message is told more than once in the new generation."""
    async with reading(billing, shop.log) as reader, reading(billing_too, shop.log) as other:
        await until(lambda: has_lanes(reader))
        await until(lambda: has_lanes(other))
        for number in range(40):
            await shop.sell(1, 2, article=f"lamp-{number}")
        await reader.until(80)

        await rewind(billing, "billing", "shop", 0, ANN, time.time())
        noted = await reader.until(160)

    assert all(values(noted, f"lamp-{number}") == [1, 2, 1, 2] for number in range(40))


async def test_a_delivery_under_way_does_not_count_when_it_was_rewound(shop: Shore, billing: Database) -> None:
    """Its holder is fenced: what it did is undone, and done again from where the subscription is now."""
    is_inside, goes_on = asyncio.Event(), asyncio.Event()

    async def linger(event: Sold, tx: Transaction) -> None:
        if event.count == 2 and not goes_on.is_set():
            is_inside.set()
            await goes_on.wait()
        await note(event, tx)

    async with reading(billing, shop.log, linger) as reader:
        await shop.sell(1, 2)
        await is_inside.wait()

        await rewind(billing, "billing", "shop", 0, ANN, time.time())
        goes_on.set()
        await reader.until(3)

        assert await reader.values() == [1, 1, 2]


async def test_parked_messages_are_told_with_the_others(shop: Shore, billing: Database) -> None:
    """Those from behind the position come again from the log; those from before it stay beside the road."""
    mending = Mending(1, 3)
    async with reading(billing, shop.log, mending) as reader:
        await shop.sell(1, article="old")
        await shop.sell(2, 3, 4)
        await until(lambda: stands(billing, DEAD, DEAD, BEHIND))
        mending.bad.clear()

        found = await rewind(billing, "billing", "shop", 1, ANN, time.time())
        await reader.until(4)

        assert found.unparked == 2
        assert await reader.values() == [2, 2, 3, 4]
        assert [(row.key, row.state) for row in await parked(billing)] == [("old", DEAD)]


async def test_nobody_goes_back_to_where_he_has_not_been(shop: Shore, billing: Database) -> None:
    """That would be a leap ahead, over what was promised."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2)
        await reader.until(2)

        with pytest.raises(NotBehind, match="is at 2 of the log of shop"):
            await rewind(billing, "billing", "shop", 2, ANN, time.time())
    with pytest.raises(NoSuchSubscription):
        await rewind(billing, "nobody", "shop", 0, ANN, time.time())


async def test_a_moment_is_a_position(shop: Shore) -> None:
    """Everything that was published from then on comes behind it."""
    await shop.sell(1, 2, 3, 4)
    async with shop.database.transaction() as tx:
        for number in (1, 2, 3, 4):
            await tx.execute(update(OUTBOX).where(OUTBOX.c.number == number).values(published_at=100.0 * number))

    assert await position_before(shop.database, 250.0) == 2
    assert await position_before(shop.database, 200.0) == 1
    assert await position_before(shop.database, 0.0) == 0
    assert await position_before(shop.database, 1e10) == 4
    assert (await bounds_of(shop.database)).oldest_at == 100.0


async def test_the_log_keeps_what_will_be_told_again(shop: Shore, billing: Database) -> None:
    """Until the subscription says by itself where it is."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2, 3)
        await reader.until(3)
        await until_heard(shop, lag=0)

    await hold_back(shop.database, "billing", "shop", 1, ANN, time.time())

    assert (await followers_of(shop.database, time.time()))[0].done == 1
    assert [deed.action for deed in await deeds(shop.database)] == ["hold_back"]


def values(noted: Sequence[tuple[str, int]], article: str) -> list[int]:
    """The effects under one key."""
    return [value for key, value in noted if key == article]
