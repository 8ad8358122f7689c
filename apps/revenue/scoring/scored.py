"""A lead's score: what was found when it was looked at as a whole, and what is left of it at any later moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution
from revenue.ruling import Ruled

from .contract import Reason, Score
from .judge import Model, judge_of, values_of, with_model
from .reasons import Part, reasons_of, rounded, together
from .rule import POINTS_MAX, Dimension
from .rules import ScoringRules
from .touches import Touch, faded, fades_below_s

NOT_ENRICHED = Reason(
    rule="not_enriched",
    points=0,
    sentence="Enrichment did not answer: only what the lead says itself was counted.",
    dimension=Dimension.FIT,
)
SPECIAL = frozenset(("not_enriched", "start_of_scale", "end_of_scale"))
REST_MIN_S = 60.0
"""A lead is looked at again no sooner, however little is left until its grade falls."""


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a lead, so that it can be scored again."""

    lead: Lead
    profile: Profile
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """By what leads are scored: the rules that hold, and the model in use."""

    ruled: Ruled[ScoringRules]
    model: Model | None

    @property
    def rules(self) -> ScoringRules:
        """The rules that hold."""
        return self.ruled.rules

    @property
    def model_version(self) -> int:
        """That of the model which has a part in scores; 0 where none has."""
        return self.model.version if self.model is not None and self.rules.model_weight else 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found of a lead at one moment. `engaged` are exact, so that they can fade further."""

    lead_id: str
    lead_revision: int
    is_provisional: bool
    judged_at: datetime
    fit: int
    fit_reasons: tuple[Reason, ...]
    engaged: tuple[Part, ...]
    rules_version: int
    model_version: int = 0
    probability: float | None = None


def judged(kept: Kept, touches: Sequence[Touch], basis: Basis, now: datetime) -> Judgement:
    """Look at a lead as a whole."""
    lead, profile, rules = kept.lead, kept.profile, basis.rules
    judge = judge_of(rules)
    evidence = judge.evidence(lead, profile)
    parts, probability = judge.fit(evidence), None
    model_version = basis.model_version
    if basis.model is not None and model_version:
        parts, probability = with_model(parts, basis.model, rules.model_weight, values_of(lead, profile))
    fit, reasons = reasons_of(parts, Dimension.FIT)
    if not profile.is_complete:
        reasons.append(NOT_ENRICHED)
    return Judgement(
        lead_id=lead.id,
        lead_revision=lead.revision,
        is_provisional=not profile.is_complete,
        judged_at=now,
        fit=fit,
        fit_reasons=tuple(reasons),
        engaged=tuple(judge.engaged(evidence, touches, now)),
        rules_version=basis.ruled.version,
        model_version=model_version,
        probability=probability,
    )


def score_at(judgement: Judgement, rules: ScoringRules, now: datetime) -> Score:
    """The score at a moment, engagement faded until then; reasons with the weightiest first, what is held back last."""
    engagement, reasons = reasons_of(_left(judgement, rules, now), Dimension.ENGAGEMENT)
    points, held_back = together(judgement.fit, engagement)
    several = [*judgement.fit_reasons, *reasons, *held_back]
    several.sort(key=lambda reason: (reason.rule in SPECIAL, -abs(reason.points)))
    cell, grade = rules.matrix.judge(judgement.fit, engagement)
    return Score(
        lead_id=judgement.lead_id,
        points=points,
        grade=grade,
        reasons=tuple(several),
        is_provisional=judgement.is_provisional,
        scored_at=judgement.judged_at,
        lead_revision=judgement.lead_revision,
        fit=judgement.fit,
        engagement=engagement,
        cell=cell,
        rules_version=judgement.rules_version,
        model_version=judgement.model_version or None,
        probability=judgement.probability,
    )


def falls_at(judgement: Judgement, rules: ScoringRules) -> datetime | None:
    """When the lead has to be looked at again, since its engagement falls to another level; None when it never does.

    All engagement fades by the same half-life, so that its sum does.
    """
    exact = sum(part.exact for part in judgement.engaged)
    points = min(max(rounded(exact), 0), POINTS_MAX)
    after_s = fades_below_s(exact, rules.matrix.engagement_floor(points), rules.half_life_days)
    return None if after_s is None else judgement.judged_at + timedelta(seconds=max(after_s, REST_MIN_S))


def _left(judgement: Judgement, rules: ScoringRules, now: datetime) -> Sequence[Part]:
    left = faded(judgement.judged_at, now, rules.half_life_days)
    if left == 1.0:
        return judgement.engaged
    return [Part(rule, exact * left, sentence) for rule, exact, sentence in judgement.engaged]
