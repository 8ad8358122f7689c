"""Which core a program runs on, and how much processor time it and its children have taken so far."""

import os
import time
from contextlib import suppress

import psutil


def cores() -> tuple[int | None, int | None]:
    """A core for the client and one for the server; None where programs cannot be held on one, or there is but one."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    free = sorted(os.sched_getaffinity(0))
    return (free[0], free[1]) if len(free) > 1 else (None, None)


def pin(pid: int, core: int | None) -> None:
    """Hold all threads of a process on one core, and those that they start. Without a core nothing happens."""
    held: set[int] = set()
    while core is not None:
        found = {thread.id for thread in psutil.Process(pid).threads()}
        if found <= held:
            return
        for thread in found - held:
            with suppress(ProcessLookupError):  # it has ended since
                os.sched_setaffinity(thread, {core})
        held |= found


def cpu_s(pid: int) -> float:
    """Processor time of a process and of all that it has started and that still runs.

    Linux has a clock for every process (its number is made as `clock_getcpuclockid` makes it), exact to nanoseconds.
    Elsewhere the system's statistics answer, which count in hundredths of a second.
    """
    process = psutil.Process(pid)
    return sum(_cpu_s(each) for each in (process, *process.children(recursive=True)))


def _cpu_s(process: psutil.Process) -> float:
    if psutil.LINUX:
        return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return times.user + times.system
