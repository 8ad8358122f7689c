"""From evidence to points: every rule that speaks becomes a reason, and the reasons sum to the points."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile, Topic

from .contract import Grade, Reason
from .rule import Rule, speaks
from .rules import GRADES

Evidence: TypeAlias = Mapping[str, Sequence[str]]
"""What rules look at: the values under each name, none or several."""

POINTS_MAX = 100


def evidence_of(lead: Lead, profile: Profile) -> Evidence:
    """All that is known: `lead.` and a field's name, `fact.` and a topic (the surest fact alone)."""
    evidence: dict[str, list[str]] = {}
    for name, value in msgspec.structs.asdict(lead).items():
        if isinstance(value, str | int) and str(value):
            evidence[f"lead.{name}"] = [str(value)]
    for topic in Topic:
        if fact := profile.best(topic):
            evidence[f"fact.{topic}"] = [fact.value]
    return evidence


def reasons_for(evidence: Evidence, rules: Iterable[Rule], *, is_complete: bool = True) -> tuple[Reason, ...]:
    """A reason for each rule that speaks, the weightiest first; then, where it applies, for what was held back.

    The sum is between 0 and 100: what the scale cannot show is a reason of its own, so that the sum stays true.
    """
    reasons: list[Reason] = []
    decided: set[str] = set()
    for rule in rules:
        if rule.group in decided:
            continue
        value = speaks(rule.when, evidence.get(rule.looks_at, ()))
        if value is None:
            continue
        if rule.group is not None:
            decided.add(rule.group)
        sentence = rule.sentence.replace("{value}", value)
        reasons.append(Reason(rule=rule.name, points=rule.points, sentence=sentence))
    reasons.sort(key=lambda reason: -abs(reason.points))
    if not is_complete:
        sentence = "Enrichment did not answer: only what the lead says itself was counted."
        reasons.append(Reason(rule="not_enriched", points=0, sentence=sentence))
    return (*reasons, *_bounds(sum(reason.points for reason in reasons)))


def grade_of(points: int) -> Grade:
    """The grade of so many points.

    >>> grade_of(70), grade_of(69), grade_of(0)
    (<Grade.A: 'A'>, <Grade.B: 'B'>, <Grade.D: 'D'>)
    """
    return next(Grade(grade) for lowest, grade in GRADES if points >= lowest)


def _bounds(points: int) -> tuple[Reason, ...]:
    if points > POINTS_MAX:
        sentence = f"The scale ends at {POINTS_MAX}: {points - POINTS_MAX} points more are not shown."
        return (Reason(rule="end_of_scale", points=POINTS_MAX - points, sentence=sentence),)
    if points < 0:
        sentence = f"The scale begins at 0: {-points} points less are not shown."
        return (Reason(rule="start_of_scale", points=-points, sentence=sentence),)
    return ()
