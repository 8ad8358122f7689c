"""What becomes of a service that is offered more than it can bear, and how soon is it over?

A handler that computes, in one process; the load is open. Beside it the same handler on FastAPI and uvicorn, without
protection. First what each can do at its best; then 0.5 to 5 times that, and after each a load that it can bear.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.measuring import Cost, Findings, Panel, Program, Programs, Ratio, Row, Screen, cores, run
from benchmarks.subjects.open_load import Offer, Taken

GOODPUT_MIN = 0.85
"""The goal: what of the best is left at three times the load."""
RECOVERED_S_MAX = 3.0

PATIENCE_S = 1.0
ATOLL, FASTAPI = "atoll", "fastapi on uvicorn"
PARTS = ("atoll", "fastapi", "httptools", "starlette", "uvicorn", "uvloop")
NEVER_S = 99.0


@dataclass(frozen=True, slots=True)
class Size:
    """How long each load is, which ones there are (per cent of what can be borne), how long it is watched after it."""

    offer_s: float
    after_s: float
    percents: tuple[int, ...] = (50, 100, 150, 200, 300, 500)
    guess_per_s: float = 2_000.0


SIZES = {
    "tiny": Size(0.5, 0.5, (50, 300), guess_per_s=4_000.0),  # for tests: says nothing
    "small": Size(5.0, 5.0),
    "full": Size(20.0, 10.0),
}


@dataclass(slots=True)
class _Found:
    """One stack, at each load."""

    best_per_s: float = 0.0
    per_s: dict[int, float] = field(default_factory=dict[int, float])
    taken: dict[int, Taken] = field(default_factory=dict[int, Taken])
    recovered_s: dict[int, float] = field(default_factory=dict[int, float])


def measure(size: Size, screen: Screen) -> Findings:
    """Both stacks, one after the other, each with a core of its own."""
    load_core, server_core = cores()
    found: dict[str, _Found] = {}
    for name, module in {ATOLL: "overload_atoll", FASTAPI: "overload_fastapi"}.items():
        with Programs() as programs:
            server = programs.start(name, f"benchmarks.subjects.{module}", core=server_core)
            load = programs.start("load", "benchmarks.subjects.open_load", server.ready(), core=load_core)
            load.ready()
            with screen.progress(name, len(size.percents)) as advance:
                found[name] = _measured(load, size, advance)
    return _findings(found, size)


def _measured(load: Program, size: Size, advance: Callable[[], None]) -> _Found:
    found = _Found()
    found.best_per_s = _best(load, size)
    for percent in size.percents:
        offered = found.best_per_s * percent / 100
        taken = _offer(load, offered, size.offer_s)
        after = _offer(load, found.best_per_s * 0.5, size.after_s)
        found.per_s[percent] = taken.good / size.offer_s
        found.taken[percent] = taken
        found.recovered_s[percent] = _recovered_s(after)
        advance()
    return found


def _best(load: Program, size: Size) -> float:
    """What it can do: the load is raised until no more is answered in time."""
    best, offered = 0.0, size.guess_per_s / 32
    while True:
        good = _offer(load, offered, min(3.0, size.offer_s)).good / min(3.0, size.offer_s)
        if good <= best * 1.05:
            return max(best, 1.0)
        best, offered = good, offered * 1.3


def _offer(load: Program, per_s: float, seconds: float) -> Taken:
    return load.ask(Offer(per_s, seconds, PATIENCE_S), Taken, seconds + PATIENCE_S)


def _recovered_s(after: Taken) -> float:
    """From which second on all that is asked is answered in time, nearly."""
    for second in range(len(after.made_each_s)):
        pairs = list(zip(after.good_each_s[second:], after.made_each_s[second:], strict=True))
        if all(good >= 0.95 * made for good, made in pairs):
            return float(second)
    return NEVER_S


def _findings(found: Mapping[str, _Found], size: Size) -> Findings:
    findings = Findings()
    for name, each in found.items():
        for percent, taken in each.taken.items():
            case = f"{name}, {percent} % of what it can bear"
            for metric, unit, value in (
                ("goodput", "calls/s", each.per_s[percent]),
                ("refused", "calls/s", taken.refused / size.offer_s),
                ("late", "calls/s", taken.late / size.offer_s),
                ("p50", "ms", taken.p50_s * 1e3),
                ("p99", "ms", taken.p99_s * 1e3),
                ("recovered", "s", each.recovered_s[percent]),
            ):
                findings.rows.append(Row("Offered load", case, metric, unit, Cost((value,))))
    ours = found[ATOLL]
    theirs = _kept_at_three(found[FASTAPI])
    findings.ratios += [
        Ratio(f"{ATOLL}: goodput at 3 x the load / at its best", _kept_at_three(ours), GOODPUT_MIN, bound="at least"),
        Ratio(f"{ATOLL}: recovered after 3 x the load", ours.recovered_s[300], RECOVERED_S_MAX, "s"),
        Ratio(f"{FASTAPI}: goodput at 3 x the load / at its best", theirs),
    ]
    findings.panels += [
        _panel("Goodput", "answered in time, calls/s", found, {name: each.per_s for name, each in found.items()}),
        _panel("Latency", "p99 of those, ms", found, {n: _p99(each) for n, each in found.items()}),
    ]
    return findings


def _kept_at_three(found: _Found) -> float:
    """What is left of the best at three times the load; nothing, where no load was ever answered in time."""
    best_per_s = max(found.per_s.values())
    return found.per_s[300] / best_per_s if best_per_s else 0.0


def _p99(found: _Found) -> dict[int, float]:
    return {percent: taken.p99_s * 1e3 for percent, taken in found.taken.items()}


def _panel(title: str, unit: str, found: Mapping[str, _Found], values: Mapping[str, Mapping[int, float]]) -> Panel:
    steps = list(next(iter(found.values())).per_s)
    lines = {name: [by_step[step] for step in steps] for name, by_step in values.items()}
    return Panel(title, unit, "offered load, % of what it can bear", steps, lines, is_to_scale=True)


if __name__ == "__main__":
    run("overload", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
