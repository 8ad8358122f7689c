"""Lines of text as a table: header, delimiter, and rows that each say what is wrong with them.

Python's own `csv` module reads the quotes, strictly: a quote that is never closed would otherwise swallow every row
up to the next one. A row that cannot be read costs one row, and the next line begins a new one.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .contract import RejectionReason
from .decoding import Line

DELIMITERS = ("\t", ";", "|", ",")
"""The surest first: the comma stands in amounts and names, too."""

SNIFFED_LINES = 30
RECORD_LINES_MAX = 50
LINE_CHARS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row is not taken: a stable reason, and a sentence for the person who mends it."""

    reason: RejectionReason
    explanation: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on, its text as it came, and its cells or what is wrong with it."""

    line: int
    raw: str
    cells: tuple[str, ...] = ()
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file as a table. `header` holds distinct names, one for each column; `body_line` is the line after it."""

    header: tuple[str, ...]
    delimiter: str
    rows: tuple[Row, ...]
    body_line: int


def read_table(lines: Sequence[Line], rows_max: int | None = None) -> Table | None:
    """The table in a file's lines, up to so many rows; None when there is no line with anything in it."""
    start = next((index for index, line in enumerate(lines) if line.text.strip()), None)
    if start is None:
        return None
    delimiter = _declared_delimiter(lines[start].text)
    if delimiter is not None:
        start += 1
    else:
        delimiter = sniff_delimiter([line.text for line in lines[start : start + SNIFFED_LINES]])
    body = lines[start:]
    if not body:
        return None
    record, used = _record(body, 0, delimiter)
    cells = record if record is not None else body[0].text.split(delimiter)
    header = distinct(_trimmed(cells))
    rows = tuple(islice(_rows(body[used:], delimiter, len(header)), rows_max))
    return Table(header, delimiter, rows, body_line=body[used - 1].number + 1)


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The delimiter under which most lines have as many cells as the first; the comma when none parts anything.

    >>> sniff_delimiter(["Name;Revenue, EUR", "Acme;1,5", "Initech;2,5"])
    ';'
    """

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = [len(_lenient(line, delimiter)) for line in lines if line.strip()]
        if not widths or widths[0] == 1:
            return (0.0, 0)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    best = max(DELIMITERS, key=fitness)
    return best if fitness(best)[1] else ","


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Column names that can be told apart: blank ones are numbered, repeated ones counted.

    >>> distinct(["Email", "", "Email"])
    ('Email', 'Column 2', 'Email (2)')
    """
    seen: dict[str, int] = {}
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        plain = name or f"Column {position}"
        seen[plain] = seen.get(plain, 0) + 1
        result.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return tuple(result)


def _declared_delimiter(line: str) -> str | None:
    """Excel's own mark, `sep=;`, which stands above the header."""
    mark, _, delimiter = line.partition("=")
    return delimiter if mark.strip().casefold() == "sep" and delimiter in DELIMITERS else None


def _trimmed(cells: Sequence[str]) -> list[str]:
    names = [" ".join(cell.split()) for cell in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def _rows(lines: Sequence[Line], delimiter: str, width: int) -> Iterator[Row]:
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.text.replace(delimiter, "").strip():  # spreadsheets end in rows of empty cells
            position += 1
            continue
        cells, used = _record(lines, position, delimiter)
        if cells is not None and used > 1 and _swallowed(lines[position + 1 : position + used - 1], delimiter, width):
            cells = None
        if cells is None:
            used = 1
            alone = _lenient(line.text, delimiter)
            cells = alone if len(alone) == width and line.text.count('"') % 2 == 0 else None
        yield _row(lines[position : position + used], cells, width)
        position += used


def _record(lines: Sequence[Line], position: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the record that begins at a line and how many lines it takes; None when its quotes are broken."""
    text = lines[position].text
    if '"' not in text:
        return text.split(delimiter), 1
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in islice(lines, position, position + RECORD_LINES_MAX):
            taken.append(line.text)
            yield line.text + "\n"

    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True))
    except (csv.Error, StopIteration):
        return None, 1
    return cells, len(taken)


def _lenient(line: str, delimiter: str) -> list[str]:
    try:
        records = list(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []
    return records[0] if records else []


def _swallowed(lines: Sequence[Line], delimiter: str, width: int) -> bool:
    """Whether a quoted value that spans lines holds what looks like whole rows: then its quote was never closed."""
    return width >= 3 and any(len(_lenient(line.text, delimiter)) == width for line in lines)


def _raw(lines: Sequence[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _row(lines: Sequence[Line], cells: list[str] | None, width: int) -> Row:
    number, raw = lines[0].number, _raw(lines)
    if cells is not None:
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
    rejection = _rejection(lines, raw, cells, width)
    return Row(number, raw, rejection=rejection) if rejection or cells is None else Row(number, raw, tuple(cells))


def _rejection(lines: Sequence[Line], raw: str, cells: list[str] | None, width: int) -> Rejection | None:
    if not all(line.is_text for line in lines):
        encodings = "neither in UTF-8 nor in Windows-1252"
        return Rejection(RejectionReason.NOT_TEXT, f"Some bytes are text {encodings}: save the file as UTF-8.")
    if "\0" in raw:
        return Rejection(
            RejectionReason.NOT_TEXT, "The row holds a zero byte, the mark of a damaged export: export it again."
        )
    if len(raw) > LINE_CHARS_MAX:
        return Rejection(RejectionReason.TOO_LONG, f"The row has more than {LINE_CHARS_MAX:,} characters: shorten it.")
    if cells is None:
        hint = 'close it, or write "" for one'
        return Rejection(RejectionReason.QUOTES_BROKEN, f"A double quote opens and is not closed in its place: {hint}.")
    if len(cells) < width:
        return Rejection(
            RejectionReason.TOO_FEW_CELLS, f"The row has {_cells(len(cells))}, the header {width}: complete the row."
        )
    if len(cells) > width:
        hint = "put a value that holds the delimiter into double quotes"
        return Rejection(
            RejectionReason.TOO_MANY_CELLS, f"The row has {_cells(len(cells))}, the header {width}: {hint}."
        )
    return None


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
