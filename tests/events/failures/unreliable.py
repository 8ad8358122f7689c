"""Logs that give too much, too little, too late, or from another place; and readers that believe all of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec

from atoll import Transaction, Unavailable
from atoll.events import Batch, Log, Message, Wanted
from atoll.events.lane import Lane
from atoll.events.leases import Held, Leases

Fault = Callable[["Unreliable", Wanted], Awaitable[Batch]]


class Unreliable:
    """A log that does to half of all requests what a fault says. Fulfils `Log`."""

    def __init__(self, log: Log, fault: Fault, seed: int = 1) -> None:
        self.log = log
        self.chance = random.Random(seed)
        self.given: dict[tuple[int, ...], Batch] = {}
        """What was given last to whoever asked for these partitions."""
        self.faults = 0
        self._fault = fault

    async def fetch(self, wanted: Wanted) -> Batch:
        """What comes behind a position, or something else."""
        if wanted.limit and self.chance.random() < 0.5:
            self.faults += 1
            return await self._fault(self, wanted)
        return await self.fetch_well(wanted)

    async def fetch_well(self, wanted: Wanted) -> Batch:
        """What was asked for."""
        batch = await self.log.fetch(wanted)
        if batch.messages:
            self.given[wanted.partitions] = batch
        return batch


async def repeated(log: Unreliable, wanted: Wanted) -> Batch:
    """What was given before, once more."""
    return log.given.get(wanted.partitions) or await log.fetch_well(wanted)


async def doubled(log: Unreliable, wanted: Wanted) -> Batch:
    """Each message twice."""
    batch = await log.fetch_well(wanted)
    messages: list[Message] = [message for message in batch.messages for _ in range(2)]
    return msgspec.structs.replace(batch, messages=tuple(messages))


async def set_back(log: Unreliable, wanted: Wanted) -> Batch:
    """From an earlier position on."""
    return await log.fetch_well(_moved(wanted, -log.chance.randrange(20)))


async def ahead(log: Unreliable, wanted: Wanted) -> Batch:
    """From a later position on, so that there is a gap."""
    return await log.fetch_well(_moved(wanted, log.chance.randrange(1, 8)))


async def cut(log: Unreliable, wanted: Wanted) -> Batch:
    """Only the first of what there is."""
    batch = await log.fetch_well(wanted)
    kept = batch.messages[: log.chance.randrange(1, 4)]
    return msgspec.structs.replace(batch, messages=kept, until=kept[-1].position) if kept else batch


async def delayed(log: Unreliable, wanted: Wanted) -> Batch:
    """What there was a while ago."""
    batch = await log.fetch_well(wanted)
    await asyncio.sleep(log.chance.uniform(0.0, 0.1))
    return batch


async def refused(log: Unreliable, wanted: Wanted) -> Batch:
    """Nothing."""
    raise Unavailable(service="shop", reason="it fails now and then")


async def garbled(log: Unreliable, wanted: Wanted) -> Batch:
    """An error that no log may raise."""
    raise KeyError("messages")


async def anything(log: Unreliable, wanted: Wanted) -> Batch:
    """One of these, by chance."""
    return await log.chance.choice(FAULTS)(log, wanted)


FAULTS: tuple[Fault, ...] = (repeated, doubled, set_back, ahead, cut, delayed, refused)


class Credulous(Lane):
    """Queues whatever comes."""

    __slots__ = ()

    def take(self, batch: Batch, messages: list[Message]) -> None:
        """Queue all of it."""
        self.queue.extend(messages)
        self.fetched = max(self.fetched, batch.until)


class Unchecked(Leases):
    """Leases whose cursors move for anybody, to anywhere."""

    async def advance(self, tx: Transaction, held: Held, position: int) -> bool:
        """Always yes."""
        await super().advance(tx, held, position)
        return True


def _moved(wanted: Wanted, by: int) -> Wanted:
    return msgspec.structs.replace(wanted, after=max(0, wanted.after + by), wait_s=0.0)
