"""A whole application inside a test."""

import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from atoll.kernel import Config
from atoll.service import Application
from atoll.telemetry import Recorder
from atoll.testing.ports import LoopClock, MemoryDisk, SeededEntropy
from atoll.topology import Running, World, single


def test_world(seed: int = 0) -> World:  # noqa: PT028  # a world for tests, not a test
    """A world for tests: chance from a seed, the loop's time, disks in memory, no network and no watchdog."""
    disks: dict[str, MemoryDisk] = {}
    return World(LoopClock(), SeededEntropy(seed), lambda name: disks.setdefault(name, MemoryDisk()))


test_world.__dict__["__test__"] = False  # pytest would collect it by its name


@asynccontextmanager
async def running(
    application: Application,
    *,
    services: Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
    world: World | None = None,
    drain_s: float = 10.0,
) -> AsyncGenerator[Running]:
    """Run an application, without its edges, until the block is left; in a world for tests unless one is given.

    `services` are those to host (all by default), `settings` are environment variables, `recorder` is told of every
    call. In the block, `client(Contract)` of what is given calls a service.

    >>> import asyncio
    >>> from typing import Protocol
    >>> from atoll import Service, contract, get
    >>> from atoll.testing import running
    >>> @contract(version="1.0")
    ... class Greeting(Protocol):
    ...     '''Greets.'''
    ...     @get("/hello")
    ...     async def hello(self, name: str) -> str: ...
    >>> class GreetingService(Service, Greeting):
    ...     async def hello(self, name: str) -> str:
    ...         return f"Hello, {name}"
    >>> async def main() -> str:
    ...     async with running(Application("polite", services=[GreetingService], owner="me")) as polite:
    ...         return await polite.client(Greeting).hello("Ada")
    >>> asyncio.run(main())
    'Hello, Ada'

    Raises:
        Mistakes: everything that is wrong with it.
    """
    async with single(
        dataclasses.replace(application, edges=()),
        world=world or test_world(),
        config=Config(settings or {}),
        services=services,
        recorder=recorder,
        drain_s=drain_s,
    ) as started:
        yield started
