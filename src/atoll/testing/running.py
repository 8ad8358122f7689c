"""A whole application inside a test."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from atoll.kernel import Config
from atoll.service import Application
from atoll.telemetry import Recorder
from atoll.testing.fakes import LoopClock, MemoryDisk, SeededEntropy
from atoll.topology import Running, World, single


def test_world(seed: int = 0) -> World:
    """A world for tests: chance from a seed, the loop's time, disks in memory."""
    disks: dict[str, MemoryDisk] = {}
    return World(LoopClock(), SeededEntropy(seed), lambda name: disks.setdefault(name, MemoryDisk()))


test_world.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


@asynccontextmanager
async def running(
    application: Application,
    *,
    services: Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
    world: World | None = None,
) -> AsyncIterator[Running]:
    """Run an application, without its edges, until the block is left. `settings` are environment variables.

    Raises:
        Mistakes: everything that is wrong with it.
    """
    inner = Application(
        application.name, services=application.services, edges=(), owner=application.owner, version=application.version
    )
    config = Config(settings or {})
    async with single(inner, world=world or test_world(), config=config, services=services, recorder=recorder) as it:
        yield it
