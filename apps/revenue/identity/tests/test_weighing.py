"""Who is the same person, by what two records say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import LeadDetails
from revenue.identity.blocking import blocks_of
from revenue.identity.contract import Band
from revenue.identity.record import Record, record_of
from revenue.identity.weighing import AUTO, judged, sentences

ANN = LeadDetails(
    email="ann.lee@acme.de",
    first_name="Ann",
    last_name="Lee",
    phone="+49 30 1234567",
    company="Acme GmbH",
    street="44 Forbes Street",
    city="Ulm",
    postal_code="89073",
    attributes={"Date of birth": "1956-04-09"},
)


def said(**changes: Any) -> Record:  # Any: a lead's fields
    """What Ann says, but for these."""
    return record_of(LeadDetails(**({name: getattr(ANN, name) for name in ANN.__struct_fields__} | changes)))


def band(**changes: Any) -> Band:  # Any: a lead's fields
    """What comes of comparing Ann with somebody who differs in these."""
    return judged(said(), said(**changes)).band


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "ANN ", "last_name": "lee"},
        {"first_name": "Lee", "last_name": "Ann"},
        {"last_name": "Leee"},
        {"first_name": "A."},
        {"phone": None, "company": None},
        {"street": None, "city": None, "postal_code": None, "attributes": {}},
        {"email": "ann.lee+fair@acme.de"},
        {"city": "Bonn", "postal_code": "53111", "street": "Am Markt 1"},
        {"attributes": {"dob": "09.04.1956"}},
        {"phone": "030/1234567"},
    ],
)
def test_slips_and_moves_make_nobody_another(changes: dict[str, Any]) -> None:  # Any: a lead's fields
    """Typing, moving, and leaving out are what people do."""
    assert band(**changes) is Band.AUTO


def test_two_mailboxes_are_never_joined_by_themselves() -> None:
    """However much else agrees."""
    assert band(email="ann.lee@gmail.com") is Band.REVIEW
    assert band(email="lee@acme.de") is Band.REVIEW


def test_a_family_is_not_one_person() -> None:
    """One address, one phone, one name of the family: somebody has to look."""
    family = LeadDetails(first_name="Ann", last_name="Lee", phone="030 1234567", street="Forbes Street 44", city="Ulm")
    other = LeadDetails(first_name="Tom", last_name="Lee", phone="030 1234567", street="Forbes Street 44", city="Ulm")

    judgement = judged(record_of(family), record_of(other))

    assert judgement.bits < AUTO or judgement.band is Band.REVIEW
    assert judgement.band is not Band.AUTO


def test_father_and_son_of_one_name_are_two() -> None:
    """Only their birthdays differ."""
    assert band(email=None, attributes={"dob": "1986-11-21"}) is not Band.AUTO


def test_colleagues_with_one_phone_number_are_two() -> None:
    """It is the switchboard's."""
    one = LeadDetails(first_name="Ann", last_name="Lee", phone="030 1234567", company="Acme", city="Ulm")
    other = LeadDetails(first_name="Tom", last_name="Huber", phone="030 1234567", company="Acme", city="Ulm")

    assert judged(record_of(one), record_of(other)).band is Band.DISTINCT


@pytest.mark.parametrize(
    ("details", "wanted"),
    [
        ({"first_name": "Ann", "last_name": "Lee"}, Band.DISTINCT),
        ({"first_name": "Ann", "last_name": "Lee", "country": "Germany"}, Band.DISTINCT),
        ({"first_name": "Ann", "last_name": "Lee", "company": "Acme"}, Band.REVIEW),
        ({"first_name": "Ann", "last_name": "Lee", "company": "Acme", "city": "Ulm"}, Band.AUTO),
        ({"first_name": "Ann", "last_name": "Lee", "phone": "030 1234567"}, Band.AUTO),
        ({"last_name": "Lee", "company": "Acme"}, Band.DISTINCT),
        ({"email": "info@acme.de"}, Band.DISTINCT),
    ],
)
def test_a_name_alone_is_not_enough(details: dict[str, Any], wanted: Band) -> None:  # Any: a lead's fields
    """The more people share what is said, the less it says."""
    record = record_of(LeadDetails(**details))

    assert judged(record, record).band is wanted


def test_every_judgement_says_why() -> None:
    """What agrees, what differs, and what that comes to."""
    judgement = judged(said(), said(email="ann.lee@gmail.com", last_name="Leee", city="Bonn", company=None))

    assert sentences(judgement) == [
        "The same: first name, phone number, date of birth, house number, postal code and street.",
        "Alike: last name.",
        "Perhaps alike: e-mail address.",
        "Different: city.",
        f"That is {judgement.bits:+.1f} bits of evidence, but what differs can be two people: somebody has to look.",
    ]


WORDS = st.sampled_from(["", "ann", "anne", "lee", "li", "müller", "o'neil", "x"])
PEOPLE = st.builds(
    LeadDetails,
    first_name=WORDS,
    last_name=WORDS,
    company=WORDS,
    street=st.sampled_from(["", "1 a street", "b lane 2", "a street"]),
    city=WORDS,
    postal_code=st.sampled_from(["", "89073", "89037"]),
    phone=st.sampled_from(["", "030 1234567", "+49 30 1234567", "12"]),
    email=st.sampled_from(["", "a@b.de", "a+c@b.de", "info@b.de", "@", "a@gmail.com"]),
    attributes=st.dictionaries(st.sampled_from(["dob", "address 2", "ssn"]), WORDS),
)


@given(PEOPLE, PEOPLE)
def test_the_order_of_two_does_not_matter(one: LeadDetails, other: LeadDetails) -> None:
    """Whoever comes first."""
    first, second = record_of(one), record_of(other)

    assert judged(first, second).bits == judged(second, first).bits
    assert judged(first, second).band is judged(second, first).band


@given(PEOPLE, st.text(max_size=30))
def test_anything_can_be_said(details: LeadDetails, text: str) -> None:
    """Nothing that people type makes it fail."""
    record = record_of(LeadDetails(email=text, first_name=text, last_name=text, company=text, website=text))
    judgement = judged(record, record_of(details))

    assert judgement.band in set(Band)
    assert len(blocks_of(record)) == len(set(blocks_of(record))) <= 24
