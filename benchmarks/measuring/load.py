"""Closed-loop load: so many callers, each of whom calls again as soon as its last call is answered."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

LATE_S = 10.0
"""A call that takes longer fails the measurement; the time that clients allow for a call, too."""

Call = Callable[[], Awaitable[object]]


class Batch(msgspec.Struct, frozen=True):
    """What is asked of a client: how many calls are in flight at once, and for how long."""

    in_flight: int
    seconds: float


class Load(msgspec.Struct, frozen=True):
    """What a client saw: calls that were answered, how long all and each took, its own processor time."""

    calls: int
    seconds: float
    cpu_s: float
    p50_s: float
    p99_s: float

    @classmethod
    def of(cls, taken_s: list[float], seconds: float, cpu_s: float) -> "Load":
        """The load of calls that took so long each.

        Raises:
            RuntimeError: no call was made, or one was answered too late.
        """
        if not taken_s:
            raise RuntimeError("no call was answered in the time of a batch")
        taken_s.sort()
        if taken_s[-1] > LATE_S:
            raise RuntimeError(f"a call was answered after {taken_s[-1]:.1f} s; after {LATE_S:.0f} s it is late")
        return cls(len(taken_s), seconds, cpu_s, quantile(taken_s, 0.5), quantile(taken_s, 0.99))


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of the samples lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def closed_loop(call: Call, batch: Batch) -> Load:
    """Call for so long, with so many callers. A call that fails ends the measurement with its error."""
    taken_s: list[float] = []
    clock = time.perf_counter
    add = taken_s.append

    async def caller(until: float) -> None:
        now = clock()
        while now < until:
            await call()
            after = clock()
            add(after - now)
            now = after

    gc.collect()
    gc.freeze()  # what was built before the batch is not garbage, and need not be looked at again
    cpu_s, began_at = time.process_time(), clock()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(batch.in_flight):
            tasks.create_task(caller(began_at + batch.seconds))
    seconds, cpu_s = clock() - began_at, time.process_time() - cpu_s
    gc.unfreeze()
    return Load.of(taken_s, seconds, cpu_s)
