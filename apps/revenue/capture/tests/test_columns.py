"""Columns find their fields: by wish, by name, by what stands in them."""

from pathlib import Path

import pytest

from revenue.capture.columns import TARGETS, MappingRejected, map_columns
from revenue.capture.contract import FileRejectionReason, MappedBy
from revenue.capture.presets import HUBSPOT_ALIASES, exporting_system, record_id
from revenue.capture.synonyms import FIELDS, plain

SALESFORCE = "Id,IsDeleted,Salutation,FirstName,LastName,Title,Company,Street,City,State,PostalCode,Country,Phone,MobilePhone,Email,Website,Description,LeadSource,Industry,NumberOfEmployees,Status"  # fmt: skip # noqa: E501  # the first line of such an export, as it is
HUBSPOT = "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Job Title,Company Name,Website URL,Street Address,City,State/Region,Postal Code,Country/Region,Number of Employees,Industry,Original Source,Lifecycle Stage,Contact owner"  # fmt: skip # noqa: E501  # the first line of such an export, as it is


def targets(header: list[str], rows: list[list[str]] | None = None, **asked: str) -> dict[str, str]:
    """Where each column goes."""
    return {column.name: column.target for column in map_columns(header, rows or [], asked)}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("E-Mail", "email"),
        ("email address", "email"),
        ("\ufeffEMAIL", "email"),
        ("E-Mail-Adresse *", "email"),
        ("Adresse e-mail", "email"),
        ("Correo electrónico", "email"),
        ("Vorname", "first_name"),
        ("Prénom", "first_name"),
        ("given_name", "first_name"),
        ("Nachname:", "last_name"),
        ("Apellidos", "last_name"),
        ("Vollständiger Name", None),
        ("Firma", "company"),
        ("Raison sociale", "company"),
        ("Account Name", "company"),
        ("Straße", "street"),
        ("PLZ", "postal_code"),
        ("num. of employees", "number_of_employees"),
        ("Téléphone", "phone"),
        ("Handy", "mobile_phone"),
        ("UTM_Source", "utm_source"),
        ("Deal amount", None),
    ],
)
def test_a_header_is_known_in_any_spelling(name: str, field: str | None) -> None:
    """Case, blanks, punctuation, accents and byte-order marks do not matter; several languages do."""
    assert FIELDS.get(plain(name)) == field


def test_every_synonym_leads_to_a_field_and_is_written_plainly() -> None:
    """Or it would never be found."""
    assert set(FIELDS.values()) <= TARGETS
    assert all(plain(name) == name for name in FIELDS)


@pytest.mark.parametrize(
    ("header", "system"),
    [
        (SALESFORCE, "salesforce"),
        (HUBSPOT, "hubspot"),
        ("Id,Email", None),
        ("Id,FirstName,LastName,Email,LeadSource,OwnerId", "salesforce"),
        ("ID,LASTNAME,EMAIL,BUDGET__C", "salesforce"),
        ("Id,Last Name,Email,Owner ID", None),
        ("Name,Email,Budget__c", None),
    ],
)
def test_an_export_gives_its_system_away(header: str, system: str | None) -> None:
    """So that record ids of two systems do not mix."""
    assert exporting_system(tuple(header.split(","))) == system


@pytest.mark.parametrize("header", [SALESFORCE, HUBSPOT])
def test_exports_are_mapped_by_themselves(header: str) -> None:
    """The fields that matter, record ids included."""
    found = set(targets(header.split(",")).values())

    assert found >= {
        "external_id", "email", "first_name", "last_name", "title", "company", "phone", "mobile_phone", "website",
        "street", "city", "state", "postal_code", "country", "number_of_employees", "industry", "lead_source",
    }  # fmt: skip


@pytest.mark.parametrize("names", [1, 2])
def test_every_hubspot_name_is_known(names: int) -> None:
    """The property and what exports call it."""
    header = [*(alias[names] for alias in HUBSPOT_ALIASES.values()), "Lifecycle Stage"]

    assert targets(header) == {alias[names]: field for field, alias in HUBSPOT_ALIASES.items()} | {
        "Lifecycle Stage": "attribute"
    }


def test_the_documentation_has_the_same_names() -> None:
    """People look there when they write rules."""
    page = (Path(__file__).parents[4] / "docs/how-to/capture.md").read_text(encoding="utf-8")

    rows = (
        f"| `{field}` | {f'`{ours}`' if ours else '-'} | `{name}` | {label} |"
        for field, (ours, name, label) in HUBSPOT_ALIASES.items()
    )
    assert [row for row in rows if row not in page] == []


def test_every_salesforce_name_is_known() -> None:
    """As its API calls them."""
    named = {alias[0]: field for field, alias in HUBSPOT_ALIASES.items() if alias[0]}

    assert targets([*named, "IsDeleted", "Status"]) == named | {"IsDeleted": "attribute", "Status": "attribute"}


def test_the_name_of_an_account_is_a_company() -> None:
    """In an export of accounts; in one of people it is theirs."""
    accounts = targets(["Id", "IsDeleted", "Name", "BillingCity", "Website"])
    people = targets(["Id", "IsDeleted", "Name", "Email"])

    assert (accounts["Name"], accounts["BillingCity"], people["Name"]) == ("company", "city", "name")


def test_what_the_team_says_goes_before_what_columns_are_called() -> None:
    """And after what was asked for this file; a rule for a column that is not there is none."""
    found = map_columns(
        ["Kunde", "Mail", "Titel"], [], {"Mail": "ignore"}, {"kunde": "company", "mail": "title", "x": "city"}
    )

    assert [(column.target, column.mapped_by) for column in found] == [
        ("company", MappedBy.RULES), ("ignore", MappedBy.ASKED), ("attribute", MappedBy.NOTHING),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("system", "given", "kept"),
    [
        ("salesforce", "001A0000006Vm9u", "001A0000006Vm9uIAC"),
        ("salesforce", "001A0000006Vm9uIAC", "001A0000006Vm9uIAC"),
        ("salesforce", "7", "7"),
        ("hubspot", "001A0000006Vm9u", "001A0000006Vm9u"),
    ],
)
def test_a_record_has_one_id_in_all_exports(system: str, given: str, kept: str) -> None:
    """Salesforce's reports have fifteen letters of eighteen."""
    assert record_id(system, given) == kept


def test_a_field_is_filled_by_one_column() -> None:
    """The first; the second is kept as an attribute."""
    assert targets(["Email", "Work Email"]) == {"Email": "email", "Work Email": "attribute"}


def test_a_wish_goes_before_everything() -> None:
    """And frees its column and its field from what they would be by themselves."""
    found = targets(["Email", "Backup"], Backup="email", Email="ignore")

    assert found == {"Email": "ignore", "Backup": "email"}


def test_a_wish_finds_its_column_in_any_spelling() -> None:
    """People do not copy headers letter by letter."""
    columns = map_columns(["Kunden-Nr."], [], {"kunden nr": "name"})

    assert (columns[0].target, columns[0].mapped_by) == ("name", MappedBy.ASKED)


@pytest.mark.parametrize(
    ("cells", "target"),
    [
        (["a@x.example", "b@y.example", ""], "email"),
        (["https://x.example", "www.y.example"], "website"),
        (["+49 30 123456", "(212) 555-0100"], "phone"),
        (["19081209", "6988048"], "attribute"),
        (["a@x.example", "no", "yes", "no"], "attribute"),
        ([""], "attribute"),
    ],
)
def test_a_header_that_says_nothing_is_seen_through_by_content(cells: list[str], target: str) -> None:
    """A column full of addresses is the address, whatever it is called."""
    found = targets(["Company", "Feld 7"], [["Acme", cell] for cell in cells])

    assert found["Feld 7"] == target


@pytest.mark.parametrize(
    ("header", "asked", "reason"),
    [
        (["ada@example.com", "Ada"], {}, FileRejectionReason.NO_HEADER),
        (["age", "job", "balance"], {}, FileRejectionReason.NOBODY_NAMED),
        (["Email"], {"Mail 2": "email"}, FileRejectionReason.MAPPING),
        (["Email"], {"Email": "e-mail"}, FileRejectionReason.MAPPING),
        (["Email", "Mail"], {"Email": "email", "Mail": "email"}, FileRejectionReason.MAPPING),
    ],
)
def test_columns_that_make_no_leads_are_rejected(
    header: list[str], asked: dict[str, str], reason: FileRejectionReason
) -> None:
    """With a sentence that says what there is and what to do."""
    with pytest.raises(MappingRejected) as rejected:
        map_columns(header, [], asked)

    assert rejected.value.reason is reason


def test_a_name_without_an_end_is_told_by_its_beginning() -> None:
    """Of a file that is no list at all the first line may be anything."""
    with pytest.raises(MappingRejected) as rejected:
        map_columns(["x" * 5_000, "agent"], [], {})

    assert "x…, agent" in rejected.value.explanation
    assert len(rejected.value.explanation) < 400


def test_the_columns_of_rejected_rows_are_dropped_when_they_come_back() -> None:
    """They were added by us."""
    found = targets(["import_line", "import_reason", "import_explanation", "Email"])

    assert list(found.values()) == ["ignore", "ignore", "ignore", "email"]
