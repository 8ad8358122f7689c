"""The import of a file: pieces in, a tally out. Knows neither the terminal nor the network."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

from revenue.capture.contract import Column, ImportPreview, ImportReport, LeadFile, RejectedRow

from .pieces import ROWS, Piece, pieces
from .rejected import RejectedFile, first_stem


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
    """What to import, and how. `mapping` is what the user asked for, by column; a piece has so many `rows`."""

    path: Path
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    is_dry_run: bool = False
    rows: int = ROWS

    def id_of(self, file: BufferedIOBase) -> str:
        """The import's id: equal for the same bytes with the same wishes, whatever the file is called."""
        wishes = repr(sorted(self.mapping.items())).encode()
        digest = hashlib.file_digest(file, lambda: hashlib.sha256(wishes)).hexdigest()
        file.seek(0)
        return digest


@dataclass(slots=True)
class Tally:
    """What became of a file so far. `rejected` counts by reason; the rows themselves go to `rejected_path`."""

    columns: tuple[Column, ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    rows: int = 0
    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, RejectedRow] = field(default_factory=dict[str, RejectedRow])
    rejected_path: Path | None = None
    bytes_done: int = 0

    @property
    def known(self) -> int:
        """Rows of leads that were there already."""
        return self.updated + self.unchanged

    def add(self, report: ImportReport) -> None:
        """Count a piece."""
        self.rows += report.rows
        self.accepted += report.accepted
        self.updated += report.updated
        self.unchanged += report.unchanged
        for row in report.rejected:
            self.rejected[row.reason] += 1
            self.examples.setdefault(row.reason, row)


async def import_stream(
    capture: Importing, file: BufferedIOBase, order: Order, tally: Tally, watcher: Callable[[], None]
) -> None:
    """Send a file piece by piece and count in `tally`; `watcher` is called when the mapping is known and after each.

    The first piece's mapping holds for all of them. A dry run keeps nothing, so that a lead which stands in two
    pieces counts as accepted twice.
    """
    rejected = RejectedFile(order.path)
    import_id = order.id_of(file)
    try:
        for piece in pieces(file, order.rows):
            preview: ImportPreview | None = None
            if not tally.columns:
                preview = await capture.preview(_lead_file(order, import_id, piece, order.mapping))
                tally.columns = preview.columns
                tally.delimiter, tally.encoding = preview.delimiter, preview.encoding
                watcher()
            mapping = {column.name: column.target for column in tally.columns}
            lead_file = _lead_file(order, import_id, piece, mapping)
            report = await _report(capture, lead_file, order, preview)
            tally.add(report)
            if report.rejected and not order.is_dry_run:
                tally.rejected_path = rejected.add(report.rejected, piece.header, tally.delimiter)
            tally.bytes_done = file.tell()
            watcher()
    finally:
        rejected.close()


async def _report(capture: Importing, file: LeadFile, order: Order, preview: ImportPreview | None) -> ImportReport:
    if not order.is_dry_run:
        return await capture.import_file(file)
    return preview.report if preview is not None else (await capture.preview(file)).report


def _lead_file(order: Order, import_id: str, piece: Piece, mapping: Mapping[str, str]) -> LeadFile:
    return LeadFile(
        file_name=f"{first_stem(order.path)}.csv",
        content=piece.content,
        mapping=dict(mapping),
        first_row_line=piece.first_row_line,
        import_id=import_id,
    )
