"""What a provider says, in normal form, or why it does not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.checking import Broken, Held, checked
from revenue.enrichment.contract import Certainty, Topic


@pytest.mark.parametrize(
    ("topic", "value", "held"),
    [
        (Topic.MOBILE, "0171 39200 12", None),
        (Topic.MOBILE, "+49 171 39200 12", "+491713920012"),
        (Topic.MOBILE, "+49 30 23125001", None),
        (Topic.MOBILE, "+1 800 555 0199", None),
        (Topic.MOBILE, "+44 7700 900123", None),
        (Topic.EMAIL, "Ada@Acme.DE", "Ada@acme.de"),
        (Topic.EMAIL, "ada@", None),
        (Topic.PHONE, "+49 (0)30 23125-001", "+493023125001"),
        (Topic.PHONE, "12", None),
        (Topic.DOMAIN, "https://www.Acme.de/about", "acme.de"),
        (Topic.DOMAIN, "gmail.com", None),
        (Topic.DOMAIN, "localhost", None),
        (Topic.COUNTRY, "Deutschland", "DE"),
        (Topic.COUNTRY, "Atlantis", None),
        (Topic.NUMBER_OF_EMPLOYEES, "51-200", "51"),
        (Topic.NUMBER_OF_EMPLOYEES, "1.200", "1200"),
        (Topic.NUMBER_OF_EMPLOYEES, "10000+", "10000"),
        (Topic.NUMBER_OF_EMPLOYEES, "10K+", "10000"),
        (Topic.NUMBER_OF_EMPLOYEES, "1k-5k employees", "1000"),
        (Topic.NUMBER_OF_EMPLOYEES, "1-5K", None),
        (Topic.NUMBER_OF_EMPLOYEES, "5000.0", "5000"),
        (Topic.NUMBER_OF_EMPLOYEES, "-7", None),
        (Topic.NUMBER_OF_EMPLOYEES, "99M", None),
        (Topic.NUMBER_OF_EMPLOYEES, "0", None),
        (Topic.NUMBER_OF_EMPLOYEES, "many", None),
        (Topic.PHONE_TYPE, "nonFixedVoip", "internet"),
        (Topic.PHONE_TYPE, "carrier pigeon", None),
        (Topic.CITY, "  New   York ", "New York"),
        (Topic.CITY, "N/A", None),
        (Topic.CITY, "U\0lm", None),
        (Topic.INDUSTRY, "x" * 201, None),
    ],
)
def test_a_value_holds_or_not(topic: Topic, value: str, held: str | None) -> None:
    """In normal form."""
    found = checked(topic, value, {})

    assert (found.value if isinstance(found, Held) else None) == held


@pytest.mark.parametrize(
    ("said", "certainty"),
    [("mobile", Certainty.CERTAIN), ("landline", None), ("fixedVoip", None), ("", Certainty.GUESS)],
)
def test_where_a_number_does_not_tell_the_provider_has_to(said: str, certainty: Certainty | None) -> None:
    """In America all look alike: without a word about the line it is a guess, which satisfies no rule by itself."""
    found = checked(Topic.MOBILE, "+1 415 555 0123", {Topic.PHONE_TYPE: said} if said else {})

    assert (found.at_most if isinstance(found, Held) else None) == certainty


@given(st.sampled_from(Topic), st.text(max_size=40))
def test_any_value_holds_or_says_why_not(topic: Topic, value: str) -> None:
    """Providers say anything."""
    found = checked(topic, value, {Topic.COUNTRY: value, Topic.PHONE_TYPE: value})

    assert found.why if isinstance(found, Broken) else found.value
