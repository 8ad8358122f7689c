"""The team's own directory of companies."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.contract import (
    CompanyFile,
    DirectoryRefused,
    EnrichmentRules,
    FieldRule,
    Source,
    Topic,
)
from revenue.enrichment.directory import plain_name, read_companies
from revenue.enrichment.tests.vendor import a_lead, desk, value_of
from revenue.identity.contract import Resolution

FILE = b"""\
Website,Company name,Industry,Number of employees,City,Country,Owner
https://www.acme.de/,Acme SE,Machinery,"1,200",Hamburg,Germany,Bob
blue.fr,Blue S\xc3\xa0rl,Software,51-200,Lyon,France,Bob
,Nameless Ltd.,Retail,,,,
,,,,,,
gmail.com,,Mail,,,,
"""
ASKED = tuple(
    FieldRule(field=topic, providers=("company_directory",))
    for topic in (Topic.INDUSTRY, Topic.NUMBER_OF_EMPLOYEES, Topic.CITY)
)
RULES = EnrichmentRules(fields=ASKED)
NOBODY = Resolution(contact_id="c")


async def test_companies_are_found_by_their_domain_and_by_their_name() -> None:
    """It costs nothing, and says where it is from. What people said is theirs."""
    async with desk(RULES) as enrichment:
        report = await enrichment.service.import_companies(CompanyFile(content=FILE))
        by_domain = await enrichment.resolve(a_lead(1), NOBODY)
        by_name = await enrichment.resolve(a_lead(2, email="x@gmail.com", company="nameless LIMITED"), NOBODY)
        said = await enrichment.resolve(a_lead(3, city="Ulm"), NOBODY)
        unknown = await enrichment.resolve(a_lead(4, email="x@unknown.de"), NOBODY)
        costs = await enrichment.service.costs()

    assert (report.rows, report.kept, report.refused) == (4, 4, 0)
    assert report.columns == {
        "Website": "domain",
        "Company name": "company",
        "Industry": "industry",
        "Number of employees": "number_of_employees",
        "City": "city",
        "Country": "country",
    }
    fact = by_domain.profile.best(Topic.NUMBER_OF_EMPLOYEES)
    assert fact is not None
    assert fact.provenance is not None
    assert (fact.value, fact.source, fact.provenance.provider) == ("1200", Source.DIRECTORY, "company_directory")
    assert value_of(by_name, Topic.INDUSTRY) == "Retail"
    assert (value_of(said, Topic.CITY), value_of(said, Topic.INDUSTRY)) == ("Ulm", "Machinery")
    assert value_of(unknown, Topic.INDUSTRY) is None
    assert costs == []


async def test_a_company_that_comes_again_is_written_over() -> None:
    """Importing the same file twice changes nothing."""
    async with desk(RULES) as enrichment:
        for _ in range(2):
            await enrichment.service.import_companies(CompanyFile(content=FILE))
        count = await enrichment.service.companies()
        await enrichment.service.import_companies(CompanyFile(content=b"domain;industry\nx;y\n".replace(b";", b",")))
        await enrichment.service.import_companies(CompanyFile(content=b"domain,industry\nacme.de,Toys\n"))
        event = await enrichment.resolve(a_lead(), NOBODY)

    assert count == 4
    assert (value_of(event, Topic.INDUSTRY), value_of(event, Topic.CITY)) == ("Toys", None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no column is a domain"),
        (b"a,b\n1,2\n", "no column is a domain"),
        (b"domain\n" + b"a.de\n" * 5_001, "more than 5,000 rows"),
        (b'domain\n"' + b"x" * 200_000, "is no CSV"),
    ],
)
async def test_a_file_that_is_no_directory_is_refused(content: bytes, why: str) -> None:
    """As a whole."""
    async with desk(RULES) as enrichment:
        with pytest.raises(DirectoryRefused, match=why):
            await enrichment.service.import_companies(CompanyFile(content=content))

        assert await enrichment.service.companies() == 0


async def test_a_file_of_the_settings_is_read_at_the_start_where_it_has_changed(tmp_path: Path) -> None:
    """A thousand lines at a time, with quoted lines that go on, so that a big one fits into a small memory."""
    file = tmp_path / "companies.csv"
    rows = "".join(f'company{number}.de,"Company\n{number}",Toys\n' for number in range(2_500))
    file.write_text(f"domain,name,industry\n{rows}")
    async with desk(RULES, company_directory=str(file)) as enrichment:
        await enrichment.service.start()
        count = await enrichment.service.companies()
        unchanged = await enrichment.buying.load_directory(str(file))
        file.write_text("domain,name,industry\nacme.de,Acme,Machinery\n")
        changed = await enrichment.buying.load_directory(str(file))
        event = await enrichment.resolve(a_lead(5, email="x@company2499.de"), NOBODY)

    assert (count, unchanged) == (2_500, None)
    assert changed is not None
    assert changed.kept == 1
    assert value_of(event, Topic.INDUSTRY) == "Toys"


@given(st.text(max_size=60))
def test_a_name_is_compared_without_its_legal_form(name: str) -> None:
    """However often it is taken off, it stays the same; a form alone is a name."""
    plain = plain_name(name)

    assert plain_name(plain) == plain
    assert plain_name(f"{name}, Inc.") == plain or not plain


@given(st.lists(st.text(max_size=12), max_size=30))
def test_any_lines_are_companies_or_refused(lines: list[str]) -> None:
    """Nothing that arrives makes it fail otherwise."""
    try:
        _, companies = read_companies([f"{line}\n" for line in ["domain,name", *lines]])
        list(companies)
    except DirectoryRefused:
        return


@pytest.mark.data
async def test_a_thousand_real_companies_are_found(data: Path) -> None:
    """Of 1,000 rows of the Fortune list all are kept, and each is found by its own domain or name."""
    content = (data / "companies/Fortune_1000.csv").read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    async with desk(RULES) as enrichment:
        report = await enrichment.service.import_companies(CompanyFile(content=content))
        found = [
            await enrichment.found(a_lead(number, email="x@gmail.com", company=row["company"]))
            for number, row in enumerate(rows[:200])
        ]

    assert (report.rows, report.kept) == (1000, 1000)
    assert set(report.columns.values()) == {"company", "number_of_employees", "industry", "city", "state", "domain"}
    sectors = [[fact.value for fact in profile.about(Topic.INDUSTRY)] for profile in found]
    assert sum(sector == [row["sector"]] for sector, row in zip(sectors, rows, strict=False)) >= 198
