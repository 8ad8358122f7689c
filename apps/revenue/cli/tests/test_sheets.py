"""Workbooks are read as they are shown, and what is none, or a trap, is told before it does harm."""

import tracemalloc
import zipfile
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings
from revenue.cli.importing import Order, Tally, import_stream
from revenue.cli.sheets import ROWS_MAX, Progress, SheetRejected, is_workbook, sheet_lines

Rows = list[list[Any]]  # Any: what cells hold


def workbook(**sheets: Rows) -> bytes:
    """A workbook with these sheets."""
    book = openpyxl.Workbook()
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.active if number == 0 else book.create_sheet()
        assert sheet is not None
        sheet.title = name
        for row in rows:
            sheet.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(content: bytes, sheet: str | None = None) -> list[str]:
    """The lines of a sheet."""
    return [line.decode().removesuffix("\n") for line in sheet_lines(BytesIO(content), sheet, Progress())]


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook with another part in the place of its own."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, part if each == name else old.read(each))
        if name not in old.namelist():
            new.writestr(name, part)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"


def with_sheet(rows: bytes) -> bytes:
    """A workbook whose sheet has these rows as XML."""
    return with_part(workbook(Leads=[["Email"]]), SHEET, OPEN + rows + CLOSE)


def test_cells_are_text_as_people_read_it() -> None:
    """Days, moments, numbers, and what looks like a delimiter or a formula."""
    content = workbook(
        Leads=[
            ["Email", "When", "Phone", "Note"],
            ["ada@example.com", date(2026, 3, 1), 4930123456, "a;b,c\nd"],
            ["x@example.com", datetime(2026, 3, 1, 9, 30), 1.5, True],  # noqa: DTZ001  # sheets know no zones
        ]
    )

    assert read(content) == [
        "Email,When,Phone,Note",
        'ada@example.com,2026-03-01,4930123456,"a;b,c d"',
        "x@example.com,2026-03-01 09:30:00,1.5,true",
    ]


def test_a_formula_is_what_its_program_has_computed() -> None:
    """Here none has: the cell is empty. It is never computed by us; a text that looks like one is text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Email", "Sum"])
    sheet.append(["ada@example.com", "=1+1"])
    sheet.append(["x@example.com", None])
    sheet["B3"].value = "=cmd|' /C calc'!A0"
    sheet["B3"].data_type = "s"
    buffer = BytesIO()
    book.save(buffer)
    computed = with_sheet(b'<row r="1"><c r="A1" t="str"><f>HYPERLINK("x")</f><v>ada@example.com</v></c></row>')

    assert read(buffer.getvalue()) == ["Email,Sum", "ada@example.com,", "x@example.com,=cmd|' /C calc'!A0"]
    assert read(computed) == ["ada@example.com"]


def uncomputed(content: bytes) -> int:
    """How many cells of a workbook are said to hold a formula that nobody has computed."""
    progress = Progress()
    list(sheet_lines(BytesIO(content), None, progress))
    return progress.uncomputed


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (b'<c r="A1"><f>1+1</f><v /></c>', 1),
        (b'<c r="A1"><f>1+1</f><v></v></c>', 1),
        (b'<c r="A1" s="3"><f t="shared" si="0"/></c>', 1),
        (b'<c r="A1"><f>IF(B1&lt;3,1,2)</f></c>', 1),
        (b'<c r="A1"><f>1+1</f><v>2</v></c>', 0),
        (b'<c r="A1" t="str"><f>""</f><v></v></c>', 0),
        (b'<c r="A1"/><c r="B1"><v>2</v></c>', 0),
    ],
)
def test_formulas_that_nobody_has_computed_are_counted(cell: bytes, count: int) -> None:
    """They are empty here, and whoever wrote them would not know; one that makes an empty text was computed."""
    assert uncomputed(with_sheet(b'<row r="1">' + cell + b"</row>")) == count


def test_merged_cells_are_said_once() -> None:
    """Where they begin; the others of them are empty."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Email", "Company"], ["a@example.com", "Acme"], ["b@example.com", None]):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    buffer = BytesIO()
    book.save(buffer)

    assert read(buffer.getvalue()) == ["Email,Company", "a@example.com,Acme", "b@example.com,"]


def test_an_error_in_a_cell_is_nothing() -> None:
    """No company is called #N/A; what only looks like one is text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Email", "Company", "Note"])
    sheet.append(["ada@firm.example", "#N/A", "#1"])
    buffer = BytesIO()
    book.save(buffer)

    assert read(buffer.getvalue()) == ["Email,Company,Note", "ada@firm.example,,#1"]


def test_zeros_that_a_format_shows_are_kept() -> None:
    """Postal codes and telephone numbers are often numbers with a format."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Zip", "Phone", "Employees"])
    sheet.append([1067, 301234567.0, 7])
    for column, shown in (("A", "00000"), ("B", "0000000000"), ("C", "0")):
        sheet[f"{column}2"].number_format = shown
    buffer = BytesIO()
    book.save(buffer)

    assert read(buffer.getvalue()) == ["Zip,Phone,Employees", "01067,0301234567,7"]


def test_a_hidden_sheet_is_read_only_by_its_name() -> None:
    """What people see first is the first sheet that is shown: lists for drop-downs are often hidden before it."""
    book = openpyxl.load_workbook(BytesIO(workbook(Lists=[["code"]], Leads=[["Email"]])))
    book["Lists"].sheet_state = "hidden"
    book.active = 1
    buffer = BytesIO()
    book.save(buffer)

    assert read(buffer.getvalue()) == ["Email"]
    assert read(buffer.getvalue(), "Lists") == ["code"]


def test_empty_rows_keep_their_numbers() -> None:
    """So that a rejected row names the row of the sheet."""
    assert read(workbook(Leads=[["Email"], [], ["a@example.com"]])) == ["Email", "", "a@example.com"]


def test_a_sheet_is_named() -> None:
    """The first one that is shown by default; one that is not there is told, with those that are."""
    content = workbook(Intro=[["Hello"]], Leads=[["Email"]])

    assert (read(content), read(content, "Leads")) == (["Hello"], ["Email"])
    with pytest.raises(SheetRejected, match="there are: `Intro`, `Leads`"):
        read(content, "Lead")


def test_what_a_file_says_of_its_size_is_not_believed() -> None:
    """Neither too much nor too little of it."""
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Email</t></is></c><c r="B1"><v>7</v></c></row>'
    for size in (b"A1:XFD1048576", b"A1"):
        content = with_part(
            workbook(Leads=[["Email"]]), SHEET,
            OPEN.replace(b"<sheetData>", b'<dimension ref="' + size + b'"/><sheetData>') + row + CLOSE,
        )  # fmt: skip

        assert read(content) == ["Email,7"]


def test_a_row_that_no_sheet_has_ends_the_reading() -> None:
    """A number of a row may say that billions of empty ones are before it."""
    content = with_sheet(b'<row r="9999999999"><c r="A9999999999"><v>7</v></c></row>')

    with pytest.raises(SheetRejected, match=f"{ROWS_MAX:,} rows"):
        read(content)


@pytest.mark.parametrize(
    "part",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + OPEN + CLOSE,
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + OPEN + b"<row><c><v>&a;</v></c></row>" + CLOSE,
        OPEN.decode().encode("utf-16"),
        OPEN + b"<!-- </row> -->" + CLOSE,
        OPEN + b"<row><c><v><![CDATA[</row>]]></v></c></row>" + CLOSE,
    ],
)
def test_entities_are_refused(part: bytes) -> None:
    """Those of other files, those that grow, and what could hide them: no program writes a sheet so."""
    with pytest.raises(SheetRejected, match="entities"):
        read(with_part(workbook(Leads=[["Email"]]), SHEET, part))


def test_entities_are_refused_in_shared_texts() -> None:
    """Each part is looked through."""
    part = b'<!DOCTYPE x [<!ENTITY a "a">]><sst>&a;</sst>'

    with pytest.raises(SheetRejected, match="entities"):
        read(with_part(workbook(Leads=[["Email"]]), "xl/sharedStrings.xml", part))


@pytest.mark.parametrize(
    ("name", "part", "said"),
    [
        ("xl/styles.xml", b"<x>" + b" " * (40 << 20) + b"</x>", "unpacks to more"),
        ("xl/sharedStrings.xml", b"<sst>" + b" " * (257 << 20) + b"</sst>", "unpacks to more"),
        (SHEET, OPEN + b'<row r="1">' + b"<c><v>1</v></c>" * (1 << 20) + b"</row>" + CLOSE, "does not end"),
        (SHEET, OPEN + b"<row><c><v>1</v></c></row>" + CLOSE[:12] + b"<x/>" * (6 << 20), "does not end"),
    ],
)
def test_a_bomb_is_refused_in_little_memory(name: str, part: bytes, said: str) -> None:
    """A small file that unpacks to what no list of leads has."""
    content = with_part(workbook(Leads=[["Email"]]), name, part)
    del part
    assert len(content) < 2 << 20

    tracemalloc.start()
    with pytest.raises(SheetRejected, match=said):
        read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 30 << 20


def test_what_is_no_workbook_is_told() -> None:
    """A damaged one, another archive, one that is torn, one of long ago or behind a password."""
    whole = workbook(Leads=[["Email"]] * 100)
    other = BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x.txt", "x")

    for content in (whole[: len(whole) // 2], b"PK\x03\x04", other.getvalue(), with_sheet(b"<row><c><v>7</v></row>")):
        with pytest.raises(SheetRejected):
            read(content)
    with pytest.raises(SheetRejected, match="password"):
        is_workbook(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert not is_workbook(b"Email,Name")


def test_many_rows_are_read_in_little_memory(tmp_path: Path) -> None:
    """A row at a time."""
    path = tmp_path / "many.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Leads")
    for number in range(4_000):
        sheet.append([f"{number}@example.com", "Ada", number])
    book.save(path)
    progress = Progress()

    tracemalloc.start()
    with path.open("rb") as file:
        count = sum(1 for _ in sheet_lines(file, None, progress))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (count, progress.done, progress.total) == (4_000, 4_000, 4_000)
    assert peak < 12 << 20


async def test_a_workbook_is_imported_like_any_file(tmp_path: Path) -> None:
    """Rejected rows name the row of the sheet, and come back as CSV."""
    path = tmp_path / "fair.xlsx"
    path.write_bytes(workbook(Leads=[["Email", "Phone"], ["ada@example.com", "+49 30 1"], [], ["ada@", "-1;x"]]))
    service = CaptureService(
        db=MemoryDatabase(), clock=SettableClock(), entropy=SeededEntropy(1), settings=CaptureSettings()
    )
    tally = Tally()

    with path.open("rb") as file:
        await import_stream(service, file, Order(path), tally, lambda: None)

    assert (tally.rows, tally.accepted, tally.delimiter) == (2, 1, ",")
    assert tally.bytes_done == path.stat().st_size
    rejected = tmp_path / "fair.rejected.csv"
    assert tally.rejected_path == rejected
    header, row = rejected.read_text(encoding="utf-8-sig").splitlines()
    assert header == "import_line,import_reason,import_explanation,Email,Phone"
    assert row.startswith("4,email_invalid,")
    assert row.endswith(",ada@,'-1;x")
