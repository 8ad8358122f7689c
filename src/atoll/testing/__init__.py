"""For tests of services and applications: fakes of the ports and of other services, and a simulated world."""

from atoll.testing.fakes import MemoryDisk, SeededEntropy, SettableClock, fake
from atoll.testing.running import running, test_world
from atoll.testing.simulation import SimulatedLoop, simulate

__all__ = [
    "MemoryDisk",
    "SeededEntropy",
    "SettableClock",
    "SimulatedLoop",
    "fake",
    "running",
    "simulate",
    "test_world",
]
