"""From what is known of a lead to points and reasons."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Fact, Profile, Source, Topic
from revenue.ruling import Ruled
from revenue.scoring.contract import Dimension, Grade, Rule, Score, ScoringRules, When
from revenue.scoring.judge import Judge
from revenue.scoring.reasons import shares
from revenue.scoring.scored import Basis, Kept, falls_at, judged, score_at
from revenue.scoring.touches import TOUCHES_MAX, Touch, faded, read, touch_of, touched, written

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = ("CEO", "Student", "demo", "purchased list", "webinar", "1000", "5", "pricing", "")


def rule(name: str, points: int, group: str | None = None, dimension: Dimension = Dimension.FIT) -> Rule:
    """A rule that speaks of every lead with an address."""
    return Rule(
        name=name,
        looks_at="lead.email",
        when=When(present=True),
        points=points,
        sentence=f"{name}: {{value}}",
        group=group,
        dimension=dimension,
    )


def touch_rule(points: int, times_max: int | None = None) -> Rule:
    """A rule that speaks of every touch with a source."""
    return Rule(
        name="came",
        looks_at="touch.lead_source",
        when=When(present=True),
        points=points,
        sentence="Came by {value}.",
        dimension=Dimension.ENGAGEMENT,
        times_max=times_max,
    )


def lead(title: str | None = None, **said: str | int | None) -> Lead:
    """A lead with an address."""
    fields = {"id": "1", "captured_at": NOON, "updated_at": NOON, "email": "x", "title": title} | said
    return msgspec.convert(fields, Lead)


def scored(
    rules: ScoringRules, said: Lead, touches: Sequence[Touch] = (), now: datetime = NOON, profile: Profile | None = None
) -> Score:
    """The score of a lead, looked at as a whole."""
    kept = Kept(said, profile or Profile())
    return score_at(judged(kept, touches or (touch_of(said),), Basis(Ruled(0, rules), None), now), rules, now)


def sums_are_true(score: Score) -> bool:
    """Whether reasons sum to what they are the reasons of, and all is on its scale."""
    by = {each: sum(r.points for r in score.reasons if r.dimension is each) for each in Dimension}
    return (
        sum(r.points for r in score.reasons) == score.points
        and by[Dimension.FIT] == score.fit
        and by[Dimension.ENGAGEMENT] == score.engagement
        and by[Dimension.UNKNOWN] == 0
        and all(0 <= points <= 100 for points in (score.points, score.fit, score.engagement))
        and score.points == min(100, score.fit + score.engagement)
    )


LEADS = st.builds(
    lead,
    title=st.sampled_from(WORDS),
    lead_source=st.sampled_from(WORDS),
    landing_page=st.sampled_from(WORDS),
    campaign=st.sampled_from(WORDS),
    consent=st.sampled_from(WORDS),
    number_of_employees=st.integers(0, 5_000),
)
TOUCHES = st.lists(
    st.builds(
        Touch,
        at=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants naive bounds
        revision=st.integers(1, 100),
        lead_source=st.sampled_from(WORDS),
        campaign=st.sampled_from(WORDS),
    ),
    max_size=8,
)


@given(LEADS, TOUCHES, st.integers(0, 800), st.booleans())
def test_points_are_the_sum_of_their_reasons_whatever_is_known_and_whenever_it_is_asked(
    said: Lead, touches: list[Touch], days: int, is_complete: bool
) -> None:
    """Looked at as a whole, and faded since."""
    rules, profile = ScoringRules(), Profile(is_complete=is_complete)
    judgement = judged(Kept(said, profile), touches, Basis(Ruled(0, rules), None), NOON)

    score = score_at(judgement, rules, NOON + days * DAY)

    assert sums_are_true(score)
    assert score.grade is not Grade.UNKNOWN
    assert score.is_provisional is not is_complete


@given(st.lists(st.tuples(st.integers(-100, 100), st.sampled_from([Dimension.FIT, Dimension.ENGAGEMENT])), max_size=9))
def test_rules_of_any_weight_stay_on_the_scale(weights: list[tuple[int, Dimension]]) -> None:
    """What the scale cannot show is a reason of its own."""
    rules = ScoringRules(rules=tuple(rule(f"r{n}", points, dimension=each) for n, (points, each) in enumerate(weights)))

    score = scored(rules, lead())

    fit = sum(points for points, each in weights if each is Dimension.FIT)
    assert sums_are_true(score)
    assert score.fit == min(max(fit, 0), 100)


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=12))
def test_shares_sum_to_the_rounded_sum_and_stay_next_to_what_is_exact(exact: list[float]) -> None:
    """The largest remainders are rounded up."""
    total = round(sum(exact))

    several = shares(exact, total)

    assert sum(several) == total
    assert all(abs(share - each) <= 1 for share, each in zip(several, exact, strict=True))


def test_what_the_scale_cannot_show_is_said() -> None:
    """With the points that are held back, of each dimension and of both."""
    high = scored(ScoringRules(rules=(rule("r", 100), rule("s", 30))), lead()).reasons[-1]
    low = scored(ScoringRules(rules=(rule("r", -20),)), lead()).reasons[-1]
    both = scored(ScoringRules(rules=(rule("r", 80), rule("s", 50, dimension=Dimension.ENGAGEMENT))), lead()).reasons[
        -1
    ]

    assert (high.rule, high.points, high.sentence, high.dimension) == (
        "end_of_scale", -30, "The scale of fit ends at 100: 30 points more are not shown.", Dimension.FIT,
    )  # fmt: skip
    assert (low.rule, low.points) == ("start_of_scale", 20)
    assert (both.rule, both.points, both.dimension) == ("end_of_scale", -30, Dimension.BOTH)


def test_of_a_group_only_the_first_rule_counts() -> None:
    """So that one thing gives points once."""
    rules = ScoringRules(rules=(rule("a", 5, "g"), rule("b", 9, "g"), rule("c", 1)))

    assert [reason.rule for reason in scored(rules, lead()).reasons] == ["a", "c"]


def test_reasons_begin_with_the_weightiest() -> None:
    """People read the first three."""
    rules = ScoringRules(rules=(rule("a", 5), rule("b", -3), rule("c", 9, dimension=Dimension.ENGAGEMENT)))

    assert [reason.points for reason in scored(rules, lead()).reasons] == [9, 5, -3]


def test_a_sentence_quotes_what_made_it_true() -> None:
    """Even when that looks like a template itself."""
    score = scored(ScoringRules(rules=(rule("a", 5),)), lead(email="{value} {0}"))

    assert score.reasons[0].sentence == "a: {value} {0}"


def test_a_lead_without_enrichment_says_so() -> None:
    """Without points for it."""
    score = scored(ScoringRules(rules=()), lead(), profile=Profile(is_complete=False))

    assert [(reason.rule, reason.points) for reason in score.reasons] == [("not_enriched", 0)]


def test_evidence_is_what_rules_look_at_and_the_surest_facts() -> None:
    """Blanks are none."""
    looked_at = ("lead.title", "lead.company", "lead.number_of_employees", "fact.country", "attribute.Budget")
    rules = tuple(msgspec.structs.replace(rule(f"r{n}", 1), looks_at=each) for n, each in enumerate(looked_at))
    said = msgspec.structs.replace(lead("CTO", company="", number_of_employees=7), attributes={"Budget": "9", "x": "y"})
    facts = tuple(
        Fact(topic=Topic.COUNTRY, value=value, source=Source.GIVEN, certainty=certainty)
        for value, certainty in (("DE", Certainty.LIKELY), ("AT", Certainty.CERTAIN), ("CH", Certainty.CERTAIN))
    )

    evidence = Judge(ScoringRules(rules=rules)).evidence(said, Profile(facts=facts))

    assert evidence == {
        "lead.title": "CTO", "lead.number_of_employees": "7", "fact.country": "AT", "attribute.Budget": "9",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "name"),
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
def test_a_title_speaks_once_and_for_the_right_rank(title: str, name: str) -> None:
    """A vice president is no president, an assistant of the chief no chief."""
    score = scored(ScoringRules(), lead(title))

    assert [reason.rule for reason in score.reasons if reason.rule != "start_of_scale"] == [name]


# --- engagement ------------------------------------------------------------------------------------------------------


def came(days_ago: int, revision: int, source: str = "demo") -> Touch:
    """A touch some days ago."""
    return Touch(at=NOON - days_ago * DAY, revision=revision, lead_source=source)


def test_engagement_halves_in_its_half_life() -> None:
    """And says so from what is kept as from the whole."""
    rules = ScoringRules(rules=(touch_rule(40),), half_life_days=10)
    judgement = judged(Kept(lead(), Profile()), (came(0, 1),), Basis(Ruled(0, rules), None), NOON)

    points = [score_at(judgement, rules, NOON + days * DAY).engagement for days in (0, 10, 20, 1_000)]
    anew = scored(rules, lead(), (came(0, 1),), NOON + 20 * DAY)

    assert points == [40, 20, 10, 0]
    assert anew.engagement == 10


def test_what_never_fades_stays() -> None:
    """When a team wants that."""
    rules = ScoringRules(rules=(touch_rule(40),), half_life_days=0)

    assert scored(rules, lead(), (came(900, 1),)).engagement == 40


def test_one_repeated_action_is_capped() -> None:
    """Of all touches only the latest count, and the reason says how many there were."""
    rules = ScoringRules(rules=(touch_rule(10),), half_life_days=0, repeats_max=3)
    touches = [came(days_ago, 9 - days_ago) for days_ago in range(8)]

    score = scored(rules, lead(), touches)

    assert score.engagement == 30
    assert score.reasons[0].sentence == "Came by demo. 8 times, of which 3 count."


def test_a_rule_may_have_a_cap_of_its_own() -> None:
    """Tighter or wider than that of all."""
    rules = ScoringRules(rules=(touch_rule(10, times_max=1),), half_life_days=0)

    assert scored(rules, lead(), (came(0, 2), came(1, 1))).engagement == 10


def test_a_touch_counts_once() -> None:
    """However often it is told; and those from long ago make room."""
    first = touched((), lead(revision=1))
    again = touched(first, lead(revision=1))
    several = first
    for revision in range(2, TOUCHES_MAX + 20):
        several = touched(several, lead(revision=revision))

    assert again == first
    assert [touch.revision for touch in several] == list(range(TOUCHES_MAX + 19, 19, -1))
    assert (several[-1].kind, first[0].kind) == ("again", "new")


def test_touches_survive_a_table() -> None:
    """With what they say and no more."""
    touches = (came(0, 2), Touch(at=NOON, revision=1))

    assert read(written(touches)) == touches
    assert "utm_source" not in written(touches)


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=6), st.integers(1, 400))
def test_a_lead_is_looked_at_again_before_its_grade_falls(weights: list[int], half_life_days: int) -> None:
    """At the moment that is kept for it the level is about to fall, and until then it does not."""
    rules = ScoringRules(
        rules=tuple(rule(f"r{n}", points, dimension=Dimension.ENGAGEMENT) for n, points in enumerate(weights)),
        half_life_days=half_life_days,
    )
    judgement = judged(Kept(lead(), Profile()), (came(0, 1),), Basis(Ruled(0, rules), None), NOON)
    now = score_at(judgement, rules, NOON)

    due = falls_at(judgement, rules)

    if due is None:
        assert now.engagement < rules.matrix.engagement_from[-1]
        return
    assert score_at(judgement, rules, due - timedelta(seconds=61)).cell == now.cell
    assert score_at(judgement, rules, due + timedelta(seconds=61)).cell > now.cell


def test_a_clock_that_is_behind_fades_nothing() -> None:
    """A touch of the future is as fresh as can be."""
    assert faded(NOON + DAY, NOON, 30) == 1.0
