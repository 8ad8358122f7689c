"""A lead is recognised by what is sure, and brought up to date without losing anything."""

from datetime import UTC, datetime

import msgspec
import pytest

from revenue.capture.contract import Lead, LeadDetails
from revenue.capture.keys import Book, keys_of, updated

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Lead(
    id="1", captured_at=NOON, updated_at=NOON, email="ada@example.com", last_name="Lovelace", lead_source="Webinar"
)


def book(*leads: Lead) -> Book:
    """A book with leads in it."""
    made = Book()
    for lead in leads:
        made.put(lead, lead)
    return made


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


def test_a_second_record_becomes_one_more_key() -> None:
    """Two records with one address in the other system: one lead here, found under both."""
    leads = book(msgspec.structs.replace(ADA, external_id="7", external_source="crm"))
    second = LeadDetails(email="ada@example.com", external_id="8", external_source="crm")

    leads.put(updated(leads.known(second)[0], second), second)

    by_second = leads.known(LeadDetails(external_id="8", external_source="crm"))
    assert [lead.external_id for lead in by_second] == ["7"]


def test_an_old_address_still_finds_the_lead() -> None:
    """The address changed, and an old list comes in."""
    leads = book(msgspec.structs.replace(ADA, external_id="7", external_source="crm"))
    moved = LeadDetails(email="ada@new.example", external_id="7", external_source="crm")
    leads.put(updated(leads.known(moved)[0], moved), moved)

    assert [lead.id for lead in leads.known(LeadDetails(email="ada@example.com"))] == ["1"]


def test_a_book_over_another_sees_it_and_leaves_it_alone() -> None:
    """What a dry run needs."""
    below = book(ADA)
    above = Book(below)
    newer = msgspec.structs.replace(ADA, title="CTO")

    above.put(newer, newer)

    assert above.known(LeadDetails(email="ada@example.com")) == [newer]
    assert below.known(LeadDetails(email="ada@example.com")) == [ADA]
