"""The file of rejected rows: every row as it came, with line and reason before it, to be mended and imported again.

In CSV, cells that a spreadsheet would run are marked as text, by the apostrophe that it hides itself; Capture takes it
away again. In lines of JSON, line and reason are parts of the object; a line that is no JSON stands in `import_raw`.
"""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec

from revenue.capture.contract import RejectedRow, RowChange

TOLD = ("import_line", "import_reason", "import_explanation")
"""Columns that Capture ignores when the file comes back."""
RAW = "import_raw"

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take a cell for a formula by (OWASP, CSV injection)."""

_RUN = r"=+\-@\t\r"
_NUMBERED = re.compile(r"(?P<stem>.+)\.rejected(\.\d+)?")


def first_stem(path: Path) -> str:
    """The name of the file that it all began with, so that mended rows belong to the same source.

    >>> first_stem(Path("fair.rejected.2.csv")), first_stem(Path("fair.csv"))
    ('fair', 'fair')
    """
    found = _NUMBERED.fullmatch(path.stem)
    return found["stem"] if found else path.stem


def harmless(raw: str, delimiter: str) -> str:
    r"""A row of CSV in which no cell begins as a formula does. One whose quotes are broken is marked where it might.

    >>> print(harmless('=1+2,"@SUM(A1)",a-b,"x,=y",+49 30', ","))
    '=1+2,'@SUM(A1),a-b,"x,=y",'+49 30
    >>> print(harmless('"a,=1', ","))
    "a,'=1
    """
    try:
        records = list(csv.reader(StringIO(raw), delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        records = []
    if len(records) != 1:
        return re.sub(rf'(^|{re.escape(delimiter)})([ ]*"?[ ]*)(?=[{_RUN}])', r"\1\2'", raw)
    if not any(cell.lstrip(" ").startswith(FORMULAS) for cell in records[0]):
        return raw
    buffer = StringIO()
    marked = (f"'{cell}" if cell.lstrip(" ").startswith(FORMULAS) else cell for cell in records[0])
    csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(marked)
    return buffer.getvalue()


class RejectedFile:
    """Written row by row, beside the imported file and under a new name; there is none while no row was rejected.

    Owns the open file: `close` it.
    """

    def __init__(self, imported: Path, *, is_json: bool = False) -> None:
        self._imported = imported
        self._is_json = is_json
        self._file: TextIO | None = None
        self._is_second = False
        self._delimiter = ","

    def add(self, rows: Iterable[RejectedRow], header: bytes, delimiter: str) -> Path:
        """Write rows down, raw: what is broken in them stays broken, and nothing is lost. Returns where."""
        path = self._path_of(self._file) if self._file else self._begin(header, delimiter)
        assert self._file is not None
        for row in rows:
            self._file.write(json_row(row) if self._is_json else self._csv_row(row))
        return path

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def _csv_row(self, row: RejectedRow) -> str:
        raw = self._without_told(row.raw) if self._is_second else row.raw
        told = self._cells(str(row.line), row.reason, row.explanation)
        return f"{told}{self._delimiter}{harmless(raw, self._delimiter)}\n"

    def _begin(self, header: bytes, delimiter: str) -> Path:
        if self._is_json:
            self._file = self._new_file()
            return self._path_of(self._file)
        self._delimiter = delimiter
        names = _names(header)
        self._is_second = names.startswith(TOLD[0])
        self._file = self._new_file()
        told = "" if self._is_second else self._cells(*TOLD) + delimiter
        self._file.write(f"{told}{harmless(names, delimiter)}\n")
        return self._path_of(self._file)

    def _new_file(self) -> TextIO:
        """A file that was not there: one that somebody may be mending is never written over."""
        stem, number = first_stem(self._imported), 1
        kind, encoding = ("jsonl", "utf-8") if self._is_json else ("csv", "utf-8-sig")
        while True:
            suffix = f".rejected.{kind}" if number == 1 else f".rejected.{number}.{kind}"
            try:
                return self._imported.with_name(stem + suffix).open(
                    "x", encoding=encoding, newline="\n", errors="replace"
                )
            except FileExistsError:
                number += 1

    def _path_of(self, file: TextIO) -> Path:
        return Path(file.name)

    def _without_told(self, raw: str) -> str:
        """A row of an earlier file of rejected rows, as it came in the first place."""
        cell = rf'(?:"(?:[^"]|"")*"|[^"{re.escape(self._delimiter)}]*){re.escape(self._delimiter)}'
        found = re.match(rf"(?:{cell}){{{len(TOLD)}}}", raw)
        return raw[found.end() :] if found else raw

    def _cells(self, *cells: str) -> str:
        buffer = StringIO()
        csv.writer(buffer, delimiter=self._delimiter, lineterminator="").writerow(cells)
        return buffer.getvalue()


class ChangeFile:
    """What a dry run would change, a JSON object a line; nothing is written where no file is named."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8", newline="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, changes: Iterable[RowChange]) -> None:
        """Write changes down."""
        if self._file is not None:
            self._file.writelines(msgspec.json.encode(change).decode() + "\n" for change in changes)


def json_row(row: RejectedRow) -> str:
    """A rejected line of JSON with line and reason in it; one that is no object stands in it as text."""
    told = dict(zip(TOLD, (row.line, row.reason, row.explanation), strict=True))
    try:
        said: Any = msgspec.json.decode(row.raw)  # Any: whatever stands there
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = None
    if isinstance(said, dict):
        rest = {name: value for name, value in said.items() if name not in TOLD}  # pyright: ignore[reportUnknownVariableType]  # parsed JSON
        return msgspec.json.encode(told | rest).decode() + "\n"
    return msgspec.json.encode(told | {RAW: row.raw}).decode() + "\n"


def _names(header: bytes) -> str:
    """The header's text, without Excel's `sep=;` above it."""
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = header.decode("cp1252", errors="replace")
    first, _, rest = text.strip("\n").partition("\n")
    return rest if first.casefold().startswith("sep=") else f"{first}\n{rest}".rstrip("\n")
