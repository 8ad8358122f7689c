"""What does each safeguard cost a call, in processor time?

Each beside the same without it: deadline, breaker, budget and the token on the caller's side; the door of a process,
the check of the token and permissions on the other one; rates at the gateway.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from benchmarks.measuring import Cost, Effort, Findings, Ratio, Row, Screen, Subject, interleaved, run
from benchmarks.subjects.safeguards import safeguards

SIDE_US_MAX = 10.0
"""The goal: what all of them together may cost a call on one side."""

PARTS = ("atoll", "msgspec", "uvloop")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    calls: Effort


SIZES = {
    "tiny": Size(Effort(2, 0.001)),  # for tests: says nothing
    "small": Size(Effort(15, 0.02)),
    "full": Size(Effort(101, 0.04)),
}


def measure(size: Size, screen: Screen) -> Findings:
    """Each safeguard, taking turns with the call that has none."""
    findings = Findings()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measured(size, screen, findings))
    return findings


async def _measured(size: Size, screen: Screen, findings: Findings) -> None:
    for side, bare, guarded in safeguards():
        subjects = [bare, *guarded]
        with screen.progress(side, size.calls.rounds) as advance:
            costs = await interleaved(subjects, size.calls, advance)
        more = [costs[each.name].minus(costs[bare.name]) for each in guarded]
        findings.rows += _rows(f"On the {side}", subjects, costs)
        findings.rows += [
            Row.of(f"On the {side}, what is more", each.name, "CPU", cost)
            for each, cost in zip(guarded, more, strict=True)
        ]
        whole = sum(cost.median for cost in more) * 1e6
        findings.ratios.append(Ratio(f"all safeguards on the {side}", whole, SIDE_US_MAX, "µs"))


def _rows(group: str, subjects: Sequence[Subject], costs: dict[str, Cost]) -> list[Row]:
    return [Row.of(group, subject.name, "CPU", costs[subject.name]) for subject in subjects]


if __name__ == "__main__":
    run("overhead", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
