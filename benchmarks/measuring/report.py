"""What a benchmark found, and the file that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.measuring.cost import Cost


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
class Ratio:
    """One value that decides something. It holds when it is at most `goal`; without a goal it only informs."""

    name: str
    value: float
    goal: float | None = None
    unit: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal


@dataclass(slots=True)
class Findings:
    """Everything that a benchmark found, in the order in which it is shown. Filled by the benchmark alone."""

    rows: list[Row] = field(default_factory=list[Row])
    ratios: list[Ratio] = field(default_factory=list[Ratio])


def as_json(facts: Mapping[str, object], findings: Findings) -> bytes:
    """The findings as JSON, beside the facts about the run; equal findings make equal bytes."""
    rows = [
        {
            "group": row.group,
            "name": row.name,
            "metric": row.metric,
            "unit": row.unit,
            "median": _rounded(row.cost.median),
            "least": _rounded(row.cost.least),
            "spread": round(row.cost.spread, 3),
            "samples": len(row.cost.samples),
        }
        for row in findings.rows
    ]
    ratios = [
        {
            "name": ratio.name,
            "value": _rounded(ratio.value),
            "goal": ratio.goal,
            "unit": ratio.unit,
            "holds": ratio.holds,
        }
        for ratio in findings.ratios
    ]
    return msgspec.json.format(msgspec.json.encode({**facts, "ratios": ratios, "rows": rows}), indent=2) + b"\n"


def write(folder: Path, name: str, content: bytes) -> Path:
    """Keep the findings in `folder/name.json`; the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(content)
    return path


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
