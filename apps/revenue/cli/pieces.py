"""A big file in pieces, each with the header line, in constant memory.

A piece ends at the end of a line and not inside double quotes. To see that, neither the delimiter nor the encoding has
to be known: a quote opens after a line's beginning or any delimiter, and closes before one. After a quote that is
never closed, the next one that looks like a closing one ends the confusion, or a piece that has become too long does;
Capture then rejects the rows that are broken, and only those. (Counting quotes was tried: one broken row turned inside
and outside round for the rest of the file.)
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

ROWS = 400
OVERRUN_LINES = 100
PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 19
"""A request holds a line of this length in base64, and the gateway takes 1 MiB."""

QUOTE_RUN = re.compile(rb'"+')
DELIMITERS = frozenset((b",", b";", b"\t", b"|"))

CHUNK_BYTES = 1 << 16


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


def pieces(file: BufferedIOBase, rows: int = ROWS) -> Iterator[Piece]:
    """The pieces of a file, at least one, with about so many rows each.

    Raises:
        LineTooLong: when a line does not end.
    """
    lines = _lines(file)
    header, number = _header(lines)
    taken: list[bytes] = []
    first, size, is_inside = number + 1, 0, False
    for line in lines:
        if _is_full(len(taken), size, len(line), rows, is_inside=is_inside):
            yield Piece(header, b"".join(taken), first)
            taken, first, size, is_inside = [], number + 1, 0, False
        number += 1
        taken.append(line)
        size += len(line)
        is_inside = ends_inside(line, is_inside=is_inside)
    yield Piece(header, b"".join(taken), first)


def ends_inside(line: bytes, *, is_inside: bool) -> bool:
    """Whether a line ends inside double quotes, given whether it begins so.

    >>> [ends_inside(line, is_inside=False) for line in (b'a;"b', b'a;"b"', b'5" pipe')]
    [True, False, False]
    """
    end = len(line.rstrip(b"\n"))
    for run in QUOTE_RUN.finditer(line, 0, end):
        if (run.end() - run.start()) % 2 == 0:
            continue  # two quotes say one, or nothing
        before, after = line[: run.start()].rstrip(b" "), line[run.end() : end].lstrip(b" ")
        if is_inside:
            is_inside = bool(after) and after[:1] not in DELIMITERS
        else:
            is_inside = not before or before[-1:] in DELIMITERS
    return is_inside


def _is_full(lines: int, size: int, next_size: int, rows: int, *, is_inside: bool) -> bool:
    """Whether a piece ends before the next line."""
    if size + next_size > LINE_BYTES_MAX or lines >= rows + OVERRUN_LINES:
        return lines > 0
    return not is_inside and (lines >= rows or (lines > 0 and size + next_size > PIECE_BYTES))


def _header(lines: Iterator[bytes]) -> tuple[bytes, int]:
    """The header's lines (with Excel's `sep=;` above it) and the number of the last of them."""
    taken: list[bytes] = []
    number, is_inside = 0, False
    for line in lines:
        number += 1
        bare = line.removeprefix(codecs.BOM_UTF8)
        if not taken and not bare.strip():
            continue
        taken.append(line)
        is_declaration = len(taken) == 1 and bare.lower().startswith(b"sep=")
        is_inside = ends_inside(bare, is_inside=is_inside)
        if not is_declaration and (not is_inside or len(taken) > OVERRUN_LINES):
            break
    return b"".join(taken), number


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
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


def _wide_lines(file: BufferedIOBase) -> Iterator[bytes]:
    """UTF-16 as UTF-8: in its own bytes a line's end cannot be seen."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest, number = "", 1
    while chunk := file.read(CHUNK_BYTES):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            number += 1
            yield from _parted(f"{line}\n".encode())
        if len(rest) > LINE_BYTES_MAX:
            raise LineTooLong(number)
    if rest:
        yield from _parted(rest.encode())


def _parted(line: bytes) -> Iterator[bytes]:
    """A line, or several when a program from long ago ended them with a carriage return alone."""
    plain = line.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for part in plain.removesuffix(b"\n").split(b"\n"):
        yield part + b"\n"
