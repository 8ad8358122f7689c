"""Where the services of a test run: features are tested on every placement, and mean the same on each.

`on_every_placement` is for tests that look into the memory of handlers, or let virtual hours pass: co-located, and over
the protocols of production in memory. `on_every_topology` is for what a caller can see: in processes of their own, too.
"""

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pytest

from atoll.kernel import Entropy
from atoll.service import Application
from atoll.telemetry import Recorder
from atoll.testing import running, test_world
from atoll.testing.network import over_http
from atoll.topology import Network, Running
from tests.forked import Forked, forked

T = TypeVar("T")


class App(Protocol):
    """An application that runs somewhere, as its callers see it."""

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services."""
        ...


@dataclass(frozen=True)
class Placement:
    """A way to place all services of an application, in a world whose chance comes from a seed."""

    name: str
    network: Callable[[Entropy], Network]

    def running(
        self,
        application: Application,
        *,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        recorder: Recorder | None = None,
    ) -> AbstractAsyncContextManager[Running]:
        """The application, running until the block is left."""
        world = test_world(seed)
        world = dataclasses.replace(world, network=self.network(world.entropy))
        return running(application, world=world, settings=settings, recorder=recorder)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Processes:
    """Each service in a process of its own, in real time, over Unix sockets."""

    name: str = "processes"

    def running(
        self, application: Application, *, settings: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[Forked]:
        """The application, running until the block is left."""
        return forked(application, settings)

    def __str__(self) -> str:
        return self.name


Topology = Placement | Processes

SINGLE = Placement("single", lambda _: test_world().network)
"""Co-located: calls go straight to the dispatcher."""
WIRE = Placement("wire", over_http)
"""The same application, but every call is HTTP/1.1, through the protocols of production over a network in memory."""
PROCESSES = Processes()

PLACEMENTS = (SINGLE, WIRE)
TOPOLOGIES: tuple[Topology, ...] = (*PLACEMENTS, PROCESSES)

on_every_placement = pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
on_every_topology = pytest.mark.parametrize("placement", TOPOLOGIES, ids=str)
