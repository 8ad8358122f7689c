"""For pytest: one test, on each topology. `pytest_plugins = ["atoll.testing.plugin"]` in the root `conftest.py`."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from atoll.testing.processes import running_processes
from atoll.testing.running import running
from atoll.topology import load_application

T = TypeVar("T")


class Reached(Protocol):
    """An application that runs, wherever its services are."""

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services."""
        ...


class OnEachTopology(Protocol):
    """Runs the application at a place, without its edges; `settings` are environment variables."""

    def __call__(
        self, place: str, *, settings: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[Reached]:
        """The application, running until the block is left."""
        ...


@pytest.fixture(params=["single", "processes"])
def on_each_topology(request: pytest.FixtureRequest) -> OnEachTopology:
    """Runs an application, once with all its services in the test's process, once with each in a process of its own."""
    return _in_one if request.param == "single" else _in_processes


@asynccontextmanager
async def _in_one(place: str, *, settings: Mapping[str, str] | None = None) -> AsyncGenerator[Reached]:
    async with running(load_application(place, Path.cwd()), settings=settings) as application:
        yield application


@asynccontextmanager
async def _in_processes(place: str, *, settings: Mapping[str, str] | None = None) -> AsyncGenerator[Reached]:
    async with running_processes(place, settings=settings) as application:
        yield application
