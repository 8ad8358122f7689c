"""When a rule speaks, and that the rules that come along are sound."""

from datetime import UTC, datetime

import msgspec
import pytest

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Topic
from revenue.scoring.points import reasons_for
from revenue.scoring.rule import Absent, AtLeast, Condition, HasWord, OneOf, Present, Rule, speaks
from revenue.scoring.rules import RULES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "values", "said"),
    [
        (OneOf(values=("free",)), ["free"], "free"),
        (OneOf(values=("free",)), ["FREE"], "FREE"),
        (OneOf(values=("free",)), ["freedom"], None),
        (HasWord(words=("vp",)), ["VP, Sales"], "VP, Sales"),
        (HasWord(words=("vp",)), ["mvp hunter"], None),
        (HasWord(words=("vice president",)), ["Vice-President"], "Vice-President"),
        (HasWord(words=("geschäftsführer",)), ["GESCHÄFTSFÜHRER"], "GESCHÄFTSFÜHRER"),
        (AtLeast(number=10), ["10"], "10"),
        (AtLeast(number=10), ["9"], None),
        (AtLeast(number=10), ["ten"], None),
        (AtLeast(number=10), ["²"], None),
        (Present(), ["x"], "x"),
        (Present(), [], None),
        (Absent(), [], ""),
        (Absent(), ["x"], None),
    ],
)
def test_a_condition_speaks_when_it_fits(condition: Condition, values: list[str], said: str | None) -> None:
    """And says which value made it."""
    assert speaks(condition, values) == said


def test_rules_have_names_of_their_own() -> None:
    """A reason leads back to one rule."""
    names = [rule.name for rule in RULES]

    assert len(set(names)) == len(names)


def test_rules_look_at_what_there_is() -> None:
    """A field of a lead, or a topic of Enrichment."""
    known = {f"lead.{name}" for name in Lead.__struct_fields__} | {f"fact.{topic}" for topic in Topic}

    assert {rule.looks_at for rule in RULES} <= known


def test_rules_are_data() -> None:
    """They survive a file."""
    written = msgspec.json.encode(RULES)

    assert msgspec.json.decode(written, type=tuple[Rule, ...]) == RULES


@pytest.mark.parametrize(
    ("title", "rule"),
    [
        ("CEO", "decides"),
        ("Managing Director", "decides"),
        ("Co-Founder & CTO", "decides"),
        ("Geschäftsführerin", "decides"),
        ("Vice President Sales", "leads_department"),
        ("Director of Engineering", "leads_department"),
        ("Head of IT", "leads_department"),
        ("President", "presides"),
        ("Assistant to the CEO", "near_a_decision"),
        ("Product Owner", "near_a_decision"),
        ("Account Manager", "has_a_say"),
        ("Werkstudent Marketing", "not_a_buyer"),
        ("Software Engineer", "works_there"),
    ],
)
def test_a_title_speaks_once_and_for_the_right_rank(title: str, rule: str) -> None:
    """A vice president is no president, an assistant of the chief no chief."""
    reasons = reasons_for({"lead.title": [title], "lead.email": ["x"]}, RULES)

    assert [reason.rule for reason in reasons if reason.rule != "start_of_scale"] == [rule]
