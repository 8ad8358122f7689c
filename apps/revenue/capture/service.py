"""Capture, with its leads in a database."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy.exc import IntegrityError

from atoll import Clock, Database, Entropy, Page, RawBody, Service, Transaction, Unavailable, context, every, on
from revenue.paging import is_text, page_of
from revenue.playbook.contract import PlaybookPublished
from revenue.ruling import Ruled, Ruling

from . import kept, store
from .arrival import (
    IGNORED,
    Arrival,
    Ending,
    about_file,
    about_sent,
    ending_of,
    file_again,
    raw_details,
    sent_again,
)
from .book import Book
from .cleaning import clean_details, clean_text, rejection_of
from .contract import (
    Capture,
    CaptureRules,
    Channel,
    Fate,
    FileRejected,
    FormNotFound,
    ImportPreview,
    ImportReport,
    Lead,
    LeadCount,
    LeadDetails,
    LeadFile,
    LeadNotFound,
    LeadQuery,
    LeadRejected,
    NoSecret,
    NotKept,
    RawSubmission,
    Receipt,
    Received,
    Refusal,
    RefusalCount,
    Replay,
    RowChange,
    SourceNotFound,
    Submission,
    SubmissionNotFound,
    WebhookRefused,
)
from .doors import lead_of_form, lead_of_webhook
from .intake import Candidate, Reading, Stamp, candidates, read_file, take, take_rows
from .keys import digest_of
from .settings import CaptureSettings
from .signing import Unproven, proven
from .table import Rejection
from .tables import RULES as RULES_TABLE

T = TypeVar("T")

RULES = Ruling(RULES_TABLE, CaptureRules, default=CaptureRules())

IMPORT_S = 30.0
"""How long the transaction of an import may take: 5,000 rows need half a second of an idle machine."""

ATTEMPTS_MAX = 3
"""How often a submission is tried that meets another one about the same new lead, where several write at a time."""


Taken = Callable[[Book], T]
Recording = Callable[[Transaction, Arrival, Ending], Awaitable[None]]


class CaptureService(Service, Capture, owner="revenue-operations"):
    """Takes leads in by API, forms, webhooks and from files, none twice, and publishes what became of them."""

    db: Database
    clock: Clock
    entropy: Entropy
    settings: CaptureSettings

    async def accept(self, details: LeadDetails) -> Receipt:
        """Keep what was said, and the lead, if there is anything new in it."""
        arrival = self._arrival(Channel.API, "", raw_details(details))
        details = clean_details(details)
        result = await self._lead_kept(arrival, rejection_of(details) or details, kept.keep_arrival)
        if isinstance(result, Rejection):
            raise _rejected(result)
        assert isinstance(result, Receipt)
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
        """Keep the piece as it is, and all its rows, in one transaction: it is taken in as a whole, or not at all."""
        ruled = await RULES.now(self.db.read)
        once = None
        if file.import_id is not None:
            once = ("piece", file.import_id, str(file.first_row_line), hashlib.sha256(file.content).hexdigest())
        arrival = self._arrival(
            Channel.FILE, file.file_name, file.content,
            about=about_file(file), once_key=once, rules_version=ruled.version, line=file.first_row_line,
        )  # fmt: skip
        return await self._file_kept(arrival, file, ruled, kept.keep_arrival)

    async def preview(self, file: LeadFile) -> ImportPreview:
        """The same as an import, in a book that is thrown away."""
        ruled = await RULES.now(self.db.read)
        reading = read_file(file, ruled.rules.columns)
        rows = await self._candidates(reading)
        book = await store.opened_book(self.db.read, _details(rows), _lines(reading), to_change=False)
        changes: list[RowChange] = []
        report = take_rows(book, reading, rows, self._stamp(), changes)
        return ImportPreview(
            columns=reading.columns,
            delimiter=reading.delimiter,
            encoding=reading.encoding,
            source=reading.source,
            report=report,
            changes=tuple(changes),
        )

    async def submit(self, form: str, sent: RawBody) -> Received:
        """Keep what was filled in, and the lead; what a program has filled in is only counted."""
        ruled = await RULES.now(self.db.read)
        known = ruled.rules.form(form)
        if known is None:
            await self._refused(Channel.FORM, "", Refusal.NO_SUCH_FORM)
            raise FormNotFound(form=form)
        arrival = self._arrival(Channel.FORM, form, sent.body, about=about_sent(sent), rules_version=ruled.version)
        candidate = lead_of_form(known, sent, ruled.rules.columns, arrival.received_at)
        if isinstance(candidate, Refusal):
            await self._refused(Channel.FORM, form, candidate)
            return Received(submission_id=arrival.id, fate=Fate.ACCEPTED)
        result = await self._lead_kept(arrival, candidate, kept.keep_arrival)
        if isinstance(result, Rejection):
            raise _rejected(result)
        return _received(arrival, result)

    async def receive(self, source: str, sent: RawBody) -> Received:
        """Keep what a source posts, once it has proven itself, and the lead in it."""
        ruled = await RULES.now(self.db.read)
        known = ruled.rules.source(source)
        if known is None:
            await self._refused(Channel.WEBHOOK, "", Refusal.NO_SUCH_SOURCE)
            raise SourceNotFound(source=source)
        secrets = self.settings.secrets_of(known.signature.secret)
        if not secrets:
            await self._refused(Channel.WEBHOOK, source, Refusal.NO_SECRET)
            raise NoSecret(source=source, secret=known.signature.secret)
        proof = proven(known.signature, secrets, sent, self.clock.now().timestamp())
        if isinstance(proof, Unproven):
            await self._refused(Channel.WEBHOOK, source, proof.reason)
            raise WebhookRefused(source=source, reason=proof.reason, explanation=f"{source}: {proof.explanation}")
        arrival = self._arrival(
            Channel.WEBHOOK, source, sent.body,
            about=about_sent(sent), message_id=proof.message_id, rules_version=ruled.version,
            once_key=None if proof.once_key is None else ("webhook", source, *proof.once_key),
        )  # fmt: skip
        candidate = lead_of_webhook(known, sent.body, ruled.rules.columns)
        return _received(arrival, await self._lead_kept(arrival, candidate, kept.keep_arrival))

    async def submissions(
        self, cursor: str | None = None, limit: int = 100, rejected: bool = False
    ) -> Page[Submission]:
        """All that has come in, or what of it was rejected."""
        return await page_of(
            self.db, kept.PAGE_OF_REJECTED if rejected else kept.PAGE, kept.submission_of, cursor, limit
        )

    async def submission(self, submission_id: str) -> RawSubmission:
        """What was sent, as it was sent."""
        row = (await self.db.read(kept.BY_ID, {"id": submission_id})).first() if is_text(submission_id) else None
        if row is None:
            raise SubmissionNotFound(submission_id=submission_id)
        if not row.is_kept:
            raise NotKept(submission_id=submission_id)
        return kept.raw_of(row)

    async def replay(self, submission_id: str, how: Replay) -> Submission:
        """Read what was sent again, by the rules that hold now, and keep what has become of it."""
        old = await self.submission(submission_id)
        ruled = await RULES.now(self.db.read)
        was = old.submission
        arrival = Arrival(
            was.id, was.channel, was.source, was.received_at, old.raw,
            about=old.about, rules_version=ruled.version, line=was.line,
        )  # fmt: skip
        if was.channel is Channel.FILE:
            await self._file_kept(arrival, file_again(old.raw, old.about, how.mapping), ruled, kept.end_again)
        else:
            await self._lead_kept(arrival, self._read_again(arrival, ruled), kept.end_again)
        return (await self.submission(submission_id)).submission

    async def refusals(self, cursor: str | None = None, limit: int = 100) -> Page[RefusalCount]:
        """What was turned away."""
        return await page_of(self.db, kept.PAGE_OF_REFUSALS, kept.refusal_of, cursor, limit)

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """Go by the rules that were published."""
        await RULES.keep(tx, event.version, event.playbook.capture, self.clock.now())

    @every(minutes=10)
    async def forget(self, tx: Transaction) -> None:
        """Let go of what was sent long ago, some of it at a time."""
        await kept.forget(tx, self.clock.now() - timedelta(days=self.settings.raw_days))

    def _read_again(self, arrival: Arrival, ruled: Ruled[CaptureRules]) -> Candidate | None:
        """What a submission that is no file says by the rules that hold now."""
        if arrival.channel is Channel.API:
            details = clean_details(msgspec.json.decode(arrival.raw, type=LeadDetails))
            return rejection_of(details) or details
        rules = ruled.rules
        if arrival.channel is Channel.WEBHOOK:
            source = rules.source(arrival.source)
            if source is None:
                raise SourceNotFound(source=arrival.source)
            return lead_of_webhook(source, arrival.raw, rules.columns)
        form = rules.form(arrival.source)
        if form is None:
            raise FormNotFound(form=arrival.source)
        sent = sent_again(arrival.raw, arrival.about)
        candidate = lead_of_form(form, sent, rules.columns, arrival.received_at)
        return None if isinstance(candidate, Refusal) else candidate

    async def _lead_kept(
        self, arrival: Arrival, candidate: Candidate | None, recording: Recording
    ) -> Receipt | Rejection | Submission | None:
        """What became of a submission of one lead, which is kept with it."""
        stamp = self._stamp(arrival if recording is kept.end_again else None)

        def taken(book: Book) -> Receipt | Rejection | None:
            return take(book, candidate, stamp) if isinstance(candidate, LeadDetails) else candidate

        several = [candidate] if isinstance(candidate, LeadDetails) else []
        return await self._kept(arrival, several, None, taken, recording)

    async def _file_kept(
        self, arrival: Arrival, file: LeadFile, ruled: Ruled[CaptureRules], recording: Recording
    ) -> ImportReport:
        """The report of a piece of a file, which is kept with it; also of one that cannot be read at all."""
        stamp = self._stamp(arrival if recording is kept.end_again else None)
        try:
            reading = read_file(file, ruled.rules.columns)
        except FileRejected as rejected:
            problem = rejected
            await self._kept(arrival, [], None, lambda _: problem, recording)
            raise
        rows = await self._candidates(reading)
        report = await self._kept(
            arrival, _details(rows), _lines(reading), lambda book: take_rows(book, reading, rows, stamp), recording,
            timeout_s=IMPORT_S,
        )  # fmt: skip
        assert isinstance(report, ImportReport)
        return report

    async def _kept(
        self,
        arrival: Arrival,
        several: Sequence[LeadDetails],
        lines: store.Lines | None,
        taken: Taken[T],
        recording: Recording,
        timeout_s: float = 5.0,
    ) -> T | Submission:
        """What `taken` answers, which writes into a book; what it has written is kept, and published.

        With it, in one transaction, what was sent. A webhook that has come before is not taken again.
        """
        is_delivery = arrival.channel is Channel.WEBHOOK and arrival.once_key is not None
        attempts = 1 if context().idempotency_key else ATTEMPTS_MAX  # under a key there is one transaction
        for _ in range(attempts):
            try:
                async with self.db.transaction(timeout_s=timeout_s) as tx:
                    if is_delivery and (before := await self._before(tx, arrival)) is not None:
                        return before
                    book = await store.opened_book(tx.execute, several, lines, to_change=True)
                    result = taken(book)
                    await store.keep(tx, book, lines)
                    await recording(tx, arrival, _ending(result))
                return result
            except IntegrityError:
                continue
        raise Unavailable(service="capture", reason="the same lead is being taken in by another submission")

    async def _before(self, tx: Transaction, arrival: Arrival) -> Submission | None:
        """What a delivery has ended in that has come before; that it comes again is counted."""
        assert arrival.once_key is not None
        row = (await tx.execute(kept.BY_KEY, {"message_key": digest_of(*arrival.once_key)})).first()
        if row is None:
            return None
        day = arrival.received_at.date()
        await kept.count_refusal(tx, day, arrival.channel, arrival.source, Refusal.REPLAYED)
        return kept.submission_of(row)

    async def _refused(self, channel: Channel, source: str, reason: Refusal) -> None:
        """Count what was turned away."""
        day = self.clock.now().date()
        for _ in range(1 if context().idempotency_key else ATTEMPTS_MAX):
            try:
                async with self.db.transaction() as tx:
                    await kept.count_refusal(tx, day, channel, source, reason)
                return
            except IntegrityError:  # another instance has counted the first one
                continue

    async def _candidates(self, reading: Reading) -> list[Candidate]:
        """What each row says, a hundred at a time: others take their turn in between."""
        rows: list[Candidate] = []
        for part in store.parted(reading.rows, 100):
            rows += candidates(reading, part)
            await asyncio.sleep(0)
        return rows

    def _arrival(
        self,
        channel: Channel,
        source: str,
        raw: bytes,
        *,
        about: dict[str, str] | None = None,
        message_id: str | None = None,
        once_key: tuple[str, ...] | None = None,
        rules_version: int = 0,
        line: int | None = None,
    ) -> Arrival:
        return Arrival(
            str(self.entropy.uuid()), channel, source, self.clock.now(), raw,
            about or {}, message_id, once_key, rules_version, line,
        )  # fmt: skip

    def _stamp(self, again: Arrival | None = None) -> Stamp:
        at: datetime = self.clock.now() if again is None else again.received_at
        return Stamp(at, lambda: str(self.entropy.uuid()), is_again=again is not None)


def _ending(result: object) -> Ending:
    if isinstance(result, Receipt | Rejection | ImportReport | FileRejected):
        return ending_of(result)
    return IGNORED


def _received(arrival: Arrival, result: Receipt | Rejection | Submission | None) -> Received:
    """The answer to a form or a webhook."""
    if isinstance(result, Submission):  # a delivery that has come before
        return Received(
            submission_id=result.id, fate=result.fate, lead_id=result.lead_id, explanation=result.explanation
        )
    ending = _ending(result)
    return Received(submission_id=arrival.id, fate=ending.fate, lead_id=ending.lead_id, explanation=ending.explanation)


def _rejected(rejection: Rejection) -> LeadRejected:
    return LeadRejected(reason=rejection.reason, explanation=rejection.explanation)


def _details(rows: Sequence[Candidate]) -> list[LeadDetails]:
    return [row for row in rows if isinstance(row, LeadDetails)]


def _lines(reading: Reading) -> store.Lines | None:
    if reading.import_id is None or not reading.rows:
        return None
    return store.Lines(reading.import_id, reading.rows[0].line, reading.rows[-1].line)
