"""Load that does not wait for answers: requests start on schedule, whatever becomes of those before.

A closed loop, which sends the next request when the last one is answered, stops asking just when it would hurt (it
omits in coordination with the system: Tene, "How NOT to measure latency"). Nothing is tried again here, and an answer
after its deadline is a failed one.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Caller, client
from atoll.contract import Problem
from atoll.elsewhere import Operator
from atoll.hosting import directory_of
from atoll.identity import OPERATOR
from atoll.kernel import Tasks

T = TypeVar("T")

BEAT_S = 0.002
"""How often requests that are due are started."""

Ask = Callable[[int], Awaitable[object]]
"""Sends the request of this number."""


@dataclass(frozen=True)
class Schedule:
    """So many requests, at an even pace; each has to be answered within `deadline_s` of its turn."""

    requests: int
    per_s: float
    deadline_s: float = 2.0


@dataclass
class Outcome:
    """What became of the requests: failures by kind, and how long the answers took, counted from their turn."""

    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    took_s: list[float] = field(default_factory=list[float])

    @property
    def failed(self) -> int:
        """How many were not answered in time."""
        return self.failures.total()

    def took_ms(self, share: float) -> float:
        """Within how many milliseconds this share of the answers came."""
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.failures.most_common()) or "none"
        return (
            f"{self.answered} answered (p50 {self.took_ms(0.5):.1f} ms, p99 {self.took_ms(0.99):.1f} ms, "
            f"most {self.took_ms(1):.0f} ms), failed: {kinds}"
        )


async def load(ask: Ask, schedule: Schedule) -> Outcome:
    """Send requests on schedule; the outcome, once each has been answered or has failed."""
    loop = asyncio.get_running_loop()
    outcome, tasks = Outcome(), Tasks("load")
    begun_at, sent = loop.time(), 0
    running: set[asyncio.Task[None]] = set()
    try:
        while sent < schedule.requests:
            due = min(schedule.requests, int((loop.time() - begun_at) * schedule.per_s) + 1)
            for number in range(sent, due):
                at = begun_at + number / schedule.per_s
                task = tasks.spawn(_one(ask(number), at, schedule.deadline_s, outcome), str(number), awaited=True)
                running.add(task)
                task.add_done_callback(running.discard)
            sent = due
            await asyncio.sleep(BEAT_S)
        if running:
            await asyncio.wait(running)
    finally:
        await tasks.close()
    return outcome


async def _one(work: Awaitable[object], due_at: float, deadline_s: float, outcome: Outcome) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(due_at + deadline_s):
            await work
    except Problem as problem:
        outcome.failures[problem.code] += 1
    except TimeoutError:
        outcome.failures["late"] += 1
    else:
        outcome.answered += 1
        outcome.took_s.append(loop.time() - due_at)


class Clients:
    """Typed clients of whatever runs, in the name of its operator."""

    def __init__(self, carrier: HttpClient, entropy: SystemEntropy, timeout_s: float | None) -> None:
        self._carrier = carrier
        self._entropy = entropy
        self._timeout_s = timeout_s

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one service."""
        return client(protocol, Caller(OPERATOR, self._carrier, self._entropy, timeout_s=self._timeout_s))


@asynccontextmanager
async def clients(state: Path, *, timeout_s: float | None = None) -> AsyncGenerator[Clients]:
    """Clients of what is supervised with a state folder; they find services as one process finds the others."""
    entropy = SystemEntropy()
    supervisor = json.loads((state / "supervisor.json").read_text(encoding="utf-8"))
    peers = Path(supervisor["address"].removeprefix("unix:")).with_name("peers.json")
    proving = Operator(supervisor["application"], state).proving(SystemClock(), entropy)
    carrier = HttpClient(directory_of(peers, {}), entropy, proving=proving)
    try:
        yield Clients(carrier, entropy, timeout_s)
    finally:
        await carrier.close()
