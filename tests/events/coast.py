"""Publishers and subscribers on real databases, without services around them: what the tests of the rules work with."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, update

from atoll import Event, Transaction, contract, contract_of, get
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.contract import codec_of
from atoll.data import Database, Driver, Row
from atoll.data.ddl import ddl
from atoll.data.statements import Statements
from atoll.events import (
    PARTITIONS,
    Batch,
    Effect,
    Log,
    Outbox,
    OutboxLog,
    Pace,
    Subscribed,
    Subscription,
    Wanted,
    effect_of,
)
from atoll.events.leases import Leases
from atoll.events.parking import DEAD, WAITING
from atoll.events.tables import OUTBOX, PARKED, all_tables
from atoll.kernel import Clock, Entropy, Tasks
from atoll.resilience import Doorkeeper, Switch

METADATA = MetaData()
EFFECTS = Table(
    "effects",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("value", Integer, nullable=False),
)
NOTE = insert(EFFECTS)
NOTED = select(EFFECTS.c.key, EFFECTS.c.value).order_by(EFFECTS.c.number)
COUNTED = select(func.count()).select_from(EFFECTS)

CLOCK, ENTROPY = SystemClock(), SystemEntropy()
TASKS = Tasks("tests")

PACE = Pace(lease_s=1.0, wait_s=2.0, first_s=0.02, last_s=0.2, here_max=2, out_of_reach_s=0.1, look_s=0.05)
"""Everything as always, and quicker."""

TIMEOUT_S = 60.0


class Sold(Event, key="article"):
    """Something was sold."""

    article: str
    count: int


class Counted(Event):
    """Something was counted; events without a key have no order."""

    count: int
    remarks: str = ""


class Secret(Event):
    """Something that the contract does not list."""

    text: str


@contract(version="1.0", publishes=(Sold, Counted))
class Shop(Protocol):
    """Sells."""

    @get("/nothing")
    async def nothing(self) -> None:
        """Does nothing."""
        ...


SHOP = contract_of(Shop)
Handler = Callable[[Any, Transaction], Awaitable[None]]  # Any: events of any class


async def database_of(driver: Driver, *more: MetaData) -> Database:
    """A database with the platform's tables, and `effects`."""
    session = await driver.begin(asyncio.get_running_loop().time() + 10)
    for metadata in (all_tables(), METADATA, *more):
        for text in ddl(metadata, driver.dialect):
            await session.execute(text, ())
    await driver.synced(await session.commit())
    return Database(driver, Statements(driver.dialect))


@dataclass
class Shore:
    """A publisher: what it commits with its events, and the log of them."""

    database: Database
    outbox: Outbox
    log: OutboxLog

    async def sell(self, *counts: int, article: str = "lamp") -> None:
        """Publish one event for each count, each in a transaction of its own."""
        for count in counts:
            await self.publish(Sold(article=article, count=count))

    async def publish(self, *events: Event) -> None:
        """Publish all in one transaction."""
        async with self.database.transaction() as tx:
            for event in events:
                tx.publish(event)


async def shore(
    database: Database,
    *,
    clock: Clock = CLOCK,
    entropy: Entropy = ENTROPY,
    **options: Any,  # Any: options of the outbox
) -> Shore:
    """A publisher on a database."""
    outbox = Outbox("/coast/shop", SHOP, clock, entropy, **options)
    database.publisher = outbox
    log = OutboxLog("shop", database, clock, entropy)
    outbox.when_committed(log.committed)
    await log.prepare()
    return Shore(database, outbox, log)


async def note(event: Any, tx: Transaction) -> None:  # Any: see Handler
    """The usual effect: a row for each event."""
    await tx.execute(NOTE, {"key": getattr(event, "article", "-"), "value": event.count})


@dataclass
class Reader:
    """One instance of a subscriber."""

    database: Database
    subscription: Subscription

    async def noted(self) -> list[tuple[str, int]]:
        """The effects so far, in the order in which they took place."""
        return [(row.key, row.value) for row in await self.database.read(NOTED)]

    async def values(self, article: str = "lamp") -> list[int]:
        """The effects under one key."""
        return [value for key, value in await self.noted() if key == article]

    async def until(self, count: int) -> list[tuple[str, int]]:
        """The effects, once there are so many."""
        await until(lambda: has_effects(self.database, count))
        return await self.noted()


async def has_effects(database: Database, count: int) -> bool:
    """Whether so many effects took place."""
    seen: int = (await database.read(COUNTED)).scalar()
    return seen >= count


async def has_lanes(reader: Reader) -> bool:
    """Whether it has begun to read."""
    return bool(reader.subscription.lanes)


def wanted(
    after: int, *, limit: int = 500, wait_s: float = 0.0, partitions: Sequence[int] = range(PARTITIONS)
) -> Wanted:
    """What a reader of all types asks for."""
    types = tuple(SHOP.event_type(event) for event in SHOP.publishes)
    return Wanted("billing", types, tuple(partitions), after, 0, limit, wait_s)


def events_in(batch: Batch) -> list[dict[str, Any]]:  # Any: JSON
    """The envelopes of a batch."""
    return [msgspec.json.decode(message.event) for message in batch.messages]


async def until(is_so: Callable[[], Awaitable[bool]], timeout_s: float = TIMEOUT_S) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(timeout_s):
        while not await is_so():  # noqa: ASYNC110  # others write it, into a database
            await asyncio.sleep(0.01)


def effects(handler: Handler = note, *, attempts_max: int = 4, timeout_s: float = 5.0) -> dict[str, Effect]:
    """What is done with the shop's events."""
    made: list[Effect] = []
    for event in SHOP.publishes:

        async def run(event: Event, tx: Transaction) -> None:
            await handler(event, tx)

        made.append(effect_of(SHOP.event_type(event), codec_of(event), run, attempts_max, timeout_s))
    return {effect.type: effect for effect in made}


@asynccontextmanager
async def reading(
    database: Database,
    log: Log,
    handler: Handler = note,
    *,
    name: str = "billing",
    is_from_now: bool = False,
    pace: Pace = PACE,
    attempts_max: int = 4,
    timeout_s: float = 5.0,
    leases: type[Leases] = Leases,
    clock: Clock = CLOCK,
    entropy: Entropy = ENTROPY,
    doorkeeper: Doorkeeper | None = None,
    breaker: Switch | None = None,
    done: dict[str, Effect] | None = None,
) -> AsyncGenerator[Reader]:
    """A subscriber that reads until the block is left. `done` is what it does instead of the handler."""
    done = done or effects(handler, attempts_max=attempts_max, timeout_s=timeout_s)
    subscribed = Subscribed(name, "shop", done, is_from_now)
    subscription = Subscription(
        subscribed, log, database, clock, entropy, pace, leases, doorkeeper=doorkeeper, breaker=breaker
    )
    subscription.start()
    try:
        yield Reader(database, subscription)
    finally:
        await subscription.drain(2.0)


async def parked(database: Database) -> list[Row]:
    """What is put aside, oldest first."""
    return list(await database.read(select(PARKED).order_by(PARKED.c.number)))


async def replayed(database: Database) -> None:
    """Let all dead messages be tried again."""
    async with database.transaction() as tx:
        await tx.execute(update(PARKED).where(PARKED.c.state == DEAD).values(state=WAITING, due_at=0.0))


async def spoil(shop: Shore) -> None:
    """Break the data of all messages in the log."""
    async with shop.database.transaction() as tx:
        for row in await tx.execute(select(OUTBOX.c.number, OUTBOX.c.envelope)):
            broken = bytes(row.envelope).replace(b'"count":', b'"amount":')
            await tx.execute(update(OUTBOX).where(OUTBOX.c.number == row.number).values(envelope=broken))
