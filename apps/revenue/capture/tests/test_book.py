"""What a submission is about, in memory: who is known, and what becomes of them."""

from datetime import UTC, datetime

import msgspec

from revenue.capture.book import Book
from revenue.capture.contract import Lead, LeadDetails, Outcome, Receipt, RejectionReason
from revenue.capture.intake import LEAD_BYTES_MAX, Stamp, take
from revenue.capture.keys import keys_of
from revenue.capture.table import Rejection

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Lead(id="1", captured_at=NOON, updated_at=NOON, email="ada@example.com", last_name="Lovelace", revision=4)
RECORD = msgspec.structs.replace(ADA, external_id="7", external_source="crm")
STAMP = Stamp(NOON, lambda: "2")


def book(*leads: Lead) -> Book:
    """A book in which these leads were found."""
    return Book(leads, {key: lead.id for lead in leads for key in keys_of(lead)})


def taken(into: Book, details: LeadDetails) -> Receipt:
    """What became of details that are a lead."""
    result = take(into, details, STAMP)
    assert isinstance(result, Receipt)
    return result


def test_a_second_record_becomes_one_more_key() -> None:
    """Two records with one address in the other system: one lead here, found under both, and none the newer."""
    leads = book(RECORD)

    receipt = taken(leads, LeadDetails(email="ada@example.com", external_id="8", external_source="crm"))

    by_second = leads.known(LeadDetails(external_id="8", external_source="crm"))
    assert [lead.external_id for lead in by_second] == ["7"]
    assert receipt.outcome is Outcome.UNCHANGED
    assert (leads.new_keys, leads.touched) == ({("record", "crm", "8"): "1"}, {})


def test_an_old_address_still_finds_the_lead() -> None:
    """The address changed, and an old list comes in."""
    leads = book(RECORD)

    taken(leads, LeadDetails(email="ada@new.example", external_id="7", external_source="crm"))

    for email in ("ada@example.com", "ada@new.example"):
        assert [lead.email for lead in leads.known(LeadDetails(email=email))] == ["ada@new.example"]


def test_a_revision_counts_what_is_kept_not_what_was_said() -> None:
    """Three rows of a file about a lead are one change of it, of which one event tells."""
    leads = book(ADA)
    for title in ("CTO", "CEO", "Head"):
        taken(leads, LeadDetails(email="ada@example.com", title=title))

    for title in ("CFO", "COO"):
        taken(leads, LeadDetails(email="grace@example.com", title=title))

    assert [(lead.id, lead.title, lead.revision) for lead in leads.touched.values()] == [
        ("1", "Head", 5),
        ("2", "COO", 1),
    ]
    assert (leads.is_new("1"), leads.is_new("2")) == (False, True)


def test_a_lead_that_events_could_not_carry_is_rejected() -> None:
    """Also where it has grown so long by many submissions, none of which is."""
    part = LEAD_BYTES_MAX // 2
    leads = book()

    at_once = take(leads, LeadDetails(email="ada@example.com", description="x" * LEAD_BYTES_MAX), STAMP)
    first = taken(leads, LeadDetails(email="ada@example.com", attributes={"a": "x" * part}))
    second = take(leads, LeadDetails(email="ada@example.com", attributes={"b": "x" * part}), STAMP)

    assert isinstance(at_once, Rejection)
    assert isinstance(second, Rejection)
    assert (at_once.reason, second.reason) == (RejectionReason.TOO_LONG, RejectionReason.TOO_LONG)
    assert leads.known(LeadDetails(email="ada@example.com")) == [first.lead]


def test_rows_that_were_taken_are_known() -> None:
    """Those of before and those of now; only the latter are written down."""
    leads = Book(taken=[2])

    leads.mark_taken(3)

    assert [line for line in (1, 2, 3) if leads.was_taken(line)] == [2, 3]
    assert leads.new_lines == [3]
