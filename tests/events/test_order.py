"""What is published takes effect once, in the order of its key."""

import asyncio

from atoll import Transaction
from atoll.data import Database
from atoll.events import partition_of
from tests.events.coast import Counted, Shore, Sold, events_in, has_lanes, note, reading, shore, until, wanted
from tests.events.conftest import Opens


async def test_what_was_committed_takes_effect(shop: Shore, billing: Database) -> None:
    """Also what was published before anybody subscribed: a new subscription begins with the oldest that is kept."""
    await shop.sell(1, 2)

    async with reading(billing, shop.log) as reader:
        await reader.until(2)
        await shop.sell(3)
        noted = await reader.until(3)

    assert noted == [("lamp", 1), ("lamp", 2), ("lamp", 3)]


async def test_what_was_rolled_back_was_never_published(shop: Shore, billing: Database) -> None:
    """Rows and events take place together, or not at all."""
    try:
        async with shop.database.transaction() as tx:
            tx.publish(Sold(article="lamp", count=1))
            raise ValueError
    except ValueError:
        pass
    await shop.sell(2)

    async with reading(billing, shop.log) as reader:
        noted = await reader.until(1)

    assert noted == [("lamp", 2)]


async def test_events_of_one_key_keep_their_order(shop: Shore, billing: Database) -> None:
    """Whoever publishes them, however many at once, and however often a handler fails in between."""
    articles = [f"article-{number}" for number in range(12)]
    failed: set[tuple[str, int]] = set()

    async def stumble(event: Sold, tx: Transaction) -> None:
        if event.count % 5 == 3 and (event.article, event.count) not in failed:
            failed.add((event.article, event.count))
            raise ValueError("not yet")
        await note(event, tx)

    async def sell(article: str) -> None:
        for value in range(10):
            await shop.sell(value, article=article)

    async with reading(billing, shop.log, stumble) as reader:
        await asyncio.gather(*map(sell, articles))
        await reader.until(120)
        for article in articles:
            assert await reader.values(article) == list(range(10))
    assert failed


async def test_concurrent_transactions_give_one_key_an_unbroken_sequence(shop: Shore, opens: Opens) -> None:
    """On PostgreSQL a later number may be committed first: positions are given after the commit, in order."""
    other = await shore(await opens("shop"))

    async def sell(at: Shore, first: int) -> None:
        for number in range(first, first + 20):
            await at.publish(Sold(article="lamp", count=number), Sold(article="table", count=number))

    await asyncio.gather(sell(shop, 0), sell(shop, 100), sell(other, 200))

    batch = await shop.log.fetch(wanted(after=0))
    for key in ("lamp", "table"):
        sequences = [int(event["sequence"]) for event in events_in(batch) if event["partitionkey"] == key]
        assert sequences == list(range(1, 61))
    positions = [message.position for message in batch.messages]
    assert positions == list(range(1, 121))


async def test_keys_go_on_side_by_side(shop: Shore, billing: Database) -> None:
    """One handler that waits for somebody holds up its own key, and no other."""
    gate = asyncio.Event()

    async def wait(event: Sold, tx: Transaction) -> None:
        if event.article == "slow":
            await gate.wait()
        await note(event, tx)

    await shop.sell(1, article="slow")
    for number in range(20):
        await shop.sell(number, article=f"quick-{number}")
    slow = partition_of("main", "slow")
    others = sum(partition_of("main", f"quick-{number}") != slow for number in range(20))

    async with reading(billing, shop.log, wait) as reader:
        noted = await reader.until(others)
        assert "slow" not in {key for key, _ in noted}
        gate.set()
        await reader.until(21)


async def test_a_dead_subscriber_holds_up_nobody(shop: Shore, billing: Database, opens: Opens) -> None:
    """Each reads for itself, at its own pace."""

    async def never(event: Sold, tx: Transaction) -> None:
        await asyncio.Event().wait()

    async with (
        reading(await opens("stuck"), shop.log, never, name="stuck"),
        reading(billing, shop.log) as reader,
    ):
        await shop.sell(*range(50))

        assert len(await reader.until(50)) == 50


async def test_events_without_a_key_take_effect_once_each(shop: Shore, billing: Database) -> None:
    """They are spread over all partitions."""
    await shop.publish(*(Counted(count=number) for number in range(40)))

    async with reading(billing, shop.log) as reader:
        noted = await reader.until(40)

    assert sorted(value for _, value in noted) == list(range(40))


async def test_a_subscription_from_now_on_is_told_nothing_old(shop: Shore, billing: Database) -> None:
    """`since="now"`: what was published before it began is passed over."""
    await shop.sell(1)

    async with reading(billing, shop.log, is_from_now=True) as reader:
        await until(lambda: has_lanes(reader))
        await shop.sell(2)
        noted = await reader.until(1)

    assert noted == [("lamp", 2)]


async def test_a_subscriber_that_stops_goes_on_where_it_was(shop: Shore, billing: Database) -> None:
    """Its position is in its own database, with the effects."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2)
        await reader.until(2)
    await shop.sell(3)

    async with reading(billing, shop.log) as reader:
        noted = await reader.until(3)

    assert noted == [("lamp", 1), ("lamp", 2), ("lamp", 3)]
