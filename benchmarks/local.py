"""What does a call cost where caller and callee share a process, and what do many services cost there?

Four questions: the CPU time of a co-located call with all its semantics, beside its parts and beside what others take
for the same; whether it grows with the number of services; what else happens in calls; how a process starts.
"""

import asyncio
import tempfile
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from atoll import World, single
from benchmarks.measuring import (
    Cost,
    Effort,
    Findings,
    Launch,
    Ratio,
    Row,
    Screen,
    Start,
    Subject,
    interleaved,
    launched,
    paired,
    run,
)
from benchmarks.subjects.calls import APART, ASGI, HTTPX, NESTED, OUTERMOST, compared, further, leads_running
from benchmarks.subjects.crowd import Crowd, crowd
from benchmarks.subjects.generated import FIRST_PATH, OPERATIONS, atoll_application, fastapi_application

CALL_US_MAX = 15.0
CALL_TO_HTTPX_MAX = 0.1
START_S_MAX = 1.5
START_MB_MAX = 150.0
GROWTH_MAX = 1.1
"""Goals: all say "at most"."""

STARTS = "benchmarks.subjects"
"""Where the programs that are started lie."""

PARTS = ("atoll", "fastapi", "httptools", "httpx", "msgspec", "pydantic", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and with how many services."""

    calls: Effort
    growth: Effort
    starts: int
    services: int = 12
    few: int = 3
    many: int = 300


SIZES = {
    "tiny": Size(Effort(2, 0.001), Effort(2, 0.001), starts=1, services=2, few=1, many=4),  # for tests: says nothing
    "small": Size(Effort(15, 0.02), Effort(20, 0.02), starts=3),
    "full": Size(Effort(101, 0.04), Effort(101, 0.04), starts=15),
}


def measure(size: Size, screen: Screen) -> Findings:
    """All four questions, one after the other."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_calls(Path(folder), size, screen, findings))
        runner.run(_growth(Path(folder), size, screen, findings))
        _starts(Path(folder), size, screen, findings)
    return findings


async def _calls(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    async with leads_running(folder / "leads") as running, compared(running) as peers:
        others = further(running)
        with screen.progress("calls", size.calls.rounds) as advance:
            costs = await interleaved([*peers, *others], size.calls, advance)
    findings.rows += _rows("A co-located call, 300 bytes each way", peers, costs)
    findings.rows += _rows("What else happens in calls", others, costs)
    outermost = costs[OUTERMOST]
    findings.ratios += [
        Ratio("CPU of a co-located call from outside", outermost.median * 1e6, CALL_US_MAX, "µs"),
        Ratio("CPU of a co-located call made by a handler", costs[NESTED].median * 1e6, CALL_US_MAX, "µs"),
        Ratio("a call from outside / httpx to FastAPI", paired(outermost, costs[HTTPX]).median, CALL_TO_HTTPX_MAX),
        Ratio("a call from outside / FastAPI through ASGI by hand", paired(outermost, costs[ASGI]).median),
        Ratio("a call from outside / task, context and timeout of asyncio", paired(outermost, costs[APART]).median),
    ]


async def _growth(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    """Both applications run in this process, so that their calls meet the same machine in the same round."""
    async with crowd(folder, size.few) as few, crowd(folder, size.many) as many:
        subjects = [few.one(), many.one(), few.each(), many.each(), few.each_by_hand(), many.each_by_hand()]
        with screen.progress("growth", size.growth.rounds) as advance:
            costs = await interleaved(subjects, size.growth, advance)
        instance = await _instance_bytes(folder, many)
    findings.rows += _rows("A call, and how many services there are", subjects, costs)
    findings.rows.append(Row.of("Memory", "one more instance of a service", "memory", instance))
    few_one, many_one, few_each, many_each, few_by_hand, many_by_hand = (costs[subject.name] for subject in subjects)
    numbers = f"{size.many} / {size.few}"
    findings.ratios += [
        Ratio(f"calls of one service: {numbers} services", paired(many_one, few_one).median, GROWTH_MAX),
        Ratio(f"calls of each in turn: {numbers} services", paired(many_each, few_each).median),
        Ratio(f"the same by hand: {numbers} handlers", paired(many_by_hand, few_by_hand).median),
    ]


async def _instance_bytes(folder: Path, many: Crowd) -> Cost:
    """What Python allocates for an instance of a service whose class and contract are already there."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        async with single(many.application, world=World.real(folder / "state", watchdog_s=None)):
            after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Cost(((after - before) / many.size,))


def _starts(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    operations = size.services * OPERATIONS
    bare = Launch("Python itself", f"{STARTS}.start_nothing")
    called = _atoll(f"Atoll, {size.services} services, a call in the process", folder, size.services)
    edged = _atoll(
        f"Atoll, {size.services} services and the gateway, a call over HTTP", folder, size.services, "gateway"
    )
    by_asgi = _fastapi(f"FastAPI, {operations} operations, a call through ASGI", folder, size.services)
    served = _fastapi(f"FastAPI, {operations} operations, uvicorn, a call over HTTP", folder, size.services, "uvicorn")
    few = _atoll(f"Atoll, {size.few} services, a call in the process", folder, size.few)
    many = _atoll(f"Atoll, {size.many} services, a call in the process", folder, size.many)
    launches = (bare, called, edged, by_asgi, served, few, many)
    with screen.progress("starts", len(launches) * (size.starts + 1)) as advance:
        starts = launched(launches, size.starts, advance)
    for launch in launches:
        findings.rows += _start_rows("A start, from nothing to the first answer", launch.name, starts[launch.name])
    one_more = starts[many.name].minus(starts[few.name]).each(size.many - size.few)
    findings.rows += _start_rows("One more service", f"between {size.few} and {size.many} services", one_more)
    ours, theirs = starts[edged.name], starts[served.name]
    findings.ratios += [
        Ratio(f"start of {size.services} services and the gateway", ours.wall_s.median, START_S_MAX, "s"),
        Ratio("memory (RSS) after that start", ours.rss_bytes.median / 1e6, START_MB_MAX, "MB"),
        Ratio("that start / start of FastAPI on uvicorn", paired(ours.wall_s, theirs.wall_s).median),
        Ratio("its memory (USS) / memory of FastAPI on uvicorn", paired(ours.uss_bytes, theirs.uss_bytes).median),
    ]


def _atoll(name: str, folder: Path, services: int, *how: str) -> Launch:
    place = atoll_application(folder, services, gateway="gateway" in how)
    return Launch(name, f"{STARTS}.start_atoll", (str(folder), place, *how), (FIRST_PATH,))


def _fastapi(name: str, folder: Path, routers: int, *how: str) -> Launch:
    return Launch(
        name, f"{STARTS}.start_fastapi", (str(folder), fastapi_application(folder, routers), *how), (FIRST_PATH,)
    )


def _rows(group: str, subjects: Sequence[Subject], costs: dict[str, Cost]) -> list[Row]:
    return [Row.of(group, subject.name, "CPU", costs[subject.name]) for subject in subjects]


def _start_rows(group: str, name: str, start: Start) -> list[Row]:
    return [
        Row.of(group, name, "wall", start.wall_s),
        Row.of(group, name, "CPU to start", start.cpu_s),
        Row.of(group, name, "RSS", start.rss_bytes),
        Row.of(group, name, "USS", start.uss_bytes),
    ]


if __name__ == "__main__":
    run("local", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
