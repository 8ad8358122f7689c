"""What does it cost that everything is seen: a call, its rate, the disk, and a question?

Each beside the same with nobody looking: the processor time of a call that does nothing, on either side; the rate of
calls between two processes while a third one collects, and what they leave on the disk. Then what is asked of many
spans. Other ways to keep them are compared by `telemetry_store`.
"""

import asyncio
import gc
import tempfile
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import uvloop

from atoll.adapters.collecting import Collector
from atoll.topology.process import COLLECTED_AFTER
from benchmarks import telemetry_store
from benchmarks.measuring import (
    Batch,
    Cost,
    Effort,
    Findings,
    Programs,
    Ratio,
    Row,
    Screen,
    Stack,
    cores,
    interleaved,
    paired,
    rates,
    run,
)
from benchmarks.subjects.recording import sides
from benchmarks.subjects.telemetry_kept import WAYS, OneFile
from benchmarks.telemetry_store import kept_and_searched, slowest

SIDE_US_MAX = 3.0
"""The goal: what a record may cost a call on one side."""
RATE_MIN = 0.8
"""The goal: what is left of the rate of calls."""

SEEN, UNSEEN = "seen", "unseen"
MODULES = {SEEN: "calls_atoll", UNSEEN: "calls_unseen"}
IN_FLIGHT = 64
PARTS = ("atoll", "msgspec", "uvloop")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: calls that do nothing, rounds of calls, and the size of `telemetry_store`."""

    calls: Effort
    rounds: int
    batch_s: float
    searched: str


SIZES = {
    "tiny": Size(Effort(2, 0.001), 1, 0.05, "tiny"),  # for tests: says nothing
    "small": Size(Effort(15, 0.02), 5, 0.7, "small"),
    "full": Size(Effort(101, 0.04), 21, 1.0, "full"),
}


def measure(size: Size, screen: Screen) -> Findings:
    """All questions, one after the other."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_cost(Path(folder), size, screen, findings))
        _rate(Path(folder), size, screen, findings)
        searched = telemetry_store.SIZES[size.searched]
        with screen.progress("searches", 1) as advance:
            name = next(name for name, way in WAYS.items() if way is OneFile)
            kept_and_searched(Path(folder) / "searched", name, OneFile, searched, findings)
            advance()
        findings.ratios.append(slowest(findings, searched))
    return findings


async def _cost(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    async with AsyncExitStack() as stack:
        for side, unseen, seen in await sides(folder / "alone", stack):
            with screen.progress(side, size.calls.rounds) as advance:
                costs = await interleaved([unseen, seen], size.calls, advance)
            more = costs[seen.name].minus(costs[unseen.name])
            findings.rows += [Row.of(f"On the {side}", each.name, "CPU", costs[each.name]) for each in (unseen, seen)]
            findings.rows.append(Row.of(f"On the {side}", "what is more", "CPU", more))
            findings.ratios.append(Ratio(f"a record on the {side}", more.median * 1e6, SIDE_US_MAX, "µs"))


def _rate(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    """A client and a server, each on a core of its own; whoever collects is on neither, as a supervisor."""
    client_core, server_core = cores()
    gc.set_threshold(*COLLECTED_AFTER)  # as in a supervisor
    collector = Collector(folder / SEEN / "atoll")
    with closing(collector), Programs() as serving, Programs() as calling:  # who calls ends before who is called
        side = "benchmarks.subjects.calls_side"
        stacks: list[Stack] = []
        for name, module in MODULES.items():
            place = folder / name
            place.mkdir()
            given = f"benchmarks.subjects.{module}"
            server = serving.start(name, side, "serve", given, str(place), core=server_core)
            client = calling.start(name, side, "call", given, server.ready(), core=client_core)
            stacks.append(Stack(name, client, [server]))
        for stack in stacks:
            stack.client.ready()
        collector.start()
        with screen.progress(f"calls, {IN_FLIGHT} in flight", size.rounds) as advance:
            found = rates("call", stacks, Batch(IN_FLIGHT, size.batch_s), size.rounds, advance)
    findings.rates += found.values()
    left = paired(found[SEEN].per_s, found[UNSEEN].per_s).median
    findings.ratios.append(Ratio(f"calls/s: {SEEN} / {UNSEEN}", left, RATE_MIN, bound="at least"))
    calls = sum(found[SEEN].per_s.samples) * size.batch_s
    growth = Cost((_kept_bytes(folder / SEEN) / calls * 1e6,))
    findings.rows.append(Row.of("On the disk", "a million calls, as fast as they come", "memory", growth))


def _kept_bytes(folder: Path) -> int:
    """What the store has; the rings have one size for ever."""
    files = [each for each in folder.rglob("telemetry/*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


if __name__ == "__main__":
    run("telemetry", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
