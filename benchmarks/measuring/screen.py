"""What a benchmark shows: a bar while it runs, tables at its end. In a pipe: lines, and no colours."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.measuring.report import Findings, Rate, Ratio, Row

WIDTH = 120
"""Of a table where no terminal says how wide it is."""


class Screen:
    """Standard output for results, standard error for progress; `quiet` leaves both to the JSON."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = _console(stderr=False, quiet=quiet)
        self._err = _console(stderr=True, quiet=quiet)

    @contextmanager
    def progress(self, what: str, total: int) -> Generator[Callable[[], None], None, None]:
        """A bar of `total` steps; call what is given after each. A line where there is no terminal."""
        if not self._err.is_terminal:
            self._err.print(f"{what} ...")
            yield lambda: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        with Progress(*columns, TimeElapsedColumn(), console=self._err) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)

    def show(self, findings: Findings) -> None:
        """A table for each group of rows, one for each case of rates, and one for the ratios."""
        for group, rows in groupby(findings.rows, key=lambda row: row.group):
            self._out.print(_rows_table(group, list(rows)))
        for (case, in_flight), rates in groupby(findings.rates, key=lambda rate: (rate.case, rate.in_flight)):
            self._out.print(_rates_table(f"{case}, {in_flight} in flight", rates))
        self._out.print(_ratios_table(findings.ratios))

    def say(self, text: str) -> None:
        """One line."""
        self._out.print(text)


def _console(*, stderr: bool, quiet: bool) -> Console:
    console = Console(stderr=stderr, quiet=quiet, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", overflow="fold")
    return table


def _rows_table(title: str, rows: Sequence[Row]) -> Table:
    """A line for each name, a column for the median of each metric; the rest in columns where there is but one."""
    metrics = list({row.metric: row.unit for row in rows}.items())
    table = _table(title)
    for metric, unit in metrics:
        table.add_column(f"{metric}, {unit}", justify="right")
    if len(metrics) == 1:
        table.add_column("least", justify="right")
    table.add_column("spread", justify="right", style="dim")
    for name, found in groupby(rows, key=lambda row: row.name):
        cells = {row.metric: row.cost for row in found}
        shown = [_number(cells[metric].median) if metric in cells else "" for metric, _ in metrics]
        first = next(iter(cells.values()))
        if len(metrics) == 1:
            shown.append(_number(first.least))
        table.add_row(name, *shown, f"{first.spread:.0%}")
    return table


def _rates_table(title: str, rates: Iterable[Rate]) -> Table:
    table = _table(title)
    for head in ("calls/s", "p50, µs", "p99, µs", "client CPU, µs", "server CPU, µs"):
        table.add_column(head, justify="right")
    table.add_column("spread", justify="right", style="dim")
    for rate in rates:
        costs = (rate.p50, rate.p99, rate.client_cpu, rate.server_cpu)
        shown = [_number(rate.per_s.median), *(_number(cost.median * 1e6) for cost in costs)]
        table.add_row(rate.stack, *shown, f"{rate.per_s.spread:.0%}")
    return table


def _ratios_table(ratios: Sequence[Ratio]) -> Table:
    table = _table("Goals and ratios")
    for head in ("value", "goal", "holds"):
        table.add_column(head, justify="right")
    for ratio in ratios:
        goal = "" if ratio.goal is None else f"{ratio.bound} {_with_unit(ratio.goal, ratio.unit)}"
        holds = {True: "yes", False: "NO", None: ""}[ratio.holds]
        style = "bold red" if ratio.holds is False else None
        table.add_row(ratio.name, _with_unit(ratio.value, ratio.unit), goal, holds, style=style)
    return table


def _with_unit(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    """Three digits that count: 0.0613, 8.14, 234."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
