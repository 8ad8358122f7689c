"""Events with the moment at which each was committed, or its effect: what two programs noted, each for itself.

Both read the same clock: CLOCK_MONOTONIC, which all processes of a machine share.
"""

import asyncio
import mmap
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from struct import Struct
from typing import Self

import msgspec

from benchmarks.measuring.load import LATE_S

LOOK_S = 0.001
"""How often a producer that is too far ahead looks whether it still is."""

now = time.monotonic


class Produce(msgspec.Struct, frozen=True, tag=True):
    """What a producer is asked for: events for so long, numbered from `first`.

    At a `rate` a second, whether the ones before are committed or not (an open loop). Without, as many as it can, with
    `in_flight` transactions at once, and never more than `ahead_max` events ahead of their effects: else it would take
    the processor from whoever has to follow, and what is measured were no rate that lasts.
    """

    first: int
    seconds: float
    rate: float | None
    in_flight: int
    ahead_max: int


class Collect(msgspec.Struct, frozen=True, tag=True):
    """What a subscriber is asked for: the effects since it was last asked, once there are so many."""

    events: int


class Stamps(msgspec.Struct, frozen=True):
    """Events by their numbers, and when each was committed: two columns of one table.

    `total` is how many the program's own database knows of, since it was made: what is there, not what was noted.
    """

    numbers: list[int]
    at_s: list[float]
    total: int = 0


Publish = Callable[[int], Awaitable[float | None]]
"""Commits the event with this number, and whatever belongs to it; done when it is durable.

It says when that was, where it was not just now.
"""


class Followed:
    """How many effects there are, in a file of eight bytes that both programs have in their memory.

    The subscriber is its only writer.
    """

    _SIZE = Struct("=q")

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with self._path.open("a+b") as file:
            file.truncate(self._SIZE.size)
            self._memory = mmap.mmap(file.fileno(), self._SIZE.size)
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()

    @property
    def count(self) -> int:
        """As many as there are by now."""
        return int(self._SIZE.unpack_from(self._memory)[0])

    def tell(self, count: int) -> None:
        """There are so many."""
        self._SIZE.pack_into(self._memory, 0, count)


async def produced(publish: Publish, asked: Produce, followed: Followed) -> Stamps:
    """Publish events as asked; when each was committed. One that fails ends the measurement with its error."""
    stamps = Stamps([], [])

    async def one(number: int) -> None:
        at_s = await publish(number)
        stamps.at_s.append(at_s or now())
        stamps.numbers.append(number)

    await (_saturating(one, asked, followed) if asked.rate is None else _at_a_rate(one, asked, asked.rate))
    return stamps


One = Callable[[int], Coroutine[object, object, None]]


async def _saturating(one: One, asked: Produce, followed: Followed) -> None:
    until = now() + asked.seconds
    turn = asyncio.Lock()  # where the producer is too far ahead, one of its tasks looks for all
    following = asked.first

    async def again() -> None:
        nonlocal following
        while True:
            async with turn:
                while following - followed.count >= asked.ahead_max and now() < until:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(LOOK_S)
                if now() >= until and following > asked.first:  # one at least, however slow the machine
                    return
                number = following
                following += 1
            await one(number)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(asked.in_flight):
            tasks.create_task(again())


async def _at_a_rate(one: One, asked: Produce, rate: float) -> None:
    began_at = now()
    async with asyncio.TaskGroup() as tasks:
        for number in range(max(1, round(asked.seconds * rate))):
            await asyncio.sleep(max(0.0, began_at + number / rate - now()))
            tasks.create_task(one(asked.first + number))


class Effects:
    """What a subscriber notes of its effects. Owned by the program; whoever has committed one calls `committed`."""

    def __init__(self, followed: Followed) -> None:
        self._stamps = Stamps([], [])
        self._changed = asyncio.Event()
        self._followed = followed
        self._count = 0

    def committed(self, number: int) -> None:
        """The effect of this event is durable now."""
        self._stamps.at_s.append(now())
        self._stamps.numbers.append(number)
        self._changed.set()
        self._count += 1
        self._followed.tell(self._count)

    async def collected(self, asked: Collect) -> Stamps:
        """The effects since the last time, once there are as many as asked for, or no more come."""
        while len(self._stamps.numbers) < asked.events:
            self._changed.clear()
            try:
                async with asyncio.timeout(LATE_S):
                    await self._changed.wait()
            except TimeoutError:
                break  # whoever asked sees what is missing
        stamps, self._stamps = self._stamps, Stamps([], [])
        return stamps
