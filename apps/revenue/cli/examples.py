"""Examples for a model: a table of leads whose outcome is known, or what became of leads that are here."""

import csv
import re
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import suppress
from io import BufferedIOBase, StringIO
from pathlib import Path

import click

from atoll import Page
from atoll.elsewhere import Connected
from revenue.capture.contract import Capture, LeadQuery
from revenue.paging import items_of
from revenue.routing.contract import Assignment, Routing, Status
from revenue.scoring.contract import (
    ExamplePiece,
    ExamplesNotFound,
    ExamplesRejected,
    LeadOutcome,
    LeadOutcomes,
    Scoring,
)

from .pieces import pieces
from .screen import Bar

PIECE_ROWS = 5_000
OUTCOMES = 1_000
"""In a piece."""
PAGE = 1_000
STATUSES = (Status.QUALIFIED, Status.DISQUALIFIED)
"""Those that say what became of a lead."""
NAME_MAX = 100
TAKEN = frozenset({"outcomes"})
"""Names that are words of Scoring's paths."""
DELIMITERS = ",;\t|"


def table_name(path: Path) -> str:
    """What a file's table is called.

    >>> table_name(Path("Deals 2026 (won).csv"))
    'Deals-2026-won'
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[:NAME_MAX] or "examples"
    return f"{name}-csv" if name in TAKEN else name


async def send_table(scoring: Scoring, table: str, file: BufferedIOBase, bar: Bar, size: int) -> None:
    """Make a CSV file the table of this name, in the place of whatever was called so.

    Raises:
        LineTooLong: its header does not end.
        ClickException: a row is too long to be sent.
        ExamplesRejected: nothing can be learnt from it as it is.
    """
    await scoring.drop_examples(table)
    for number, piece in enumerate(pieces(file, PIECE_ROWS)):
        if piece.refused:
            raise click.ClickException(f"Line {piece.refused[0].line}: {piece.refused[0].explanation}")
        kept = await scoring.add_examples(ExamplePiece(table=table, number=number, content=piece.content))
        bar.reach(file.tell(), max(size, 1), f"{kept.rows} rows")


async def send_outcomes(scoring: Scoring, table: str, outcomes: AsyncIterator[LeadOutcome], bar: Bar) -> int:
    """Make what became of leads the table of this name, with what is known of them here; how many there are.

    Raises:
        ExamplesRejected: none of the leads was scored here.
    """
    taken: list[LeadOutcome] = []
    async for each in outcomes:
        taken.append(each)
        bar.reach(len(taken), len(taken), f"{len(taken)} outcomes")
    await scoring.drop_examples(table)
    refused: ExamplesRejected | None = None
    for number, begin in enumerate(range(0, len(taken), OUTCOMES)):
        several = tuple(taken[begin : begin + OUTCOMES])
        try:
            await scoring.add_outcomes(LeadOutcomes(table=table, number=number, outcomes=several))
        except ExamplesRejected as problem:  # of this piece nobody is here, and of others perhaps
            refused = problem
    with suppress(ExamplesNotFound):
        return (await scoring.examples(table)).rows
    if refused is not None:
        raise refused
    return 0


async def outcomes_here(it: Connected) -> AsyncIterator[LeadOutcome]:
    """What became of leads that are here, by their status."""
    routing = it.client(Routing)
    for status in STATUSES:

        def page(cursor: str | None, status: Status = status) -> Awaitable[Page[Assignment]]:
            return routing.assignments(status=status, cursor=cursor, limit=PAGE)

        async for each in items_of(page):
            yield LeadOutcome(lead_id=each.lead_id, outcome=status)


async def outcomes_in(it: Connected, text: str, lead: str, outcome: str) -> AsyncIterator[LeadOutcome]:
    """What a CSV says became of leads that are here; its column `lead` has their ids or e-mail addresses.

    Raises:
        ClickException: one of the columns is not there.
    """
    capture = it.client(Capture)
    for row in _rows(text, (lead, outcome)):
        who, what = row[lead], row[outcome]
        if not who or not what:
            continue
        ids = [each.id for each in await capture.find(LeadQuery(email=who))] if "@" in who else [who]
        for lead_id in ids:
            yield LeadOutcome(lead_id=lead_id, outcome=what)


def _rows(text: str, columns: Iterable[str]) -> Iterable[dict[str, str]]:
    header = text.partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=max(DELIMITERS, key=header.count))
    heads = [name.strip() for name in next(reader, list[str]())]
    for column in columns:
        if column not in heads:
            raise click.ClickException(f"there is no column `{column}` in the file; there are {', '.join(heads)}")
    return (dict(zip(heads, map(str.strip, cells), strict=False)) for cells in reader if len(cells) == len(heads))
