"""When a rule speaks, and what a file of rules may not say."""

from typing import Any

import msgspec
import pytest

from revenue.scoring.contract import Dimension, Grade, Matrix, Rule, ScoringRules, When
from revenue.scoring.shipped import SHIPPED
from revenue.scoring.words import test_of as condition


@pytest.mark.parametrize(
    ("when", "value", "speaks"),
    [
        (When(one_of=("free",)), "free", True),
        (When(one_of=("free",)), "FREE", True),
        (When(one_of=("free",)), "freedom", False),
        (When(one_of=("free",)), None, False),
        (When(has_word=("vp",)), "VP, Sales", True),
        (When(has_word=("vp",)), "mvp hunter", False),
        (When(has_word=("vice president",)), "Vice-President", True),
        (When(has_word=("vice president",)), "president of vice", False),
        (When(has_word=("geschäftsführer",)), "GESCHÄFTSFÜHRER", True),
        (When(has_word=("vp",)), None, False),
        (When(at_least=10), "10", True),
        (When(at_least=10), "9", False),
        (When(at_least=10), "ten", False),
        (When(at_least=10), "²", False),
        (When(at_least=10), "inf", False),
        (When(at_least=1_000_000), "$1,250,000", True),
        (When(at_least=1_000_000), "1.250.000,50 \u20ac", True),
        (When(at_least=1_000_000), "\u00a537\u00a0154\u00a0298", True),
        (When(at_least=1_000_000, at_most=1_000_001), "CHF 1'000'000.50", True),
        (When(at_most=-500), "\u2212500 EUR", True),
        (When(at_least=0), "2025-01-01", False),
        (When(at_least=0), "12,34,567", False),
        (When(at_least=0), "1.2.3.4", False),
        (When(at_least=1.2, at_most=1.3), "1.250", True),
        (When(at_most=10), "9.5", True),
        (When(at_least=5, at_most=10), "11", False),
        (When(at_least=5), None, False),
        (When(present=True), "x", True),
        (When(present=True), None, False),
        (When(present=False), None, True),
        (When(present=False), "x", False),
    ],
)
def test_a_condition_speaks_when_it_fits(when: When, value: str | None, speaks: bool) -> None:
    """Each in its own way."""
    assert condition(when)(value) is speaks


def test_what_comes_along_survives_a_file() -> None:
    """Rules are data, with nothing in them that a file could not say."""
    written = msgspec.json.encode(ScoringRules())

    assert msgspec.json.decode(written, type=ScoringRules) == ScoringRules()


def test_a_file_says_what_differs_and_no_more() -> None:
    """As somebody would write it."""
    said = {
        "half_life_days": 7,
        "rules": [
            {
                "name": "asked", "looks_at": "touch.lead_source", "when": {"has_word": ["demo"]}, "points": 40,
                "sentence": "Asked.", "dimension": "engagement",
            },
        ],
    }  # fmt: skip

    rules = msgspec.convert(said, ScoringRules)

    assert (rules.half_life_days, rules.matrix, rules.rules[0].dimension) == (7, Matrix(), Dimension.ENGAGEMENT)


RULE: dict[str, Any] = {  # Any: what a file says
    "name": "a", "looks_at": "lead.title", "when": {"present": True}, "points": 1, "sentence": "A.",
}  # fmt: skip


MISTAKES: list[tuple[dict[str, Any], str]] = [  # Any: as above
    ({"rules": [RULE, RULE]}, "two rules are called `a`"),
    ({"rules": [RULE | {"name": "Big Fish"}]}, "lower-case letters"),
    ({"rules": [RULE | {"looks_at": "lead.titel"}]}, "`lead.` knows"),
    ({"rules": [RULE | {"looks_at": "lead.attributes"}]}, "`lead.` knows"),
    ({"rules": [RULE | {"looks_at": "fact.shoe_size"}]}, "`fact.` knows"),
    ({"rules": [RULE | {"looks_at": "title"}]}, "begin with one of lead., fact., touch., attribute."),
    ({"rules": [RULE | {"looks_at": "attribute."}]}, "begin with one of"),
    ({"rules": [RULE | {"looks_at": "touch.campaign"}]}, "give it the dimension engagement"),
    ({"rules": [RULE | {"dimension": "intent"}]}, "has to have the dimension fit or engagement"),
    ({"rules": [RULE | {"dimension": "both"}]}, "has to have the dimension fit or engagement"),
    ({"rules": [RULE | {"points": 101}]}, "gives 101 points"),
    ({"rules": [RULE | {"sentence": " "}]}, "has no sentence"),
    ({"rules": [RULE | {"sentence": "Runs {sites} sites, {value} of them."}]}, "`{sites}` in its sentence.*`{value}`"),
    ({"rules": [RULE | {"times_max": 2}]}, "is for what looks at `touch.`"),
    ({"rules": [RULE | {"when": {}}]}, "`when` needs one of"),
    ({"rules": [RULE | {"when": {"one_of": ["a"], "present": True}}]}, "`when` needs one of"),
    ({"rules": [RULE | {"when": {"has_word": []}}]}, "an empty list or an empty word"),
    ({"rules": [RULE | {"when": {"one_of": ["a", " "]}}]}, "an empty list or an empty word"),
    ({"rules": [RULE | {"when": {"at_least": 3, "at_most": 2}}]}, "swap the two"),
    (
        {"rules": [RULE | {"group": "g"}, RULE | {"name": "b", "group": "g", "dimension": "engagement"}]},
        "group `g` mixes",
    ),
    ({"half_life_days": -1}, "`half_life_days` is -1"),
    ({"repeats_max": 0}, "`repeats_max` is 0"),
    ({"model_weight": 1.5}, "`model_weight` is 1.5"),
    ({"patience_s": -1}, "`patience_s` is -1"),
    ({"matrix": {"fit_from": [30, 40, 10]}}, "`fit_from` has to fall"),
    ({"matrix": {"engagement_from": [30, 20, 0]}}, "`engagement_from` has to fall"),
    ({"matrix": {"grades": [["A", "A", "A", "Z"]] + [["D"] * 4] * 3}}, "a grade that is none of"),
]


@pytest.mark.parametrize(("said", "mistake"), MISTAKES)
def test_a_mistake_says_what_to_do(said: dict[str, Any], mistake: str) -> None:  # Any: what a file says
    """Before anybody goes by it."""
    with pytest.raises(msgspec.ValidationError, match=mistake.replace("[", r"\[")):
        msgspec.convert(said, ScoringRules)


def test_rules_may_look_at_any_attribute() -> None:
    """Which only the team knows."""
    rule = msgspec.convert(RULE | {"looks_at": "attribute.Annual budget"}, Rule)

    assert rule.looks_at == "attribute.Annual budget"


def test_the_matrix_needs_both_for_the_best() -> None:
    """Fit does not make up for all of engagement, nor the other way round."""
    matrix = Matrix()

    assert matrix.judge(100, 100) == ("A1", Grade.A)
    assert matrix.judge(100, 0) == ("A4", Grade.B)
    assert matrix.judge(0, 100) == ("D1", Grade.C)
    assert matrix.judge(0, 0) == ("D4", Grade.D)


def test_levels_begin_at_their_lowest_points() -> None:
    """Not one later."""
    matrix = Matrix(fit_from=(60, 40, 20), engagement_from=(30, 20, 10))

    assert [matrix.judge(points, 0)[0] for points in (60, 59, 40, 39, 20, 19)] == ["A4", "B4", "B4", "C4", "C4", "D4"]
    assert [matrix.engagement_floor(points) for points in (100, 30, 29, 10, 9, 0)] == [30, 30, 20, 10, 0, 0]


def test_shipped_rules_begin_where_a_better_grade_can_follow() -> None:
    """What comes along has both dimensions."""
    assert {rule.dimension for rule in SHIPPED} == {Dimension.FIT, Dimension.ENGAGEMENT}
