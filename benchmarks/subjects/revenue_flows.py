"""The stacks of Revenue, each running until its block is left."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from atoll.testing import nats_server
from benchmarks.measuring import Program, Programs
from benchmarks.measuring.processor import cpu_s
from benchmarks.subjects.revenue_load import Import, Offer, Passed
from benchmarks.subjects.revenue_place import CAPTURE, END, RevenuePlace, on_the_way

Topology = Literal["single", "processes"]

HABIT = "fastapi+sqlalchemy+faststream"

LEAD_S_MAX = 0.1
"""How long a lead may take, where many are on their way: a stack that is slower cannot be measured."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What leads were like for who sent them, and what they took of the processor in all processes."""

    passed: Passed
    cpu_s: float

    @property
    def cpu_each_s(self) -> float:
        """Processor time of all processes, for one lead."""
        return self.cpu_s / self.passed.leads


@dataclass(slots=True)
class RevenueFlow:
    """A running Revenue of some stack, and who sends it leads. Owns the numbers of its leads.

    `pids` are the processes that work for it, with all that they start; the load is none of them.
    """

    name: str
    load: Program
    pids: Sequence[int]
    _sent: int = field(default=0, init=False)

    def measure(self, count: int, look_s: float, *, per_s: float | None = None, piece: int = 0) -> Taken:
        """Send so many leads and wait until all are at the end.

        One by one, as quickly as they are accepted, or at random moments of a rate; or as a file in pieces.

        Raises:
            RuntimeError: a lead was lost, refused, or there twice, or a program failed.
        """
        asked = Import(self._sent, count, look_s, piece) if piece else Offer(self._sent, count, look_s, per_s=per_s)
        self._sent += count
        before_s = self.cpu_s()
        passed = self.load.ask(asked, Passed, count * LEAD_S_MAX)
        return Taken(passed, self.cpu_s() - before_s)

    def cpu_s(self) -> float:
        """Processor time of all processes up to now."""
        return sum(map(cpu_s, self.pids))

    def memory_bytes(self) -> float:
        """What would be free without its processes."""
        processes = [each for pid in self.pids for each in _family(pid)]
        return float(sum(each.memory_full_info().uss for each in processes))


@contextmanager
def atoll_flow(topology: Topology, *, is_whole: bool = False) -> Generator[RevenueFlow]:
    """Revenue on Atoll, with all that `atoll run` starts: the services of the way, or the `whole` of them."""
    with tempfile.TemporaryDirectory(prefix="atoll-revenue-") as folder, Programs() as programs:
        name = f"atoll {topology}{', all of Revenue' if is_whole else ''}"
        whole = ("whole",) if is_whole else ()
        program = programs.start(name, "benchmarks.subjects.revenue_atoll", topology, folder, *whole)
        yield _loaded(programs, name, program.ready(), [program.pid])


@contextmanager
def habit_flow() -> Generator[RevenueFlow]:
    """Revenue in the field's habit: a process a service, SQLite files, and JetStream between.

    The broker flushes its files every two minutes, as it does by itself, and not before it acknowledges.
    """
    with (
        tempfile.TemporaryDirectory(prefix="habit-revenue-") as folder,
        nats_server() as broker,
        Programs() as programs,
    ):
        services = {
            name: programs.start(
                f"{HABIT}: {name}", "benchmarks.subjects.revenue_habit_service", name, folder, broker.url
            )
            for name in on_the_way()
        }
        urls = {name: service.ready() for name, service in services.items()}
        place = RevenuePlace(urls[CAPTURE], str(Path(folder) / f"{END.service}.db"))
        pids = [*(service.pid for service in services.values()), broker.pid]
        yield _loaded(programs, HABIT, msgspec.json.encode(place).decode(), pids)


def _loaded(programs: Programs, name: str, address: str, pids: Sequence[int]) -> RevenueFlow:
    load = programs.start(f"{name}: load", "benchmarks.subjects.revenue_load", address)
    load.ready()
    return RevenueFlow(name, load, pids)


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
