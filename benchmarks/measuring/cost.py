"""CPU time of one thing, beside the CPU time of others.

A shared machine is noisy in three ways, and each has its remedy: others take the processor (CPU time of this process
instead of the wall's), its speed drifts over minutes (all subjects take turns in each round, and ratios are taken
within a round), and single batches are disturbed (medians, with the minimum and the spread beside them).
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Work = Callable[[int], Awaitable[None]]
"""Does one thing so many times, one after the other."""

Clock = Callable[[], float]
"""Seconds since any beginning."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something whose cost is wanted, with the name under which it is reported."""

    name: str
    work: Work


@dataclass(frozen=True, slots=True)
class Effort:
    """How often to measure: in each of `rounds` rounds, every subject for about `batch_s` seconds."""

    rounds: int
    batch_s: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What one thing cost, in each round. The unit is whatever was measured: seconds, bytes."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """What to report."""
        return statistics.median(self.samples)

    @property
    def least(self) -> float:
        """The least disturbed sample."""
        return min(self.samples)

    @property
    def spread(self) -> float:
        """How much the middle half of the samples differs, as a part of the median: 0.1 is ten per cent."""
        if len(self.samples) < 2 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (high - low) / self.median

    def minus(self, other: "Cost") -> "Cost":
        """How much more it is than another, taken within each round."""
        return Cost(tuple(sample - less for sample, less in zip(self.samples, other.samples, strict=True)))

    def plus(self, other: "Cost") -> "Cost":
        """Both together, taken within each round."""
        return Cost(tuple(sample + more for sample, more in zip(self.samples, other.samples, strict=True)))

    def each(self, count: int) -> "Cost":
        """The part of one among `count`."""
        return Cost(tuple(sample / count for sample in self.samples))


def paired(cost: Cost, beside: Cost) -> Cost:
    """The ratio of two costs, taken within each round, where the machine was equally slow for both."""
    return Cost(tuple(one / other for one, other in zip(cost.samples, beside.samples, strict=True)))


async def interleaved(
    subjects: Sequence[Subject], effort: Effort, on_round: Callable[[], None], clock: Clock = time.process_time
) -> dict[str, Cost]:
    """The cost of each subject in seconds of CPU time, by its name.

    In each round another subject begins, so that none always follows the same neighbour. The garbage of one batch is
    collected before the next, outside of the measured time; collection stays switched on, as it is in production.
    """
    counts = {subject.name: await _count(subject.work, effort.batch_s, clock) for subject in subjects}
    samples: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    gc.collect()
    gc.freeze()  # what was built before the measurement is not garbage, and need not be looked at again
    try:
        for number in range(effort.rounds):
            first = number % len(subjects)
            for subject in (*subjects[first:], *subjects[:first]):
                gc.collect()
                count = counts[subject.name]
                began_at = clock()
                await _done(subject.work, count)
                samples[subject.name].append((clock() - began_at) / count)
            on_round()
    finally:
        gc.unfreeze()
    return {name: Cost(tuple(found)) for name, found in samples.items()}


async def _done(work: Work, count: int) -> None:
    """Do it, and let the loop turn once: what the work leaves to the loop is a part of its cost.

    A cancelled timer of uvloop, for instance, is only released by the loop; calls that never wait would pile them up.
    """
    await work(count)
    await asyncio.sleep(0)


async def _count(work: Work, batch_s: float, clock: Clock) -> int:
    """How many repetitions take about `batch_s`; finding out also warms the subject up."""
    count = 1
    while True:
        began_at = clock()
        await _done(work, count)
        taken_s = clock() - began_at
        if taken_s >= batch_s / 4:
            return max(1, round(count * batch_s / taken_s))
        count *= 2
