"""An instance that leaves loses nothing of what it had fetched."""

import asyncio

from atoll import Transaction
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.data import Database
from atoll.events import Batch, Log, Subscribed, Subscription, Wanted
from atoll.events.lane import QUEUED_MAX
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


async def test_an_instance_that_leaves_does_not_say_that_it_has_done_more_than_it_has(
    shop: Shore, billing: Database
) -> None:
    """The publisher need not keep what is said to be done: others would miss it."""
    gates = {"lamp": asyncio.Event(), "table": asyncio.Event()}
    begun: set[str] = set()
    log = Overheard(shop.log)

    async def wait(event: Sold, tx: Transaction) -> None:
        begun.add(event.article)
        await gates[event.article].wait()
        await note(event, tx)

    async def have_begun() -> bool:
        return len(begun) == len(gates)

    await shop.publish(*(Sold(article=article, count=n) for n in range(2 * QUEUED_MAX) for article in gates))
    async with reading(billing, log, wait) as reader:
        await until(have_begun)
        log.said.clear()
        leaving = asyncio.ensure_future(reader.subscription.drain(5.0))
        await asyncio.sleep(0)
        gates["lamp"].set()  # its lane is at rest, and asks for more, while the other one is at work
        await reader.until(1)
        await asyncio.sleep(0.1)
        gates["table"].set()
        await leaving

    assert log.said
    assert max(log.said) <= len(gates)


class Overheard:
    """A log that remembers how far its reader has said to be. Fulfils `Log`."""

    def __init__(self, log: Log) -> None:
        self.said: list[int] = []
        self._log = log

    async def fetch(self, wanted: Wanted) -> Batch:
        """What comes behind a position."""
        self.said.append(wanted.done)
        return await self._log.fetch(wanted)
