"""Tables of examples: CSV in pieces, kept as rows; and what of them is learnt from, in bounded memory."""

import csv
import heapq
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Topic

from .contract import ExamplePiece, ExamplesRejected, LeadOutcomes, Training
from .judge import values_of
from .report import NAME
from .scored import Kept

ROWS_MAX = 100_000
"""As many rows are learnt from; of more, these are a sample that is the same every time."""
COLUMNS_MAX = 200
PIECE_ROWS_MAX = 20_000
FIELD_CHARS_MAX = 10_000
HOLDOUT = 5
"""Every fifth row, by its digest, is never learnt from."""

OUTCOME = "outcome"
NOT_OF_A_KIND = frozenset((
    "id", "revision", "captured_at", "updated_at", "attributes", "email", "first_name", "last_name", "phone",
    "mobile_phone", "street", "external_id",
))  # fmt: skip
"""Fields of a lead that name it, and say nothing of leads like it."""
LEAD_COLUMNS = (
    *(f"lead.{name}" for name in Lead.__struct_fields__ if name not in NOT_OF_A_KIND),
    *(f"fact.{topic}" for topic in Topic if topic not in (Topic.EMAIL, Topic.PHONE, Topic.UNKNOWN)),
)

_ROWS = msgspec.json.Decoder(list[tuple[str | None, ...]])
_COLUMNS = msgspec.json.Decoder(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learnt from: rows in the order of their table, and which of them are held out."""

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    held_out: list[bool]
    rows_in_all: int = 0
    notes: list[str] = field(default_factory=list[str])


def piece_row(piece: ExamplePiece) -> dict[str, Any]:  # Any: values of all columns
    """A piece of CSV as it is kept.

    Raises:
        ExamplesRejected: it is none that could be learnt from.
    """
    _check_name(piece.table, piece.number)
    try:
        text = piece.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExamplesRejected(
            table=piece.table, explanation="the piece is not UTF-8: convert the file first"
        ) from None
    if "\0" in text:
        raise ExamplesRejected(table=piece.table, explanation="the piece has a NUL character: this is no text")
    header = text.partition("\n")[0]
    delimiter = piece.delimiter or max(",;\t|", key=header.count)
    if len(delimiter) != 1:
        raise ExamplesRejected(table=piece.table, explanation=f"the delimiter `{delimiter}` is not one character")
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise ExamplesRejected(table=piece.table, explanation=f"the piece is no CSV: {error}") from None
    columns = tuple(name.strip() for name in lines[0]) if lines else ()
    _check_columns(piece.table, columns)
    rows: list[tuple[str | None, ...]] = []
    for number, line in enumerate(lines[1:], 2):
        if not any(line):
            continue
        if len(line) != len(columns):
            explanation = f"line {number} has {len(line)} fields, and there are {len(columns)} columns"
            raise ExamplesRejected(table=piece.table, explanation=explanation)
        rows.append(tuple(cell.strip()[:FIELD_CHARS_MAX] or None for cell in line))
    return _row(piece.table, piece.number, columns, rows)


def outcomes_row(
    outcomes: LeadOutcomes, kept: Iterable[tuple[str, Kept]]
) -> dict[str, Any]:  # Any: values of all columns
    """Outcomes of leads as they are kept: a row for each lead that is known, the oldest lead first.

    Raises:
        ExamplesRejected: none of the leads is known.
    """
    _check_name(outcomes.table, outcomes.number)
    by_lead = dict(kept)
    known = [each for each in outcomes.outcomes if each.lead_id in by_lead]
    if not known:
        raise ExamplesRejected(table=outcomes.table, explanation="none of these leads was scored here")
    known.sort(key=lambda each: (by_lead[each.lead_id].lead.captured_at, each.lead_id))
    attributes = sorted({f"attribute.{name}" for each in known for name in by_lead[each.lead_id].lead.attributes})
    columns = (OUTCOME, "captured_at", *LEAD_COLUMNS, *attributes)[:COLUMNS_MAX]
    rows: list[tuple[str | None, ...]] = []
    for each in known:
        one = by_lead[each.lead_id]
        value = values_of(one.lead, one.profile)
        said = (value(column) for column in columns[2:])
        rows.append((each.outcome, one.lead.captured_at.isoformat(), *said))
    return _row(outcomes.table, outcomes.number, columns, rows)


class Sample:
    """The rows of a table, piece by piece: all of them, or `ROWS_MAX` by digest, which are the same every time."""

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self._heap: list[tuple[int, int, tuple[str | None, ...]]] = []
        self._words: dict[str, str] = {}
        self._rows = 0

    def add(self, header: str, content: str) -> None:
        """Take a piece."""
        names = _COLUMNS.decode(header)
        places = [self.columns.setdefault(name, len(self.columns)) for name in names]
        is_whole = places == list(range(len(names)))
        for row in _ROWS.decode(content):
            item = (-_digest(row), self._rows, _placed(row, places, is_whole=is_whole, words=self._words))
            self._rows += 1
            if len(self._heap) < ROWS_MAX:
                heapq.heappush(self._heap, item)
            elif item[0] > self._heap[0][0]:
                heapq.heapreplace(self._heap, item)

    def examples(self, training: Training) -> Examples:
        """What is learnt from, in the order of the table.

        Raises:
            ExamplesRejected: a column that is named is not there.
        """
        for name in (training.outcome, *training.leave_out, *training.allow, training.time):
            if name is not None and name not in self.columns:
                known = ", ".join(sorted(self.columns))
                raise ExamplesRejected(
                    table=training.table, explanation=f"there is no column `{name}`; there are {known}"
                )
        taken = sorted(self._heap, key=lambda item: item[1])
        width = len(self.columns)
        rows = [row if len(row) == width else (*row, *[None] * (width - len(row))) for _, _, row in taken]
        notes: list[str] = []
        if self._rows > len(rows):
            notes.append(f"{self._rows:,} rows are a lot: {len(rows):,} of them, chosen by digest, were used.")
        held_out = [digest % HOLDOUT == 0 for digest, _, _ in taken]
        return Examples(tuple(self.columns), rows, held_out, self._rows, notes)


def _placed(
    row: Sequence[str | None], places: Sequence[int], *, is_whole: bool, words: dict[str, str]
) -> tuple[str | None, ...]:
    """A row with each value in its column's place; equal texts are one object, as long as there are not too many."""
    several = [None if value is None else words.setdefault(value, value) for value in row]
    if len(words) > ROWS_MAX:
        words.clear()
    if is_whole:
        return tuple(several)
    placed: list[str | None] = [None] * (max(places) + 1)
    for place, value in zip(places, several, strict=True):
        placed[place] = value
    return tuple(placed)


def _digest(row: Sequence[str | None]) -> int:
    return int.from_bytes(blake2b("\x1f".join(value or "" for value in row).encode(), digest_size=7).digest())


def _row(
    table: str, number: int, columns: tuple[str, ...], rows: list[tuple[str | None, ...]]
) -> dict[str, Any]:  # Any: values of all columns
    if len(rows) > PIECE_ROWS_MAX:
        explanation = f"the piece has {len(rows):,} rows: send {PIECE_ROWS_MAX:,} at most"
        raise ExamplesRejected(table=table, explanation=explanation)
    header, content = msgspec.json.encode(columns), msgspec.json.encode(rows)
    return {
        "table_name": table,
        "piece": number,
        "rows": len(rows),
        "columns": header.decode(),
        "content": content.decode(),
        "digest": blake2b(header + content, digest_size=32).hexdigest(),
    }


def _check_name(table: str, number: int) -> None:
    if not re.fullmatch(NAME, table):
        explanation = "call a table by letters, digits, `_`, `-` and `.`, 100 at most"
        raise ExamplesRejected(table=table[:100], explanation=explanation)
    if not 0 <= number < 1_000_000:
        raise ExamplesRejected(table=table, explanation=f"there is no piece {number}: count from 0")


def _check_columns(table: str, columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    explanation = (
        "the piece is empty: every piece begins with the header" if not columns
        else f"{len(columns)} columns are too many: send {COLUMNS_MAX} at most" if len(columns) > COLUMNS_MAX
        else "a column has no name" if not all(columns)
        else f"the column `{twice[0]}` is there twice" if twice
        else None
    )  # fmt: skip
    if explanation is not None:
        raise ExamplesRejected(table=table, explanation=explanation)
