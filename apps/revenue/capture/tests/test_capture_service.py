"""Capture as a plain object: leads in, none twice, none lost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import InvalidInput, Unavailable
from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import (
    FileRejected,
    FileRejectionReason,
    LeadCaptured,
    LeadDetails,
    LeadFile,
    LeadNotFound,
    LeadQuery,
    LeadRejected,
    LeadUpdated,
    Outcome,
    RejectionReason,
)
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = LeadDetails(email="ada@example.com", last_name="Lovelace")


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
def db() -> MemoryDatabase:
    """A database with nothing in it."""
    return MemoryDatabase()


@pytest.fixture
def capture(db: MemoryDatabase, clock: SettableClock) -> CaptureService:
    """Capture with nothing in it."""
    return CaptureService(db=db, clock=clock, entropy=SeededEntropy(1), settings=CaptureSettings())


def csv_file(text: str, import_id: str | None = None) -> LeadFile:
    """A file with this text."""
    return LeadFile(file_name="fair.csv", content=text.encode(), import_id=import_id)


async def test_a_lead_is_accepted_under_an_id_of_its_own(capture: CaptureService) -> None:
    """And is found by it."""
    receipt = await capture.accept(ADA)

    assert receipt.outcome is Outcome.ACCEPTED
    assert (receipt.lead.email, receipt.lead.captured_at) == ("ada@example.com", NOON)
    assert await capture.lead(receipt.lead.id) == receipt.lead


async def test_a_known_lead_is_brought_up_to_date(capture: CaptureService, clock: SettableClock) -> None:
    """Under its old id, with the time of the change."""
    first = await capture.accept(ADA)
    clock.advance(timedelta(hours=1))

    second = await capture.accept(LeadDetails(email="ADA@example.com", title="CTO"))

    assert second.outcome is Outcome.UPDATED
    assert (second.lead.id, second.lead.title, second.lead.last_name) == (first.lead.id, "CTO", "Lovelace")
    assert (second.lead.captured_at, second.lead.updated_at) == (NOON, NOON + timedelta(hours=1))


async def test_the_same_submission_changes_nothing(capture: CaptureService, db: MemoryDatabase) -> None:
    """And nobody is told of it."""
    first = await capture.accept(ADA)

    second = await capture.accept(ADA)

    assert (second.outcome, second.lead) == (Outcome.UNCHANGED, first.lead)
    assert db.published == [LeadCaptured(lead_id=first.lead.id, lead=first.lead)]


async def test_a_submission_that_makes_no_lead_is_rejected(capture: CaptureService) -> None:
    """With a stable reason and a sentence."""
    with pytest.raises(LeadRejected) as rejected:
        await capture.accept(LeadDetails(email="ada@"))

    assert rejected.value.reason is RejectionReason.EMAIL_INVALID
    assert "@-sign" in str(rejected.value)


async def test_details_that_fit_two_leads_are_rejected(capture: CaptureService) -> None:
    """Which of the two it is, Capture cannot know."""
    await capture.accept(ADA)
    await capture.accept(LeadDetails(company="Acme", external_id="7", external_source="crm"))

    with pytest.raises(LeadRejected) as rejected:
        await capture.accept(LeadDetails(email="ada@example.com", external_id="7", external_source="crm"))

    assert rejected.value.reason is RejectionReason.TWO_LEADS


async def test_an_unknown_id_is_told(capture: CaptureService) -> None:
    """As a problem that names it."""
    with pytest.raises(LeadNotFound) as problem:
        await capture.lead("nobody")

    assert problem.value.lead_id == "nobody"


async def test_leads_are_listed_a_page_at_a_time(capture: CaptureService) -> None:
    """Oldest first, until there is no next page."""
    for number in range(5):
        await capture.accept(LeadDetails(email=f"{number}@example.com"))

    first = await capture.leads(limit=3)
    second = await capture.leads(cursor=first.next, limit=3)

    assert [lead.email for lead in (*first.items, *second.items)] == [f"{number}@example.com" for number in range(5)]
    assert second.next is None


async def test_a_cursor_from_nowhere_is_rejected(capture: CaptureService) -> None:
    """Rather than read as something."""
    with pytest.raises(InvalidInput):
        await capture.leads(cursor="¹")


async def test_leads_are_found_by_address_and_by_record(capture: CaptureService) -> None:
    """In any case; nobody when nothing is asked."""
    receipt = await capture.accept(LeadDetails(email="ada@example.com", external_id="7", external_source="crm"))

    assert await capture.find(LeadQuery(email=" ADA@EXAMPLE.COM")) == [receipt.lead]
    assert await capture.find(LeadQuery(external_id="7")) == [receipt.lead]
    assert await capture.find(LeadQuery(email="bob@example.com", external_id="8")) == []
    assert await capture.find(LeadQuery()) == []


async def test_every_row_of_a_file_is_accounted_for(capture: CaptureService) -> None:
    """Accepted, known and rejected are all of them; rejected rows name line, reason and what stood there."""
    await capture.accept(ADA)

    report = await capture.import_file(
        csv_file("Email,Last name\nada@example.com,Lovelace\ngrace@example.com,Hopper\n\nada@,Byron\nx\n")
    )

    assert (report.rows, report.accepted, report.known) == (4, 1, 1)
    assert [(row.line, row.reason, row.raw) for row in report.rejected] == [
        (5, RejectionReason.EMAIL_INVALID, "ada@,Byron"),
        (6, RejectionReason.TOO_FEW_CELLS, "x"),
    ]


async def test_a_piece_names_the_lines_of_the_whole_file(capture: CaptureService) -> None:
    """The client says on which line it begins."""
    file = LeadFile(file_name="fair.csv", content=b"Email\nx@\n", first_row_line=501)

    report = await capture.import_file(file)

    assert report.rejected[0].line == 501


async def test_record_ids_belong_to_their_source(capture: CaptureService) -> None:
    """The same number in two files is two leads; in the same file's next version it is one."""
    await capture.import_file(LeadFile(file_name="a.csv", content=b"id,name\n1,Ada Lovelace\n"))

    other = await capture.import_file(LeadFile(file_name="b.csv", content=b"id,name\n1,Grace Hopper\n"))
    again = await capture.import_file(LeadFile(file_name="a.csv", content=b"id,name\n1,Ada Byron\n"))

    assert (other.accepted, again.updated) == (1, 1)


async def test_a_file_imported_twice_changes_nothing(capture: CaptureService, db: MemoryDatabase) -> None:
    """Even where two of its rows contradict each other: under the same import id a row is taken once."""
    file = csv_file("Email,Title\na@example.com,CTO\na@example.com,CEO\n", import_id="digest")
    await capture.import_file(file)
    before = await capture.leads()

    report = await capture.import_file(file)

    assert (report.rows, report.unchanged) == (2, 2)
    assert await capture.leads() == before
    assert len(db.published) == 1


async def test_a_preview_says_what_an_import_would_do_and_keeps_nothing(capture: CaptureService) -> None:
    """Rows that repeat each other are seen within the file as well."""
    file = csv_file("Mail;Wer\nada@example.com;Ada Lovelace\nADA@example.com;Ada Lovelace\nx@;X\n")

    preview = await capture.preview(file)

    assert [(column.name, column.target) for column in preview.columns] == [("Mail", "email"), ("Wer", "attribute")]
    assert (preview.delimiter, preview.encoding, preview.source) == (";", "utf-8", "fair")
    assert (preview.report.accepted, preview.report.updated, len(preview.report.rejected)) == (1, 1, 1)
    assert (await capture.leads()).items == ()
    assert await capture.import_file(file) == preview.report


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", FileRejectionReason.EMPTY),
        ("\n\n", FileRejectionReason.EMPTY),
        ("age;job\n58;technician\n", FileRejectionReason.NOBODY_NAMED),
        ("ada@example.com,Ada\n", FileRejectionReason.NO_HEADER),
        ("a\0b,c\n1,2\n", FileRejectionReason.NOT_CSV),
        ("Email\n" + "x\n" * 5001, FileRejectionReason.TOO_MANY_ROWS),
    ],
)
async def test_a_file_that_is_no_list_of_leads_is_rejected_as_a_whole(
    capture: CaptureService, text: str, reason: FileRejectionReason
) -> None:
    """Once, instead of once a row."""
    with pytest.raises(FileRejected) as rejected:
        await capture.import_file(csv_file(text))

    assert rejected.value.reason is reason
    assert (await capture.leads()).items == ()


PARTS = st.sampled_from(
    [
        "Email",
        "Name",
        ",",
        ";",
        "\n",
        "\r",
        '"',
        "ada@example.com",
        "x@",
        " ",
        "\t",
        "sep=;\n",
        "\ufeff",
        "\0",
        "ü",
        "1",
    ]
)


@given(st.lists(PARTS, max_size=40).map("".join), st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-16-be"]))
async def test_any_file_is_accounted_for_or_rejected(text: str, encoding: str) -> None:
    """And nothing that arrives makes Capture fail."""
    capture = CaptureService(
        db=MemoryDatabase(), clock=SettableClock(NOON), entropy=SeededEntropy(1), settings=CaptureSettings()
    )

    try:
        report = await capture.import_file(LeadFile(file_name="x", content=text.encode(encoding, errors="replace")))
    except FileRejected:
        return

    assert report.accepted + report.known + len(report.rejected) == report.rows
    assert (await capture.count()).leads == report.accepted


async def test_others_are_told_what_has_changed(capture: CaptureService, db: MemoryDatabase) -> None:
    """A lead that comes in is captured, one that was there is updated, and the event carries it as it is now."""
    first = await capture.accept(ADA)
    second = await capture.accept(LeadDetails(email="ada@example.com", title="CTO"))

    report = await capture.import_file(
        csv_file("Email,Title\nada@example.com,CTO\ngrace@example.com,CEO\ngrace@example.com,CFO\n")
    )

    grace = (await capture.find(LeadQuery(email="grace@example.com")))[0]
    assert (report.accepted, report.updated, report.unchanged) == (1, 1, 1)
    assert (second.lead.revision, grace.revision, grace.title) == (2, 1, "CFO")
    assert db.published == [
        LeadCaptured(lead_id=first.lead.id, lead=first.lead),
        LeadUpdated(lead_id=first.lead.id, lead=second.lead),
        LeadCaptured(lead_id=grace.id, lead=grace),
    ]


async def test_so_many_events_tell_of_leads_as_their_revisions_say(capture: CaptureService, db: MemoryDatabase) -> None:
    """By which whoever subscribes can see how far it is."""
    empty = await capture.count()
    for title in ("CTO", "CTO", "CEO"):
        await capture.accept(LeadDetails(email="ada@example.com", title=title))
    await capture.import_file(csv_file("Email\ngrace@example.com\n"))

    count = await capture.count()

    assert (empty.leads, empty.revisions) == (0, 0)
    assert (count.leads, count.revisions) == (2, 3)
    assert len(db.published) == 3


async def test_a_lead_comes_out_as_it_went_in(capture: CaptureService) -> None:
    """Every field has a column."""
    texts = {field.name: field.name for field in msgspec.structs.fields(LeadDetails)}
    others = {"email": "a@example.com", "number_of_employees": 7, "attributes": {"größe": "M"}, "consent_at": NOON}
    details = msgspec.convert(texts | others, LeadDetails)

    receipt = await capture.accept(details)

    assert await capture.lead(receipt.lead.id) == receipt.lead
    assert LeadDetails(**{name: getattr(receipt.lead, name) for name in LeadDetails.__struct_fields__}) == details


@pytest.mark.parametrize("count", [-1, 10**9, 10**30])
async def test_a_number_that_no_company_has_is_kept_as_it_was_said(capture: CaptureService, count: int) -> None:
    """No column could hold it."""
    receipt = await capture.accept(LeadDetails(email="ada@example.com", number_of_employees=count))

    assert receipt.lead.number_of_employees is None
    assert receipt.lead.attributes == {"number_of_employees": str(count)}


async def test_what_no_database_takes_is_not_there(capture: CaptureService) -> None:
    """Text with a NUL: it is taken out where it comes in, and finds nobody where it is asked for."""
    file = LeadFile(file_name="a\0b.csv", content=b"id,name\n1,Ada Lovelace\n", import_id="x\0", source="\0s")
    report = await capture.import_file(file)
    receipt = await capture.accept(LeadDetails(email="a\0@example.com", attributes={"a\0": "b\0"}))

    (row,) = (await capture.leads(limit=1)).items
    assert (report.accepted, row.external_id, row.external_source, row.last_name) == (1, "1", "s", "Lovelace")
    assert (receipt.lead.email, receipt.lead.attributes) == ("a@example.com", {"a": "b"})
    assert await capture.find(LeadQuery(email="x\0@example.com", external_id="1\0")) == [row]
    with pytest.raises(LeadNotFound):
        await capture.lead("\0")


async def test_a_second_record_finds_the_lead_as_the_first_does(capture: CaptureService) -> None:
    """In whatever system it is."""
    first = await capture.accept(LeadDetails(email="ada@example.com", external_id="7", external_source="crm"))
    await capture.accept(LeadDetails(email="ada@example.com", external_id="8", external_source="erp"))

    assert [lead.id for lead in await capture.find(LeadQuery(external_id="8"))] == [first.lead.id]


@pytest.mark.parametrize("line", [0, -1, 10**12])
def test_a_line_that_no_file_has_is_refused(line: int) -> None:
    """Whoever sends it has made a mistake."""
    with pytest.raises(ValueError, match="first_row_line"):
        LeadFile(file_name="x", content=b"", first_row_line=line)


async def crowd(capture: CaptureService, people: int) -> list[UUID]:
    """So many leads, one by one; their ids."""
    receipts = [await capture.accept(LeadDetails(email=f"{number}@example.com")) for number in range(people)]
    return [UUID(receipt.lead.id) for receipt in receipts]


class Unlucky(SeededEntropy):
    """Chance that begins, after an id of its own, with ids that others have."""

    def __init__(self, taken: Sequence[UUID]) -> None:
        super().__init__(2)
        self._ids = [super().uuid(), *taken]

    def uuid(self) -> UUID:
        """The next one."""
        return self._ids.pop(0) if self._ids else super().uuid()


async def test_who_meets_another_submission_about_the_same_lead_tries_again(
    capture: CaptureService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """Here the other one was first to take an id; on PostgreSQL, where several write at a time, it may be a key."""
    taken = await crowd(capture, 2)
    twin = CaptureService(db=db, clock=clock, entropy=Unlucky(taken), settings=CaptureSettings())

    receipt = await twin.accept(ADA)

    assert receipt.outcome is Outcome.ACCEPTED
    assert [lead.email for lead in (await capture.leads()).items] == ["0@example.com", "1@example.com", ADA.email]


async def test_a_piece_is_taken_as_a_whole_or_not_at_all(
    capture: CaptureService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """Where it cannot be taken nothing of it is there, so that it can be sent again."""
    file = csv_file("Email\nada@example.com\ngrace@example.com\n", import_id="digest")
    taken = await crowd(capture, 6)
    twin = CaptureService(db=db, clock=clock, entropy=Unlucky(taken), settings=CaptureSettings())

    with pytest.raises(Unavailable):
        await twin.import_file(file)

    assert len((await capture.leads()).items) == len(db.published) == 6
    assert (await capture.import_file(file)).accepted == 2
