"""The import of a file: pieces in, a tally out. Knows neither the terminal nor the network.

A file is CSV, lines of JSON, or a workbook, by what it begins with. Of a workbook the rows of one sheet become lines of
CSV here; what Capture keeps of it, and what is rejected, are those.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

from revenue.capture.contract import (
    Column,
    FileFormat,
    ImportPreview,
    ImportReport,
    LeadFile,
    RejectedRow,
    RowChange,
)

from .pieces import ROWS, Piece, lines_of, pieces_of, pieces_without_header
from .rejected import ChangeFile, RejectedFile, first_stem
from .sheets import ABOVE, Progress, is_workbook, sheet_lines

JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})
SHOWN_CHANGES = 20


class Importing(Protocol):
    """The part of Capture that takes files; its promises are Capture's."""

    async def preview(self, file: LeadFile) -> ImportPreview:
        """Say how a file would be read."""
        ...

    async def import_file(self, file: LeadFile) -> ImportReport:
        """Take a file in."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to import, and how.

    `mapping` is what the user asked for, by column; a piece has so many `rows`. `sheet` is that of a workbook, and
    `header_line` that of the columns' names, but in lines of JSON. A dry run writes what would change into `diff`,
    where one is named.
    """

    path: Path
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    is_dry_run: bool = False
    rows: int = ROWS
    sheet: str | None = None
    diff: Path | None = None
    header_line: int = 1

    def id_of(self, file: BufferedIOBase) -> str:
        """The import's id: equal for the same bytes with the same wishes, whatever the file is called."""
        more = (self.sheet or "") + (f" from {self.header_line}" if self.header_line > 1 else "")
        wishes = repr(sorted(self.mapping.items())).encode() + more.encode()
        digest = hashlib.file_digest(file, lambda: hashlib.sha256(wishes)).hexdigest()
        file.seek(0)
        return digest


@dataclass(slots=True)
class Tally:
    """What became of a file so far. `rejected` counts by reason; the rows themselves go to `rejected_path`."""

    columns: tuple[Column, ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    pieces: int = 0
    rows: int = 0
    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, RejectedRow] = field(default_factory=dict[str, RejectedRow])
    rejected_path: Path | None = None
    bytes_done: int = 0
    uncomputed: int = 0
    """Cells of a workbook that were read as empty, since no program has computed their formula yet."""
    changes: list[RowChange] = field(default_factory=list[RowChange])
    """The first of those that a dry run would make."""

    @property
    def known(self) -> int:
        """Rows of leads that were there already."""
        return self.updated + self.unchanged

    def add(self, report: ImportReport, refused: tuple[RejectedRow, ...] = ()) -> None:
        """Count a piece, and the rows that were not sent."""
        self.pieces += 1
        self.rows += report.rows + len(refused)
        self.accepted += report.accepted
        self.updated += report.updated
        self.unchanged += report.unchanged
        for row in (*report.rejected, *refused):
            self.rejected[row.reason] += 1
            self.examples.setdefault(row.reason, row)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it is read: its pieces, how it is written, how much of it is read by now; a workbook's sheet."""

    pieces: Iterator[Piece]
    format: FileFormat
    position: Callable[[], int]
    sheet: Progress = field(default_factory=Progress)


def opened(file: BufferedIOBase, order: Order) -> Opened:
    """The pieces of a file of any kind.

    Raises:
        SheetRejected: it is a workbook that cannot be read.
    """
    beginning = file.read(4096)
    size = file.seek(0, 2)
    file.seek(0)
    if is_workbook(beginning):
        progress = Progress()
        lines = sheet_lines(file, order.sheet, progress)
        ordered = pieces_of(lines, order.rows, above=ABOVE, header_line=order.header_line)
        return Opened(
            ordered, FileFormat.CSV, lambda: size * min(progress.done, progress.total) // progress.total, progress
        )
    is_json = order.path.suffix.casefold() in JSON_ENDINGS or beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    if is_json:
        return Opened(pieces_without_header(lines_of(file), order.rows), FileFormat.JSONL, file.tell)
    ordered = pieces_of(lines_of(file), order.rows, header_line=order.header_line)
    return Opened(ordered, FileFormat.CSV, file.tell)


async def import_stream(
    capture: Importing, file: BufferedIOBase, order: Order, tally: Tally, watcher: Callable[[], None]
) -> None:
    """Send a file piece by piece and count in `tally`; `watcher` is called when the mapping is known and after each.

    The first piece's mapping holds for all of them. A dry run keeps nothing, so that a lead which stands in two
    pieces counts as accepted twice.

    Raises:
        LineTooLong: the header does not end.
        SheetRejected: a workbook cannot be read.
    """
    import_id = order.id_of(file)
    source = opened(file, order)
    rejected = RejectedFile(order.path, is_json=source.format is FileFormat.JSONL)
    with ChangeFile(order.diff if order.is_dry_run else None) as diff:
        try:
            for piece in source.pieces:
                preview: ImportPreview | None = None
                if not tally.columns:
                    preview = await capture.preview(_lead_file(order, import_id, piece, order.mapping, source.format))
                    tally.columns = preview.columns
                    tally.delimiter, tally.encoding = preview.delimiter, preview.encoding
                    tally.uncomputed = source.sheet.uncomputed
                    watcher()
                mapping = {column.name: column.target for column in tally.columns}
                lead_file = _lead_file(order, import_id, piece, mapping, source.format)
                if not order.is_dry_run:
                    report = await capture.import_file(lead_file)
                else:
                    preview = preview or await capture.preview(lead_file)
                    report = preview.report
                    diff.add(preview.changes)
                    tally.changes += preview.changes[: SHOWN_CHANGES - len(tally.changes)]
                tally.add(report, piece.refused)
                if (rows := (*report.rejected, *piece.refused)) and not order.is_dry_run:
                    in_order = sorted(rows, key=lambda row: row.line)
                    tally.rejected_path = rejected.add(in_order, piece.header, tally.delimiter)
                tally.bytes_done = source.position()
                watcher()
        finally:
            rejected.close()


def _lead_file(
    order: Order, import_id: str, piece: Piece, mapping: Mapping[str, str], file_format: FileFormat
) -> LeadFile:
    return LeadFile(
        file_name=f"{first_stem(order.path)}{order.path.suffix}",
        content=piece.content,
        mapping=dict(mapping),
        first_row_line=piece.first_row_line,
        import_id=import_id,
        format=file_format,
    )
