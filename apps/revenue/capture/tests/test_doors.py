"""What forms and webhooks say, as details of a lead."""

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import RawBody
from revenue.capture.contract import Form, LeadDetails, Refusal, RejectionReason, Signature, Source
from revenue.capture.doors import lead_of_form, lead_of_webhook
from revenue.capture.payload import FORM, read_inputs
from revenue.capture.table import Rejection

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEBSITE = Form(name="website", consent_text="I agree to be called.")
PAGE = "https://acme.example/demo?utm_source=ads&utm_campaign=spring&utm_term="


def posted(page: str | None = None, **inputs: str) -> RawBody:
    """A form as a browser posts it."""
    headers = {} if page is None else {"referer": page}
    return RawBody(body=urlencode(inputs).encode(), media_type=FORM, headers=headers)


def filled_in(sent: RawBody, form: Form = WEBSITE, **columns: str) -> LeadDetails:
    """The lead that a form makes."""
    found = lead_of_form(form, sent, columns, NOON)
    assert isinstance(found, LeadDetails), found
    return found


def test_inputs_are_mapped_as_columns_are() -> None:
    """By their names in several languages; what is left over is an attribute."""
    details = filled_in(
        posted(**{"E-Mail": "ada@example.com", "Vorname": "Ada", "nachname": "Lovelace", "budget": "7"})
    )

    assert (details.email, details.first_name, details.last_name) == ("ada@example.com", "Ada", "Lovelace")
    assert details.attributes == {"budget": "7"}
    assert details.lead_source == "Web"


def test_a_form_says_what_its_names_do_not() -> None:
    """So do the team's columns, which hold for all."""
    form = Form(name="x", fields={"q1": "email", "q2": "ignore", "absent": "title"}, lead_source="Fair")

    details = filled_in(posted(q1="ada@example.com", q2="secret", q3="Acme"), form, q3="company")

    assert (details.email, details.company, details.attributes) == ("ada@example.com", "Acme", {})
    assert details.lead_source == "Fair"


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/vnd.x+json"])
def test_json_is_taken_as_scripts_send_it(media_type: str) -> None:
    """A beacon is plain text; what is nested is named by its path."""
    body = json.dumps({"email": "ada@example.com", "interest": {"topics": ["a", "b"]}, "newsletter": True}).encode()

    details = filled_in(RawBody(body=body, media_type=media_type))

    assert details.email == "ada@example.com"
    assert details.attributes == {"interest.topics": "a, b", "newsletter": "true"}


def test_the_campaign_is_in_the_address_of_the_page() -> None:
    """Where the form does not say it itself: of the page that it says, else of that on which it stood."""
    by_header = filled_in(posted(page=PAGE, email="ada@example.com"))
    by_input = filled_in(
        posted(page="https://x.example", email="ada@example.com", landing_page=PAGE, utm_source="mail")
    )

    assert (by_header.landing_page, by_header.utm_source, by_header.utm_campaign) == (PAGE, "ads", "spring")
    assert (by_input.landing_page, by_input.utm_source, by_input.utm_campaign) == (PAGE, "mail", "spring")
    assert by_header.utm_term is None


def test_the_referrer_is_where_the_visitor_came_from() -> None:
    """Which only the page's own script knows: the header names the page itself."""
    details = filled_in(posted(page=PAGE, email="ada@example.com", referrer="https://search.example/"))

    assert (details.referrer, details.landing_page) == ("https://search.example/", PAGE)


@pytest.mark.parametrize(
    ("said", "consent"),
    [
        ("on", "I agree to be called."),
        ("TRUE", "I agree to be called."),
        ("off", None),
        ("", None),
        ("Yes, call me on Mondays.", "Yes, call me on Mondays."),
    ],
)
def test_consent_is_kept_word_for_word_with_its_time(said: str, consent: str | None) -> None:
    """A tick says what stands beside the box; a box that is not ticked says nothing."""
    details = filled_in(posted(email="ada@example.com", consent=said))

    assert details.consent == consent
    assert details.consent_at == (NOON if consent else None)
    assert details.attributes == {}


def test_a_time_of_consent_that_is_said_stands() -> None:
    """It may be older than the form that brings it."""
    details = filled_in(posted(email="ada@example.com", consent="on", consent_at="2026-02-28T10:00:00Z"))

    assert details.consent_at == datetime(2026, 2, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        ({"fax": "http://spam.example"}, Refusal.HONEYPOT),
        ({"seconds": "0.3"}, Refusal.TOO_QUICK),
        ({"seconds": "nan"}, Refusal.TOO_QUICK),
        ({"seconds": "-5"}, Refusal.TOO_QUICK),
        ({"fax": " ", "seconds": "12.5"}, None),
        ({}, None),
        ({"seconds": "soon"}, None),
    ],
)
def test_programs_give_themselves_away(inputs: dict[str, str], refusal: Refusal | None) -> None:
    """By what no person sees, or by how quick they are."""
    found = lead_of_form(WEBSITE, posted(email="ada@example.com", **inputs), {}, NOON)

    assert found is refusal if refusal else isinstance(found, LeadDetails)


def test_a_form_may_insist_on_the_time_that_was_taken() -> None:
    """Where all of its visitors have scripts."""
    form = Form(name="x", needs_seconds=True)

    assert lead_of_form(form, posted(email="ada@example.com"), {}, NOON) is Refusal.TOO_QUICK
    assert isinstance(lead_of_form(form, posted(email="ada@example.com", seconds="3"), {}, NOON), LeadDetails)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (RawBody(body=b"{", media_type="application/json"), RejectionReason.NOT_JSON),
        (RawBody(body=b"[" * 100_000, media_type="application/json"), RejectionReason.NOT_JSON),
        (RawBody(body=b"[1]", media_type="application/json"), RejectionReason.NOT_FORM),
        (RawBody(body=b"--x", media_type="multipart/form-data"), RejectionReason.NOT_FORM),
        (RawBody(body=b"&".join([b"a=1"] * 501), media_type=FORM), RejectionReason.TOO_LONG),
        (posted(), RejectionReason.NOBODY_NAMED),
        (posted(budget="7"), RejectionReason.NOBODY_NAMED),
        (posted(email=""), RejectionReason.NOBODY_NAMED),
        (posted(email="ada@"), RejectionReason.EMAIL_INVALID),
    ],
)
def test_what_makes_no_lead_says_why(sent: RawBody, reason: RejectionReason) -> None:
    """In a sentence for whoever has filled it in."""
    found = lead_of_form(WEBSITE, sent, {}, NOON)

    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert found.explanation.endswith((".", "`."))


def test_several_boxes_of_one_name_are_all_kept() -> None:
    """As browsers send them; other encodings than UTF-8 are read as well."""
    found = read_inputs(b"topic=a&topic=b&name=M%FCller&empty=", FORM)

    assert found == {"topic": "a, b", "name": "M\ufffdller", "empty": ""}
    assert read_inputs("name=Müller".encode("latin-1"), FORM) == {"name": "Müller"}


@given(st.binary(max_size=300), st.sampled_from([FORM, "application/json", "text/plain", "multipart/form-data", ""]))
def test_whatever_is_posted_is_a_lead_or_a_reason(body: bytes, media_type: str) -> None:
    """Nothing that a stranger sends makes it fail."""
    found = lead_of_form(WEBSITE, RawBody(body=body, media_type=media_type), {}, NOON)

    assert isinstance(found, LeadDetails | Rejection | Refusal)


CALENDLY = Source(
    name="calendly",
    signature=Signature(secret="calendly"),
    fields={
        "email": "payload.email", "name": "payload.name", "external_id": "payload.uri",
        "company": "payload.answers[q=Company].a",
    },
    attributes={"event": "payload.event.name"},
    only={"event": "invitee.created"},
    lead_source="Calendly",
)  # fmt: skip
INVITED = {
    "event": "invitee.created",
    "payload": {
        "email": "ada@example.com", "name": "Ada Lovelace", "uri": "inv/7", "event": {"name": "Demo"},
        "answers": [{"q": "Size", "a": "9"}, {"q": "Company", "a": "Acme"}],
    },
}  # fmt: skip


def test_a_payload_is_mapped_by_its_paths() -> None:
    """Into fields, and into attributes of the team's own names."""
    details = lead_of_webhook(CALENDLY, json.dumps(INVITED).encode(), {})

    assert details == LeadDetails(
        email="ada@example.com", first_name="Ada", last_name="Lovelace", company="Acme", external_id="inv/7",
        external_source="calendly", lead_source="Calendly", attributes={"event": "Demo"},
    )  # fmt: skip


def test_a_payload_of_another_kind_is_not_for_us() -> None:
    """It is no fault."""
    assert lead_of_webhook(CALENDLY, json.dumps(INVITED | {"event": "invitee.canceled"}).encode(), {}) is None
    assert lead_of_webhook(CALENDLY, b"{}", {}) is None


def test_without_paths_a_payload_is_mapped_by_what_its_parts_are_called() -> None:
    """By the last word of a path, where no other has it."""
    source = Source(name="x", signature=Signature(secret="x"))
    payload = {
        "data": {"contact": {"email": "ada@example.com", "firstName": "Ada"}, "id": 7},
        "a": {"b": 1},
        "c": {"b": 2},
    }

    details = lead_of_webhook(source, json.dumps(payload).encode(), {"b": "title"})

    assert details == LeadDetails(
        email="ada@example.com", first_name="Ada", external_id="7", external_source="x",
        attributes={"a.b": "1", "c.b": "2"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<xml/>", RejectionReason.NOT_JSON), (b'{"event": "invitee.created"}', RejectionReason.NOBODY_NAMED)],
)
def test_a_payload_that_makes_no_lead_says_why(body: bytes, reason: RejectionReason) -> None:
    """So that its mapping can be mended."""
    found = lead_of_webhook(CALENDLY, body, {})

    assert isinstance(found, Rejection)
    assert found.reason is reason


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_any_payload_is_a_lead_a_reason_or_nothing(payload: object) -> None:
    """With paths and without."""
    body = json.dumps(payload).encode()

    for source in (CALENDLY, Source(name="x", signature=Signature(secret="x"))):
        assert isinstance(lead_of_webhook(source, body, {}), LeadDetails | Rejection | None)
