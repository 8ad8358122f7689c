"""What the command line shows: tables and colours on a terminal, plain lines in a pipe."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from revenue.capture.contract import Column, Lead, MappedBy, Target
from revenue.scoring.contract import Grade

from .importing import Tally

GRADE_STYLES = {Grade.A: "bold green", Grade.B: "green", Grade.C: "yellow", Grade.D: "dim"}
MAPPED_BY = {
    MappedBy.ASKED: "you asked",
    MappedBy.HEADER: "by its name",
    MappedBy.CONTENT: "by its content",
    MappedBy.NOTHING: "kept as it is",
}


class Screen:
    """Standard output for results, standard error for progress. Both are plain when they are no terminal."""

    def __init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self.err = Console(stderr=True, highlight=False)

    def say(self, text: str = "") -> None:
        """A line, with rich's markup."""
        self.out.print(text)

    def table(
        self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
    ) -> None:
        """A table on a terminal, tab-separated lines elsewhere. `numbers` are the columns to align right."""
        if not self.out.is_terminal:
            self.out.print(f"\n{title}", markup=False)
            for row in (heads, *rows):
                cells = (Text.from_markup(cell).plain.replace("\n", " ") for cell in row)
                click.echo("\t".join(cells))  # rich would make blanks of the tabs
            return
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for position, head in enumerate(heads):
            table.add_column(head, justify="right" if position in numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

    @contextmanager
    def progress(self, what: str, total: int) -> "Generator[Bar]":
        """A progress bar of so much on standard error; nothing where that is no terminal."""
        with Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            TextColumn("{task.fields[counts]}"), console=self.err, disable=not self.err.is_terminal,
        ) as progress:  # fmt: skip
            yield Bar(progress, what, total)


class Bar:
    """The one bar of a progress display."""

    def __init__(self, progress: Progress, what: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=total, counts="")

    def reach(self, done: int, total: int, counts: str) -> None:
        """So much of so much is done."""
        self._progress.update(self._task, completed=done, total=total, counts=counts)

    def show(self, tally: Tally) -> None:
        """How far the import is."""
        counts = f"{tally.accepted} accepted, {tally.known} known, {tally.rejected.total()} rejected"
        self._progress.update(self._task, completed=tally.bytes_done, counts=counts)


def show_mapping(screen: Screen, tally: Tally) -> None:
    """Where each column goes, and why."""
    rows = [
        [escape(column.name), _target(column), MAPPED_BY.get(column.mapped_by, ""), escape(column.example[:40])]
        for column in tally.columns
    ]
    screen.table("Columns", ("column", "goes to", "why", "for example"), rows)
    if tally.encoding == "windows-1252":
        screen.say(
            "The file is not in UTF-8 and is read as Windows-1252 (Western Europe). Where letters look wrong, save it"
            " as UTF-8 and import that: it mends whoever has an address or a record id."
        )
    if tally.uncomputed:
        screen.say(
            f"{tally.uncomputed} cells of the workbook hold formulas that no program has computed yet: they are empty"
            " here. Open it where they are computed, save it, and import that."
        )


def _target(column: Column) -> str:
    return {Target.ATTRIBUTE.value: "(attribute)", Target.IGNORE.value: "(ignored)"}.get(column.target, column.target)


def show_tally(screen: Screen, tally: Tally, *, is_dry_run: bool) -> None:
    """What became of the rows."""
    would = "would be " if is_dry_run else ""
    screen.say(
        f"{tally.rows} rows: [green]{tally.accepted} {would}accepted[/],"
        f" {tally.known} known ({tally.updated} {would}updated, {tally.unchanged} unchanged),"
        f" [red]{tally.rejected.total()} {would}rejected[/]."
    )
    if is_dry_run and tally.pieces > 1:
        screen.say(f"These are {tally.pieces} pieces, each by itself: a lead in two of them counts as accepted twice.")
    if tally.rejected:
        rows = [
            [str(count), reason, str(tally.examples[reason].line), escape(tally.examples[reason].explanation)]
            for reason, count in tally.rejected.most_common()
        ]
        screen.table("Rejected", ("rows", "reason", "first line", "what to do"), rows, numbers=(0, 2))
    if tally.rejected_path is not None:
        screen.say(
            f"The rejected rows are in {escape(str(tally.rejected_path))}: mend them there and import that file"
            " (with the same --map)."
        )


def name_of(lead: Lead) -> str:
    """What people call a lead."""
    person = " ".join(part for part in (lead.first_name, lead.last_name) if part)
    return " · ".join(part for part in (person or lead.email, lead.company) if part) or lead.id


def graded(grade: Grade) -> str:
    """The grade in its colour."""
    return f"[{GRADE_STYLES[grade]}]{grade}[/]" if grade in GRADE_STYLES else str(grade)
