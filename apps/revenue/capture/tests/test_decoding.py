"""Bytes become lines, whatever program wrote them."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.decoding import decode, wide_encoding

TEXT = "Name;Ort\nJürgen;Köln\nÅsa;Malmö\n"
LINES = ["Name;Ort", "Jürgen;Köln", "Åsa;Malmö"]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        (TEXT.encode("cp1252"), "windows-1252"),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_text_is_read_in_the_encoding_that_it_is_written_in(content: bytes, encoding: str) -> None:
    """The encodings that spreadsheets write, with a mark and without."""
    decoded = decode(content)

    assert decoded.encoding == encoding
    assert [line.text for line in decoded.lines] == LINES
    assert all(line.is_text for line in decoded.lines)


def test_each_line_is_read_by_itself() -> None:
    """Two lists glued together: one line in UTF-8, one in Windows-1252."""
    decoded = decode("Zoé\n".encode() + "Åsa\n".encode("cp1252"))

    assert [line.text for line in decoded.lines] == ["Zoé", "Åsa"]


def test_bytes_that_mean_nothing_are_told() -> None:
    """0x81 begins nothing in UTF-8 and is empty in Windows-1252."""
    good, bad = decode(b"Ada\nB\x81b\n").lines

    assert good.is_text
    assert not bad.is_text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end: str) -> None:
    """Unix, Windows, and a Mac of old."""
    decoded = decode(end.join(LINES).encode())

    assert [line.text for line in decoded.lines] == LINES
    assert [line.number for line in decoded.lines] == [1, 2, 3]


@pytest.mark.parametrize("beginning", [b"", b"a", b"Email,Name", b"\x00", "日本語".encode()])
def test_ordinary_beginnings_are_not_taken_for_utf_16(beginning: bytes) -> None:
    """A false alarm would turn a whole file into nonsense."""
    assert wide_encoding(beginning) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    """Nothing that arrives makes the reader fail."""
    assert all(isinstance(line.text, str) for line in decode(content).lines)
