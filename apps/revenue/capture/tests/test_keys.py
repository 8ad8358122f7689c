"""A lead is recognised by what is sure, and brought up to date without losing anything."""

from datetime import UTC, datetime

import msgspec
import pytest

from revenue.capture.contract import Lead, LeadDetails
from revenue.capture.keys import digest_of, keys_of, updated

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Lead(
    id="1", captured_at=NOON, updated_at=NOON, email="ada@example.com", last_name="Lovelace", lead_source="Webinar"
)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (LeadDetails(email="Ada@Example.com"), LeadDetails(email="ada@example.com", last_name="L"), True),
        (LeadDetails(email="ada+fair@example.com"), LeadDetails(email="ada@example.com"), False),
        (LeadDetails(external_id="7", external_source="x"), LeadDetails(external_id="7", external_source="x"), True),
        (LeadDetails(external_id="7", external_source="x"), LeadDetails(external_id="7", external_source="y"), False),
        (LeadDetails(company="Acme", last_name="L"), LeadDetails(company="ACME", last_name="l"), True),
        (LeadDetails(company="Acme", last_name="L"), LeadDetails(company="Acme", last_name="M"), False),
        (LeadDetails(phone="1", company="Acme"), LeadDetails(phone="2", company="Acme"), False),
        (LeadDetails(email="a@x.example", company="Acme"), LeadDetails(company="Acme"), False),
        (LeadDetails(last_name="Smith", city="Ulm"), LeadDetails(last_name="Smith", city="Bonn"), False),
        (LeadDetails(last_name="Smith", city="Ulm"), LeadDetails(last_name="SMITH", city="ulm"), True),
        (LeadDetails(last_name="L", company="Acme", city="Ulm"), LeadDetails(last_name="L", company="Acme"), True),
    ],
)
def test_leads_are_the_same_by_address_by_record_or_by_all_that_is_said(
    one: LeadDetails, other: LeadDetails, is_same: bool
) -> None:
    """A false split is mended later, a false merge is not."""
    assert bool(set(keys_of(one)) & set(keys_of(other))) is is_same


def test_what_is_new_replaces_what_was() -> None:
    """And what is blank erases nothing."""
    lead = updated(ADA, LeadDetails(email="ada@example.com", title="CTO", attributes={"size": "M"}))

    assert (lead.title, lead.last_name, lead.attributes) == ("CTO", "Lovelace", {"size": "M"})


def test_how_a_lead_came_first_stays() -> None:
    """Attribution asks for the beginning; what was not said then is taken later."""
    lead = updated(ADA, LeadDetails(lead_source="Trade show", utm_campaign="spring"))

    assert (lead.lead_source, lead.utm_campaign) == ("Webinar", "spring")


def test_a_record_is_taken_over_with_its_system() -> None:
    """One without the other would be the id of somebody else's record."""
    bare = msgspec.structs.replace(ADA, external_source="form")
    record = LeadDetails(email="ada@example.com", external_id="7", external_source="crm")

    lead = updated(bare, record)
    again = updated(lead, LeadDetails(email="ada@example.com", external_id="8", external_source="erp"))

    assert (lead.external_id, lead.external_source) == ("7", "crm")
    assert (again.external_id, again.external_source) == ("7", "crm")


def test_a_digest_stays_as_it_is() -> None:
    """It is kept in databases: another one would know nobody any more."""
    assert digest_of("email", "ada@example.com") == "0b7742626f8ebb266565e6acb893af0b7e81fa19b0d38f0aecc48faf7b759a8f"
