"""Leads that wait too long: known to Identity, and not enriched. They get a provisional score from what they say."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Protocol

from atoll import Transaction
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution

from .scored import Basis, Kept
from .store import CURSOR, KEEP_CURSOR, OF_LEADS, Ask, keep_score

RESOLUTIONS = "resolutions"
PAGE_LEADS = 100

UNKNOWN_PROFILE = Profile(is_complete=False)


class Resolved(Protocol):
    """A decision of Identity: who a lead is, and the lead itself. `number` grows with every decision."""

    @property
    def number(self) -> int:
        """Where it stands in the list."""
        ...

    @property
    def lead(self) -> Lead:
        """The lead as it was decided about."""
        ...

    @property
    def resolution(self) -> Resolution:
        """Who it is."""
        ...


class ResolvedPage(Protocol):
    """A part of the list."""

    @property
    def items(self) -> Sequence[Resolved]:
        """The decisions, by their numbers."""
        ...


class ResolvedLeads(Protocol):
    """What Scoring needs of Identity, which fulfils it.

    Promises: the list holds the latest decision about each lead in the order of their numbers; a lead that has changed
    comes again with a higher one. `before` leaves out decisions that are younger, `cursor` those up to its number.
    """

    def resolutions(
        self, before: datetime | None = None, cursor: str | None = None, limit: int = 100
    ) -> Awaitable[ResolvedPage]:
        """A page of the list."""
        ...


async def cursor_of(ask: Ask) -> str | None:
    """How far Scoring has come in Identity's list."""
    row = (await ask(CURSOR, {"name": RESOLUTIONS})).first()
    return None if row is None else row.cursor


async def score_waiting(tx: Transaction, waited: Sequence[Resolved], basis: Basis, now: datetime) -> int:
    """Score who has no score of this revision, and go on behind the last one; how many were scored."""
    if not waited:
        return 0
    rows = await tx.execute(OF_LEADS, {"lead_ids": [each.lead.id for each in waited]})
    known = {row.lead_id: row.lead_revision for row in rows}
    late = [each for each in waited if known.get(each.lead.id, 0) < each.lead.revision]
    for each in late:
        await keep_score(tx, Kept(each.lead, UNKNOWN_PROFILE, each.resolution), basis, now, provisional=True)
    await tx.execute(KEEP_CURSOR, {"name": RESOLUTIONS, "cursor": str(waited[-1].number)})
    return len(late)
