"""What a team can write down about its CRM, what is refused, and what becomes of values."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from revenue.crm.cells import cells_of, compiled
from revenue.crm.changes import Change, Memory, change_of
from revenue.crm.contract import Authority, CrmRules, Hubspot, LeftOut, Salesforce, Withheld
from revenue.crm.record import Document
from revenue.playbook.contract import TeamRules

Said = Mapping[str, object]
DOCUMENT: Document = {
    "lead": {"id": "7", "email": "Ada@Example.com", "last_name": "Lovelace", "attributes": {}},
    "assignment": {"owner": "ada", "status": "new", "details": None},
    "owner": None,
}


def salesforce(**rules: Any) -> Salesforce:  # Any: as a file has them
    """Rules as they stand in a file."""
    return msgspec.convert(rules, Salesforce)


def document(**said: Any) -> Document:  # Any: values of a lead's fields
    """A lead that says this."""
    return {**DOCUMENT, "lead": {**DOCUMENT["lead"], **said}}


def cell(field: Said, **said: object) -> tuple[str | None, LeftOut | None]:
    """What one field says of a lead."""
    cells = cells_of(document(**said), compiled(salesforce(fields={"X__c": field})))
    return cells.values["X__c"], cells.left_out.get("X__c")


@pytest.mark.parametrize(
    ("rules", "advice"),
    [
        ({"fields": {"X__c": {}}}, "say with `ours` where its value comes from"),
        ({"fields": {"X__c": {"ours": ["lead.compny"]}}}, "lead.company"),
        ({"fields": {"X__c": {"ours": ["leads"]}}}, "`score.points`"),
        ({"fields": {"X__c": {"ours": ["lead.attributes."]}}}, "there is not"),
        ({"fields": {"X__c": {"ours": ["lead.id"], "length_max": 0}}}, "give 1 or more"),
        ({"fields": {"X__c": {"ours": ["lead.id"], "stages": ["a"], "values": {"x": "b"}}}}, "add it there"),
        ({"fields": {"Status": {"stages": ["a"]}}}, "the field `Status`"),
        ({"fields": {"Id": {"ours": ["lead.id"]}}}, "`key_from`"),
        ({"fields": {"=X": {"ours": ["lead.id"]}}}, "cannot be called"),
        ({"leave_out": ["Raiting"]}, "it is one of"),
        ({"rename": {"Rating": "Status"}}, "two columns would be called `Status`"),
        ({"rename": {"Rating": "Id"}}, "two columns would be called `Id`"),
        ({"rename": {"Rating": " "}}, "cannot be called"),
        ({"key": "Id"}, "two columns"),
        ({"key_from": "lead"}, "`lead.email`"),
        ({"grades": ["E"]}, "A, B, C, D"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(rules: dict[str, object], advice: str) -> None:
    """When the file is read, and not when it is exported."""
    with pytest.raises(msgspec.ValidationError) as caught:
        salesforce(**rules)

    assert advice in str(caught.value)


def test_rules_travel_with_all_others() -> None:
    """What is shipped is not written into them, so that it grows with each version."""
    rules = TeamRules(crm=CrmRules(salesforce=salesforce(owners={"ada": "005"})))

    assert msgspec.json.decode(msgspec.json.encode(rules), type=TeamRules) == rules
    assert len(msgspec.json.encode(rules.crm)) < 1_500


def test_what_is_left_out_of_a_field_stays_as_it_is_shipped() -> None:
    """Words are added to those that are there."""
    table = salesforce(fields={"Status": {"values": {"new": "Neu"}}, "Phone": {"authority": "crm"}}).table()

    assert (table["Status"].values["new"], table["Status"].values["working"]) == ("Neu", "Working - Contacted")
    assert table["Status"].only_values
    assert (table["Phone"].ours, table["Phone"].authority) == (("lead.phone",), Authority.CRM)


@pytest.mark.parametrize(
    ("field", "said", "wanted"),
    [
        ({"ours": ["lead.city"]}, {"city": " Ulm \r\n"}, ("Ulm", None)),
        ({"ours": ["lead.city"]}, {"city": " "}, (None, None)),
        ({"ours": ["lead.city", "lead.state"]}, {"state": "BW"}, ("BW", None)),
        ({"ours": ["lead.attributes.a.b"]}, {"attributes": {"a.b": "c"}}, ("c", None)),
        ({"ours": ["assignment.details.email"]}, {}, (None, None)),
        ({"ours": ["lead.city"], "length_max": 3}, {"city": "Łódźa"}, ("Łód", None)),
        ({"ours": ["lead.city"], "length_max": 3, "too_long": "leave_out"}, {"city": "Ulma"}, (None, LeftOut.TOO_LONG)),
        ({"ours": ["lead.city"], "values": {"ULM": "U"}}, {"city": "Ulm"}, ("U", None)),
        ({"ours": ["lead.city"], "values": {"Bonn": "B"}}, {"city": "Ulm"}, ("Ulm", None)),
        ({"ours": ["lead.city"], "values": {"B": "B"}, "only_values": True}, {"city": "U"}, (None, LeftOut.NO_WORD)),
        ({"ours": ["lead.country"], "country": "code"}, {"country": "Österreich"}, ("AT", None)),
        ({"ours": ["lead.city"]}, {"city": "=cmd|'/c calc'!A1"}, (None, LeftOut.FORMULA)),
        ({"ours": ["lead.city"]}, {"city": "a;=1"}, (None, LeftOut.FORMULA)),
        ({"ours": ["lead.city"]}, {"city": "\uff1d1"}, (None, LeftOut.FORMULA)),
        ({"ours": ["lead.city"]}, {"city": "#N/A"}, (None, LeftOut.FORMULA)),
        ({"ours": ["lead.phone"]}, {"phone": "+49 (30) 123-45"}, ("+49 (30) 123-45", None)),
    ],
)
def test_what_becomes_of_a_value(field: Said, said: Said, wanted: tuple[object, object]) -> None:
    """Its place, its words, its length, and whether it is safe to look at."""
    assert cell(field, **said) == wanted


def test_formulas_are_written_where_nobody_looks_at_the_file() -> None:
    """The team says so."""
    cells = cells_of(document(city="=1+1"), compiled(salesforce(formulas="write")))

    assert cells.values["City"] == "=1+1"


def test_a_text_of_many_lines_costs_no_more_than_its_length() -> None:
    """Somebody may send a form with it."""
    cells = cells_of(document(description="\n" * 200_000 + "x" + "\n;" * 100_000), compiled(salesforce()))

    assert "Description" not in cells.left_out


@pytest.mark.parametrize(
    ("authority", "fresh", "known", "theirs"),
    [("revenue", True, True, True), ("origin", True, True, False), ("crm", True, False, False)],
)
def test_who_has_the_last_word(authority: str, fresh: bool, known: bool, theirs: bool) -> None:
    """In a record that Revenue brings in, one that it has brought in, and one that came from the CRM."""
    table = compiled(salesforce(fields={"City": {"authority": authority}}))
    memory = Memory("7", "Revenue_Id__c", True, {"City": "Bonn"})
    records = (
        (document(city="Ulm"), None),
        (document(city="Ulm"), memory),
        (document(city="Ulm", external_id="00Q1", external_source="salesforce"), None),
    )

    written = [change_of(each, told, table) for each, told in records]

    assert ["City" in change.cells for change in written if isinstance(change, Change)] == [fresh, known, theirs]


def test_a_field_that_a_record_has_to_have_is_not_emptied() -> None:
    """Salesforce would refuse it: it says what it says where nothing is known."""
    table = compiled(salesforce())
    memory = Memory("7", "Revenue_Id__c", True, {"Company": "Engines", "City": "Ulm", "LastName": "Lovelace"})

    change = change_of(document(), memory, table)

    assert isinstance(change, Change)
    assert (change.cells["Company"], change.cells["City"]) == ("[not provided]", "#N/A")


def test_an_owner_of_whom_the_crm_knows_nothing_is_left_out() -> None:
    """A record has an owner in any case: `#N/A` would be refused, with all that stands in its row."""
    memory = Memory("7", "Revenue_Id__c", True, {"OwnerId": "0055e000001AbCd", "LastName": "Lovelace"})

    change = change_of(document(), memory, compiled(salesforce(owners={"bob": "0055e000001AbCd"})))

    assert isinstance(change, Change)
    assert "OwnerId" not in change.cells
    assert change.left_out["OwnerId"] is LeftOut.NO_WORD


def test_rules_that_say_the_same_have_the_same_digest() -> None:
    """Other parts of the playbook are published without every record being looked at again."""
    assert compiled(salesforce(owners={"a": "b"})).digest == compiled(salesforce(owners={"a": "b"})).digest
    assert compiled(salesforce()).digest != compiled(salesforce(leave_out=["Rating"])).digest


def test_a_file_cannot_empty_a_property_of_hubspots() -> None:
    """So that is said instead."""
    memory = Memory("ada@example.com", "email", True, {"city": "Ulm", "lastname": "Lovelace"})

    change = change_of(document(), memory, compiled(Hubspot()))

    assert isinstance(change, Change)
    assert "city" not in change.cells
    assert change.left_out["city"] is LeftOut.CANNOT_CLEAR


def test_only_leads_of_some_grades_are_told_where_the_team_says_so() -> None:
    """One that was told stays told when it falls."""
    table = compiled(msgspec.convert({"grades": ["A"]}, Hubspot))
    graded = {**document(), "score": {"grade": "B", "points": 50}}

    assert change_of(graded, None, table) is None
    assert isinstance(change_of(graded, Memory("ada@example.com", "email", True, {}), table), Change)


def test_a_record_that_was_known_by_another_key_is_known_by_the_new_one() -> None:
    """The team has made a property of its own the key."""
    table = compiled(msgspec.convert({"key": "revenue_id", "key_from": "lead.id"}, Hubspot))

    change = change_of(document(), Memory("ada@example.com", "email", True, {}), table)

    assert isinstance(change, Change)
    assert (change.key, change.is_new) == ("7", False)


def test_a_key_that_a_spreadsheet_would_compute_is_withheld() -> None:
    """An address may begin with almost everything."""
    assert change_of(document(email="=cmd@example.com"), None, compiled(Hubspot())) is Withheld.FORMULA
