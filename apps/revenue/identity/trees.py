"""Merging and parting in the database: the same for contacts and for accounts."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Column, SelectBase, Table, and_, bindparam, insert, or_, select, update

from atoll import Event, Rows, Transaction, upsert

from .contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted, DuplicateState, Kind
from .merging import below
from .tables import ACCOUNTS, CONTACTS, DUPLICATES, LEADS, MERGES, TURNS

LEADS_TOLD_MAX = 5_000
"""In one event: an event has a mebibyte at most."""

KEEP_PAIR = upsert(DUPLICATES, "one_id", "other_id", update=())
SETTLE_PAIR = upsert(DUPLICATES, "one_id", "other_id", update=("state", "decided_at"))
ADD_MERGE = insert(MERGES)
TAKE_TURN = upsert(TURNS, "kind", update=("taken_at",))

Ask = Callable[[SelectBase, dict[str, Any]], Awaitable[Rows]]  # Any: values of all columns
"""Whoever runs a statement: a transaction, or the database where nothing is to be changed."""


@dataclass(frozen=True, slots=True)
class Deed:
    """When something is done, by whom, and why."""

    at: datetime
    by: str
    why: str = ""


class Tree:
    """One of the two kinds, with its statements."""

    def __init__(self, kind: Kind, table: Table, of_lead: Column[Any]) -> None:  # Any: an id, or none
        """The kind's table, and the column of a lead that says to which of them it came."""
        self.kind = kind
        member = table.c
        self.with_root = select(table).where(member.id == bindparam("wanted"))
        self._locked = self.with_root.with_for_update()
        self._of_roots = (
            select(member.id, member.root_id, member.merged_into, member.number)
            .where(member.root_id.in_(bindparam("roots", expanding=True)))
            .order_by(member.number)
        )
        self._lock_roots = self._of_roots.with_for_update()
        self.members = select(member.id, member.root_id).where(
            member.root_id.in_(bindparam("roots", expanding=True)), member.id != member.root_id
        )
        self._leads = (
            select(LEADS.c.lead_id).where(of_lead.in_(bindparam("homes", expanding=True))).order_by(LEADS.c.number)
        )
        self._link = update(table).where(member.id == bindparam("wanted")).values(merged_into=bindparam("up"))
        self._retop = update(table).where(member.id == bindparam("wanted")).values(root_id=bindparam("top"))
        one, other = table.alias("one"), table.alias("other")
        self.apart = (
            select(one.c.root_id.label("one_root"), other.c.root_id.label("other_root"))
            .select_from(DUPLICATES)
            .join(one, one.c.id == DUPLICATES.c.one_id)
            .join(other, other.c.id == DUPLICATES.c.other_id)
            .where(
                DUPLICATES.c.state == DuplicateState.APART.value,
                one.c.root_id.in_(bindparam("roots", expanding=True)),
                other.c.root_id.in_(bindparam("roots", expanding=True)),
            )
        )
        self.pairs = (
            select(DUPLICATES)
            .join(one, one.c.id == DUPLICATES.c.one_id)
            .join(other, other.c.id == DUPLICATES.c.other_id)
            .where(
                DUPLICATES.c.kind == kind.value,
                DUPLICATES.c.state == bindparam("state"),
                or_(DUPLICATES.c.state != DuplicateState.OPEN.value, one.c.root_id != other.c.root_id),
                DUPLICATES.c.number > bindparam("after"),
            )
            .order_by(DUPLICATES.c.number)
            .limit(bindparam("count"))
        )
        ours: BindParameter[str] = bindparam("ours", expanding=True)
        theirs: BindParameter[str] = bindparam("theirs", expanding=True)
        self._settle_between = (
            update(DUPLICATES)
            .where(
                or_(
                    and_(DUPLICATES.c.one_id.in_(ours), DUPLICATES.c.other_id.in_(theirs)),
                    and_(DUPLICATES.c.one_id.in_(theirs), DUPLICATES.c.other_id.in_(ours)),
                )
            )
            .values(state=bindparam("settled"), decided_at=bindparam("settled_at"))
        )

    async def turn(self, tx: Transaction, at: datetime) -> None:
        """Be the only one who merges or parts, until the transaction ends. To be taken before anything else is held."""
        await tx.execute(TAKE_TURN, {"kind": self.kind.value, "taken_at": at})

    async def locked_root(self, tx: Transaction, wanted: str) -> str | None:
        """The one that is kept in place of this one, held until the transaction ends; None: there is none."""
        row = (await tx.execute(self._locked, {"wanted": wanted})).first()
        return None if row is None else row.root_id

    async def links(self, tx: Transaction, root: str) -> dict[str, str | None]:
        """Which one each of a tree was merged into."""
        links, _, _ = await self._opened(tx, {root})
        return links

    async def parted(self, ask: Ask, roots: Collection[str]) -> set[frozenset[str]]:
        """Pairs among these kept ones of which a person has said that they stay apart."""
        if len(roots) < 2:
            return set()
        rows = await ask(self.apart, {"roots": sorted(roots)})
        return {frozenset((row.one_root, row.other_root)) for row in rows}

    async def merge(self, tx: Transaction, kept: str, merged: str, deed: Deed) -> None:
        """Merge two kept ones, and publish it. Where they are one already, nothing is done."""
        await self.turn(tx, deed.at)
        _, roots, _ = await self._opened(tx, {kept, merged})
        kept, merged = roots[kept], roots[merged]
        if kept == merged:
            return
        moved = [each for each, root in roots.items() if root == merged]
        await self._settle(tx, moved, roots, DuplicateState.MERGED, deed)
        await tx.execute(self._link, {"wanted": merged, "up": kept})
        await tx.execute(self._retop, [{"wanted": each, "top": kept} for each in moved])
        await tx.execute(ADD_MERGE, self._deed(kept, merged, deed, is_undone=False))
        event = ContactsMerged if self.kind is Kind.CONTACT else AccountsMerged
        await self._tell(tx, moved, lambda ids: event(kept_id=kept, merged_id=merged, lead_ids=ids))

    async def part(self, tx: Transaction, one: str, deed: Deed, new_id: Callable[[], str]) -> None:
        """Undo the merge of one that was merged, note that they stay apart, and publish it."""
        await self.turn(tx, deed.at)
        root = await self.locked_root(tx, one)
        if root is None or root == one:
            return
        links, roots, numbers = await self._opened(tx, {root})
        root, up = roots[one], links[one]
        if up is None:
            return
        moved = sorted(below(links, one))
        await tx.execute(self._link, {"wanted": one, "up": None})
        await tx.execute(self._retop, [{"wanted": each, "top": one} for each in moved])
        await tx.execute(ADD_MERGE, self._deed(root, one, deed, is_undone=True))
        await self._settle(tx, moved, roots, DuplicateState.APART, deed)
        pair = (one, up) if numbers[one] < numbers[up] else (up, one)
        row = pair_row(self.kind, new_id(), pair, DuplicateState.APART, 0.0, (deed.why,) if deed.why else (), deed.at)
        await tx.execute(SETTLE_PAIR, row)
        event = ContactsParted if self.kind is Kind.CONTACT else AccountsParted
        await self._tell(tx, moved, lambda ids: event(kept_id=root, parted_id=one, lead_ids=ids))

    async def _opened(
        self, tx: Transaction, wanted: Collection[str]
    ) -> tuple[dict[str, str | None], dict[str, str], dict[str, int]]:
        """All that are one with these, held: their links, tops and numbers."""
        rows = await tx.execute(self._lock_roots, {"roots": sorted(wanted)})
        found = {row.id for row in rows}
        if not set(wanted) <= found:  # somebody has merged one of them since: its tree has another top by now
            tops = {await self.locked_root(tx, each) or each for each in sorted(wanted)}
            rows = await tx.execute(self._lock_roots, {"roots": sorted(tops)})
        return (
            {row.id: row.merged_into for row in rows},
            {row.id: row.root_id for row in rows},
            {row.id: row.number for row in rows},
        )

    async def _settle(
        self, tx: Transaction, moved: Sequence[str], roots: Collection[str], state: DuplicateState, deed: Deed
    ) -> None:
        """What was asked about those that move and those that stay is answered by it."""
        stayed = sorted(set(roots) - set(moved))
        given = {"ours": sorted(moved), "theirs": stayed, "settled": state.value, "settled_at": deed.at}
        await tx.execute(self._settle_between, given)

    async def _tell(self, tx: Transaction, homes: Sequence[str], event: Callable[[tuple[str, ...]], Event]) -> None:
        """Publish it with the leads that it is about, in as many events as they need."""
        rows = await tx.execute(self._leads, {"homes": list(homes)})
        for ids in in_parts([row.lead_id for row in rows]):
            tx.publish(event(ids))

    def _deed(self, kept: str, merged: str, deed: Deed, *, is_undone: bool) -> dict[str, Any]:  # Any: all columns
        return {
            "kind": self.kind.value,
            "kept_id": kept,
            "merged_id": merged,
            "is_undone": is_undone,
            "at": deed.at,
            "by": deed.by,
            "why": deed.why,
        }


def pair_row(
    kind: Kind, pair_id: str, two: tuple[str, str], state: DuplicateState, bits: float, why: Sequence[str], at: datetime
) -> dict[str, Any]:  # Any: values of all columns
    """A row for two that may be one, or are to stay apart; the older one first."""
    return {
        "id": pair_id,
        "kind": kind.value,
        "one_id": two[0],
        "other_id": two[1],
        "state": state.value,
        "bits": bits,
        "why": msgspec.json.encode(why).decode(),
        "found_at": at,
        "decided_at": None if state is DuplicateState.OPEN else at,
    }


def in_parts(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All of them, so many at once; at least one part, which may be empty."""
    for start in range(0, max(len(ids), 1), LEADS_TOLD_MAX):
        yield tuple(ids[start : start + LEADS_TOLD_MAX])


CONTACT_TREE = Tree(Kind.CONTACT, CONTACTS, LEADS.c.contact_id)
ACCOUNT_TREE = Tree(Kind.ACCOUNT, ACCOUNTS, LEADS.c.account_id)
