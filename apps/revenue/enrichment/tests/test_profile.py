"""All facts about a lead together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.domains import host_of
from revenue.enrichment.contract import Certainty, ContactPoints, Fact, Profile, Source, Topic
from revenue.enrichment.profile import profile_of


def best(points: ContactPoints, topic: Topic) -> tuple[str, str] | None:
    """The surest value about a topic and its source."""
    fact = profile_of(points).best(topic)
    return (fact.value, fact.source) if fact else None


def test_what_the_lead_says_goes_before_what_is_concluded() -> None:
    """The lead knows its country and company."""
    points = ContactPoints(email="ada@acme.de", phone="+33 1 99 00 10 01", company="Acme SE", country="Österreich")

    assert best(points, Topic.COUNTRY) == ("AT", Source.GIVEN)
    assert best(points, Topic.COMPANY) == ("Acme SE", Source.GIVEN)


def test_a_national_number_belongs_to_the_country_that_is_known() -> None:
    """Given, or concluded from the mail domain."""
    for points in (
        ContactPoints(phone="030 23125001", country="Germany"),
        ContactPoints(phone="030 23125001", email="ada@acme.de"),
    ):
        assert best(points, Topic.PHONE) == ("+493023125001", Source.PHONE_NUMBER)


def test_the_zone_of_the_phone_is_surer_than_the_countrys() -> None:
    """Both are told when they differ."""
    profile = profile_of(ContactPoints(phone="+34 951 12 34 56", country="Portugal"))

    zones = [(fact.value, fact.source) for fact in profile.about(Topic.TIME_ZONE)]
    assert zones == [("Europe/Madrid", Source.PHONE_NUMBER), ("Europe/Lisbon", Source.COUNTRY)]


def test_a_company_is_found_by_its_website_when_the_mailbox_is_free() -> None:
    """The provider stays what it is."""
    points = ContactPoints(email="ada@gmail.com", website="https://www.blue-harbour.example/about")

    assert best(points, Topic.DOMAIN) == ("blue-harbour.example", Source.WEBSITE)
    assert best(points, Topic.PROVIDER) == ("gmail.com", Source.MAIL_DOMAIN)


def test_nothing_is_told_twice() -> None:
    """Website and mail domain say the same: the surer one, or the first, is told."""
    profile = profile_of(ContactPoints(email="ada@acme.de", website="acme.de"))

    assert len({(fact.topic, fact.value) for fact in profile.facts}) == len(profile.facts)


def test_nothing_says_nothing() -> None:
    """And is complete all the same."""
    assert profile_of(ContactPoints()) == Profile()


@pytest.mark.parametrize(
    ("website", "host"),
    [
        ("https://user@Example.com:1/x", "example.com"),
        ("example.com", "example.com"),
        ("http://[", ""),
        ("", ""),
        ("/a", ""),
    ],
)
def test_the_host_is_found_in_what_people_write_for_a_website(website: str, host: str) -> None:
    """Or nothing is."""
    assert host_of(website) == host


TEXT = st.text(max_size=40) | st.sampled_from(
    ["a@b.c", "a@xn--0.de", "x@[::1]", "//[", "\u0130.tr", "+1", "ß" * 70, "."]
)


@given(email=TEXT, phone=TEXT, website=TEXT, country=TEXT)
def test_any_text_has_a_profile(email: str, phone: str, website: str, country: str) -> None:
    """Whatever people and programs put into these fields, and no topic without a value."""
    profile = profile_of(ContactPoints(email=email, phone=phone, website=website, country=country))

    assert all(fact.value for fact in profile.facts)


def test_the_surest_fact_is_the_best() -> None:
    """Of equally sure ones the first."""
    facts = tuple(
        Fact(topic=Topic.COUNTRY, value=value, source=Source.GIVEN, certainty=certainty)
        for value, certainty in (("A", Certainty.GUESS), ("B", Certainty.LIKELY), ("C", Certainty.LIKELY))
    )

    fact = Profile(facts=facts).best(Topic.COUNTRY)

    assert fact is not None
    assert fact.value == "B"
