"""Capture, with its leads in a database."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from atoll import Clock, Database, Entropy, Page, Service, Unavailable, context
from revenue.paging import is_text, page_of

from . import store
from .book import Book
from .cleaning import clean_details, clean_text, rejection_of
from .contract import (
    Capture,
    ImportPreview,
    ImportReport,
    Lead,
    LeadCount,
    LeadDetails,
    LeadFile,
    LeadNotFound,
    LeadQuery,
    LeadRejected,
    Receipt,
)
from .intake import Candidate, Reading, Stamp, candidates, read_file, take, take_rows
from .keys import digest_of
from .table import Rejection

T = TypeVar("T")

IMPORT_S = 30.0
"""How long the transaction of an import may take: 5,000 rows need half a second of an idle machine."""

ATTEMPTS_MAX = 3
"""How often a submission is tried that meets another one about the same new lead, where several write at a time."""


class CaptureService(Service, Capture, owner="revenue-operations"):
    """Takes leads in by API and from files, none twice, and publishes what became of them."""

    db: Database
    clock: Clock
    entropy: Entropy

    async def accept(self, details: LeadDetails) -> Receipt:
        """Keep the lead, if there is anything new in it."""
        details = clean_details(details)
        rejection = rejection_of(details)
        if rejection is not None:
            raise _rejected(rejection)
        stamp = self._stamp()
        result = await self._kept([details], None, lambda book: take(book, details, stamp))
        if isinstance(result, Rejection):
            raise _rejected(result)
        return result

    async def lead(self, lead_id: str) -> Lead:
        """One lead by its id."""
        row = (await self.db.read(store.BY_ID, {"id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise LeadNotFound(lead_id=lead_id)
        return store.lead_of(row)

    async def leads(self, cursor: str | None = None, limit: int = 100) -> Page[Lead]:
        """All leads, oldest first."""
        return await page_of(self.db, store.PAGE, store.lead_of, cursor, limit)

    async def count(self) -> LeadCount:
        """How many there are."""
        row = (await self.db.read(store.COUNT)).one()
        return LeadCount(leads=row.leads, revisions=row.revisions)

    async def find(self, query: LeadQuery) -> list[Lead]:
        """The lead with this address, and those with this record id in any system."""
        found: list[Lead] = []
        if query.email:
            wanted = LeadDetails(email=query.email.strip())
            found += (await store.opened_book(self.db.read, [wanted], None, to_change=False)).known(wanted)
        if query.external_id and (record := clean_text(query.external_id)):
            rows = await self.db.read(store.OF_RECORD, {"record": digest_of(record)})
            found += map(store.lead_of, rows)
        return list({lead.id: lead for lead in found}.values())

    async def import_file(self, file: LeadFile) -> ImportReport:
        """Keep all rows in one transaction: the piece is taken in as a whole, or not at all."""
        reading = read_file(file)
        rows = await self._candidates(reading)
        stamp = self._stamp()
        return await self._kept(
            _details(rows), _lines(reading), lambda book: take_rows(book, reading, rows, stamp), timeout_s=IMPORT_S
        )

    async def preview(self, file: LeadFile) -> ImportPreview:
        """The same as an import, in a book that is thrown away."""
        reading = read_file(file)
        rows = await self._candidates(reading)
        book = await store.opened_book(self.db.read, _details(rows), _lines(reading), to_change=False)
        return ImportPreview(
            columns=reading.columns,
            delimiter=reading.delimiter,
            encoding=reading.encoding,
            source=reading.source,
            report=take_rows(book, reading, rows, self._stamp()),
        )

    async def _kept(
        self,
        several: Sequence[LeadDetails],
        lines: store.Lines | None,
        taken: Callable[[Book], T],
        timeout_s: float = 5.0,
    ) -> T:
        """What `taken` answers, which writes into a book; what it has written is kept, and published."""
        attempts = 1 if context().idempotency_key else ATTEMPTS_MAX  # under a key there is one transaction
        for _ in range(attempts):
            try:
                async with self.db.transaction(timeout_s=timeout_s) as tx:
                    book = await store.opened_book(tx.execute, several, lines, to_change=True)
                    result = taken(book)
                    await store.keep(tx, book, lines)
                return result
            except IntegrityError:
                continue
        raise Unavailable(service="capture", reason="the same lead is being taken in by another submission")

    async def _candidates(self, reading: Reading) -> list[Candidate]:
        """What each row says, a hundred at a time: others take their turn in between."""
        rows: list[Candidate] = []
        for part in store.parted(reading.rows, 100):
            rows += candidates(reading, part)
            await asyncio.sleep(0)
        return rows

    def _stamp(self) -> Stamp:
        return Stamp(self.clock.now(), lambda: str(self.entropy.uuid()))


def _rejected(rejection: Rejection) -> LeadRejected:
    return LeadRejected(reason=rejection.reason, explanation=rejection.explanation)


def _details(rows: Sequence[Candidate]) -> list[LeadDetails]:
    return [row for row in rows if isinstance(row, LeadDetails)]


def _lines(reading: Reading) -> store.Lines | None:
    if reading.import_id is None or not reading.rows:
        return None
    return store.Lines(reading.import_id, reading.rows[0].line, reading.rows[-1].line)
