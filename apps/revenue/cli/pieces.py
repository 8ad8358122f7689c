"""A big file in pieces, each with the header line, in constant memory.

A piece ends at the end of a line and not inside double quotes. To see that, neither the delimiter nor the encoding has
to be known: a quote opens after a line's beginning or any delimiter, and closes before one. After a quote that is
never closed, the next one that looks like a closing one ends the confusion, or a piece that has become too long does;
Capture then rejects the rows that are broken, and only those. (Counting quotes was tried: one broken row turned inside
and outside round for the rest of the file.) A line that is too long to be sent is passed over without being held, and
is a rejected row of its piece.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from itertools import islice
from typing import TypeAlias

from revenue.capture.contract import RejectedRow, RejectionReason

ROWS = 400
OVERRUN_LINES = 100
PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 19
"""A request holds a line of this length in base64, and the gateway takes 1 MiB."""

QUOTE_RUN = re.compile(rb'"+')
DELIMITERS = frozenset((b",", b";", b"\t", b"|"))

CHUNK_BYTES = 1 << 16
SHOWN_BYTES = 200


class LineTooLong(Exception):
    """The header is longer than any list's; carries its line."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Line {number} is longer than {LINE_BYTES_MAX >> 10} KiB: this is no list of leads in CSV.")


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that is too long to be sent: its beginning, and how long it is."""

    beginning: bytes
    size: int

    def refused(self, number: int) -> RejectedRow:
        """The row that it was."""
        explanation = (
            f"The line has {self.size:,} bytes, and {LINE_BYTES_MAX:,} at most can be sent: shorten it in the file that"
            " was imported. Here is its beginning."
        )
        raw = self.beginning[:SHOWN_BYTES].decode(errors="replace").replace("\0", "\ufffd")
        return RejectedRow(line=number, reason=RejectionReason.TOO_LONG, explanation=explanation, raw=raw)


Lines: TypeAlias = Iterator[bytes | Overlong]
"""The lines of a file, each with one line feed at its end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that can be read by itself: the header, then rows, the first of them on `first_row_line`."""

    header: bytes
    rows: bytes
    first_row_line: int
    refused: tuple[RejectedRow, ...] = field(default=(), kw_only=True)
    """Rows that were not put into it, since they are too long."""

    @property
    def content(self) -> bytes:
        """What is sent."""
        return self.header + self.rows


def pieces(file: BufferedIOBase, rows: int = ROWS) -> Iterator[Piece]:
    """The pieces of a file, at least one, with about so many rows each.

    Raises:
        LineTooLong: when the header does not end.
    """
    return pieces_of(lines_of(file), rows)


def pieces_of(lines: Lines, rows: int = ROWS, *, above: bytes = b"", header_line: int = 1) -> Iterator[Piece]:
    """The pieces of lines, of which the first are the header, from `header_line` on: what is before that is no list.

    What is said `above` the header goes with every piece.

    Raises:
        LineTooLong: when the header does not end.
    """
    passed = sum(1 for _ in islice(lines, header_line - 1))
    header, number = _header(lines)
    return _parts(above + header, passed + number + 1, lines, rows, quotes=True)


def pieces_without_header(lines: Lines, rows: int = ROWS) -> Iterator[Piece]:
    """The pieces of lines that each stand for themselves, as those of JSON do."""
    return _parts(b"", 1, lines, rows, quotes=False)


def _parts(header: bytes, first: int, lines: Lines, rows: int, *, quotes: bool) -> Iterator[Piece]:
    taken: list[bytes] = []
    refused: list[RejectedRow] = []
    number, size, is_inside, is_begun = first - 1, 0, False, False
    for line in lines:
        number += 1
        if isinstance(line, Overlong):
            refused.append(line.refused(number))
            taken.append(b"\n")
            is_inside = False
            continue
        if _is_full(len(taken), size, len(line), rows, is_inside=is_inside):
            if not is_begun or refused or any(each.strip() for each in taken):  # sheets end in a million empty rows
                yield Piece(header, b"".join(taken), first, refused=tuple(refused))
                is_begun = True
            taken, refused, first, size, is_inside = [], [], number, 0, False
        taken.append(line)
        size += len(line)
        is_inside = quotes and ends_inside(line, is_inside=is_inside)
    if not is_begun or refused or any(each.strip() for each in taken):
        yield Piece(header, b"".join(taken), first, refused=tuple(refused))


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


def _header(lines: Lines) -> tuple[bytes, int]:
    """The header's lines (with Excel's `sep=;` above it) and the number of the last of them."""
    taken: list[bytes] = []
    number, is_inside = 0, False
    for line in lines:
        number += 1
        if isinstance(line, Overlong):
            raise LineTooLong(number)
        bare = line.removeprefix(codecs.BOM_UTF8)
        if not taken and not bare.strip():
            continue
        taken.append(line)
        is_declaration = len(taken) == 1 and bare.lower().startswith(b"sep=")
        is_inside = ends_inside(bare, is_inside=is_inside)
        if not is_declaration and (not is_inside or len(taken) > OVERRUN_LINES):
            break
    return b"".join(taken), number


def lines_of(file: BufferedIOBase) -> Lines:
    """The file's lines in an encoding that keeps ASCII as it is, none of them held that is too long."""
    mark = file.read(2)
    file.seek(0)
    if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        yield from _wide_lines(file)
        return
    rest = b""
    while line := file.readline(LINE_BYTES_MAX):
        line = rest + line  # what an old Mac has ended with a carriage return begins it
        rest = b""
        if len(line) < LINE_BYTES_MAX or line.endswith(b"\n"):
            yield from _parted(line)
        elif b"\r" in line[:-1]:
            whole, _, rest = line[:-1].rpartition(b"\r")
            rest += line[-1:]
            yield from _parted(whole + b"\n")
        else:
            yield Overlong(line[:SHOWN_BYTES], len(line) + _passed_over(file))
    if rest:
        yield from _parted(rest)


def _passed_over(file: BufferedIOBase) -> int:
    """Read to the end of a line, without holding it; how long that was."""
    size = 0
    while chunk := file.readline(CHUNK_BYTES):
        size += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return size


def _wide_lines(file: BufferedIOBase) -> Lines:
    """UTF-16 as UTF-8: in its own bytes a line's end cannot be seen."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest, dropped = "", 0
    while chunk := file.read(CHUNK_BYTES):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            encoded = line.encode(errors="replace")
            if dropped or len(encoded) > LINE_BYTES_MAX:
                yield Overlong(encoded[:SHOWN_BYTES], dropped + len(encoded))
            else:
                yield from _parted(encoded + b"\n")
            dropped = 0
        if len(rest) > LINE_BYTES_MAX:
            kept = rest[:SHOWN_BYTES]
            dropped, rest = dropped + len(rest) - len(kept), kept
    if dropped:
        yield Overlong(rest[:SHOWN_BYTES].encode(errors="replace"), dropped + len(rest))
    elif rest:
        yield from _parted(rest.encode(errors="replace"))


def _parted(line: bytes) -> Iterator[bytes]:
    """A line, or several when a program from long ago ended them with a carriage return alone."""
    plain = line.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for part in plain.removesuffix(b"\n").split(b"\n"):
        yield part + b"\n"
