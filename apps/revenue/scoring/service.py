"""Scoring, with its scores in a database."""

from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import bindparam, func, select

from atoll import Clock, Database, Page, Row, Service, Transaction, depends, on, upsert
from revenue.capture.contract import Lead
from revenue.enrichment.contract import ContactPoints, Enrichment, LeadEnriched, Profile
from revenue.paging import is_text, page_of

from .contract import Grade, LeadScored, Reason, Score, ScoreCount, ScoreNotFound, Scoring
from .offline import OfflineEnrichment
from .points import evidence_of, grade_of, reasons_for
from .rules import RULES
from .tables import SCORES

ALL = select(SCORES).order_by(SCORES.c.number)
PAGE = ALL.where(SCORES.c.number > bindparam("after")).limit(bindparam("count"))
LATEST = select(SCORES).where(SCORES.c.lead_id == bindparam("lead_id"))
COUNT = select(
    func.count().label("leads"), func.coalesce(func.sum(SCORES.c.lead_revision), 0).label("revisions")
).select_from(SCORES)
KEEP = upsert(SCORES, "lead_id")


class ScoringService(Service, Scoring, owner="revenue-operations"):
    """Gives a lead points by rules, and a reason for every point."""

    enrichment: Enrichment = depends(fallback=OfflineEnrichment)
    clock: Clock
    db: Database

    async def score(self, lead: Lead) -> Score:
        """Ask Enrichment, then count."""
        profile = await self.enrichment.profile(ContactPoints.of(lead))
        return self._score(lead, profile)

    async def latest(self, lead_id: str) -> Score:
        """The latest score of a lead."""
        row = (await self.db.read(LATEST, {"lead_id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise ScoreNotFound(lead_id=lead_id)
        return _score_of(row)

    async def scores(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """The latest scores of all leads, in the order in which they were scored first."""
        return await page_of(self.db, PAGE, _score_of, cursor, limit)

    async def count(self) -> ScoreCount:
        """How many there are."""
        row = (await self.db.read(COUNT)).one()
        return ScoreCount(leads=row.leads, revisions=row.revisions)

    async def export(self) -> AsyncIterator[Score]:
        """A picture of now: leads that are scored meanwhile neither disturb nor join it."""
        async for row in self.db.stream(ALL):
            yield _score_of(row)

    @on(LeadEnriched)
    async def score_lead(self, event: LeadEnriched, tx: Transaction) -> None:
        """Count, and keep the score as the lead's latest."""
        score = self._score(event.lead, event.profile)
        await tx.execute(KEEP, msgspec.structs.asdict(score) | {"reasons": msgspec.to_builtins(score.reasons)})
        tx.publish(LeadScored(lead_id=score.lead_id, points=score.points, grade=score.grade))

    def _score(self, lead: Lead, profile: Profile) -> Score:
        reasons = reasons_for(evidence_of(lead, profile), RULES, is_complete=profile.is_complete)
        points = sum(reason.points for reason in reasons)
        return Score(
            lead_id=lead.id,
            points=points,
            grade=grade_of(points),
            reasons=reasons,
            is_provisional=not profile.is_complete,
            scored_at=self.clock.now(),
            lead_revision=lead.revision,
        )


def _score_of(row: Row) -> Score:
    return Score(
        lead_id=row.lead_id,
        points=row.points,
        grade=Grade(row.grade),
        reasons=msgspec.convert(row.reasons, tuple[Reason, ...]),
        is_provisional=row.is_provisional,
        scored_at=row.scored_at,
        lead_revision=row.lead_revision,
    )
