"""A big file in pieces, each with the header line, in constant memory.

A piece ends at the end of a line and not inside double quotes: where the number of quotes so far is even. That needs
neither the delimiter nor the encoding. A quote that is never closed would defeat it, so that a piece ends some lines
later in any case; Capture then refuses the rows that are broken, and only those.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

ROWS = 400
OVERRUN_LINES = 100
PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 19
"""A request holds a line of this length in base64, and the gateway takes 1 MiB."""

CHUNK_CHARS = 1 << 16


class LineTooLong(Exception):
    """A line is longer than any list's; carries its number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Line {number} is longer than {LINE_BYTES_MAX >> 10} KiB: this is no list of leads in CSV.")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that can be read by itself: the header, then rows, the first of them on `first_row_line`."""

    header: bytes
    rows: bytes
    first_row_line: int

    @property
    def content(self) -> bytes:
        """What is sent."""
        return self.header + self.rows


def pieces(file: BinaryIO, rows: int = ROWS) -> Iterator[Piece]:
    """The pieces of a file, at least one, with about so many rows each.

    Raises:
        LineTooLong: when a line does not end.
    """
    lines = _lines(file)
    header, number = _header(lines)
    taken: list[bytes] = []
    first, size, quotes = number + 1, 0, 0
    for line in lines:
        if _is_full(len(taken), size, len(line), quotes, rows):
            yield Piece(header, b"".join(taken), first)
            taken, first, size, quotes = [], number + 1, 0, 0
        number += 1
        taken.append(line)
        size += len(line)
        quotes += line.count(b'"')
    yield Piece(header, b"".join(taken), first)


def _is_full(lines: int, size: int, next_size: int, quotes: int, rows: int) -> bool:
    """Whether a piece ends before the next line."""
    if size + next_size > LINE_BYTES_MAX or lines >= rows + OVERRUN_LINES:
        return lines > 0
    return quotes % 2 == 0 and (lines >= rows or (lines > 0 and size + next_size > PIECE_BYTES))


def _header(lines: Iterator[bytes]) -> tuple[bytes, int]:
    """The header's lines (with Excel's `sep=;` above it) and the number of the last of them."""
    taken: list[bytes] = []
    number = 0
    for line in lines:
        number += 1
        if not taken and not line.strip():
            continue
        taken.append(line)
        is_declaration = len(taken) == 1 and line.removeprefix(codecs.BOM_UTF8).lower().startswith(b"sep=")
        if not is_declaration and (b"".join(taken).count(b'"') % 2 == 0 or len(taken) > OVERRUN_LINES):
            break
    return b"".join(taken), number


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The file's lines, each with one line feed at its end, in an encoding that keeps ASCII as it is."""
    mark = file.read(2)
    file.seek(0)
    if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        yield from _wide_lines(file)
        return
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            raise LineTooLong(number)
        yield from _parted(line)


def _wide_lines(file: BinaryIO) -> Iterator[bytes]:
    """UTF-16 as UTF-8: in its own bytes a line's end cannot be seen."""
    text = codecs.getreader("utf-16")(file, errors="replace")
    rest = ""
    while chunk := text.read(CHUNK_CHARS):
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            yield from _parted(f"{line}\n".encode())
        if len(rest) > LINE_BYTES_MAX:
            raise LineTooLong(0)
    if rest:
        yield from _parted(rest.encode())


def _parted(line: bytes) -> Iterator[bytes]:
    """A line, or several when a program from long ago ended them with a carriage return alone."""
    plain = line.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for part in plain.removesuffix(b"\n").split(b"\n"):
        yield part + b"\n"
