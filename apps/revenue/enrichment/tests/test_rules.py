"""The rules that a team writes: what a file can hold that is a mistake is refused, and says what to do."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.contract import (
    Budget,
    Charge,
    EnrichmentRules,
    ProviderRule,
)
from revenue.enrichment.jsons import table_of
from revenue.enrichment.providers import shipped
from revenue.enrichment.settings import EnrichmentSettings
from revenue.enrichment.tests.vendor import Desk

GOOD: dict[str, Any] = {  # Any: a definition's fields
    "name": "acme_data",
    "url": "https://api.acme.example/v1/{domain}",
    "fields": {"industry": "company.industry"},
}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "Acme Data"}, "small letters"),
        ({"name": "mail_domain"}, "built in"),
        ({"url": "api.acme.example/{domain}"}, "https://host/path"),
        ({"url": "https://{domain}/x"}, "no placeholder in the host"),
        ({"url": "https://user:password@a.example/{domain}"}, "https://host/path"),
        ({"url": "https://a.example\\@b.example/{domain}"}, "https://host/path"),
        ({"url": "https://a.example/x"}, "says nothing of the lead"),
        ({"url": "https://a.example/{shoe_size}"}, "nothing fills {shoe_size}"),
        ({"method": "DELETE"}, "GET or POST"),
        ({"headers": {"Authorization": "Bearer sk_live_1"}}, "holds a secret"),
        ({"headers": {"x-api-key": "1"}}, "holds a secret"),
        ({"headers": {"X": "a\r\nB: c"}}, "no header"),
        ({"query": {"api_key": "1"}}, "holds a secret"),
        ({"body": "{}"}, "a GET has no body"),
        ({"method": "POST", "body": "{{domain}}"}, "no JSON"),
        ({"fields": {}}, "at least one field"),
        ({"fields": {"shoe_size": "x"}}, "no field `shoe_size`"),
        ({"fields": {"industry": "a..b"}}, "names with dots"),
        ({"found_when": "[x]"}, "names with dots"),
        ({"price_micros": -1}, "millionths"),
        ({"rate_per_s": 0}, "`rate_per_s`"),
        ({"rate_per_s": float("nan")}, "`rate_per_s`"),
        ({"timeout_s": 60}, "`timeout_s`"),
        ({"maximum_age_days": 0}, "`maximum_age_days`"),
        ({"miss_statuses": (200,)}, "`miss_statuses`"),
        ({"charged_for": (Charge("sometimes"),)}, "`charged_for`"),
        ({"certainty": "sure"}, "`certainty`"),
        ({"idempotency_header": "Idem Key"}, "no name of a header"),
    ],
)
def test_a_definition_that_could_not_be_asked_is_refused(
    fields: dict[str, Any],
    why: str,  # Any: a definition's fields
) -> None:
    """Where it is written, with the provider's name and what to write instead."""
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(GOOD | fields, ProviderRule)


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [  # Any: the rules' fields
    ({"fields": [{"field": "shoe_size"}]}, "no such field"),
    ({"fields": [{"field": "city", "providers": ["acme"]}]}, "no provider `acme`"),
    ({"fields": [{"field": "city", "by_segment": {"dach": []}}]}, "no segment `dach`"),
    ({"fields": [{"field": "city", "providers": ["given", "given"]}]}, "stands twice"),
    ({"fields": [{"field": "city"}, {"field": "city"}]}, "the field `city` stands there twice"),
    ({"fields": [{"field": "city", "minimum_certainty": "sure"}]}, "`minimum_certainty`"),
    ({"fields": [{"field": "city", "maximum_age_days": 0}]}, "`maximum_age_days`"),
    ({"providers": [GOOD, GOOD]}, "the provider `acme_data` stands there twice"),
    ({"segments": [{"name": "a"}, {"name": "a"}]}, "the segment `a` stands there twice"),
    ({"segments": [{"name": "everybody"}]}, "no segment fits"),
    ({"segments": [{"name": "a", "countries": ["Germany"]}]}, "no country code"),
    ({"segments": [{"name": "a", "mailboxes": ["private"]}]}, "company, free or disposable"),
    ({"segments": [{"name": "a", "number_of_employees_min": 9, "number_of_employees_max": 1}]}, "nobody has 9"),
    ({"budget": {"currency": "euro"}}, "three letters"),
    ({"budget": {"per_lead_micros": -1}}, "per_lead_micros"),
    ({"budget": {"run_pause_minutes": 0}}, "run_pause_minutes"),
    ({"kill_switch": {"hit_rate_min": 5}}, "share"),
    ({"kill_switch": {"calls": 1}}, "`calls`"),
    ({"kill_switch": {"pause_minutes": 0}}, "`pause_minutes`"),
    ({"deadline_s": 60}, "`deadline_s`"),
]


@pytest.mark.parametrize(("rules", "why"), CONTRADICTIONS)
def test_rules_that_contradict_themselves_are_refused(
    rules: dict[str, Any],
    why: str,  # Any: the rules' fields
) -> None:
    """Names of what is not there, names that are there twice, conditions that nothing meets."""
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(rules, EnrichmentRules)


def test_rules_are_what_a_file_says() -> None:
    """With few words, and all else as it is good for a start."""
    rules = msgspec.convert(
        {
            "fields": [
                {"field": "industry", "providers": ["company_directory", "acme_data"]},
                {"field": "mobile", "providers": ["phone_number", "twilio_lookup"], "by_segment": {"big": []}},
            ],
            "segments": [{"name": "big", "number_of_employees_min": 1000, "mailboxes": ["company"]}],
            "providers": [GOOD],
            "budget": {"per_month_micros": 5_000_000},
        },
        EnrichmentRules,
    )

    assert rules.fields[1].order("big") == ()
    assert rules.fields[1].order("everybody") == ("phone_number", "twilio_lookup")
    assert rules.budget == Budget(per_month_micros=5_000_000)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=EnrichmentRules) == rules


def test_nothing_is_asked_unless_rules_say_so() -> None:
    """On a laptop with nothing configured; and what comes along can be read."""
    assert EnrichmentRules().fields == ()
    assert shipped("twilio_lookup").secrets == ("TWILIO_ACCOUNT",)
    assert shipped("twilio_lookup").needs == ("phone",)


def test_the_samples_are_off_unless_they_are_turned_on() -> None:
    """And marked, whether they are on or off."""
    for is_on in (False, True):
        statuses = Desk(sample_vendors=is_on).buying.offered(EnrichmentRules()).statuses
        samples = [each for each in statuses if each.is_sample]
        assert [(each.name, each.is_on) for each in samples] == [("sample_cheap", is_on), ("sample_thorough", is_on)]


def test_secrets_are_not_shown() -> None:
    """In no message and no trace."""
    assert "s3cret" not in repr(EnrichmentSettings(secrets={"KEY": "s3cret"}))


PARTS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
SAID = st.recursive(
    PARTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ProviderRule.__struct_fields__]), inner, max_size=8)
    ),
    max_leaves=12,
)


@given(SAID)
def test_any_definition_is_taken_or_refused(said: object) -> None:
    """Whatever stands in a file: the error is one of the file's."""
    try:
        msgspec.convert(GOOD | table_of(said), ProviderRule)
    except msgspec.ValidationError:
        return
