"""Identity, with its contacts and accounts in a database."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from atoll import Clock, Database, Entropy, Page, Problem, Service, Transaction, Unavailable, context, on, private
from revenue.capture.contract import Lead, LeadCaptured, LeadDetails, LeadUpdated
from revenue.paging import is_text, page_of

from . import reading, store
from .contract import (
    Account,
    AccountList,
    AccountNotFound,
    AccountReport,
    Contact,
    ContactNotFound,
    Duplicate,
    DuplicateState,
    Identity,
    Kind,
    LeadResolution,
    MergeOrder,
    ResolutionCount,
    ResolutionNotFound,
    Verdict,
)
from .queue import approve, keep_apart, merge_two
from .trees import ACCOUNT_TREE, CONTACT_TREE, Deed, Tree

T = TypeVar("T")

WARMING = LeadDetails(email="ada@example.com", first_name="Ada", last_name="Lovelace", company="Example Ltd")
"""A lead that makes use of every list."""

IMPORT_S = 30.0
"""How long the transaction of an import may take: 1,000 accounts need a second of an idle machine."""

ATTEMPTS_MAX = 3
"""How often an import is tried that meets somebody who makes the same accounts."""

MEETING = "the same person or company is being made by another instance at this moment"


class IdentityService(Service, Identity, owner="revenue-operations"):
    """Decides who each lead is that comes in, and keeps contacts and accounts that can be merged and parted."""

    db: Database
    clock: Clock
    entropy: Entropy
    _turns: defaultdict[int, asyncio.Lock] = private(default_factory=lambda: defaultdict(asyncio.Lock))

    async def start(self) -> None:
        """Load what compares, so that the first lead does not wait for it."""
        await self.resolve(WARMING)

    async def resolve(self, details: LeadDetails) -> Verdict:
        """Look everything up, decide, and write nothing."""
        from .resolving import verdict  # noqa: PLC0415  # lists and tables take 0.2 s: importing a service stays quick

        return await verdict(self.db.read, details)

    @on(LeadCaptured)
    async def take_in(self, event: LeadCaptured, tx: Transaction) -> None:
        """A lead is new: find out who it is."""
        await self._resolve(event.lead, tx)

    @on(LeadUpdated)
    async def take_in_again(self, event: LeadUpdated, tx: Transaction) -> None:
        """A lead has changed: it may be somebody else by now."""
        await self._resolve(event.lead, tx)

    async def resolution(self, lead_id: str) -> LeadResolution:
        """What was decided about a lead."""
        row = (await self.db.read(store.RESOLUTION, {"lead_id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise ResolutionNotFound(lead_id=lead_id)
        return store.resolved_in(row)

    async def resolutions(
        self, before: datetime | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[LeadResolution]:
        """What was decided, in its order."""
        if before is None:
            return await page_of(self.db, store.RESOLUTIONS, store.resolved_in, cursor, limit)
        wanted = {"before": before}
        return await page_of(self.db, store.RESOLUTIONS_BEFORE, store.resolved_in, cursor, limit, wanted)

    async def count(self) -> ResolutionCount:
        """How many there are."""
        row = (await self.db.read(store.COUNT)).one()
        return ResolutionCount(leads=row.leads, revisions=row.revisions)

    async def contact(self, contact_id: str) -> Contact:
        """One contact, with its history."""
        found = await reading.contact(self.db.read, contact_id) if is_text(contact_id) else None
        if found is None:
            raise ContactNotFound(contact_id=contact_id)
        return found

    async def contacts(self, cursor: str | None = None, limit: int = 100) -> Page[Contact]:
        """All that are kept."""
        return await reading.contacts(self.db, cursor, limit)

    async def merge_contacts(self, contact_id: str, order: MergeOrder) -> Contact:
        """Merge, if nobody has said that they stay apart."""
        await self._merge(CONTACT_TREE, contact_id, order, lambda which: ContactNotFound(contact_id=which))
        return await self.contact(contact_id)

    async def unmerge_contact(self, contact_id: str) -> Contact:
        """Part it from what it was merged into."""
        await self._part(CONTACT_TREE, contact_id)
        return await self.contact(contact_id)

    async def account(self, account_id: str) -> Account:
        """One account, with its history."""
        found = await reading.account(self.db.read, account_id) if is_text(account_id) else None
        if found is None:
            raise AccountNotFound(account_id=account_id)
        return found

    async def accounts(self, cursor: str | None = None, limit: int = 100) -> Page[Account]:
        """All that are kept."""
        return await reading.accounts(self.db, cursor, limit)

    async def import_accounts(self, accounts: AccountList) -> AccountReport:
        """Find or make each of them, in one transaction."""
        from .listing import take_list  # noqa: PLC0415  # as above

        async def taken(tx: Transaction) -> AccountReport:
            return await take_list(tx, accounts, self.clock.now(), self._new_id)

        return await self._written(taken, timeout_s=IMPORT_S)

    async def merge_accounts(self, account_id: str, order: MergeOrder) -> Account:
        """Merge, if nobody has said that they stay apart."""
        await self._merge(ACCOUNT_TREE, account_id, order, lambda which: AccountNotFound(account_id=which))
        return await self.account(account_id)

    async def unmerge_account(self, account_id: str) -> Account:
        """Part it from what it was merged into."""
        await self._part(ACCOUNT_TREE, account_id)
        return await self.account(account_id)

    async def duplicates(
        self, kind: Kind, state: DuplicateState = DuplicateState.OPEN, cursor: str | None = None, limit: int = 100
    ) -> Page[Duplicate]:
        """Pairs, oldest first."""
        tree = ACCOUNT_TREE if kind is Kind.ACCOUNT else CONTACT_TREE
        return await page_of(self.db, tree.pairs.params(state=state.value), reading.duplicate_of, cursor, limit)

    async def approve(self, duplicate_id: str) -> Duplicate:
        """Merge the two."""
        async with self.db.transaction() as tx:
            await approve(tx, duplicate_id, self._deed())
        return await self._duplicate(duplicate_id)

    async def keep_apart(self, duplicate_id: str) -> Duplicate:
        """Part the two for good."""
        async with self.db.transaction() as tx:
            await keep_apart(tx, duplicate_id, self._deed(), self._new_id)
        return await self._duplicate(duplicate_id)

    async def _resolve(self, lead: Lead, tx: Transaction) -> None:
        from .resolving import Overtaken, resolve  # noqa: PLC0415  # as above

        try:
            await resolve(tx, lead, self.clock.now(), self._new_id, self._turns)
        except (IntegrityError, Overtaken):
            raise Unavailable(service="identity", reason=MEETING) from None

    async def _merge(self, tree: Tree, kept_id: str, order: MergeOrder, absent: Callable[[str], Problem]) -> None:
        async with self.db.transaction() as tx:
            await merge_two(tx, tree, kept_id, order, self._deed(order.why), absent)

    async def _part(self, tree: Tree, one_id: str) -> None:
        if not is_text(one_id):
            return
        async with self.db.transaction() as tx:
            await tree.part(tx, one_id, self._deed(), self._new_id)

    async def _duplicate(self, duplicate_id: str) -> Duplicate:
        return reading.duplicate_of((await self.db.read(store.PAIR, {"wanted": duplicate_id})).one())

    async def _written(self, taken: Callable[[Transaction], Awaitable[T]], timeout_s: float) -> T:
        """What `taken` answers, tried again where it meets somebody who makes the same at that moment."""
        attempts = 1 if context().idempotency_key else ATTEMPTS_MAX  # under a key there is one transaction
        for _ in range(attempts):
            try:
                async with self.db.transaction(timeout_s=timeout_s) as tx:
                    return await taken(tx)
            except IntegrityError:
                continue
        raise Unavailable(service="identity", reason=MEETING)

    def _deed(self, why: str = "") -> Deed:
        return Deed(self.clock.now(), context().user or context().caller or "somebody", why)

    def _new_id(self) -> str:
        return str(self.entropy.uuid())
