"""The file of rejected rows: every row as it came, with line and reason before it, to be mended and imported again."""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import TextIO

from revenue.capture.contract import RejectedRow

TOLD = ("import_line", "import_reason", "import_explanation")
"""Columns that Capture ignores when the file comes back."""

_NUMBERED = re.compile(r"(?P<stem>.+)\.rejected(\.\d+)?")


def first_stem(path: Path) -> str:
    """The name of the file that it all began with, so that mended rows belong to the same source.

    >>> first_stem(Path("fair.rejected.2.csv")), first_stem(Path("fair.csv"))
    ('fair', 'fair')
    """
    found = _NUMBERED.fullmatch(path.stem)
    return found["stem"] if found else path.stem


class RejectedFile:
    """Written row by row, beside the imported file and under a new name; there is none while no row was rejected.

    Owns the open file: `close` it.
    """

    def __init__(self, imported: Path) -> None:
        self._imported = imported
        self._file: TextIO | None = None
        self._is_second = False
        self._delimiter = ","

    def add(self, rows: Iterable[RejectedRow], header: bytes, delimiter: str) -> Path:
        """Write rows down, raw: what is broken in them stays broken, and nothing is lost. Returns where."""
        path = self._path_of(self._file) if self._file else self._begin(header, delimiter)
        assert self._file is not None
        for row in rows:
            raw = self._without_told(row.raw) if self._is_second else row.raw
            told = self._cells(str(row.line), row.reason, row.explanation)
            self._file.write(f"{told}{self._delimiter}{raw}\n")
        return path

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def _begin(self, header: bytes, delimiter: str) -> Path:
        self._delimiter = delimiter
        names = _names(header)
        self._is_second = names.startswith(TOLD[0])
        self._file = self._new_file()
        told = "" if self._is_second else self._cells(*TOLD) + delimiter
        self._file.write(f"{told}{names}\n")
        return self._path_of(self._file)

    def _new_file(self) -> TextIO:
        """A file that was not there: one that somebody may be mending is never written over."""
        stem, number = first_stem(self._imported), 1
        while True:
            suffix = ".rejected.csv" if number == 1 else f".rejected.{number}.csv"
            try:
                return self._imported.with_name(stem + suffix).open("x", encoding="utf-8-sig", newline="\n")
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


def _names(header: bytes) -> str:
    """The header's text, without Excel's `sep=;` above it."""
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = header.decode("cp1252", errors="replace")
    first, _, rest = text.strip("\n").partition("\n")
    return rest if first.casefold().startswith("sep=") else f"{first}\n{rest}".rstrip("\n")
