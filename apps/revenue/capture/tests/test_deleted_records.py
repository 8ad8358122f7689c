"""Exports hold records that their system has deleted: they make no lead, unless somebody wants them to."""

from datetime import UTC, datetime

import pytest

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import LeadFile, RejectionReason
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def capture() -> CaptureService:
    """Capture with nothing in it."""
    clock = SettableClock(NOON)
    return CaptureService(db=MemoryDatabase(), clock=clock, entropy=SeededEntropy(1), settings=CaptureSettings())


def file(text: str, **mapping: str) -> LeadFile:
    """A file with this text."""
    return LeadFile(file_name="export.csv", content=text.encode(), mapping=mapping)


@pytest.mark.parametrize("column", ["IsDeleted", "ISDELETED"])
async def test_what_salesforce_has_deleted_makes_no_lead(capture: CaptureService, column: str) -> None:
    """It is told row by row, with what to do; whoever maps the column takes such records as well."""
    text = f"Id,{column},LastName\n00Q1,true,Gone\n00Q2,0,Here\n00Q3,1,Lost\n00Q4,,Unsaid\n"

    report = await capture.import_file(file(text))
    mapped = await capture.import_file(file(text, **{column: "ignore"}))

    assert [(each.line, each.reason) for each in report.rejected] == [
        (2, RejectionReason.DELETED), (4, RejectionReason.DELETED),
    ]  # fmt: skip
    assert (report.rows, report.accepted) == (4, 2)
    assert "map `IsDeleted` to `ignore`" in report.rejected[0].explanation
    assert (mapped.accepted, mapped.unchanged, mapped.rejected) == (2, 2, ())


async def test_a_lead_stays_as_it_is_when_its_record_is_deleted(capture: CaptureService) -> None:
    """Whether it is to go is no question for an import."""
    await capture.import_file(file("Id,IsDeleted,LastName\n00Q1,false,Lovelace\n"))

    await capture.import_file(file("Id,IsDeleted,LastName\n00Q1,true,Byron\n"))

    assert [lead.last_name for lead in (await capture.leads()).items] == ["Lovelace"]


@pytest.mark.parametrize(
    "text",
    [
        "Id,Is deleted,LastName,Budget__c\n00Q1,true,Gone,5\n",
        "Record ID,Archived,Email,Lifecycle Stage\n7,true,ada@example.com,lead\n",
    ],
)
async def test_what_teams_call_deleted_is_an_attribute(capture: CaptureService, text: str) -> None:
    """Only an export's own column says that a record is gone, and HubSpot's exports have none."""
    assert (await capture.import_file(file(text))).accepted == 1
