"""What came of the runs: a table for people, JSON for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.campaigns.crash.running import Outcome
from tests.campaigns.crash.scenarios import Scenario


@dataclass
class Row:
    """The runs of one scenario."""

    scenario: Scenario
    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(outcome.kills.total() for outcome in self.outcomes)

    @property
    def catch_up_s(self) -> list[float]:
        """How long it took until everything had arrived, shortest first."""
        return sorted(outcome.caught_up_s for outcome in self.outcomes if outcome.caught_up_s is not None)

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        """All figures."""
        caught_up = self.catch_up_s
        books = [outcome.book for outcome in self.outcomes]
        verdicts = [outcome.verdict for outcome in self.outcomes]
        return {
            "killed": self.scenario.victim,
            "database": self.scenario.database,
            "instances": self.scenario.instances,
            "runs": len(self.outcomes),
            "kills": self.kills,
            "acknowledged": sum(len(book.acknowledged) for book in books),
            "unknown": sum(len(book.unknown) for book in books),
            "lost": sum(verdict.lost for verdict in verdicts),
            "doubled": sum(verdict.doubled for verdict in verdicts),
            "disordered": sum(verdict.disordered for verdict in verdicts),
            "torn": sum(verdict.torn for verdict in verdicts),
            "late": len(self.outcomes) - len(caught_up),
            "caught_up_p50_s": round(median(caught_up), 2) if caught_up else None,
            "caught_up_max_s": round(caught_up[-1], 2) if caught_up else None,
            "failed_seeds": [outcome.seed for outcome in self.outcomes if not outcome.is_clean],
        }


def rows_of(outcomes: Sequence[Outcome]) -> list[Row]:
    """The runs, by scenario."""
    rows: dict[Scenario, Row] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.scenario, Row(outcome.scenario)).outcomes.append(outcome)
    return list(rows.values())


def as_json(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:  # Any: JSON
    """Everything, for programs."""
    runs, failed = len(outcomes), sum(not outcome.is_clean for outcome in outcomes)
    kills = sum(outcome.kills.total() for outcome in outcomes)
    return {
        "seed": seed,
        "runs": runs,
        "failed": failed,
        "kills": kills,
        "acknowledged": sum(len(outcome.book.acknowledged) for outcome in outcomes),
        "upper_bound_95": {"runs": round(3 / runs, 6), "kills": round(3 / kills, 6)} if runs and not failed else None,
        "scenarios": [row.as_json() for row in rows_of(outcomes)],
        "points": dict(sorted(reached(outcomes).items())),
        "points_never_reached": sorted(never_reached(outcomes)),
        "findings": {str(outcome.seed): outcome.verdict.findings for outcome in outcomes if not outcome.is_clean},
    }


def reached(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How often which crash point was reached, by service and name."""
    return sum((outcome.points for outcome in outcomes), Counter[str]())


def never_reached(outcomes: Sequence[Outcome]) -> set[str]:
    """Points that were to be reached often enough, and never were: a fault that never occurs proves nothing."""
    wanted = sum((outcome.unreached for outcome in outcomes), Counter[str]())
    return {point for point, count in wanted.items() if count >= 5 and not reached(outcomes)[point]}


def show(outcomes: Sequence[Outcome], seed: int, console: Console) -> None:
    """The table, and what was found."""
    table = Table(title="kill -9 under load", title_justify="left", box=None, header_style="bold")
    columns = ("killed", "database", "instances", "runs", "kills", "acknowledged", "unknown", "lost", "doubled")
    for name in (*columns, "out of order", "torn", "late", "p50 s", "max s"):
        table.add_column(name, justify="left" if name in {"killed", "database"} else "right")
    for row in rows_of(outcomes):
        table.add_row(*(_shown(value) for name, value in row.as_json().items() if name != "failed_seeds"))
    console.print(table)
    said = as_json(outcomes, seed)
    console.print(
        f"{said['runs']} runs, {said['kills']} kills at random moments and at {len(said['points'])} crash points, "
        f"{said['acknowledged']} acknowledged, {said['failed']} runs failed"
    )
    if said["points_never_reached"]:
        console.print(f"[yellow]never reached:[/] {', '.join(said['points_never_reached'])}")
    for outcome in outcomes:
        if not outcome.is_clean:
            show_failed(outcome, console)


def show_failed(outcome: Outcome, console: Console) -> None:
    """What was found in a run, and how to repeat it."""
    late = "" if outcome.caught_up_s is not None else ", not everything has arrived in time"
    console.print(f"[red]seed {outcome.seed}[/] ({outcome.scenario}){late}, kept in {outcome.kept}")
    for finding in outcome.verdict.findings:
        console.print(f"  {finding}", markup=False, soft_wrap=True)
    console.print(f"  again: make crash RUNS=1 SEED={outcome.seed}", markup=False)


def _shown(value: object) -> str:
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
