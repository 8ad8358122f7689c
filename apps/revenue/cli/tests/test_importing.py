"""A file goes in, and what was rejected comes back to be mended."""

import json
from pathlib import Path

import pytest

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import FileRejected, LeadDetails, Outcome, RejectedRow, RejectionReason
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings
from revenue.cli.importing import Order, Tally, import_stream
from revenue.cli.rejected import RejectedFile, first_stem
from revenue.sample import sample_csv

LEADS = 'Email;Last name;Notes\nada@example.com;Lovelace;"one\ntwo"\nada@;Byron;"a;b"\n;;x\ngrace@example.com;Hopper;\n'


def capture() -> CaptureService:
    """Capture with nothing in it."""
    return CaptureService(
        db=MemoryDatabase(), clock=SettableClock(), entropy=SeededEntropy(1), settings=CaptureSettings()
    )


async def imported(
    service: CaptureService, path: Path, *, rows: int = 2, is_dry_run: bool = False, **mapping: str
) -> Tally:
    """The tally of a file."""
    tally = Tally()
    order = Order(path, mapping, is_dry_run, rows)
    with path.open("rb") as file:
        await import_stream(service, file, order, tally, lambda: None)
    return tally


def lines_of(path: Path | None) -> list[str]:
    """The lines of a file of rejected rows."""
    assert path is not None
    return path.read_text(encoding="utf-8-sig").splitlines()


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    """A file with two leads and two rows that are none."""
    path = tmp_path / "fair.csv"
    path.write_text(LEADS, encoding="utf-8")
    return path


async def test_every_row_is_in_the_tally(leads: Path) -> None:
    """Whatever the size of the pieces."""
    for rows in (1, 2, 100):
        tally = await imported(capture(), leads, rows=rows)

        assert (tally.rows, tally.accepted, tally.known, tally.rejected.total()) == (4, 2, 0, 2)
        assert tally.bytes_done == len(LEADS)


async def test_rejected_rows_are_written_beside_the_file(leads: Path) -> None:
    """As they came, with line and reason before them."""
    tally = await imported(capture(), leads)

    assert tally.rejected_path == leads.with_name("fair.rejected.csv")
    header, first, second = lines_of(tally.rejected_path)
    assert header == "import_line;import_reason;import_explanation;Email;Last name;Notes"
    assert first.startswith("4;email_invalid;")
    assert first.endswith(';ada@;Byron;"a;b"')
    assert second.startswith("5;nobody_named;")
    assert second.endswith(";;;x")


async def test_mended_rows_come_in(leads: Path) -> None:
    """Mend one, import the file of rejected rows: it is taken, the other comes back in a file of its own."""
    service = capture()
    rejected = (await imported(service, leads)).rejected_path
    assert rejected is not None
    rejected.write_text(
        rejected.read_text(encoding="utf-8-sig").replace("ada@;", "byron@example.com;"), encoding="utf-8-sig"
    )

    tally = await imported(service, rejected)

    assert (tally.rows, tally.accepted, tally.rejected.total()) == (2, 1, 1)
    assert tally.rejected_path == leads.with_name("fair.rejected.2.csv")
    header, row = lines_of(tally.rejected_path)
    assert header.count("import_line") == 1
    assert row.startswith("3;nobody_named;")
    assert row.endswith(".;;;x")
    assert [lead.attributes for lead in (await service.leads()).items] == [{}, {}, {}]


async def test_a_file_of_rejected_rows_is_never_written_over(leads: Path) -> None:
    """Somebody may be mending it."""
    service = capture()
    first = (await imported(service, leads)).rejected_path

    second = (await imported(service, leads)).rejected_path

    assert (first, second) == (leads.with_name("fair.rejected.csv"), leads.with_name("fair.rejected.2.csv"))


async def test_a_dry_run_keeps_and_writes_nothing(leads: Path) -> None:
    """And tells the same."""
    service = capture()

    dry = await imported(service, leads, is_dry_run=True)

    assert (dry.rows, dry.accepted, dry.rejected.total(), dry.rejected_path) == (4, 2, 2, None)
    assert (await service.count()).leads == 0
    assert list(leads.parent.iterdir()) == [leads]


async def test_the_mapping_of_the_beginning_holds_for_the_whole_file(tmp_path: Path) -> None:
    """A column that looks like addresses at first is one, whatever comes later."""
    path = tmp_path / "x.csv"
    path.write_text("Firma;Feld\nAcme;a@example.com\nBeta;b@example.com\nCeta;none given\n", encoding="utf-8")

    tally = await imported(capture(), path)

    assert [column.target for column in tally.columns] == ["company", "email"]
    assert dict(tally.rejected) == {"email_invalid": 1}


async def test_a_wish_is_followed(leads: Path) -> None:
    """Where it names what exists."""
    tally = await imported(capture(), leads, Notes="title")

    assert [column.target for column in tally.columns] == ["email", "last_name", "title"]
    with pytest.raises(FileRejected, match="there is no column"):
        await imported(capture(), leads, Note="title")


async def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    """Not even where its rows contradict each other; another mapping is another import."""
    path = tmp_path / "leads.csv"
    path.write_text(sample_csv(leads=100), encoding="utf-8-sig")
    service = capture()
    first = await imported(service, path, rows=10)
    before = await service.count()

    again = await imported(service, path, rows=25)
    otherwise = await imported(service, path, rows=10, Created="description", Notes="ignore")

    assert (again.accepted, again.updated, again.unchanged) == (0, 0, first.accepted + first.known)
    assert otherwise.updated > 0
    assert (await service.count()).leads == before.leads


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("fair.csv", "fair"), ("fair.rejected.csv", "fair"), ("fair.rejected.12.csv", "fair"), ("a.b.csv", "a.b"),
        ("rejected.csv", "rejected"),
    ],
)  # fmt: skip
def test_a_file_of_rejected_rows_knows_where_it_began(name: str, stem: str) -> None:
    """So that record ids in it belong to the same source."""
    assert first_stem(Path(name)) == stem


JSON_LINES = """\
{"email": "ada@example.com", "name": {"first": "Ada"}, "tags": ["a", "b"]}
{"email": "ada@", "last_name": "Byron"}

{"email": "grace@example.com", "last_name": "Hopper",
{"email": "hedy@example.com", "score": 7, "import_line": 3}
[1]
"""


async def test_lines_of_json_come_in(tmp_path: Path) -> None:
    """In any pieces, with parts that only some rows have, and rejected ones come back as lines of JSON."""
    for rows in (1, 2, 100):
        path = tmp_path / f"{rows}.jsonl"
        path.write_text(JSON_LINES, encoding="utf-8")
        service = capture()

        tally = await imported(service, path, rows=rows)

        leads = (await service.leads()).items
        assert (tally.rows, tally.accepted, dict(tally.rejected)) == (5, 2, {"email_invalid": 1, "not_json": 2})
        assert [lead.attributes for lead in leads] == [{"name.first": "Ada", "tags": "a, b"}, {"score": "7"}]
        path = tmp_path / f"{rows}.rejected.jsonl"
        assert tally.rejected_path == path
        told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert [(row["import_line"], row["import_reason"]) for row in told] == [
            (2, "email_invalid"), (4, "not_json"), (6, "not_json"),
        ]  # fmt: skip
        assert told[0]["last_name"] == "Byron"
        assert told[1]["import_raw"].startswith('{"email": "grace@example.com"')


async def test_mended_lines_of_json_come_in(tmp_path: Path) -> None:
    """Where they stand: in the object, or in the text that was none."""
    path = tmp_path / "fair.jsonl"
    path.write_text(JSON_LINES, encoding="utf-8")
    service = capture()
    rejected = (await imported(service, path)).rejected_path
    assert rejected is not None
    mended = (
        rejected.read_text(encoding="utf-8")
        .replace('"ada@"', '"byron@example.com"')
        .replace('Hopper\\",', 'Hopper\\"}')
    )
    rejected.write_text(mended, encoding="utf-8")

    tally = await imported(service, rejected)

    assert (tally.rows, tally.accepted, dict(tally.rejected)) == (3, 2, {"not_json": 1})
    assert tally.rejected_path == tmp_path / "fair.rejected.2.jsonl"
    assert [lead.last_name for lead in (await service.leads()).items] == [None, None, "Byron", "Hopper"]


async def test_a_wish_for_lines_of_json_holds_where_its_part_comes_late(tmp_path: Path) -> None:
    """The first rows have to have it, those that follow need not."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "Acme", "b": "x"}\n{"a": "Beta"}\n{"c": 1, "a": "Ceta"}\n', encoding="utf-8")

    tally = await imported(capture(), path, rows=1, a="company", b="title")

    assert (tally.accepted, tally.rejected.total()) == (3, 0)
    with pytest.raises(FileRejected, match="there is no column `z`"):
        await imported(capture(), path, z="title")


async def test_what_would_run_in_a_spreadsheet_is_marked_as_text(tmp_path: Path) -> None:
    """And is what it was when it comes back."""
    path = tmp_path / "fair.csv"
    path.write_text(
        'Email,Phone,Notes\nada@,+49 30 1,"=HYPERLINK(""x"")"\nb@,-,"a,=b"\n=c@,"@SUM(A1)', encoding="utf-8"
    )
    service = capture()
    rejected = (await imported(service, path)).rejected_path
    _, *rows = lines_of(rejected)
    assert rejected is not None
    assert [row.partition(",ada@")[2] or row[-30:] for row in rows[:1]] == [""",'+49 30 1,"'=HYPERLINK(""x"")\""""]
    assert rows[1].endswith(',b@,\'-,"a,=b"')
    assert rows[2].endswith(",'=c@,\"'@SUM(A1)")

    rejected.write_text(
        rejected.read_text(encoding="utf-8-sig").replace("ada@,", "ada@example.com,"), encoding="utf-8-sig"
    )
    await imported(service, rejected)

    (lead,) = (await service.leads()).items
    assert (lead.phone, lead.description) == ("+49 30 1", '=HYPERLINK("x")')


async def test_a_dry_run_tells_what_would_change_field_by_field(tmp_path: Path) -> None:
    """New leads, and of known ones what was and what would be; all of it in a file where one is named."""
    service = capture()
    await service.accept(LeadDetails(email="ada@example.com", title="CTO", attributes={"Budget": "7"}))
    await service.accept(LeadDetails(email="grace@example.com", title="CTO"))
    path = tmp_path / "fair.csv"
    path.write_text(
        "Email,Title,Budget\nada@example.com,CEO,8\ngrace@example.com,CTO,\nhedy@example.com,,\nx@,,\n",
        encoding="utf-8",
    )
    tally, diff = Tally(), tmp_path / "diff.jsonl"

    with path.open("rb") as file:
        await import_stream(service, file, Order(path, {}, True, 1, diff=diff), tally, lambda: None)

    assert (tally.updated, tally.unchanged, tally.accepted, tally.rejected.total()) == (1, 1, 1, 1)
    assert [(each.line, each.who, each.outcome) for each in tally.changes] == [
        (2, "ada@example.com", Outcome.UPDATED), (4, "hedy@example.com", Outcome.ACCEPTED),
    ]  # fmt: skip
    assert [(each.field, each.old, each.new) for each in tally.changes[0].changes] == [
        ("title", "CTO", "CEO"), ("attributes.Budget", "7", "8"),
    ]  # fmt: skip
    assert [json.loads(line)["who"] for line in diff.read_text().splitlines()] == [
        "ada@example.com",
        "hedy@example.com",
    ]
    assert (await service.count()).revisions == 2


async def test_a_row_that_is_too_long_is_one_rejected_row(tmp_path: Path) -> None:
    """It is written down by its beginning, in its place among the others."""
    path = tmp_path / "fair.csv"
    path.write_text(f"Email\nx@\n{'y' * (1 << 20)}\nada@example.com\nz@\n", encoding="utf-8")

    tally = await imported(capture(), path, rows=100)

    assert (tally.rows, tally.accepted, dict(tally.rejected)) == (4, 1, {"email_invalid": 2, "too_long": 1})
    assert [line.split(",")[:2] for line in lines_of(tally.rejected_path)[1:]] == [
        ["2", "email_invalid"], ["3", "too_long"], ["5", "email_invalid"],
    ]  # fmt: skip


def test_what_is_broken_stays_broken(tmp_path: Path) -> None:
    """A row with an open quote is written as it came: mending it is the user's."""
    row = RejectedRow(
        line=7, reason=RejectionReason.QUOTES_BROKEN, explanation='Close it, or write "" for one.', raw='a,"b'
    )
    file = RejectedFile(tmp_path / "x.csv")

    path = file.add([row], b"p,q\n", ",")
    file.close()

    assert (
        path.read_text(encoding="utf-8-sig").splitlines()[1]
        == '7,quotes_broken,"Close it, or write """" for one.",a,"b'
    )
