"""Points and their reasons."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Fact, Profile, Source, Topic
from revenue.scoring.contract import Grade
from revenue.scoring.points import POINTS_MAX, evidence_of, grade_of, reasons_for
from revenue.scoring.rule import Present, Rule
from revenue.scoring.rules import RULES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

LOOKED_AT = sorted({rule.looks_at for rule in RULES})
WORDS = ("company", "free", "disposable", "mobile", "CEO", "Student", "demo", "list", "1000", "5", "DE", "")
EVIDENCE = st.dictionaries(st.sampled_from(LOOKED_AT), st.lists(st.sampled_from(WORDS), max_size=2))


def rule(name: str, points: int, group: str | None = None) -> Rule:
    """A rule that always speaks."""
    return Rule(
        name=name, looks_at="lead.email", when=Present(), points=points, sentence=f"{name}: {{value}}", group=group
    )


@given(EVIDENCE, st.booleans())
def test_points_are_the_sum_of_their_reasons_and_stay_on_the_scale(
    evidence: dict[str, list[str]], is_complete: bool
) -> None:
    """Whatever is known about a lead."""
    reasons = reasons_for(evidence, RULES, is_complete=is_complete)

    points = sum(reason.points for reason in reasons)
    assert 0 <= points <= POINTS_MAX
    assert grade_of(points) is not Grade.UNKNOWN


@given(st.lists(st.integers(-200, 200), max_size=8))
def test_rules_of_any_weight_stay_on_the_scale(weights: list[int]) -> None:
    """What the scale cannot show is a reason of its own."""
    rules = [rule(f"r{number}", points) for number, points in enumerate(weights)]

    reasons = reasons_for({"lead.email": ["x"]}, rules)

    assert sum(reason.points for reason in reasons) == min(max(sum(weights), 0), POINTS_MAX)
    assert len(reasons) - len(rules) == (not 0 <= sum(weights) <= POINTS_MAX)


def test_what_the_scale_cannot_show_is_said() -> None:
    """With the points that are held back."""
    high, low = (reasons_for({"lead.email": ["x"]}, [rule("r", points)])[-1] for points in (130, -20))

    assert (high.rule, high.points, high.sentence) == (
        "end_of_scale", -30, "The scale ends at 100: 30 points more are not shown.",
    )  # fmt: skip
    assert (low.rule, low.points) == ("start_of_scale", 20)


def test_of_a_group_only_the_first_rule_counts() -> None:
    """So that one thing gives points once."""
    reasons = reasons_for({"lead.email": ["x"]}, [rule("a", 5, "g"), rule("b", 9, "g"), rule("c", 1)])

    assert [reason.rule for reason in reasons] == ["a", "c"]


def test_reasons_begin_with_the_weightiest() -> None:
    """People read the first three."""
    reasons = reasons_for({"lead.email": ["x"]}, [rule("a", 5), rule("b", -3), rule("c", 9)])

    assert [reason.points for reason in reasons] == [9, 5, -3]


def test_a_sentence_quotes_what_made_it_true() -> None:
    """Even when that looks like a template itself."""
    reasons = reasons_for({"lead.email": ["{value} {0}"]}, [rule("a", 5)])

    assert reasons[0].sentence == "a: {value} {0}"


def test_a_lead_without_enrichment_says_so() -> None:
    """Without points for it."""
    reasons = reasons_for({}, (), is_complete=False)

    assert [(reason.rule, reason.points) for reason in reasons] == [("not_enriched", 0)]


def test_evidence_is_what_is_given_and_the_surest_facts() -> None:
    """Times are none, and blanks are none either."""
    lead = Lead(id="1", captured_at=NOON, updated_at=NOON, title="CTO", company="", number_of_employees=7)
    facts = tuple(
        Fact(topic=Topic.COUNTRY, value=value, source=Source.GIVEN, certainty=certainty)
        for value, certainty in (("DE", Certainty.LIKELY), ("AT", Certainty.CERTAIN))
    )

    evidence = evidence_of(lead, Profile(facts=facts))

    assert evidence == {
        "lead.id": ["1"], "lead.revision": ["1"], "lead.title": ["CTO"], "lead.number_of_employees": ["7"],
        "fact.country": ["AT"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("points", "grade"), [(100, "A"), (70, "A"), (69, "B"), (50, "B"), (49, "C"), (30, "C"), (29, "D"), (0, "D")]
)
def test_a_grade_says_what_the_points_mean(points: int, grade: str) -> None:
    """Every number of points has one."""
    assert grade_of(points) == grade
