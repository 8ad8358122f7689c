"""What reactions need, and is out of reach for a while; and a subscriber in virtual time, which needs it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from atoll import Transaction, Unavailable
from atoll.adapters.sqlite import MemoryDriver
from atoll.events import Pace
from atoll.resilience import Break, Breaker
from atoll.testing import SeededEntropy
from atoll.testing.ports import LoopClock
from tests.events.coast import Handler, Reader, Shore, Sold, database_of, note, reading, shore

ARTICLES = [f"article-{number}" for number in range(40)]
"""Keys in most of the partitions."""

COUNTS = [1, 2, 3]


@dataclass
class Pricing:
    """What reactions need. It is as slow to say that it cannot answer as it is to answer."""

    error: Exception | None = None
    takes_s: float = 0.5
    asked_at: list[float] = field(default_factory=list[float])
    at_once: int = 0
    """How many ask now."""
    at_once_max: int = 0

    async def react(self, event: Sold, tx: Transaction) -> None:
        """Ask it, and note the event."""
        self.asked_at.append(asyncio.get_running_loop().time())
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            await asyncio.sleep(self.takes_s)
            if self.error is not None:
                raise self.error
        finally:
            self.at_once -= 1
        await note(event, tx)

    async def watched(self, span_s: float) -> int:
        """How often it is asked within a time; `at_once_max` is of that time."""
        began_at, self.at_once_max = asyncio.get_running_loop().time(), self.at_once
        await asyncio.sleep(span_s)
        return sum(at >= began_at for at in self.asked_at)


def down() -> Pricing:
    """One that is out of reach."""
    return Pricing(Unavailable(service="pricing", reason="it is down"))


@dataclass
class World:
    """A publisher and the database of its subscriber, in virtual time."""

    shop: Shore
    reading: Callable[..., Any]  # Any: the context manager `reading`, whose options are many


@asynccontextmanager
async def world() -> AsyncGenerator[World]:
    """Databases in memory; both are closed when the block is left."""
    clock, entropy = LoopClock(), SeededEntropy(1)
    drivers = MemoryDriver(), MemoryDriver()
    shop = await shore(await database_of(drivers[0]), clock=clock, entropy=entropy)
    billing = await database_of(drivers[1])

    @asynccontextmanager
    async def subscribed(handler: Handler, **options: Any) -> AsyncGenerator[Reader]:  # Any: those of `reading`
        given: dict[str, Any] = {"clock": clock, "entropy": entropy, "pace": Pace()} | options  # Any: as above
        async with reading(billing, shop.log, handler, **given) as reader:
            yield reader

    try:
        yield World(shop, subscribed)
    finally:
        for driver in drivers:
            await driver.close()


async def sell_all(shop: Shore) -> None:
    """Each count of each article."""
    await shop.publish(*(Sold(article=article, count=count) for count in COUNTS for article in ARTICLES))


async def is_all_in_order(reader: Reader) -> bool:
    """Whether each was delivered once, in the order of its key."""
    noted = await reader.noted()
    by_article = {article: [value for key, value in noted if key == article] for article in ARTICLES}
    return len(noted) == len(ARTICLES) * len(COUNTS) and all(each == COUNTS for each in by_article.values())


def opened(span_s: float, now: float) -> Breaker:
    """A breaker that has just opened, for so long."""
    breaker = Breaker(lambda: 0.5, Break(open_s=span_s, open_max_s=span_s))
    trip(breaker, now)
    return breaker


def trip(breaker: Breaker, now: float) -> None:
    """Let it open."""
    for _ in range(20):
        breaker.failed(now)
