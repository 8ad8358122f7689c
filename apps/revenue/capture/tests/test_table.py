"""Lines become a table, and a broken row costs one row."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import RejectionReason
from revenue.capture.decoding import decode
from revenue.capture.table import Table, read_table, sniff_delimiter


def table(text: str | bytes) -> Table:
    """The table in a text."""
    found = read_table(decode(text if isinstance(text, bytes) else text.encode()).lines)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a,b", "1,2"], ","),
        (["a;b", "1,5;2,5"], ";"),
        (["a\tb", "x, y\tz"], "\t"),
        (["a|b", "1|2"], "|"),
        (['"Doe, J";b', "x;y"], ";"),
        (["Email"], ","),
        ([], ","),
    ],
)
def test_the_delimiter_is_the_one_that_parts_all_lines_alike(lines: list[str], delimiter: str) -> None:
    """Commas in amounts and names do not deceive it."""
    assert sniff_delimiter(lines) == delimiter


def test_a_file_without_anything_is_no_table() -> None:
    """Blank lines are nothing."""
    assert read_table(decode(b"\n \n").lines) is None


def test_the_delimiter_that_excel_declares_counts() -> None:
    """`sep=|` above the header."""
    found = table("sep=|\na|b\n1|2\n")

    assert (found.delimiter, found.header, found.rows[0].cells) == ("|", ("a", "b"), ("1", "2"))


def test_columns_without_a_name_of_their_own_get_one() -> None:
    """Blank headers are numbered, repeated ones counted, blank ones at the end are none."""
    assert table("Email,,Email,\nx,y,z,\n").header == ("Email", "Column 2", "Email (2)")


def test_blanks_before_quotes_do_not_hide_them() -> None:
    """As in `a, "b, c"`."""
    assert table('x,y\na, "b, c"\n').rows[0].cells == ("a", "b, c")


def test_a_quoted_value_may_span_lines() -> None:
    """The row is told by the line that it begins on, and its text is kept as it came."""
    first, second = table('name,notes\nAda,"one\ntwo"\nBob,x\n').rows

    assert (first.line, first.cells, first.raw) == (2, ("Ada", "one\ntwo"), 'Ada,"one\ntwo"')
    assert second.line == 4


def test_blank_lines_are_no_rows() -> None:
    """And do not shift the numbers of the others."""
    assert [row.line for row in table("a,b\n\n1,2\n  \n3,4\n\n").rows] == [3, 5]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2", RejectionReason.TOO_FEW_CELLS),
        ("1,2,3,4", RejectionReason.TOO_MANY_CELLS),
        ('1,"2,3', RejectionReason.QUOTES_BROKEN),
        ('1,"2" x "y,3', RejectionReason.QUOTES_BROKEN),
        ("1,2\0,3", RejectionReason.NOT_TEXT),
        ("1,2," + "x" * 100_001, RejectionReason.TOO_LONG),
    ],
)
def test_a_broken_row_says_why_and_harms_no_other(row: str, reason: RejectionReason) -> None:
    """The rows before and after it are taken."""
    before, broken, after = table(f"a,b,c\n1,2,3\n{row}\n4,5,6\n").rows

    assert before.cells == ("1", "2", "3")
    assert broken.rejection is not None
    assert (broken.line, broken.raw, broken.rejection.reason) == (3, row, reason)
    assert (after.line, after.cells) == (4, ("4", "5", "6"))


def test_bytes_without_a_meaning_cost_one_row() -> None:
    """The row is kept as it can be shown."""
    broken, after = table(b"a,b\nx,\x81\ny,z\n").rows

    assert broken.rejection is not None
    assert broken.rejection.reason is RejectionReason.NOT_TEXT
    assert after.cells == ("y", "z")


def test_an_open_quote_does_not_swallow_rows_up_to_the_next_one() -> None:
    """Bob would otherwise end up inside Ann's company, and nobody would notice."""
    ann, bob, cid = table('name,company,mail\nAnn,"Acme,a@x.example\nBob,Foo,b@x.example\nCid,Bar",c@x.example\n').rows

    assert ann.rejection is not None
    assert bob.cells == ("Bob", "Foo", "b@x.example")
    assert cid.cells == ("Cid", 'Bar"', "c@x.example")


def test_sloppy_quotes_are_understood_when_the_cells_are_right() -> None:
    """Quotes in the middle of a value, or with something behind them."""
    first, second = table('a,b\n5" pipe,x\n"Joe" Smith,y\n').rows

    assert first.cells == ('5" pipe', "x")
    assert second.cells == ("Joe Smith", "y")


def test_empty_cells_too_many_are_forgiven() -> None:
    """Spreadsheets leave delimiters behind."""
    assert table("a,b\n1,2,,\n").rows[0].cells == ("1", "2")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(
    rows=st.lists(st.tuples(CELL.map(lambda cell: f"x{cell}"), CELL, CELL), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Delimiters, quotes and line ends inside of values included; a row is rejected rather than misread."""
    buffer = StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("p", "q", "r"), *rows]
    )

    found = table("sep=" + delimiter + "\n" + buffer.getvalue())

    taken = [row.cells for row in found.rows if row.rejection is None]
    assert all(cells in rows for cells in taken)
    assert len(taken) == len(rows) or any("\n" in cell for row in rows for cell in row)
