"""Leads in the database: who one is, is looked up, decided, and written down with all that follows.

A lead costs a few statements, however many contacts there are: its keys, its blocks and its company are looked up in
indexes, and of those that share a block with it so many at most are compared.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from atoll import Row, Transaction
from revenue.capture.contract import Lead, LeadDetails

from . import accounts, store
from .accounts import Facts, Found, likeliest
from .blocking import BLOCK_MAX, blocks_of, turn_of
from .contract import Band, DuplicateState, Kind, LeadResolved, Resolution, Verdict
from .deciding import Candidate, Decision, Pair, Situation, decide, matches, own_mailbox
from .keys import contact_keys
from .known import Known
from .placing import said_of
from .record import Record, record_of
from .store import CANDIDATES_MAX, KEYS_MAX, filled, numbered
from .trees import CONTACT_TREE, TAKE_TURN, Ask, Deed, pair_row
from .weighing import judged

NEWEST = 2**63 - 1
"""The number of a contact that is being made: all others came before it."""
IDENTITY = "identity"
"""Who joins, where nobody has told it to."""

_RECORD = msgspec.json.Decoder(Record)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a lead from before: the number, revision and record of it, and its contact."""

    number: int
    revision: int
    record: Record
    home: Known


@dataclass(frozen=True, slots=True)
class Looked:
    """All that was looked up about a lead; `crowded` are blocks that take in nobody more."""

    record: Record
    kept: Kept | None
    free_keys: list[str]
    situation: Situation
    found: Found
    blocks: Sequence[int]
    crowded: frozenset[int]


class Overtaken(Exception):
    """Another lead has changed the contact that this one is given to, since it was looked at: look again."""


async def look(ask: Ask, details: LeadDetails, record: Record, lead_id: str = "") -> Looked:
    """Look everything up that a decision needs."""
    keys = contact_keys(details, record)
    given = filled("key", list(keys) or [""], KEYS_MAX)
    kept: Kept | None = None
    owners: dict[str, Known] = {}
    for row in await ask(store.MET, {"lead_id": lead_id, **given}):
        if row.key:
            owners[row.key] = _known(row)
        else:
            kept = Kept(row.number, row.revision, _RECORD.decode(row.record), _known(row))
    blocks = blocks_of(record)[: store.BLOCKS_MAX]
    home = kept.home if kept is not None else None
    candidates, crowded = list[Candidate](), frozenset[int]()
    if kept is None or kept.record != record:
        candidates, crowded = await _candidates(ask, record, blocks, kept.number if kept is not None else 0)
    roots = {known.root_id for known in owners.values()}
    is_moving = home is not None and bool(roots) and home.root_id not in roots
    if home is not None:
        roots.add(home.root_id)
    roots |= {each.contact.root_id for each in candidates if each.judgement.band is not Band.DISTINCT}
    situation = Situation(
        record=record,
        owners=[(word, owners[key]) for key, word in keys.items() if key in owners],
        home=home,
        home_is_left_empty=is_moving and home is not None and await _is_left_empty(ask, home, lead_id),
        candidates=candidates,
        apart=await CONTACT_TREE.parted(ask, roots),
    )
    found = await accounts.find(ask, said_of(details, record))
    return Looked(record, kept, [key for key in keys if key not in owners], situation, found, blocks, crowded)


async def verdict(ask: Ask, details: LeadDetails) -> Verdict:
    """What would be decided, and who was looked at; nothing is written."""
    looked = await look(ask, details, record_of(details))
    decision = decide(looked.situation)
    placement = looked.found.placement
    chosen = decision.chosen
    account = placement.account
    if account is None and not placement.is_new and chosen is not None and chosen.account_id is not None:
        account = await accounts.kept_in_place_of(ask, chosen.account_id)
    return Verdict(
        contact_id=chosen.root_id if chosen is not None else None,
        account_id=account.root_id if account is not None else None,
        band=decision.band,
        why=(*decision.why, *placement.why),
        contacts=matches(looked.situation),
        accounts=accounts.matches(placement),
    )


async def resolve(
    tx: Transaction, lead: Lead, now: datetime, new_id: Callable[[], str], turns: Mapping[int, asyncio.Lock]
) -> None:
    """Decide who a lead is, write it down, and publish it. One that was decided about already is left alone.

    Those who sound alike take turns: here by a lock of `turns`, so that only one of an instance waits in the database
    for those of others. `tx` has not begun.

    Raises:
        Overtaken: another lead came in between: try again.
        IntegrityError: another lead has made the same contact or account: try again.
    """
    record = record_of(lead)
    if not record.names_somebody:
        await _resolve(tx, lead, record, now, new_id)
        return
    turn = turn_of(record)
    async with turns[turn]:
        await tx.execute(TAKE_TURN, {"kind": f"names {turn}", "taken_at": now})
        await _resolve(tx, lead, record, now, new_id)


async def _resolve(tx: Transaction, lead: Lead, record: Record, now: datetime, new_id: Callable[[], str]) -> None:
    looked = await look(tx.execute, lead, record, lead.id)
    if looked.kept is not None and looked.kept.revision >= lead.revision:
        return
    decision = decide(looked.situation)
    chosen = decision.chosen
    if chosen is not None:
        await _hold(tx, chosen)
    facts = Facts(lead.country, lead.industry, lead.number_of_employees)
    account = await accounts.keep(tx, looked.found, facts, now, new_id)
    why = [*decision.why, *looked.found.placement.why]
    if account is None and chosen is not None and chosen.account_id is not None:
        account = await accounts.kept_in_place_of(tx.execute, chosen.account_id)
        why.append("Its contact belongs to that account by what other leads say.")
    account_id = account.id if account is not None else None
    contact_id = await _keep_contact(tx, looked, chosen, account_id, now, new_id)
    mine = (chosen.root_id, chosen.root_number) if chosen is not None else (contact_id, NEWEST)
    await _keep_lead(tx, looked, _lead_row(lead, looked, decision, contact_id, account_id, why, now))
    await _ask_about(tx, mine, decision.pairs, now, new_id)
    kept_id = await _join(tx, mine, decision.joins, now)
    resolution = Resolution(
        contact_id=kept_id,
        account_id=account.root_id if account is not None else None,
        account_name=account.name if account is not None else None,
        account_domain=(account.domain or None) if account is not None else None,
        band=decision.band,
        why=tuple(why),
    )
    tx.publish(LeadResolved(lead_id=lead.id, lead=lead, resolution=resolution))


async def _candidates(
    ask: Ask, record: Record, blocks: Sequence[int], own_number: int
) -> tuple[list[Candidate], frozenset[int]]:
    """Contacts that a lead is to be compared with, compared; and the blocks that have too many."""
    statement = store.FOUND[len(blocks)]
    if statement is None:
        return [], frozenset()
    rows = await ask(statement, numbered("block", blocks) | {"count": BLOCK_MAX + 1})
    if not rows:
        return [], frozenset()
    sizes: dict[int, int] = {}
    for block, _ in rows:
        sizes[block] = sizes.get(block, 0) + 1
    crowded = frozenset(block for block, size in sizes.items() if size > BLOCK_MAX)
    numbers = [number for number in likeliest(rows, CANDIDATES_MAX + 1, BLOCK_MAX) if number != own_number][
        :CANDIDATES_MAX
    ]
    compare = store.CANDIDATES[len(numbers)]
    if compare is None:
        return [], crowded
    found = await ask(compare, numbered("number", numbers))
    return [Candidate(_known(row), judged(record, _RECORD.decode(row.record))) for row in found], crowded


async def _is_left_empty(ask: Ask, home: Known, lead_id: str) -> bool:
    """Whether a contact has no other leads than this one."""
    return not (await ask(store.OTHERS_OF, {"root": home.root_id, "lead_id": lead_id})).scalar()


async def _hold(tx: Transaction, chosen: Known) -> None:
    """Hold a contact until the transaction ends, if it still is what it was."""
    row = (await tx.execute(store.HOLD, {"wanted": chosen.id})).one()
    if (row.root_id, row.mailbox) != (chosen.root_id, chosen.own_mailbox):
        raise Overtaken


async def _keep_contact(
    tx: Transaction,
    looked: Looked,
    chosen: Known | None,
    account_id: str | None,
    now: datetime,
    new_id: Callable[[], str],
) -> str:
    """The id of the contact, which is made where it is new; it learns the lead's mailbox, account and keys."""
    mailbox = own_mailbox(looked.record)
    if chosen is None:
        contact_id = new_id()
        row = {
            "id": contact_id,
            "root_id": contact_id,
            "merged_into": None,
            "mailbox": mailbox,
            "account_id": account_id,
            "created_at": now,
        }
        await tx.execute(store.ADD_CONTACT, row)
    else:
        contact_id = chosen.id
        learnt = (chosen.own_mailbox or mailbox, account_id or chosen.account_id)
        if learnt != (chosen.own_mailbox, chosen.account_id):
            given = {"wanted": contact_id, "new_mailbox": learnt[0], "new_account": learnt[1]}
            await tx.execute(store.LEARN_CONTACT, given)
    if looked.free_keys:
        await tx.execute(store.ADD_KEY, [{"key": key, "contact_id": contact_id} for key in looked.free_keys])
    return contact_id


def _lead_row(
    lead: Lead,
    looked: Looked,
    decision: Decision,
    contact_id: str,
    account_id: str | None,
    why: Sequence[str],
    now: datetime,
) -> dict[str, Any]:  # Any: values of all columns
    return {
        "lead_id": lead.id,
        "revision": lead.revision,
        "contact_id": contact_id,
        "account_id": account_id,
        "band": decision.band.value,
        "why": msgspec.json.encode(why).decode(),
        "record": msgspec.json.encode(looked.record).decode(),
        "lead": msgspec.json.encode(lead).decode(),
        "resolved_at": now,
    }


async def _keep_lead(
    tx: Transaction,
    looked: Looked,
    row: dict[str, Any],  # Any: as above
) -> None:
    """Write down what the lead says, in place of what it said before, and under which blocks it is found."""
    kept = looked.kept
    if kept is not None:
        old = blocks_of(kept.record)
        if old:
            await tx.execute(store.FORGET_BLOCK, [{"of": block, "which": kept.number} for block in old])
        await tx.execute(store.FORGET_LEAD, {"which": kept.number})
    number = (await tx.execute(store.ADD_LEAD, row)).scalar()
    blocks = [block for block in looked.blocks if block not in looked.crowded]
    if blocks:
        await tx.execute(store.ADD_BLOCK, [{"block": block, "lead_number": number} for block in blocks])


async def _ask_about(
    tx: Transaction, mine: tuple[str, int], pairs: Sequence[Pair], now: datetime, new_id: Callable[[], str]
) -> None:
    """Lay before a person that the lead's contact may be one with others."""
    rows: list[dict[str, Any]] = []  # Any: values of all columns
    for pair in pairs:
        older, younger = sorted((mine, (pair.other.root_id, pair.other.root_number)), key=lambda each: each[1])
        two = (older[0], younger[0])
        rows.append(pair_row(Kind.CONTACT, new_id(), two, DuplicateState.OPEN, pair.bits, pair.why, now))
    if rows:
        await tx.execute(store.ADD_PAIR, rows)


async def _join(tx: Transaction, mine: tuple[str, int], joins: Sequence[Pair], now: datetime) -> str:
    """Merge those that are surely the lead's contact; the id of the one that is kept in the end: the oldest."""
    for join in joins:
        other = (join.other.root_id, join.other.root_number)
        mine, merged = sorted((mine, other), key=lambda each: each[1])
        await CONTACT_TREE.merge(tx, mine[0], merged[0], Deed(now, IDENTITY, " ".join(join.why)))
    return mine[0]


def _known(row: Row) -> Known:
    return Known(row.contact_id, row.root_id, row.root_number, row.mailbox, row.contact_account_id, row.own_mailbox)
