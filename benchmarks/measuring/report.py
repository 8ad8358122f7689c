"""What a benchmark found, and the file that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.measuring.cost import Cost
from benchmarks.measuring.plot import Panel


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: `name` in `group` has the `metric`, in `unit`. `cost` is in units of `unit`."""

    group: str
    name: str
    metric: str
    unit: str
    cost: Cost

    @classmethod
    def of(cls, group: str, name: str, metric: str, cost: Cost) -> "Row":
        """The row of a cost in seconds or bytes, in the unit in which people read the metric."""
        unit, scale = UNITS[metric]
        return cls(group, name, metric, unit, Cost(tuple(sample * scale for sample in cost.samples)))


UNITS = {
    "CPU": ("µs", 1e6),
    "wall": ("ms", 1e3),
    "CPU to start": ("ms", 1e3),
    "RSS": ("MB", 1e-6),
    "USS": ("MB", 1e-6),
    "memory": ("kB", 1e-3),
}
"""The metrics, each with its unit and how many of it make a second or a byte."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls a stack answers in a second, how long they take and what each costs on either side.

    Every cost has a sample a round: calls in a second, seconds, seconds of processor time for one call.
    """

    stack: str
    case: str
    in_flight: int
    per_s: Cost
    p50: Cost
    p99: Cost
    client_cpu: Cost
    server_cpu: Cost


@dataclass(frozen=True, slots=True)
class Ratio:
    """One value that decides something; without a goal it only informs.

    It holds when it is at most `goal`, or at least, where more is better.
    """

    name: str
    value: float
    goal: float | None = None
    unit: str = ""
    bound: Literal["at most", "at least"] = "at most"

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.bound == "at most" else self.value >= self.goal


@dataclass(slots=True)
class Findings:
    """Everything that a benchmark found, in the order in which it is shown. Filled by the benchmark alone."""

    rows: list[Row] = field(default_factory=list[Row])
    rates: list[Rate] = field(default_factory=list[Rate])
    ratios: list[Ratio] = field(default_factory=list[Ratio])
    panels: list[Panel] = field(default_factory=list[Panel])
    """What is drawn, in one picture beside the file."""


def as_json(facts: Mapping[str, object], findings: Findings) -> bytes:
    """The findings as JSON, beside the facts about the run; equal findings make equal bytes.

    A goal is an upper bound where nothing else is said; `"bound": "at least"` says that it is a lower one.
    """
    rows = [*map(_row, findings.rows), *map(_rate, findings.rates)]
    ratios = [_ratio(ratio) for ratio in findings.ratios]
    return msgspec.json.format(msgspec.json.encode({**facts, "ratios": ratios, "rows": rows}), indent=2) + b"\n"


def _row(row: Row) -> dict[str, object]:
    return {
        "group": row.group,
        "name": row.name,
        "metric": row.metric,
        "unit": row.unit,
        "median": _rounded(row.cost.median),
        "least": _rounded(row.cost.least),
        "spread": round(row.cost.spread, 3),
        "samples": len(row.cost.samples),
    }


def _rate(rate: Rate) -> dict[str, object]:
    return {
        "stack": rate.stack,
        "case": rate.case,
        "in_flight": rate.in_flight,
        "per_s": _rounded(rate.per_s.median),
        "p50_us": _rounded(rate.p50.median * 1e6),
        "p99_us": _rounded(rate.p99.median * 1e6),
        "client_cpu_us": _rounded(rate.client_cpu.median * 1e6),
        "server_cpu_us": _rounded(rate.server_cpu.median * 1e6),
        "spread": round(rate.per_s.spread, 3),
        "samples": len(rate.per_s.samples),
    }


def _ratio(ratio: Ratio) -> dict[str, object]:
    bound = {} if ratio.bound == "at most" else {"bound": ratio.bound}
    content = {"name": ratio.name, "value": _rounded(ratio.value), "goal": ratio.goal}
    return {**content, **bound, "unit": ratio.unit, "holds": ratio.holds}


def write(folder: Path, name: str, content: bytes, kind: str = "json") -> Path:
    """Keep the findings in `folder/name.json`, or their picture as `svg`; the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{kind}"
    path.write_bytes(content)
    return path


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
