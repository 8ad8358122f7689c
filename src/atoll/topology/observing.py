"""What one process tells of itself while it runs: its records go into rings, beside a sample of it each second."""

import asyncio
import logging
import os
import resource
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from atoll.adapters.collecting import Collector
from atoll.adapters.opentelemetry_joining import join_opentelemetry
from atoll.adapters.processes import own_memory_bytes
from atoll.adapters.rings import RingWriter
from atoll.adapters.system import ticks
from atoll.adapters.telemetry_schema import ring_paths
from atoll.kernel import Clock, Tasks, Threads
from atoll.telemetry import Exporter, Gauge, Journal, JournalHandler, Kept, OtlpTarget, Recorder, Sink
from atoll.topology.exporting import exporter_to
from atoll.topology.world import World

SAMPLED_S = 1.0
"""How often a process says how it fares."""

ASIDE_BLOCKS = 32
"""Blocks of the ring for lines and samples: 2 MiB."""

_log = logging.getLogger("atoll.telemetry")

Gauges = Callable[[], Iterable[Gauge]]


class Observed:
    """A process whose work is recorded: by whom, and who is asked for gauges."""

    def __init__(self, recorder: Recorder | None) -> None:
        self.recorder = recorder
        self.sources: list[Gauges] = [_of_this_process]


@asynccontextmanager
async def observed(
    world: World, application: str, recorder: Recorder | None = None, target: OtlpTarget | None = None
) -> AsyncGenerator[Observed]:
    """Record what this process does until the block is left: by `recorder`, or else as the world says.

    Whoever collects sends it to `target`, too.

    Raises:
        Mistakes: the certificates of the target cannot be read.
    """
    if recorder is not None or world.watch is None or world.state is None:
        yield Observed(recorder)
        return
    process = world.watch.process or f"{application}-{os.getpid()}"
    async with AsyncExitStack() as stack:
        if world.watch.is_collector:
            await stack.enter_async_context(_collected(world.state, application, target))
        journal = await stack.enter_async_context(_rings(world.state, process, world.clock))
        it = Observed(journal)
        stack.callback(join_opentelemetry(journal.record_aside, journal.now))
        tasks = Tasks("telemetry")
        try:
            _ = tasks.keep(lambda: _sample(it.sources, journal, world.clock), "sample")
            yield it
        finally:
            await tasks.close()
            journal.sample(world.clock.now().timestamp(), [])


@asynccontextmanager
async def _collected(state: Path, application: str, target: OtlpTarget | None) -> AsyncGenerator[None]:
    """Collect what all processes with this state folder record, unless another one does; to the last of it."""
    exporter = exporter_to(target, application) if target is not None else None
    collector = Collector(state, sinks=() if exporter is None else (_to(exporter),))
    collector.start()
    try:
        yield
    finally:
        threads = Threads(threads_max=1)
        await threads.run(collector.close)
        if exporter is not None:
            await threads.run(exporter.close)
        await threads.close()


def _to(exporter: Exporter) -> Sink:
    def take(several: Sequence[Kept]) -> None:
        for kept in several:
            exporter.take(kept.process, kept.spans, kept.lines, kept.sample)

    return take


@asynccontextmanager
async def _rings(state: Path, process: str, clock: Clock) -> AsyncGenerator[Journal]:
    """A journal in rings of this process, and all that it logs in there."""
    of_spans, of_aside = ring_paths(state, process, os.getpid())
    spans, aside = RingWriter(of_spans, process), RingWriter(of_aside, process, ASIDE_BLOCKS)
    journal = Journal(spans.write, aside.write, ticks, _offset_s(clock))
    handler = JournalHandler(journal)
    root = logging.getLogger()
    root.addHandler(handler)
    if spans.why_not:
        _log.warning("nothing is kept of what this process does: %s", spans.why_not)
    try:
        yield journal
    finally:
        root.removeHandler(handler)
        spans.close()
        aside.close()


async def _sample(sources: Iterable[Gauges], journal: Journal, clock: Clock) -> None:
    """Write a sample at once, and then each second, with how late the loop was."""
    loop = asyncio.get_running_loop()
    journal.sample(clock.now().timestamp(), [gauge for source in sources for gauge in source()])
    while True:
        due_at = loop.time() + SAMPLED_S
        await asyncio.sleep(SAMPLED_S)
        lag = Gauge("loop_lag_seconds", max(0.0, loop.time() - due_at))
        journal.offset_s = _offset_s(clock)
        journal.sample(clock.now().timestamp(), [lag, *(gauge for source in sources for gauge in source())])


def _offset_s(clock: Clock) -> float:
    """From the clock of records to the seconds since 1970."""
    return clock.now().timestamp() - ticks()


def _of_this_process() -> Iterable[Gauge]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield Gauge("process_cpu_seconds", usage.ru_utime + usage.ru_stime)
    yield Gauge("process_resident_memory_bytes", float(own_memory_bytes()))
    yield Gauge("process_threads", float(threading.active_count()))
