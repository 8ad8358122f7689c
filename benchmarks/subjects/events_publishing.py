"""What publishing adds to a transaction on SQLite: the same service in this process, with and without `tx.publish`.

Thirty-two transactions are under way at once, so that they share the waits for the disk as they do under load.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from atoll import World, single
from benchmarks.measuring import Subject, Work
from benchmarks.subjects.events_application import Capture, Seen, application, seen

AT_ONCE = 32
KEYS = 1000

KEPT, CAPTURED = "a transaction with one upsert", "the same, with one event"
"""The names of the subjects."""


@asynccontextmanager
async def publishing(folder: Path) -> AsyncGenerator[Sequence[Subject]]:
    """Both, on one database. Nobody subscribes, and nobody watches the loop."""
    world = World.real(folder / "publishing", watchdog_s=None)
    async with single(application({}), world=world) as running:
        client = running.client(Capture)
        yield Subject(KEPT, _work(client.keep)), Subject(CAPTURED, _work(client.capture))


def _work(call: Callable[[Seen], Awaitable[None]]) -> Work:
    async def work(count: int) -> None:
        numbers = iter(range(count))

        async def some() -> None:
            for number in numbers:
                await call(seen(number, KEYS))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, count)):
                tasks.create_task(some())

    return work
