"""What a contact is like, by what its leads say."""

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import Lead
from revenue.identity.contract import Survival
from revenue.identity.surviving import RULES, survived
from revenue.identity.tests.people import NOON, lead

WORDS = st.sampled_from([None, "", "Ulm", "Bonn", "A.", "Anna"])


def _lead(number: int, days: int, **said: Any) -> Lead:  # Any: a lead's fields
    return lead(str(number), at=NOON + timedelta(days=days), **said)


LEADS = st.lists(
    st.builds(
        _lead,
        number=st.integers(0, 99),
        days=st.integers(0, 3),
        first_name=WORDS,
        city=WORDS,
        street=WORDS,
        country=WORDS,
        lead_source=WORDS,
        industry=WORDS,
        external_id=st.sampled_from([None, "7"]),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)


@given(LEADS, st.randoms(use_true_random=False))
def test_what_survives_was_said_and_does_not_depend_on_the_order(leads: list[Lead], chance: Random) -> None:
    """Each value is the one of the lead that it names; an address is one lead's."""
    shuffled = chance.sample(leads, len(leads))

    fields = survived(leads)

    by_id = {each.id: each for each in leads}
    assert fields == survived(shuffled)
    assert all(field.value == str(getattr(by_id[field.lead_id], field.name)) for field in fields)
    assert len({field.lead_id for field in fields if field.rule is Survival.TOGETHER}) <= 1
    said = {
        name
        for name, rule in RULES.items()
        if rule is not Survival.TOGETHER and any(getattr(each, name) for each in leads)
    }
    assert said <= {field.name for field in fields}


def test_each_rule_chooses_as_it_says() -> None:
    """The latest, the longest, the first, the one of a record, and the fullest address as a whole."""
    leads = [
        lead("old", first_name="Annabel", title="Clerk", city="Ulm", street="A 1", country="DE", lead_source="Fair"),
        lead("crm", at=NOON + timedelta(days=1), external_id="7", industry="Tools", title="Head", first_name="A."),
        lead("new", at=NOON + timedelta(days=2), industry="tools?", title="Chief", city="Bonn", lead_source="Web"),
    ]

    found = {field.name: (field.value, field.lead_id) for field in survived(leads)}

    assert found == {
        "first_name": ("Annabel", "old"),
        "title": ("Chief", "new"),
        "industry": ("Tools", "crm"),
        "street": ("A 1", "old"),
        "city": ("Ulm", "old"),
        "country": ("DE", "old"),
        "lead_source": ("Fair", "old"),
        "external_id": ("7", "crm"),
    }
