"""Capture, in memory."""

from atoll import Clock, Entropy, Page, Problem, Service, depends, private
from revenue.paging import page_of
from revenue.scoring.contract import Scoring

from .cleaning import clean_details
from .contract import (
    Backlog,
    Capture,
    ImportPreview,
    ImportReport,
    Lead,
    LeadDetails,
    LeadFile,
    LeadNotFound,
    LeadQuery,
    LeadRejected,
    Outcome,
    Receipt,
)
from .intake import Stamp, read_file, take, take_rows
from .keys import Book
from .table import Rejection

CATCH_UP_LEADS = 20
"""How many leads of the backlog a submission takes along: enough to catch up, too few to be felt."""


class CaptureService(Service, Capture, owner="revenue-operations"):
    """Takes leads in by API and from files, none twice, and loses none while scoring is down."""

    scoring: Scoring = depends(timeout_s=2.0)
    clock: Clock
    entropy: Entropy
    book: Book = private(default_factory=Book)
    backlog: dict[str, None] = private(default_factory=dict[str, None])
    """Ids of leads without a score, oldest first. A lead that is being scored is not in it."""

    async def accept(self, details: LeadDetails) -> Receipt:
        """Keep the lead, then have it scored; it stays accepted when scoring fails."""
        result = take(self.book, clean_details(details), self._stamp())
        if isinstance(result, Rejection):
            raise LeadRejected(reason=result.reason, explanation=result.explanation)
        if result.outcome is not Outcome.UNCHANGED:
            await self._have_scored([result.lead])
        return result

    async def lead(self, lead_id: str) -> Lead:
        """One lead by its id."""
        lead = self.book.get(lead_id)
        if lead is None:
            raise LeadNotFound(lead_id=lead_id)
        return lead

    async def leads(self, cursor: str | None = None, limit: int = 100) -> Page[Lead]:
        """All leads, oldest first."""
        return page_of(self.book.leads.values(), cursor, limit)

    async def find(self, query: LeadQuery) -> list[Lead]:
        """The lead with this address, and those with this record id in any system."""
        found = self.book.known(LeadDetails(email=query.email.strip())) if query.email else []
        if query.external_id is not None:
            found += [lead for lead in self.book.leads.values() if lead.external_id == query.external_id]
        return list({lead.id: lead for lead in found}.values())

    async def import_file(self, file: LeadFile) -> ImportReport:
        """Keep all rows first, then have the new and changed leads scored."""
        report, touched = take_rows(self.book, read_file(file), self._stamp())
        await self._have_scored(touched)
        return report

    async def preview(self, file: LeadFile) -> ImportPreview:
        """The same as an import, in a book of its own that is thrown away."""
        reading = read_file(file)
        report, _ = take_rows(Book(below=self.book), reading, self._stamp())
        return ImportPreview(
            columns=reading.columns,
            delimiter=reading.delimiter,
            encoding=reading.encoding,
            source=reading.source,
            report=report,
        )

    async def score_backlog(self) -> Backlog:
        """Try all that wait, until one fails."""
        scored = await self._catch_up(len(self.backlog))
        return Backlog(scored=scored, waiting=len(self.backlog))

    def _stamp(self) -> Stamp:
        return Stamp(self.clock.now(), lambda: str(self.entropy.uuid()))

    async def _have_scored(self, leads: list[Lead]) -> None:
        """Score leads in turn, and some of the backlog; at the first failure the rest joins the backlog."""
        self.backlog.update(dict.fromkeys(lead.id for lead in leads))
        for lead in leads:
            if lead.id in self.backlog and not await self._scored(lead.id):
                return
        await self._catch_up(CATCH_UP_LEADS)

    async def _catch_up(self, leads_max: int) -> int:
        scored = 0
        while self.backlog and scored < leads_max and await self._scored(next(iter(self.backlog))):
            scored += 1
        return scored

    async def _scored(self, lead_id: str) -> bool:
        """Whether a lead of the backlog could be scored; it goes back when it could not, also when cancelled."""
        self.backlog.pop(lead_id, None)
        is_scored = False
        try:
            await self.scoring.score(self.book.leads[lead_id])
            is_scored = True
        except Problem:
            pass
        finally:
            if not is_scored:
                self.backlog[lead_id] = None
        return is_scored
