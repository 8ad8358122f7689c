"""For tests of services and applications: fakes of the ports and of other services, and a simulated world."""

from atoll.testing.database import MemoryDatabase
from atoll.testing.fakes import fake
from atoll.testing.losses import Loss, Lost, PromiseBroken, check_degradation
from atoll.testing.migrations import check_migrations
from atoll.testing.ports import LoopClock, MemoryDisk, SeededEntropy, SettableClock
from atoll.testing.processes import RunningProcesses, running_processes
from atoll.testing.running import running, test_world
from atoll.testing.servers import NatsServer, PostgresServer, nats_server, postgres_server
from atoll.testing.simulation import Deadlock, OutsideWorld, SimulatedLoop, simulate
from atoll.testing.traces import drawn

__all__ = [
    "Deadlock",
    "LoopClock",
    "Loss",
    "Lost",
    "MemoryDatabase",
    "MemoryDisk",
    "NatsServer",
    "OutsideWorld",
    "PostgresServer",
    "PromiseBroken",
    "RunningProcesses",
    "SeededEntropy",
    "SettableClock",
    "SimulatedLoop",
    "check_degradation",
    "check_migrations",
    "drawn",
    "fake",
    "nats_server",
    "postgres_server",
    "running",
    "running_processes",
    "simulate",
    "test_world",
]
