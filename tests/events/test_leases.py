"""Instances of a subscriber share its partitions; whoever was paused beyond its lease changes nothing any more."""

import asyncio
import dataclasses
from datetime import timedelta

from sqlalchemy import delete, update

from atoll import Transaction
from atoll.data import Database
from atoll.events import PARTITIONS, Batch, partition_of
from atoll.events.leases import Held, Leases
from atoll.events.tables import CURSORS, MEMBERS
from atoll.kernel import Clock
from atoll.testing import SettableClock
from tests.events.coast import CLOCK, PACE, Reader, Shore, Sold, note, reading, until, wanted
from tests.events.conftest import Opens

FIRST = Batch("first", 0, 0, 1, 0, ())
LONG = dataclasses.replace(PACE, lease_s=30.0)


async def test_instances_share_the_partitions(shop: Shore, opens: Opens) -> None:
    """Each has its share, and all of them together have all."""
    one, other = await opens("billing"), await opens("billing")

    async with reading(one, shop.log) as first, reading(other, shop.log) as second:
        await until(lambda: are_shared(first, second))
        held = [*first.subscription.lanes, *second.subscription.lanes]

        assert sorted(held) == list(range(PARTITIONS))


async def test_each_event_takes_effect_once_while_instances_come_and_go(shop: Shore, opens: Opens) -> None:
    """Whoever has a partition is told by its cursor what is done."""
    articles = [f"article-{number}" for number in range(20)]

    async def sell() -> None:
        for value in range(10):
            for article in articles:
                await shop.sell(value, article=article)

    one, other = await opens("billing"), await opens("billing")
    selling = asyncio.ensure_future(sell())
    async with reading(one, shop.log) as reader:
        for _ in range(3):
            async with reading(other, shop.log):
                await asyncio.sleep(0.3)
        await selling
        await reader.until(200)

        for article in articles:
            assert await reader.values(article) == list(range(10))


async def test_an_instance_that_leaves_hands_over_at_once(shop: Shore, opens: Opens) -> None:
    """Nobody waits for its leases to end."""
    one, other = await opens("billing"), await opens("billing")
    async with reading(one, shop.log, pace=LONG) as first:
        await until(lambda: has_all(first))
    await shop.sell(1)

    async with reading(other, shop.log, pace=LONG) as second:
        assert await second.until(1) == [("lamp", 1)]


async def test_an_instance_that_leaves_while_it_takes_partitions_hands_them_over(shop: Shore, opens: Opens) -> None:
    """They are its own from the commit on, and it has not begun to work on them."""
    one, other = await opens("billing"), await opens("billing")
    are_taken = asyncio.Event()

    class Slow(Leases):
        """Has taken partitions, and does not come to say so."""

        async def take(self) -> dict[int, Held]:
            held = await super().take()
            are_taken.set()
            await asyncio.sleep(3600)
            return held

    async with reading(one, shop.log, pace=LONG, leases=Slow):
        await are_taken.wait()
    await shop.sell(1)

    async with reading(other, shop.log, pace=LONG) as second:
        assert await second.until(1) == [("lamp", 1)]


async def test_the_partitions_of_a_dead_instance_are_taken_when_its_leases_end(shop: Shore, opens: Opens) -> None:
    """It says nothing; the time does."""
    one, other = await opens("billing"), await opens("billing")
    dead = leases(one, "dead")
    await dead.begin(await shop.log.fetch(wanted(0, limit=0)), is_from_now=False)
    assert len(await dead.take()) == PARTITIONS
    await shop.sell(1)

    async with reading(other, shop.log) as reader:
        assert await reader.until(1) == [("lamp", 1)]


async def test_the_partitions_of_a_dead_instance_are_taken_although_its_clock_was_ahead(opens: Opens) -> None:
    """A machine starts with a clock that is a year ahead, and is killed after that was mended: it is no member."""
    one, other = await opens("billing"), await opens("billing")
    ahead = SettableClock(CLOCK.now() + timedelta(days=365))
    dead, alive = leases(one, "dead", ahead), leases(other, "alive")
    await dead.begin(FIRST, is_from_now=False)
    assert len(await dead.take()) == PARTITIONS

    assert len(await alive.take()) == PARTITIONS


async def test_partitions_that_are_new_are_followed_at_once(shop: Shore, opens: Opens) -> None:
    """Whoever takes them over asks for them, too, and does not first wait for news of those that he has."""
    patient = dataclasses.replace(PACE, wait_s=30.0)
    one, other = await opens("billing"), await opens("billing")
    async with reading(other, shop.log, pace=patient) as staying:
        async with reading(one, shop.log, pace=patient) as leaving:
            await until(lambda: are_shared(leaving, staying))
            taken, kept = list(leaving.subscription.lanes), list(staying.subscription.lanes)
            await shop.sell(1, article=article_in(kept))
            await staying.until(1)  # so that it has asked for those that it has kept
        await until(lambda: has_all(staying))

        await shop.sell(1, article=article_in(taken))

        assert len(await staying.until(2)) == 2


def article_in(partitions: list[int]) -> str:
    """An article whose events are in one of these partitions."""
    return next(name for name in map(str, range(1_000)) if partition_of("main", name) in partitions)


async def test_what_is_done_after_the_lease_was_lost_is_undone(shop: Shore, opens: Opens) -> None:
    """The handler was slow, or its process was paused: by now another instance has the partition."""
    one, other = await opens("billing"), await opens("billing")
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(event: Sold, tx: Transaction) -> None:
        is_begun.set()
        await may_end.wait()
        await note(event, tx)

    await shop.sell(1)
    async with reading(one, shop.log, slow, pace=LONG) as first:
        await is_begun.wait()
        await take_away(other)
        async with reading(other, shop.log) as second:
            await second.until(1)
            may_end.set()
            await until(lambda: is_lost(first))

            assert await second.noted() == [("lamp", 1)]


async def test_without_the_fence_it_would_be_done_twice(shop: Shore, opens: Opens) -> None:
    """The control: with leases that always say yes, the late one writes as well."""
    one, other = await opens("billing"), await opens("billing")
    is_begun, may_end, is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(event: Sold, tx: Transaction) -> None:
        is_begun.set()
        await may_end.wait()
        await note(event, tx)
        is_done.set()

    await shop.sell(1)
    async with reading(one, shop.log, slow, pace=LONG, leases=Unfenced):
        await is_begun.wait()
        await take_away(other)
        async with reading(other, shop.log) as second:
            await second.until(1)
            may_end.set()
            await is_done.wait()

            assert await second.until(2) == [("lamp", 1), ("lamp", 1)]


def leases(database: Database, instance: str, clock: Clock = CLOCK) -> Leases:
    """Those of an instance."""
    return Leases("billing", "shop", instance, database, clock, PACE.lease_s)


async def take_away(database: Database) -> None:
    """Let all leases end now, as time would."""
    async with database.transaction() as tx:
        await tx.execute(update(CURSORS).values(held_until=0.0))
        await tx.execute(delete(MEMBERS))


async def are_shared(first: Reader, second: Reader) -> bool:
    """Whether each has half of the partitions."""
    return len(first.subscription.lanes) == len(second.subscription.lanes) == PARTITIONS // 2


async def has_all(reader: Reader) -> bool:
    """Whether it has all partitions."""
    return len(reader.subscription.lanes) == PARTITIONS


async def is_lost(reader: Reader) -> bool:
    """Whether it has lost the partition of `lamp`."""
    return partition_of("main", "lamp") not in reader.subscription.lanes


class Unfenced(Leases):
    """Leases that do not look whether the partition is still held."""

    async def advance(self, tx: Transaction, held: Held, position: int) -> bool:
        """Always yes."""
        await super().advance(tx, held, position)
        return True
