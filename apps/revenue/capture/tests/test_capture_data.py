"""Capture on real files: every row is accounted for."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import FileRejected, FileRejectionReason, ImportReport, LeadFile
from revenue.capture.intake import ROWS_MAX
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings
from revenue.cli.pieces import pieces

pytestmark = pytest.mark.data


def capture() -> CaptureService:
    """Capture with nothing in it."""
    return CaptureService(
        db=MemoryDatabase(), clock=SettableClock(), entropy=SeededEntropy(1), settings=CaptureSettings()
    )


async def imported(service: CaptureService, path: Path, mapping: Mapping[str, str] | None = None) -> list[ImportReport]:
    """The reports of a file's pieces."""
    with path.open("rb") as file:
        return [
            await service.import_file(
                LeadFile(
                    file_name=path.name,
                    content=piece.content,
                    mapping=dict(mapping or {}),
                    first_row_line=piece.first_row_line,
                )
            )
            for piece in pieces(file)
        ]


@pytest.mark.parametrize(
    ("name", "rows", "mapping"),
    [
        ("companies/Fortune_1000.csv", 1000, {}),
        ("companies/sp500_constituents.csv", 503, {"Security": "company"}),
        ("maven_crm_sales_opportunities/accounts.csv", 85, {}),
        ("maven_crm_sales_opportunities/sales_teams.csv", 35, {"sales_agent": "name"}),
        ("febrl/dataset1.csv", 1000, {}),
        ("febrl/dataset3.csv", 5000, {}),
    ],
)
async def test_every_row_is_accounted_for(data: Path, name: str, rows: int, mapping: dict[str, str]) -> None:
    """Accepted, known and rejected are all rows, and the same file again brings nobody new."""
    service = capture()

    first = await imported(service, data / name, mapping)
    again = await imported(service, data / name, mapping)

    assert sum(report.rows for report in first) == rows
    assert sum(report.accepted + report.known + len(report.rejected) for report in first) == rows
    assert sum(report.accepted for report in first) == (await service.count()).leads
    assert sum(report.accepted for report in again) == 0


async def test_blanks_after_commas_are_no_part_of_a_name(data: Path) -> None:
    """As febrl writes them."""
    service = capture()

    await imported(service, data / "febrl/dataset1.csv")

    leads = (await service.leads(limit=1000)).items
    assert {lead.external_source for lead in leads} == {"dataset1"}
    assert all(text == text.strip() for lead in leads for text in (lead.first_name, lead.last_name) if text)


@pytest.mark.parametrize("name", ["uci_bank_marketing/bank-full.csv", "maven_crm_sales_opportunities/products.csv"])
async def test_a_file_that_names_nobody_is_rejected_once(data: Path, name: str) -> None:
    """One clear rejection instead of 45,000 equal ones."""
    service = capture()

    with pytest.raises(FileRejected) as rejected:
        await imported(service, data / name)

    assert rejected.value.reason is FileRejectionReason.NOBODY_NAMED
    assert "The columns are" in rejected.value.explanation
    assert (await service.count()).leads == 0


async def test_more_rows_than_a_request_may_have_are_rejected(data: Path) -> None:
    """So that no request holds everything up."""
    content = (data / "uci_bank_marketing/bank-full.csv").read_bytes()

    with pytest.raises(FileRejected) as rejected:
        await capture().import_file(LeadFile(file_name="bank.csv", content=content, mapping={"job": "company"}))

    assert rejected.value.reason is FileRejectionReason.TOO_MANY_ROWS
    assert f"{ROWS_MAX:,}" in rejected.value.explanation
