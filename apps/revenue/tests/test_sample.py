"""The sample is the same for ever, invented throughout, and as untidy as life."""

import re

import pytest

from revenue.capture.contract import LeadFile, RejectionReason
from revenue.capture.decoding import decode
from revenue.capture.intake import read_file
from revenue.capture.table import read_table
from revenue.enrichment.domain import mailbox_of
from revenue.sample import FREE, HEADER, PLACES, sample_csv


def test_equal_seeds_give_equal_samples() -> None:
    """And others another."""
    assert sample_csv(seed=3) == sample_csv(seed=3)
    assert sample_csv(seed=3) != sample_csv(seed=4)


@pytest.mark.parametrize("leads", [1, 10, 400])
def test_a_sample_has_about_as_many_rows_as_were_asked_for(leads: int) -> None:
    """A few broken ones come on top."""
    table = read_table(decode(sample_csv(leads=leads).encode()).lines)

    assert table is not None
    assert leads <= len(table.rows) <= leads + 5


def test_all_that_matters_is_mapped_by_itself() -> None:
    """The headers are as untidy as the rows."""
    reading = read_file(LeadFile(file_name="sample.csv", content=sample_csv().encode()))

    kept = [column.name for column in reading.columns if column.target == "attribute"]
    assert kept == ["Created"]
    assert len(reading.columns) == len(HEADER)


def test_rows_are_broken_in_every_way_that_costs_a_row() -> None:
    """Half a row, a cell too many, a quote that is not closed."""
    reading = read_file(LeadFile(file_name="sample.csv", content=sample_csv().encode()))

    reasons = {row.rejection.reason for row in reading.rows if row.rejection}
    assert reasons == {RejectionReason.TOO_FEW_CELLS, RejectionReason.TOO_MANY_CELLS, RejectionReason.QUOTES_BROKEN}


def test_values_hold_the_delimiter_and_line_ends() -> None:
    """In quotes."""
    cells = [
        cell for row in read_file(LeadFile(file_name="s.csv", content=sample_csv().encode())).rows for cell in row.cells
    ]

    assert any(";" in cell for cell in cells)
    assert any("\n" in cell for cell in cells)


def test_nobody_in_it_exists() -> None:
    """Domains are reserved ones, or providers' with a local part that says what it is."""
    found = re.findall(r"([^\s;<>\"@]+)@([a-z0-9.-]+\.[a-z]+)", sample_csv(leads=2000).casefold())

    strangers = {(local, domain) for local, domain in found if not domain.endswith(".example")}
    assert found
    assert all(local.startswith("invented.lead.") for local, _ in strangers)
    assert {domain for _, domain in strangers} == {*FREE, "mailinator.com"}
    assert all(mailbox_of(domain) != "company" for _, domain in strangers)


def test_every_place_has_numbers_for_fiction_only() -> None:
    """The last two digits alone are free."""
    assert all(form.count("##") == 1 for place in PLACES for form in place.phones)
