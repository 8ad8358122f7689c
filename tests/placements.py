"""Where the services of a test run: features are tested on every placement, and mean the same on each."""

import dataclasses
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from atoll.service import Application
from atoll.telemetry import Recorder
from atoll.testing import SeededEntropy, running, test_world
from atoll.testing.network import over_http
from atoll.topology import Network, Running


@dataclass(frozen=True)
class Placement:
    """A way to place all services of an application, in a world whose chance comes from a seed."""

    name: str
    network: Network

    def running(
        self,
        application: Application,
        *,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        recorder: Recorder | None = None,
    ) -> AbstractAsyncContextManager[Running]:
        """The application, running until the block is left."""
        world = dataclasses.replace(test_world(seed), network=self.network)
        return running(application, world=world, settings=settings, recorder=recorder)

    def __str__(self) -> str:
        return self.name


SINGLE = Placement("single", test_world().network)
"""Co-located: calls go straight to the dispatcher."""
WIRE = Placement("wire", over_http(SeededEntropy(0)))
"""The same application, but every call is HTTP/1.1, through the protocols of production over a network in memory."""

PLACEMENTS = (SINGLE, WIRE)

on_every_placement = pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
