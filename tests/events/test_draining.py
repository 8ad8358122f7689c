"""An instance that leaves loses nothing of what it had fetched."""

import asyncio

from atoll import Transaction
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.data import Database
from atoll.events import Subscribed, Subscription
from tests.events.coast import PACE, Shore, Sold, effects, note, reading, until


async def test_what_arrives_while_an_instance_leaves_overtakes_nothing(shop: Shore, billing: Database) -> None:
    """Its queue is emptied while a delivery is under way: nothing that comes later is taken for the next in order."""
    is_inside, goes_on = asyncio.Event(), asyncio.Event()

    async def linger(event: Sold, tx: Transaction) -> None:
        is_inside.set()
        await goes_on.wait()
        await note(event, tx)

    subscribed = Subscribed("billing", "shop", effects(linger))
    leaving = Subscription(subscribed, shop.log, billing, SystemClock(), SystemEntropy(), PACE)
    leaving.start()
    await shop.sell(1, 2, 3)
    await is_inside.wait()
    await until(lambda: has_queued(leaving, 2))

    draining = asyncio.ensure_future(leaving.drain(5.0))
    await until(lambda: has_queued(leaving, 0))
    await shop.sell(4)
    await asyncio.sleep(0.3)  # in which it would be told of it, if it still asked
    goes_on.set()
    await draining

    async with reading(billing, shop.log) as reader:
        await reader.until(4)
        assert await reader.values() == [1, 2, 3, 4]


async def has_queued(subscription: Subscription, count: int) -> bool:
    """Whether so many messages wait in its lanes."""
    return sum(len(lane.queue) for lane in subscription.lanes.values()) == count
