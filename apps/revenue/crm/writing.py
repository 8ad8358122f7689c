"""Rows of an export as CSV files, as RFC 4180 has them, in UTF-8 without a mark: one for each way of knowing records.

What both importers do with a blank cell is nothing: the field keeps what it says. So a file has all columns in which
any row says something, and each row only its own cells. There is no mark at the beginning, since some importers take it
for a part of the first column's name.
"""

import csv
from collections.abc import Iterable
from io import StringIO

from .contract import Export, ExportRow


def heads_of(export: Export, *, by_record_id: bool) -> list[str]:
    """The columns of one of both files: what records are known by, then those that say something."""
    known_by = export.record_id_column if by_record_id else export.key_column
    own = (export.record_id_column, export.key_column) if not by_record_id else (export.record_id_column,)
    return [known_by, *(name for name in export.columns if name not in own)]


def head_line(heads: list[str]) -> str:
    """The first line of a file."""
    return _lines([heads])


def body_lines(heads: list[str], rows: Iterable[ExportRow]) -> str:
    """The lines of rows, each under these heads."""
    return _lines([row.key, *(row.cells.get(name, "") for name in heads[1:])] for row in rows)


def _lines(rows: Iterable[list[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
