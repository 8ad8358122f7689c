"""A log that grows, and who catches up with it, as programs: `events_backlog produce ADDRESS COUNTED`, or `catch-up`.

The address is an `AtollPlace`, `COUNTED` the path of a file. The producer is asked to publish so many transactions,
and says what each of them took of the processor: the steps of its own work, whatever else the process does between
them, such as reading its log for the subscriber. What the thread that syncs takes is not in it. The subscriber begins
with the oldest event at once, and is asked for the effects once there are so many.
"""

import asyncio
import sys
import time
import types
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.measuring.speaking import heard, run_program, say, say_ready
from benchmarks.measuring.stamps import Collect, Effects, Followed
from benchmarks.subjects.events_application import Capture, seen
from benchmarks.subjects.events_atoll import AtollPlace, serving_producer, subscribing


class Stock(msgspec.Struct, frozen=True):
    """So many transactions, numbered from `first`, of so many events each.

    At a `rate` a second, each with an upsert and its one event; without, one after the other, with events alone.
    """

    first: int
    transactions: int
    events_each: int = 1
    rate: float | None = None


class Stocked(msgspec.Struct, frozen=True):
    """What each transaction took of the processor, in seconds."""

    cpu_s: list[float]


async def stocked(client: Capture, keys: int, asked: Stock) -> list[float]:
    """Publish as asked."""
    if asked.rate is None:
        firsts = range(asked.first, asked.first + asked.transactions * asked.events_each, asked.events_each)
        return [await metered(client.capture_many(first, asked.events_each, keys)) for first in firsts]
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    async with asyncio.TaskGroup() as tasks:
        published: list[asyncio.Task[float]] = []
        for nth in range(asked.transactions):
            await asyncio.sleep(max(0.0, began_at + nth / asked.rate - loop.time()))
            number = asked.first + nth
            work = metered(client.capture(seen(number, keys)))
            published.append(tasks.create_task(work))
    return [task.result() for task in published]


async def metered(work: Coroutine[Any, Any, None]) -> float:  # Any: a coroutine's own send types
    """What the steps of some work took of this thread's time, without what others did while it waited."""
    return await _stepped(work)


@types.coroutine
def _stepped(work: Coroutine[Any, Any, None]) -> Generator[Any, Any, float]:  # Any: the event loop's own protocol
    taken_s, answer, error = 0.0, None, None
    while True:
        began_at = time.thread_time()
        try:
            waits_for = work.send(answer) if error is None else work.throw(error)
        except StopIteration:
            return taken_s + time.thread_time() - began_at
        taken_s += time.thread_time() - began_at
        answer, error = None, None
        try:
            answer = yield waits_for
        except BaseException as raised:  # noqa: BLE001  # it is the work's to handle
            error = raised


async def produce(address: str, followed: Followed) -> None:
    """Serve the log, and publish what is asked for."""
    place = msgspec.json.decode(address, type=AtollPlace)
    async with serving_producer(place) as running:
        client = running.client(Capture)
        say_ready()
        async for asked in heard(Stock):
            say(Stocked(await stocked(client, place.keys, asked)))


async def catch_up(address: str, followed: Followed) -> None:
    """Have effects, and tell of them; there may be more by then, so that nothing is said of what the database holds."""
    effects = Effects(followed)
    async with subscribing(address, effects.committed):
        say_ready()
        async for asked in heard(Collect):
            say(await effects.collected(asked))


if __name__ == "__main__":
    _, side, place, path = sys.argv
    with Followed(Path(path)) as counted:
        run_program((produce if side == "produce" else catch_up)(place, counted))
