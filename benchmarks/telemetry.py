"""What does it cost that everything is seen: a call, its rate, the disk?

Each beside the same with nobody looking: the processor time of a call that does nothing, on either side; the rate of
calls between two processes, and what they leave on the disk. How long questions to a million spans take is measured by
`telemetry_store`.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

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
    """How much is measured: calls that do nothing, and rounds of calls between processes."""

    calls: Effort
    rounds: int
    batch_s: float


SIZES = {
    "tiny": Size(Effort(2, 0.001), 1, 0.05),  # for tests: says nothing
    "small": Size(Effort(15, 0.02), 5, 0.7),
    "full": Size(Effort(101, 0.04), 21, 1.0),
}


def measure(size: Size, screen: Screen) -> Findings:
    """Both questions, one after the other."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_cost(Path(folder), size, screen, findings))
        _rate(Path(folder), size, screen, findings)
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
    """A client and a server, each on a core of its own; whoever collects is the server's own process."""
    client_core, server_core = cores()
    with Programs() as serving, Programs() as calling:  # who calls ends before who is called
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
