"""A file in pieces reads like the whole."""

import codecs
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import RejectionReason
from revenue.capture.decoding import decode
from revenue.capture.table import Row, read_table
from revenue.cli.pieces import LINE_BYTES_MAX, PIECE_BYTES, LineTooLong, Piece, ends_inside, pieces
from revenue.sample import sample_csv


def parted(content: bytes, rows: int) -> list[Piece]:
    """The pieces of a file with these bytes."""
    return list(pieces(BytesIO(content), rows))


def rows_of(content: bytes, first_row_line: int | None = None) -> list[tuple[int, tuple[str, ...], str]]:
    """Line, cells and reason of each row."""
    table = read_table(decode(content).lines)
    if table is None:
        return []
    shift = 0 if first_row_line is None else first_row_line - table.body_line

    def told(row: Row) -> tuple[int, tuple[str, ...], str]:
        return row.line + shift, row.cells, row.rejection.reason if row.rejection else ""

    return [told(row) for row in table.rows]


@pytest.mark.parametrize("rows", [1, 7, 50, 10_000])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_pieces_read_like_the_whole(rows: int, encoding: str) -> None:
    """Values that span lines stay whole, line numbers hold, broken rows break nothing else."""
    content = sample_csv(leads=150).encode(encoding)

    in_pieces = [row for piece in parted(content, rows) for row in rows_of(piece.content, piece.first_row_line)]

    assert in_pieces == rows_of(content)


FIELD = st.sampled_from(["a", "ü", "x y", '"q"', '"a;b"', '"a\nb"', '"say ""so"""', '""', "", "5' pipe"])


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=30), st.integers(1, 5))
def test_no_piece_ends_inside_of_quotes(cells: list[tuple[str, str, str]], rows: int) -> None:
    """For anything that a CSV writer can write."""
    content = "\n".join(["p;q;r", *(";".join(row) for row in cells)]).encode()

    in_pieces = [row for piece in parted(content, rows) for row in rows_of(piece.content, piece.first_row_line)]

    assert in_pieces == rows_of(content)


@pytest.mark.parametrize(
    ("line", "is_inside", "ends"),
    [
        (b"a;b", False, False), (b'a;"b', False, True), (b'a; "b', False, True), (b'a;"b"', False, False),
        (b'a;"b ""c""', False, True), (b'a;"b ""c"""', False, False), (b'a;"";b', False, False),
        (b'c";d', True, False), (b'c" ;d', True, False), (b"c", True, True), (b'c "d" e', True, True),
        (b'5" pipe;x', False, False), (b'"a",b\n', False, False), (b'"a\n', False, True),
    ],
)  # fmt: skip
def test_a_line_says_whether_it_ends_inside_of_quotes(line: bytes, is_inside: bool, ends: bool) -> None:
    """Without knowing the delimiter."""
    assert ends_inside(line, is_inside=is_inside) is ends


def test_a_quote_that_is_never_closed_does_not_hold_the_file_back() -> None:
    """Pieces stay small; that row is rejected, the others are not."""
    lines = ["a,b,c", 'x,"y,z', *(f"{number},m,n" for number in range(2000))]
    content = "\n".join(lines).encode()

    found = parted(content, 100)

    told = [row for piece in found for row in rows_of(piece.content, piece.first_row_line)]
    assert max(piece.rows.count(b"\n") for piece in found) <= 200
    assert told == rows_of(content)
    assert [row for row in told if row[2]] == [(2, (), "quotes_broken")]


def test_wide_rows_make_short_pieces() -> None:
    """So that each fits into a request."""
    content = b"a,b\n" + b"\n".join(b"x," + b"y" * 10_000 for _ in range(100))

    found = parted(content, 400)

    assert len(found) > 3
    assert all(len(piece.rows) <= PIECE_BYTES for piece in found)


def test_a_line_of_a_gigabyte_is_one_row_that_is_refused(tmp_path: Path) -> None:
    """In little memory; what stands before and after it comes in, under the right lines."""
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        file.seek(1 << 30, 1)  # a hole, which costs no disk
        file.write(b"\n3,4\n")
    tracemalloc.start()

    with path.open("rb") as file:
        (piece,) = pieces(file, 10)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (row,) = piece.refused
    assert [told[:2] for told in rows_of(piece.content, piece.first_row_line)] == [(2, ("1", "2")), (4, ("3", "4"))]
    assert (row.line, row.reason, len(row.raw)) == (3, RejectionReason.TOO_LONG, 200)
    assert "1,073,741,825 bytes" in row.explanation
    assert peak < 20 << 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_long_line_is_refused_in_any_encoding(encoding: str) -> None:
    """Also where it is the last one."""
    content = ("a,b\n" + "x" * (LINE_BYTES_MAX + 7) + "\n1,2\n" + "y" * (LINE_BYTES_MAX * 3)).encode(encoding)

    found = parted(content, 10)

    assert [row.line for piece in found for row in piece.refused] == [2, 4]
    assert [told[:2] for piece in found for told in rows_of(piece.content, piece.first_row_line)] == [(3, ("1", "2"))]


def test_a_header_that_does_not_end_is_no_list() -> None:
    """Nothing else of the file can be understood without it."""
    with pytest.raises(LineTooLong, match="Line 1 "):
        parted(b"x" * (LINE_BYTES_MAX + 1), 10)


def test_a_long_file_of_an_old_mac_is_read() -> None:
    """Its lines end with a carriage return, and are not one."""
    content = b"a,b\r" + b"1,2\r" * 300_000

    found = parted(content, 10_000)

    assert sum(piece.rows.count(b"\n") for piece in found) == 300_000
    assert not any(piece.refused for piece in found)


def test_a_million_empty_rows_at_the_end_are_not_sent() -> None:
    """Sheets have them."""
    found = parted(b"a,b\n1,2\n" + b"\n" * 10_000 + b"3,4\n", 100)

    assert [told[:2] for piece in found for told in rows_of(piece.content, piece.first_row_line)] == [
        (2, ("1", "2")), (10_003, ("3", "4")),
    ]  # fmt: skip
    assert len(found) == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"Email\n", b"Email", codecs.BOM_UTF8 + b"Email\r\n"])
def test_a_file_without_rows_is_one_piece(content: bytes) -> None:
    """So that Capture can say what is wrong with it."""
    assert [piece.rows for piece in parted(content, 10)] == [b""]


def test_the_delimiter_that_excel_declares_goes_with_every_piece() -> None:
    """It stands above the header."""
    found = parted(b"\xef\xbb\xbfsep=;\na;b\n1;2\n3;4\n", 1)

    assert [piece.content for piece in found] == [b"\xef\xbb\xbfsep=;\na;b\n1;2\n", b"\xef\xbb\xbfsep=;\na;b\n3;4\n"]
    assert [piece.first_row_line for piece in found] == [3, 4]


def test_a_header_may_span_lines() -> None:
    """In quotes."""
    (piece,) = parted(b'"e\nmail",b\n1,2\n', 10)

    assert (piece.header, piece.rows, piece.first_row_line) == (b'"e\nmail",b\n', b"1,2\n", 3)


def test_lines_of_an_old_mac_are_lines() -> None:
    """They end with a carriage return alone."""
    (piece,) = parted(b"a,b\r1,2\r", 10)

    assert piece.content == b"a,b\n1,2\n"
