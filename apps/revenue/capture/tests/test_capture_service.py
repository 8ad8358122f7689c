"""Capture as a plain object: leads in, none twice, none lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import InvalidInput, Page, Unavailable
from atoll.testing import SeededEntropy, SettableClock, fake
from revenue.capture.contract import (
    Backlog,
    FileRejected,
    FileRejectionReason,
    Lead,
    LeadDetails,
    LeadFile,
    LeadNotFound,
    LeadQuery,
    LeadRejected,
    Outcome,
    RejectionReason,
)
from revenue.capture.service import CATCH_UP_LEADS, CaptureService
from revenue.scoring.contract import Grade, Score, ScoreNotFound, Scoring

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = LeadDetails(email="ada@example.com", last_name="Lovelace")


class Scorer:
    """Stands in for Scoring: notes whom it scores, or fails."""

    def __init__(self) -> None:
        self.scored: list[str] = []
        self.is_down = False

    def score(self, lead: Lead) -> Score:
        """A score, or no answer."""
        if self.is_down:
            raise Unavailable(service="scoring", reason="it is down")
        self.scored.append(lead.id)
        return Score(lead_id=lead.id, points=0, grade=Grade.D, reasons=(), is_provisional=False, scored_at=NOON)


class Hanging:
    """Stands in for a Scoring that never answers."""

    async def score(self, lead: Lead) -> Score:
        """Wait for ever."""
        future: asyncio.Future[Score] = asyncio.get_running_loop().create_future()
        return await future

    async def latest(self, lead_id: str) -> Score:
        """Nothing."""
        raise ScoreNotFound(lead_id=lead_id)

    async def scores(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """Nothing."""
        return Page(items=())

    async def export(self) -> AsyncIterator[Score]:
        """Nothing."""
        nothing: tuple[Score, ...] = ()
        for score in nothing:
            yield score


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
def scorer() -> Scorer:
    """A Scoring that answers."""
    return Scorer()


@pytest.fixture
def capture(clock: SettableClock, scorer: Scorer) -> CaptureService:
    """Capture with nothing in it."""
    return made(clock, scorer.score)


def made(clock: SettableClock, score: Callable[[Lead], Score]) -> CaptureService:
    """Capture with a Scoring that answers so."""
    return CaptureService(scoring=fake(Scoring, score=score), clock=clock, entropy=SeededEntropy(1))


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


async def test_the_same_submission_changes_nothing(capture: CaptureService, scorer: Scorer) -> None:
    """And is not scored again."""
    first = await capture.accept(ADA)

    second = await capture.accept(ADA)

    assert (second.outcome, second.lead) == (Outcome.UNCHANGED, first.lead)
    assert scorer.scored == [first.lead.id]


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


async def test_a_file_imported_twice_changes_nothing(capture: CaptureService, scorer: Scorer) -> None:
    """Even where two of its rows contradict each other: under the same import id a row is taken once."""
    file = csv_file("Email,Title\na@example.com,CTO\na@example.com,CEO\n", import_id="digest")
    await capture.import_file(file)
    before = await capture.leads()

    report = await capture.import_file(file)

    assert (report.rows, report.unchanged) == (2, 2)
    assert await capture.leads() == before
    assert len(scorer.scored) == 1


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
    capture = made(SettableClock(NOON), Scorer().score)

    try:
        report = await capture.import_file(LeadFile(file_name="x", content=text.encode(encoding, errors="replace")))
    except FileRejected:
        return

    assert report.accepted + report.known + len(report.rejected) == report.rows
    assert len(capture.book.leads) == report.accepted


async def test_leads_are_accepted_while_scoring_is_down(capture: CaptureService, scorer: Scorer) -> None:
    """By API and from a file; they wait for their score."""
    scorer.is_down = True

    await capture.accept(ADA)
    report = await capture.import_file(csv_file("Email\ngrace@example.com\nmary@example.com\n"))

    assert report.accepted == 2
    assert len((await capture.leads()).items) == 3
    assert await capture.score_backlog() == Backlog(scored=0, waiting=3)


async def test_what_waits_is_scored_when_scoring_is_back(capture: CaptureService, scorer: Scorer) -> None:
    """Every lead once, whether asked for or on the way of the next submission."""
    scorer.is_down = True
    await capture.import_file(csv_file("Email\n" + "".join(f"{number}@example.com\n" for number in range(30))))
    scorer.is_down = False

    receipt = await capture.accept(ADA)
    on_the_way = list(scorer.scored)
    backlog = await capture.score_backlog()

    assert on_the_way[0] == receipt.lead.id
    assert len(on_the_way) == 1 + CATCH_UP_LEADS
    assert (backlog.scored, backlog.waiting) == (30 - CATCH_UP_LEADS, 0)
    assert len(set(scorer.scored)) == len(scorer.scored) == 31


async def test_a_submission_that_is_cancelled_while_scoring_hangs_is_not_lost(clock: SettableClock) -> None:
    """The caller gave up; the lead is kept and waits for its score."""
    capture = CaptureService(scoring=Hanging(), clock=clock, entropy=SeededEntropy(1))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await capture.accept(ADA)

    assert [lead.email for lead in (await capture.leads()).items] == ["ada@example.com"]
    assert len(capture.backlog) == 1
