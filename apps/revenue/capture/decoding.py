"""Bytes of a file as lines of text, whatever program wrote them.

A file is UTF-16 when it begins with that mark or every other byte of its beginning is zero. Otherwise each line is
read by itself, as UTF-8 and, where that fails, as Windows-1252: lists glued together from two sources are common, and
so a piece of a file reads the same as the whole.
"""

import codecs
from dataclasses import dataclass

UTF_16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SNIFFED_BYTES = 512


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its end. `is_text` is false when its bytes mean nothing in a known encoding."""

    number: int
    text: str
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Decoded:
    """The lines of a file and the name of the encoding that they are in."""

    encoding: str
    lines: tuple[Line, ...]


def decode(content: bytes) -> Decoded:
    r"""The lines in a file's bytes, numbered from 1.

    >>> decode("Müller\nÅsa".encode("cp1252"))
    Decoded(encoding='windows-1252', lines=(Line(number=1, text='Müller', ...), Line(number=2, text='Åsa', ...)))
    """
    wide = wide_encoding(content)
    if wide is not None:
        text = content.decode(wide, errors="replace").removeprefix("\ufeff")
        lines = (Line(number, line, "\ufffd" not in line) for number, line in enumerate(_split(text), start=1))
        return Decoded(wide, tuple(lines))
    raw_lines = _split_bytes(content.removeprefix(codecs.BOM_UTF8))
    encodings: set[str] = set()
    return Decoded(
        lines=tuple(_line(number, raw, encodings) for number, raw in enumerate(raw_lines, start=1)),
        encoding="windows-1252" if "windows-1252" in encodings else "utf-8",
    )


def wide_encoding(beginning: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be` when a file that begins so is written in it, else None.

    >>> wide_encoding("Email".encode("utf-16"))
    'utf-16-le'
    """
    for mark, name in UTF_16_MARKS.items():
        if beginning.startswith(mark):
            return name
    sample = beginning[:SNIFFED_BYTES]
    half = len(sample) // 2
    if half >= 4 and sample[1::2].count(0) > 0.6 * half and not sample[::2].count(0):
        return "utf-16-le"
    if half >= 4 and sample[::2].count(0) > 0.6 * half and not sample[1::2].count(0):
        return "utf-16-be"
    return None


def _line(number: int, raw: bytes, encodings: set[str]) -> Line:
    try:
        return Line(number, raw.decode())
    except UnicodeDecodeError:
        encodings.add("windows-1252")
    try:
        return Line(number, raw.decode("cp1252"))
    except UnicodeDecodeError:
        return Line(number, raw.decode("latin-1"), is_text=False)


def _split(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _split_bytes(content: bytes) -> list[bytes]:
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines
