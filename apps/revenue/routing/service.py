"""Routing, with its assignments in a database."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from atoll import Clock, Database, Page, Row, Service, Transaction, context, every, on, private
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted
from revenue.paging import is_text, page_of
from revenue.playbook.contract import PlaybookPublished
from revenue.ruling import Ruled
from revenue.scoring.contract import LeadScored

from . import merging, moves, store
from .book import Book
from .case import Case, assignment_of
from .contract import (
    Assignment,
    AssignmentCount,
    AssignmentNotFound,
    BacklogCalled,
    Change,
    Deed,
    Explanation,
    FairnessReport,
    NewOwner,
    NewStatus,
    RepLoad,
    ResponseDue,
    RouteQuestion,
    Routing,
    RoutingRules,
    RoutingTrial,
    Status,
    TrialReport,
)
from .deficit import Standings
from .desk import Desk
from .reports import fairness_of, loads_of
from .tables import ASSIGNMENTS
from .trial import Trial, explained
from .way import Earlier

TRIED_AT_ONCE = 25
"""So many leads of a trial are tried before others have their turn."""

Move = Callable[[Desk, Case], Awaitable[Case]]


class RoutingService(Service, Routing, owner="revenue-operations"):
    """Gives every scored lead an owner by the team's rules, and watches that somebody answers it."""

    db: Database
    clock: Clock
    _book: Book = private(default_factory=lambda: Book(RoutingRules()))

    # --- what is asked -----------------------------------------------------------------------------------------------

    async def count(self) -> AssignmentCount:
        """How many there are."""
        row = (await self.db.read(store.COUNT)).one()
        return AssignmentCount(leads=row.leads, revisions=row.revisions, waiting=row.waiting)

    async def assignment(self, lead_id: str) -> Assignment:
        """Whose a lead is."""
        return assignment_of(await self._case(lead_id), await self._book_now())

    async def changes(self, lead_id: str) -> list[Change]:
        """What was done with it."""
        case = await self._case(lead_id)
        later = [_change_of(row) for row in await self.db.read(store.CHANGES_OF, {"which": lead_id})]
        first = next((each.was for each in later if each.what not in ("status", "overdue")), case.owner)
        return [Change(at=case.routed_at, actor="", what="routed", was="", became=first, reason=""), *later]

    async def assignments(
        self, owner: str | None = None, status: Status | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Assignment]:
        """All of them, or those of an owner or a status."""
        if not is_text(f"{owner}{status}"):
            return Page(items=())
        page = store.PAGE if owner is None else store.PAGE.where(ASSIGNMENTS.c.owner == owner)
        page = page if status is None else page.where(ASSIGNMENTS.c.status == status)
        book = await self._book_now()
        return await page_of(self.db, page, lambda row: assignment_of(store.case_of(row), book), cursor, limit)

    async def reps(self) -> list[RepLoad]:
        """All reps, as they stand."""
        standings, _ = await self._teams()
        return loads_of(await self._book_now(), standings, await self._open_leads(), self.clock.now().timestamp())

    async def fairness(self) -> FairnessReport:
        """Expected and got."""
        standings, waiting = await self._teams()
        return fairness_of(await self._book_now(), standings, waiting)

    async def simulate(self, trial: RoutingTrial) -> TrialReport:
        """Try rules on the leads that are here."""
        tried = Trial(Book(trial.rules))
        count = 0
        async for row in self.db.stream(store.LATEST, {"but_one": trial.leads_max - 1}):
            tried.route(store.case_of(row))
            count += 1
            if count % TRIED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return tried.report()

    async def explain(self, question: RouteQuestion) -> Explanation:
        """Say whose a lead would be."""
        book = await self._book_now() if question.rules is None else Book(question.rules)
        standings, waiting = await self._teams()
        earlier = await self._earlier(book, question)
        return explained(book, question, earlier, standings, waiting, await self._open_leads(), self.clock.now())

    # --- what people do ----------------------------------------------------------------------------------------------

    async def accept(self, lead_id: str, deed: Deed) -> Assignment:
        """Take care of it."""
        return await self._moved(lead_id, deed.actor, moves.accept)

    async def touch(self, lead_id: str, deed: Deed) -> Assignment:
        """It was spoken to."""
        return await self._moved(lead_id, deed.actor, moves.touch)

    async def set_status(self, lead_id: str, new: NewStatus) -> Assignment:
        """Another status."""

        async def move(desk: Desk, case: Case) -> Case:
            await desk.hold([], [case])
            return moves.become(desk, case, new)

        return await self._moved(lead_id, new.actor, move)

    async def reassign(self, lead_id: str, new: NewOwner) -> Assignment:
        """Somebody else's."""
        return await self._moved(lead_id, new.actor, lambda desk, case: moves.give_to(desk, case, new))

    async def skip(self, lead_id: str, deed: Deed) -> Assignment:
        """The next one's."""
        return await self._moved(lead_id, deed.actor, lambda desk, case: moves.skip(desk, case, deed.reason))

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(LeadScored)
    async def route(self, event: LeadScored, tx: Transaction) -> None:
        """Give it an owner, once."""
        desk = await self._desk(tx)
        await moves.route(desk, event)
        await desk.keep()

    @on(ResponseDue)
    async def look_after(self, event: ResponseDue, tx: Transaction) -> None:
        """Remind, escalate, reassign."""
        desk = await self._desk(tx)
        await moves.answer_due(desk, event)
        await desk.keep()

    @on(BacklogCalled)
    async def draw(self, event: BacklogCalled, tx: Transaction) -> None:
        """Give out what waits."""
        desk = await self._desk(tx)
        await moves.draw(desk, event)
        await desk.keep()

    @every(minutes=1)
    async def call_backlog(self, tx: Transaction) -> None:
        """Somebody may have begun to work, or have come back."""
        for row in await tx.execute(store.TEAMS_WITH_WAITING):
            tx.publish(BacklogCalled(queue=row.name))

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """Go by these rules, and look anew for owners of what waits in queues."""
        rules = event.playbook.routing
        await store.RULES.keep(tx, event.version, rules, self.clock.now())
        await store.make_ready(tx, (team.name for team in rules.teams), (rep.id for rep in rules.reps))
        desk = await self._desk(tx)
        for queue in [*(await tx.execute(store.QUEUES)).scalars(), *await moves.gone(desk)]:
            tx.publish(BacklogCalled(queue=queue))

    @on(ContactsMerged)
    async def join_contacts(self, event: ContactsMerged, tx: Transaction) -> None:
        """Two contacts are one."""
        await merging.contacts_merged(tx, event)

    @on(ContactsParted)
    async def part_contacts(self, event: ContactsParted, tx: Transaction) -> None:
        """Or two again."""
        await merging.contacts_parted(tx, event)

    @on(AccountsMerged)
    async def join_accounts(self, event: AccountsMerged, tx: Transaction) -> None:
        """Two accounts are one."""
        await merging.accounts_merged(tx, event)

    @on(AccountsParted)
    async def part_accounts(self, event: AccountsParted, tx: Transaction) -> None:
        """Or two again."""
        await merging.accounts_parted(tx, event)

    # --- how ---------------------------------------------------------------------------------------------------------

    async def _moved(self, lead_id: str, actor: str | None, move: Move) -> Assignment:
        """What becomes of a lead by a move, in one transaction."""
        if not is_text(lead_id):
            raise AssignmentNotFound(lead_id=lead_id)
        who = actor or context().user or context().caller
        async with self.db.transaction() as tx:
            tx.concerns(lead_id)
            desk = await self._desk(tx, who)
            case = await store.case_to_change(tx, lead_id)
            if case is None:
                raise AssignmentNotFound(lead_id=lead_id)
            case = await move(desk, case)
            await desk.keep()
        return assignment_of(case, desk.book)

    async def _desk(self, tx: Transaction, actor: str = "") -> Desk:
        return Desk(tx, self._opened(await store.RULES.now(tx.execute)), self.clock.now(), actor)

    async def _book_now(self) -> Book:
        return self._opened(await store.RULES.now(self.db.read))

    def _opened(self, ruled: Ruled[RoutingRules]) -> Book:
        """The rules, ready to be asked; those of the version before are kept ready, and nothing else."""
        if self._book.rules is not ruled.rules or self._book.version != ruled.version:
            self._book = Book(ruled.rules, ruled.version)
        return self._book

    async def _case(self, lead_id: str) -> Case:
        row = (await self.db.read(store.CASE, {"which": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise AssignmentNotFound(lead_id=lead_id)
        return store.case_of(row)

    async def _earlier(self, book: Book, question: RouteQuestion) -> Earlier:
        """Who took care of the same contact and account before."""
        resolution = question.resolution
        if resolution is None:
            return Earlier()
        known = await store.known_of(self.db.read, "", resolution.contact_id, resolution.account_id)
        account = None
        if book.rules.keep_accounts and known.account is not None:
            named = {"lead_id": "", "which": known.account}
            account = (await self.db.read(store.OWNER_OF_ACCOUNT, named)).scalar()
        return Earlier(known.owner if book.rules.keep_contacts else None, account)

    async def _teams(self) -> tuple[dict[str, Standings], dict[str, int]]:
        rows = list(await self.db.read(store.ALL_TEAMS))
        return {row.name: store.standings_of(row) for row in rows}, {row.name: row.waiting for row in rows}

    async def _open_leads(self) -> Mapping[str, int]:
        return {row.id: row.open_leads for row in await self.db.read(store.ALL_REPS)}


def _change_of(row: Row) -> Change:
    return Change(at=row.at, actor=row.actor, what=row.what, was=row.was, became=row.became, reason=row.reason)
