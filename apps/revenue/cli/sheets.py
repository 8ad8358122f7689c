"""Sheets of an XLSX file as lines of CSV, a line for each row, in constant memory but for the texts that cells share.

Values are text as they were shown last: a formula is what its program has computed of it, and is never computed here;
where that is an error (`#N/A`), it is nothing.
openpyxl reads the cells; before it is given the file, every part is looked through: what unpacks to more than a list of
leads has, a row that does not end, and entities, which sheets do not have, are refused. (python-calamine was looked at:
it is quicker, and holds the whole sheet.)
"""

import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BufferedIOBase, StringIO
from itertools import islice
from typing import Protocol, cast

ROWS_MAX = 1_048_576
"""No sheet has more."""
CELLS_MAX = 1_000
PARTS_MAX = 2_000
PART_BYTES_MAX = 32 << 20
SHARED_BYTES_MAX = 256 << 20
SHEET_BYTES_MAX = 2 << 30
ALL_BYTES_MAX = 3 << 30
ROW_BYTES_MAX = 4 << 20
REST_BYTES_MAX = 16 << 20
"""Behind the rows: links, merged cells, rules of colouring."""
CHUNK_BYTES = 1 << 20

ZEROS = re.compile(r"00+")
"""The format of a postal code or a telephone number that is kept as a number."""
UNCOMPUTED = re.compile(rb"<f(?: [^<>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>\s*|<v></v>\s*)?</c>")
"""The rest of a cell with a formula and no value; it begins with letters that are found fast."""
ROW_END = re.compile(rb"</(?:[\w.-]+:)?row>")
ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData>")
ZIP_MARK = b"PK\x03\x04"
OLD_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ABOVE = b"sep=,\n"
"""What is said of the lines: a cell may hold what looks like another delimiter."""


class Cell(Protocol):
    """What is read of a cell."""

    @property
    def value(self) -> object:
        """What it holds."""
        ...

    @property
    def data_type(self) -> str:
        """`e` for an error."""
        ...

    @property
    def number_format(self) -> str:
        """How it is shown."""
        ...


class SheetRejected(Exception):
    """The file cannot be read as a sheet; carries a sentence."""


@dataclass(slots=True)
class Progress:
    """How far a sheet has been read: so many rows of so many.

    `uncomputed` cells of its workbook hold a formula that no program has computed yet, and are read as empty.
    """

    total: int = 1
    done: int = 0
    uncomputed: int = 0


def is_workbook(beginning: bytes) -> bool:
    """Whether a file that begins so is one of sheets.

    Raises:
        SheetRejected: it is, in a format of before 2007, or with a password.
    """
    if beginning.startswith(OLD_MARK):
        raise SheetRejected("This is an old Excel file, or one with a password: save it as XLSX, without a password.")
    return beginning.startswith(ZIP_MARK)


def sheet_lines(file: BufferedIOBase, sheet: str | None, progress: Progress) -> Iterator[bytes]:
    """The rows of a sheet as lines of CSV, where none is named the first one's that is shown; `progress` follows them.

    Raises:
        SheetRejected: it is no workbook, has no such sheet, or would unpack to more than a list of leads has.
    """
    rows, progress.uncomputed = _looked_through(file)
    file.seek(0)
    import openpyxl  # noqa: PLC0415  # a tenth of a second that other files need not wait for

    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # of styles and rules that nobody reads
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False, rich_text=False)
    except Exception as error:  # noqa: BLE001  # foreign code on foreign bytes: it raises whatever it stumbles over
        raise SheetRejected(f"The workbook cannot be read ({error}): save it again as XLSX, or as CSV.") from None
    try:
        shown = (each for each in book.worksheets if each.sheet_state == "visible")
        found = next((each for each in book.worksheets if each.title == sheet), None) if sheet else next(shown, None)
        if found is None:
            named = ", ".join(f"`{each.title}`" for each in book.worksheets) or "none"
            raise SheetRejected(f"There is no sheet `{sheet}`; there are: {named}. Name one with --sheet.")
        progress.total = max(rows, 1)
        found.reset_dimensions()  # what a file says of its size need not be true
        yield from _lines(cast(Iterable[tuple[Cell, ...]], found.iter_rows()), progress)  # merged ones are none here
    finally:
        book.close()


def _lines(rows: Iterable[tuple[Cell, ...]], progress: Progress) -> Iterator[bytes]:
    iterator, width = iter(rows), 0
    for number in range(1, ROWS_MAX + 2):
        try:
            row = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  # as above
            raise SheetRejected(f"Row {number} cannot be read ({error}): save the file again, or as CSV.") from None
        if number > ROWS_MAX:
            raise SheetRejected(f"The sheet has more than {ROWS_MAX:,} rows, which no sheet has: save it as CSV.")
        progress.done = number
        cells = _cells(row)
        width = width or len(cells)
        yield _line(cells + [""] * (width - len(cells))) if cells else b"\n"


def _cells(row: tuple[Cell, ...]) -> list[str]:
    """A row's texts, up to the last that says something."""
    cells = [_text(cell) for cell in islice(row, CELLS_MAX)]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell: Cell) -> str:
    """A cell's text: nothing for an error; with the zeros before a number that its format writes (`00000`)."""
    if cell.data_type == "e":
        return ""
    text = text_of(cell.value)
    if isinstance(cell.value, int | float) and text.isdecimal() and ZEROS.fullmatch(cell.number_format):
        return text.zfill(len(cell.number_format))
    return text


def _line(cells: list[str]) -> bytes:
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode("utf-8", errors="replace")


def text_of(value: object) -> str:
    r"""A cell's value as text on one line: a day without a time where there is none, a number as it is written.

    >>> text_of(datetime(2026, 3, 1)), text_of(4930123456.0), text_of(1.5), text_of(True), text_of("a\nb")
    ('2026-03-01', '4930123456', '1.5', 'true', 'a b')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time | timedelta | int):
        return str(value)
    return str(value)


def _looked_through(file: BufferedIOBase) -> tuple[int, int]:
    """Read every part of a workbook once, without holding it.

    How many rows the largest sheet has, and how many cells of all sheets hold a formula without a value.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS_MAX:
                raise SheetRejected(f"The file has {len(parts):,} parts, which no workbook has: save it as CSV.")
            left = [ALL_BYTES_MAX]
            found = [_part(archive, part, left) for part in parts]
            return max((rows for rows, _ in found), default=0), sum(uncomputed for _, uncomputed in found)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise SheetRejected(f"The file is damaged, or no workbook ({error}): save it again as XLSX.") from None
    except zlib.error as error:
        raise SheetRejected(f"The file is damaged ({error}): save it again as XLSX.") from None


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: list[int]) -> tuple[int, int]:
    """How many rows and uncomputed cells a part has; what is no XML is not read at all, here or later.

    In a sheet nothing but an element begins with `<`, so that the end of a row is one, and no text that looks like it.
    """
    name = part.filename.lower()
    if not name.endswith((".xml", ".rels")):
        return 0, 0
    is_sheet = name.startswith("xl/worksheets/") and not name.endswith(".rels")
    limit = SHEET_BYTES_MAX if is_sheet else SHARED_BYTES_MAX if name.endswith("sharedstrings.xml") else PART_BYTES_MAX
    forbidden = (b"<!", b"<?") if is_sheet else (b"<!DOCTYPE", b"<!ENTITY")
    size = rows = since_row = uncomputed = 0
    row_max = ROW_BYTES_MAX
    tail = b""
    with archive.open(part) as content:
        while chunk := content.read(CHUNK_BYTES):
            text = chunk if size else chunk.removeprefix(b"\xef\xbb\xbf").removeprefix(b"<?xml")
            size += len(chunk)
            left[0] -= len(chunk)
            if size > limit or left[0] < 0:
                raise SheetRejected(f"Its part {part.filename} unpacks to more than {limit >> 20} MB: save it as CSV.")
            seen = tail + text
            if b"\0" in text or any(each in seen for each in forbidden):
                raise SheetRejected(f"Its part {part.filename} has entities, which sheets do not have: save it as CSV.")
            if is_sheet:
                ends = list(ROW_END.finditer(seen))
                rows += len(ends)
                uncomputed += sum(not _is_text(seen, each.start()) for each in UNCOMPUTED.finditer(seen))
                since_row = len(seen) - ends[-1].end() if ends else since_row + len(chunk)
                row_max = REST_BYTES_MAX if ROWS_END.search(seen) else row_max
                if since_row > row_max + CHUNK_BYTES:
                    raise SheetRejected(f"A row of {part.filename} does not end: save the file as CSV.")
            tail = seen[-32:] if not is_sheet else seen[-32:].rpartition(b">")[2]
    return rows, uncomputed


def _is_text(seen: bytes, place: int) -> bool:
    """Whether the cell around a place is one whose formula makes text: then nothing is a value."""
    return b' t="str"' in seen[max(seen.rfind(b"<c ", 0, place), 0) : place]
