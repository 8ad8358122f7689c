"""Scoring, in memory."""

from collections.abc import AsyncIterator

from atoll import Clock, Page, Service, depends, private
from revenue.capture.contract import Lead
from revenue.enrichment.contract import ContactPoints, Enrichment
from revenue.paging import page_of

from .contract import Score, ScoreNotFound, Scoring
from .offline import OfflineEnrichment
from .points import evidence_of, grade_of, reasons_for
from .rules import RULES


class ScoringService(Service, Scoring, owner="revenue-operations"):
    """Gives a lead points by rules, and a reason for every point."""

    enrichment: Enrichment = depends(fallback=OfflineEnrichment)
    clock: Clock
    latest_scores: dict[str, Score] = private(default_factory=dict[str, Score])
    """By the lead's id, in the order in which leads were scored first."""

    async def score(self, lead: Lead) -> Score:
        """Enrich first, then count."""
        profile = await self.enrichment.profile(_contact_points(lead))
        reasons = reasons_for(evidence_of(lead, profile), RULES, is_complete=profile.is_complete)
        points = sum(reason.points for reason in reasons)
        score = Score(
            lead_id=lead.id,
            points=points,
            grade=grade_of(points),
            reasons=reasons,
            is_provisional=not profile.is_complete,
            scored_at=self.clock.now(),
        )
        self.latest_scores[lead.id] = score
        return score

    async def latest(self, lead_id: str) -> Score:
        """The latest score of a lead."""
        score = self.latest_scores.get(lead_id)
        if score is None:
            raise ScoreNotFound(lead_id=lead_id)
        return score

    async def scores(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """The latest scores of all leads."""
        return page_of(self.latest_scores.values(), cursor, limit)

    async def export(self) -> AsyncIterator[Score]:
        """A picture of now: leads that are scored meanwhile neither disturb nor join it."""
        for score in tuple(self.latest_scores.values()):
            yield score


def _contact_points(lead: Lead) -> ContactPoints:
    return ContactPoints(
        email=lead.email,
        phone=lead.mobile_phone or lead.phone,
        website=lead.website,
        company=lead.company,
        country=lead.country,
    )
