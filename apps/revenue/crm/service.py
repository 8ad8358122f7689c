"""The CRM's beside, with its records in a database."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec

from atoll import Clock, Database, Page, Row, Service, Transaction, Unavailable, every, on
from revenue.capture.contract import LeadUpdated
from revenue.identity.contract import ContactsMerged, ContactsParted
from revenue.paging import is_text, page_of
from revenue.playbook.contract import PlaybookPublished
from revenue.routing.contract import LeadReassigned, LeadRouted, LeadStatusChanged
from revenue.scoring.contract import LeadScored

from . import pieces, store
from .cells import compiled
from .changes import Change
from .contacts import Place
from .contract import (
    Crm,
    Export,
    ExportBegin,
    ExportDue,
    ExportGone,
    ExportNotFound,
    ExportNotReady,
    ExportOvertaken,
    ExportRow,
    ExportState,
    Pending,
    RecordNotFound,
    RefusalReport,
    Refusals,
    Refused,
    Standing,
    Step,
    Target,
    Withheld,
    WithheldLead,
)
from .record import Record
from .store import Course

KEPT_DAYS = 30
"""How long the rows of an export are kept: until then refusals can be told back."""
NUMBER_MAX = 2**31 - 1
LEADS_AT_ONCE = 500
TARGETS = (Target.SALESFORCE, Target.HUBSPOT)


class CrmService(Service, Crm, owner="revenue-operations"):
    """Keeps what each CRM should say of each lead and what it was told, and writes down the difference."""

    db: Database
    clock: Clock

    # --- exports -----------------------------------------------------------------------------------------------------

    async def begin(self, target: Target, begin: ExportBegin) -> Export:
        """Give it a number; its rows are found piece by piece."""
        self._check(target, 0)
        async with self.db.transaction() as tx:
            await tx.execute(store.ADD_TARGET, {"target": target, "number": 0, "confirmations": 0, "confirmed": 0})
            held = (await tx.execute(store.TARGET_TO_CHANGE, {"which": target})).one()
            rules = pieces.target_in((await store.RULING.now(tx.execute)).rules, target)
            course = Course(
                target=target,
                number=held.number + 1,
                state=ExportState.BUILDING,
                is_all=begin.is_all,
                begun_at=self.clock.now(),
                after=0,
                until=(await tx.execute(store.LAST_RECORD)).scalar() or 0,
                confirmations=held.confirmations,
                key_column=rules.key,
                record_id_column=rules.record_id,
                clear=rules.clear,
            )
            await self._change_target(tx, held, number=course.number)
            await tx.execute(store.ADD_EXPORT, course.row())
            tx.publish(pieces.due(course, Step.BUILD))
        return course.export(course.confirmations)

    async def exports(self, target: Target, cursor: str | None = None, limit: int = 100) -> Page[Export]:
        """A page of them."""
        self._check(target, 0)
        confirmations = await self._confirmations(target)
        return await page_of(
            self.db,
            store.EXPORT_PAGE,
            lambda row: store.course_of(row).export(confirmations),
            cursor,
            limit,
            {"which": target},
        )

    async def export(self, target: Target, number: int) -> Export:
        """One of them."""
        course = await self._course(target, number)
        return course.export(await self._confirmations(target))

    async def rows(self, target: Target, number: int, cursor: str | None = None, limit: int = 100) -> Page[ExportRow]:
        """What it says, refused rows among it."""
        course = self._readable(await self._course(target, number))
        wanted = {"which": course.target, "export": course.number}
        return await page_of(self.db, store.ROW_PAGES[False], store.export_row_of, cursor, limit, wanted)

    async def withheld(
        self, target: Target, number: int, cursor: str | None = None, limit: int = 100
    ) -> Page[WithheldLead]:
        """What it cannot say."""
        course = self._readable(await self._course(target, number))
        wanted = {"which": course.target, "export": course.number}
        return await page_of(self.db, store.ROW_PAGES[True], store.withheld_of, cursor, limit, wanted)

    async def confirm(self, target: Target, number: int, although_overtaken: bool = False) -> Export:
        """Decide it under the target's lock, and remember the first piece; the others follow by themselves."""
        self._check(target, number)
        async with self.db.transaction() as tx:
            held = (await tx.execute(store.TARGET_TO_CHANGE, {"which": target})).first()
            course = await self._course_to_change(tx, target, number)
            assert held is not None
            if course.state not in (ExportState.CONFIRMING, ExportState.CONFIRMED):
                self._readable(course)
                is_overtaken = course.confirmations != held.confirmations
                if is_overtaken and not although_overtaken:
                    raise ExportOvertaken(target=target, number=number, by=held.confirmed)
                course = msgspec.structs.replace(
                    course, state=ExportState.CONFIRMING, after=0, is_overruled=is_overtaken
                )
                await self._change_target(tx, held, confirmations=held.confirmations + 1, confirmed=number)
                course = await pieces.confirm_piece(tx, course, self.clock.now())
        return course.export(0)

    async def refuse(self, target: Target, number: int, refusals: Refusals) -> RefusalReport:
        """Take back what was told by these rows."""
        self._check(target, number)
        async with self.db.transaction() as tx:
            course = self._readable(await self._course_to_change(tx, target, number))
            rules = pieces.target_in((await store.RULING.now(tx.execute)).rules, target)
            table = compiled(rules)
            named = [each for each in refusals.refusals if is_text(each.key)]
            refused, unknown = await pieces.refuse_rows(tx, course, named, table, self.clock.now())
        return RefusalReport(refused=refused, unknown=unknown)

    async def drop(self, target: Target, number: int) -> Export:
        """Give it up; what was confirmed stays as it is."""
        self._check(target, number)
        async with self.db.transaction() as tx:
            course = await self._course_to_change(tx, target, number)
            if course.state in (ExportState.BUILDING, ExportState.READY):
                course = msgspec.structs.replace(course, state=ExportState.DROPPED)
                await tx.execute(store.CHANGE_EXPORT, course.row())
                tx.publish(pieces.due(course, Step.CLEAN))
        return course.export(course.confirmations)

    @on(ExportDue)
    async def go_on(self, event: ExportDue, tx: Transaction) -> None:
        """The next piece of an export, unless that was done: one after the other, since they have one key."""
        course = await self._course(event.target, event.number)
        if event.step is Step.BUILD:
            await self._build(event, course, tx)
            return
        named = {"which": course.target, "number": course.number}
        course = store.course_of((await tx.execute(store.EXPORT_TO_CHANGE, named)).one())
        if event.step is Step.CLEAN:
            if course.has_rows and course.state != ExportState.CONFIRMING:  # else it is due again in an hour
                await pieces.clean_piece(tx, course)
        elif event.step is Step.CONFIRM and (course.state, course.after) == (ExportState.CONFIRMING, event.after):
            await pieces.confirm_piece(tx, course, self.clock.now())

    @every(hours=1)
    async def clean(self, tx: Transaction) -> None:
        """Have the rows of exports removed that are too old."""
        for row in await tx.execute(store.TO_CLEAN, {"before": self.clock.now() - timedelta(days=KEPT_DAYS)}):
            tx.publish(ExportDue(target=Target(row.target), number=row.number, step=Step.CLEAN))

    # --- what is pending ---------------------------------------------------------------------------------------------

    async def pending(self, target: Target) -> Pending:
        """Counted in the database."""
        self._check(target, 0)
        rules = pieces.target_in((await store.RULING.now(self.db.read)).rules, target)
        named = {"target": target}
        told = (await self.db.read(store.TOLD_COUNT, named)).scalar() or 0
        whole = (await self.db.read(store.WHOLE_COUNT)).scalar() or 0
        stale = await self.db.read(store.STALE_COUNT, named | {"rules_digest": compiled(rules).digest})
        return Pending(
            target=target,
            new=max(whole - told, 0),
            changed=stale.scalar() or 0,
            refused=(await self.db.read(store.REFUSED_COUNT, named)).scalar() or 0,
        )

    async def refused(self, target: Target, cursor: str | None = None, limit: int = 100) -> Page[Refused]:
        """A page of them."""
        self._check(target, 0)
        return await page_of(self.db, store.REFUSED_PAGE, store.refused_of, cursor, limit, {"which": target})

    async def record(self, lead_id: str) -> list[Standing]:
        """For each CRM."""
        if not is_text(lead_id):
            raise RecordNotFound(lead_id=lead_id)
        ruled = await store.RULING.now(self.db.read)
        which = {"which": lead_id}
        refused = {row.target: row.reason for row in await self.db.read(store.REFUSED_LEAD, which)}
        standings: list[Standing] = []
        for target in TARGETS:
            row = (await self.db.read(store.OF_LEAD, which | {"target": target})).first()
            if row is None:
                raise RecordNotFound(lead_id=lead_id)
            contacts = await pieces.contacts_of(self.db.read, [row])
            rules = pieces.target_in(ruled.rules, target)
            standings.append(
                _standing(row, target, pieces.change_in(row, contacts, compiled(rules)), refused.get(target))
            )
        return standings

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """Keep the rules that hold from now on. What they change in records is in the next export."""
        await store.RULING.keep(tx, event.version, event.playbook.crm, self.clock.now())

    @on(LeadUpdated)
    async def updated(self, event: LeadUpdated, tx: Transaction) -> None:
        """What the lead says now."""
        await self._bring(event.lead_id, tx, lambda record: record.with_lead(event.lead))

    @on(LeadScored)
    async def scored(self, event: LeadScored, tx: Transaction) -> None:
        """How well it fits, and who it is."""

        def change(record: Record) -> Record:
            if event.lead is not None:
                record = record.with_lead(event.lead)
            if event.score is not None:
                record = record.with_score(event.score, event.resolution, is_copy=False)
            return record

        await self._bring(event.lead_id, tx, change)

    @on(LeadRouted)
    async def routed(self, event: LeadRouted, tx: Transaction) -> None:
        """Whose it is. From now on a CRM is told of it."""

        def change(record: Record) -> Record:
            record = record.with_lead(event.lead).with_assignment(event.assignment, begins=True)
            if event.score is not None:
                record = record.with_score(event.score, event.resolution, is_copy=True)
            return record

        await self._bring(event.lead_id, tx, change)

    @on(LeadStatusChanged)
    async def status_changed(self, event: LeadStatusChanged, tx: Transaction) -> None:
        """How far its owner has come with it."""
        await self._bring(event.lead_id, tx, lambda record: record.with_assignment(event.assignment, begins=False))

    @on(LeadReassigned)
    async def reassigned(self, event: LeadReassigned, tx: Transaction) -> None:
        """Whose it is now."""
        await self._bring(event.lead_id, tx, lambda record: record.with_assignment(event.assignment, begins=True))

    @on(ContactsMerged)
    async def contacts_merged(self, event: ContactsMerged, tx: Transaction) -> None:
        """Two contacts are one: their leads are told again where a CRM is told of contacts."""
        await self._placed(tx, event.merged_id, lambda place: place.merged(event.kept_id))
        for ids in _parts(event.lead_ids):
            await tx.execute(store.TOUCH_RECORDS, {"which": ids})

    @on(ContactsParted)
    async def contacts_parted(self, event: ContactsParted, tx: Transaction) -> None:
        """They are two again."""
        await self._placed(tx, event.parted_id, lambda place: place.parted(event.kept_id))
        for ids in _parts(event.lead_ids):
            await tx.execute(store.GIVE_RECORDS, {"which": ids, "whose": event.parted_id})

    # --- how ---------------------------------------------------------------------------------------------------------

    async def _bring(self, lead_id: str, tx: Transaction, change: Callable[[Record], Record]) -> None:
        """Bring a record up to date under its lock."""
        for _ in range(2):  # once more where another publisher's event has just brought the lead
            row = (await tx.execute(store.RECORD_TO_CHANGE, {"which": lead_id})).first()
            was = Record(lead_id=lead_id) if row is None else store.record_of(row)
            record = change(was)
            if record == was:
                return
            parts = msgspec.structs.asdict(record)
            if row is not None:
                await tx.execute(store.CHANGE_RECORD, parts | {"which": parts.pop("lead_id")})
                return
            if (await tx.execute(store.ADD_RECORD, parts)).changed:
                return
        raise Unavailable(service="crm", reason="the lead is being brought in by another event")

    async def _placed(self, tx: Transaction, contact_id: str, change: Callable[[Place], Place]) -> None:
        """Note where a contact is now."""
        await tx.execute(store.ADD_CONTACT, {"id": contact_id, "kept_id": None, "place": store.text_of(Place())})
        row = (await tx.execute(store.CONTACT_TO_CHANGE, {"which": contact_id})).one()
        place = change(msgspec.json.decode(row.place, type=Place))
        await tx.execute(
            store.CHANGE_CONTACT, {"id": contact_id, "kept_id": place.kept_id, "place": store.text_of(place)}
        )

    async def _build(self, event: ExportDue, course: Course, tx: Transaction) -> None:
        """The next piece of rows: read first, then written, unless somebody has done it or dropped the export."""
        if (course.state, course.after) != (ExportState.BUILDING, event.after):
            return
        if (await self.db.read(store.CONFIRMING, {"which": course.target})).scalar():
            tx.publish(event)  # behind the next piece of what is being confirmed, which is not known as told before
            return
        rules = (await store.RULING.now(self.db.read)).rules
        piece = await pieces.read_piece(self.db.read, course, rules)
        columns = compiled(pieces.target_in(rules, course.target)).columns
        held = await self._course_to_change(tx, event.target, event.number)
        if (held.state, held.after) == (ExportState.BUILDING, event.after):
            await pieces.keep_piece(tx, held, piece, columns, self.clock.now())

    async def _course(self, target: Target, number: int) -> Course:
        self._check(target, number)
        row = (await self.db.read(store.ONE_EXPORT, {"which": target, "number": number})).first()
        if row is None:
            raise ExportNotFound(target=target, number=number)
        return store.course_of(row)

    async def _course_to_change(self, tx: Transaction, target: Target, number: int) -> Course:
        row = (await tx.execute(store.EXPORT_TO_CHANGE, {"which": target, "number": number})).first()
        if row is None:
            raise ExportNotFound(target=target, number=number)
        return store.course_of(row)

    async def _confirmations(self, target: Target) -> int:
        row = (await self.db.read(store.TARGET_NOW, {"which": target})).first()
        return 0 if row is None else row.confirmations

    async def _change_target(self, tx: Transaction, held: Row, **changes: int) -> None:
        row = {name: getattr(held, name) for name in ("number", "confirmations", "confirmed")} | changes
        await tx.execute(store.CHANGE_TARGET, row | {"which": held.target})

    @staticmethod
    def _check(target: Target, number: int) -> None:
        """Refuse what no export can be called."""
        if target not in TARGETS or not 0 <= number <= NUMBER_MAX:
            raise ExportNotFound(target=target, number=number)

    @staticmethod
    def _readable(course: Course) -> Course:
        """An export that has its rows.

        Raises:
            ExportNotReady, ExportGone: it has not.
        """
        if course.state == ExportState.BUILDING:
            raise ExportNotReady(target=course.target, number=course.number, state=ExportState.BUILDING)
        if course.state == ExportState.DROPPED or not course.has_rows:
            raise ExportGone(target=course.target, number=course.number)
        return course


def _parts(lead_ids: tuple[str, ...]) -> Iterator[list[str]]:
    return (sorted(lead_ids[start : start + LEADS_AT_ONCE]) for start in range(0, len(lead_ids), LEADS_AT_ONCE))


def _standing(row: Row, target: Target, change: Change | Withheld | None, refused: str | None) -> Standing:
    memory = store.memory_of(row)
    told = {} if memory is None else dict(memory.cells)
    if not isinstance(change, Change):
        return Standing(target=target, told=told, change={}, withheld=change, refused=refused)
    return Standing(
        target=target, told=told, change=change.cells, key=change.key, left_out=dict(change.left_out), refused=refused
    )
