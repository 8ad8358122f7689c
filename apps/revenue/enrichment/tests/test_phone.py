"""What a phone number says. Numbers are from the ranges that regulators keep for fiction, where they have any."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number

from revenue.enrichment.contract import Certainty, Topic
from revenue.enrichment.phone import ZONES_MAX, phone_facts


def values(written: str, country: str | None = None) -> dict[str, list[str]]:
    """What is found out, by topic."""
    found: dict[str, list[str]] = {}
    for fact in phone_facts(written, country):
        found.setdefault(fact.topic, []).append(fact.value)
    return found


@pytest.mark.parametrize(
    ("written", "country", "number", "kind", "region", "zone"),
    [
        ("+49 30 23125 001", None, "+493023125001", "landline", "DE", "Europe/Berlin"),
        ("+49 (0)30 23125-001", None, "+493023125001", "landline", "DE", "Europe/Berlin"),
        ("0049 30 23125001", None, "+493023125001", "landline", "DE", "Europe/Berlin"),
        ("030/23125001", "DE", "+493023125001", "landline", "DE", "Europe/Berlin"),
        ("(020) 7946-0123", "GB", "+442079460123", "landline", "GB", "Europe/London"),
        ("tel:+44-161-496-0001", None, "+441614960001", "landline", "GB", "Europe/London"),
        ("0171 / 39200 12", "DE", "+491713920012", "mobile", "DE", "Europe/Berlin"),
        ("(212) 555-0123", "US", "+12125550123", "landline_or_mobile", "US", "America/New_York"),
        ("+1 415 555 0123 x7", None, "+14155550123", "landline_or_mobile", "US", "America/Los_Angeles"),
        ("+1 800 555 0199", None, "+18005550199", "toll_free", "US", None),
    ],
)
def test_a_number_says_its_line_its_country_and_its_zone(
    written: str, country: str | None, number: str, kind: str, region: str | None, zone: str | None
) -> None:
    """However it is written; without a country code it belongs to the given country."""
    found = values(written, country)

    assert (found[Topic.PHONE], found[Topic.PHONE_TYPE]) == ([number], [kind])
    assert found.get(Topic.COUNTRY) == ([region] if region else None)
    assert found.get(Topic.TIME_ZONE) == ([zone] if zone else None)


@pytest.mark.parametrize(
    ("written", "country", "words"),
    [
        ("030 23125001", None, "no country code"),
        ("+44 20 79", None, "too short"),
        ("+999 123456789", None, "No country"),
        ("call me", "DE", "no phone number"),
        ("+44 7700 900123", None, "No such number"),
    ],
)
def test_a_number_that_does_not_work_says_why(written: str, country: str | None, words: str) -> None:
    """In a sentence."""
    assert words in values(written, country)[Topic.PHONE_FAULT][0]


def test_a_zone_is_as_sure_as_the_line_is_fixed() -> None:
    """A landline stands somewhere, a mobile is mostly at home."""
    zones = {
        written: next(fact.certainty for fact in phone_facts(written, None) if fact.topic is Topic.TIME_ZONE)
        for written in ("+493023125001", "+491713920012")
    }

    assert zones == {"+493023125001": Certainty.CERTAIN, "+491713920012": Certainty.LIKELY}


def test_a_number_without_its_country_code_is_less_sure() -> None:
    """The country was somebody else's word."""
    sure, likely = phone_facts("+493023125001", None)[0], phone_facts("03023125001", "DE")[0]

    assert (sure.value, likely.value) == ("+493023125001", "+493023125001")
    assert (sure.certainty, likely.certainty) == (Certainty.CERTAIN, Certainty.LIKELY)


@given(st.text(max_size=30), st.sampled_from([None, "DE", "US", "XX"]))
def test_any_text_is_a_number_or_says_why_not(written: str, country: str | None) -> None:
    """Nothing that people type makes it fail."""
    topics = {fact.topic for fact in phone_facts(written, country)}

    assert Topic.PHONE_TYPE in topics or Topic.PHONE_FAULT in topics


@given(
    st.sampled_from([1, 7, 33, 34, 39, 44, 49, 52, 54, 61, 64, 81, 86, 91, 351, 353, 358, 380, 800, 870, 883, 979]),
    st.text("0123456789", min_size=4, max_size=12),
)
def test_a_number_is_judged_as_the_library_judges_it(country_code: int, digits: str) -> None:
    """Its type is found out once; whether it is valid, and where it is, follow from that as they do there."""
    written = f"+{country_code}{digits}"
    try:
        number = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return
    found = values(written)

    assert (Topic.PHONE_TYPE in found) == phonenumbers.is_valid_number(number)
    if phonenumbers.is_valid_number(number):
        zones = [zone for zone in time_zones_for_number(number) if zone != "Etc/Unknown"]
        assert found.get(Topic.TIME_ZONE, []) == (zones if len(zones) <= ZONES_MAX else [])
