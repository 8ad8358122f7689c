"""Exports, a piece at a time: built from records, confirmed into what was told, and cleaned away. In a transaction.

No transaction handles more than some hundred records, so that a million of them hold nobody up, and a process that dies
goes on with the piece it was at.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from atoll import Row, Rows, Transaction

from . import store
from .cells import Table, compiled
from .changes import Change, change_of, told_after, told_before
from .contract import ExportDue, ExportState, Refusal, RowState, Step, Target, Withheld
from .record import contact_in, document_of
from .rules import CrmRules, CrmTarget
from .store import Course

Ask = Callable[[Any, dict[str, Any]], Awaitable[Rows]]  # Any: statements, and values of all columns
"""Whoever runs a statement: a transaction, or the database."""

PIECE = 500
"""So many records at a time."""
WINDOW = 20_000
"""So many records are looked through at a time for those that have changed."""
BREATH = 50
"""After so many records others take their turn."""
LINKS_MAX = 50
"""A contact was merged so many times over at most: more is a circle, which is none of ours to mend."""
CLEANED = 2_000
LOOK_AGAIN = -1
"""A version that no record has."""
REASON_MAX = 2_000


@dataclass(slots=True)
class Piece:
    """What a piece of an export will say. Belongs to whoever builds it."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # Any: values of all columns
    seen: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # Any: as above
    columns: set[str] = field(default_factory=set[str])
    left_out: Counter[str] = field(default_factory=Counter[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    after: int = 0


def target_in(rules: CrmRules, target: str) -> CrmTarget:
    """What the rules say of a target."""
    return rules.hubspot if target == Target.HUBSPOT else rules.salesforce


async def read_piece(ask: Ask, course: Course, rules: CrmRules) -> Piece:
    """What the next records say, against what was told; nothing is written, and others take their turn in between."""
    until = min(course.after + WINDOW, course.until)
    named = {"target": course.target, "after": course.after, "until": until, "count": PIECE}
    table = compiled(target_in(rules, course.target))
    if not course.is_all:
        named["rules_digest"] = table.digest
    rows = list(await ask(store.TO_TELL[course.is_all], named))
    contacts = await contacts_of(ask, rows)
    piece = Piece(after=rows[-1].number if len(rows) == PIECE else until)
    changes: list[tuple[Row, Change | Withheld | None]] = []
    for position, row in enumerate(rows):
        if position % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        changes.append((row, change_in(row, contacts, table, is_all=course.is_all)))
    taken = await _taken(ask, course, table, changes)
    for row, change in changes:
        _say(piece, row, Withheld.KEY_TAKEN if row.lead_id in taken else change, course, table.digest)
    return piece


async def contacts_of(ask: Ask, rows: Iterable[Row]) -> dict[str, str]:
    """The contacts of records that were merged, and which one is kept for each of them."""
    wanted = {contact for row in rows if (contact := _contact(row)) is not None}
    links: dict[str, str] = {}
    new = wanted
    for _ in range(LINKS_MAX):
        if not new:
            break
        found = {row.id: row.kept_id for row in await ask(store.LINKS, {"which": sorted(new)})}
        links |= found
        new = set(found.values()) - links.keys()
    return {contact: _kept(links, contact) for contact in wanted & links.keys()}


def change_in(row: Row, contacts: Mapping[str, str], table: Table, *, is_all: bool = False) -> Change | Withheld | None:
    """What is to be told of the record in a row that has beside it what was told."""
    contact = _contact(row)
    kept = contact if contact is None else contacts.get(contact, contact)
    document = document_of(row.lead, row.scored, row.assignment, kept, table.target.owners)
    return change_of(document, store.memory_of(row), table, is_all=is_all)


async def keep_piece(tx: Transaction, course: Course, piece: Piece, columns: Sequence[str], now: datetime) -> Course:
    """Write a piece, and say that the next one is due, or that the export is ready."""
    if piece.rows:
        await tx.execute(store.ADD_ROW, piece.rows)
    if piece.seen:
        await tx.execute(store.SEEN, piece.seen)
    is_ready = piece.after >= course.until
    said = piece.columns.union(course.columns)
    grown = msgspec.structs.replace(
        course,
        after=piece.after,
        state=ExportState.READY if is_ready else ExportState.BUILDING,
        ready_at=now if is_ready else None,
        columns=(*(name for name in columns if name in said), *sorted(said.difference(columns))),
        left_out=dict(Counter(course.left_out) + piece.left_out),
        **{name: getattr(course, name) + piece.counts[name] for name in ("new", "changed", "cells", "withheld")},
    )
    await tx.execute(store.CHANGE_EXPORT, grown.row())
    if not is_ready:
        tx.publish(due(grown, Step.BUILD))
    return grown


async def confirm_piece(tx: Transaction, course: Course, now: datetime) -> Course:
    """Remember that the next rows were told, and say that the piece after them is due."""
    named = {"which": course.target, "export": course.number, "after": course.after, "count": PIECE}
    rows = list(await tx.execute(store.TO_CONFIRM, named))
    if rows:
        await tx.execute(store.KEEP_TOLD, [_told(row, course) for row in rows])
        await tx.execute(store.FORGET_REFUSALS, {"which": course.target, "leads": [row.lead_id for row in rows]})
    is_done = len(rows) < PIECE
    grown = msgspec.structs.replace(
        course,
        after=course.until if is_done else rows[-1].position,
        state=ExportState.CONFIRMED if is_done else ExportState.CONFIRMING,
        confirmed_at=now if is_done else None,
    )
    await tx.execute(store.CHANGE_EXPORT, grown.row())
    if not is_done:
        tx.publish(due(grown, Step.CONFIRM))
    return grown


async def clean_piece(tx: Transaction, course: Course) -> None:
    """Remove some rows of an export that nobody will ask for any more, and say that the next ones are due.

    From the first of them on it cannot be confirmed: what is left would count as all that was told.
    """
    named = {"which": course.target, "export": course.number, "count": CLEANED}
    is_done = (await tx.execute(store.CLEAN_ROWS, named)).changed < CLEANED
    state = course.state if course.state == ExportState.CONFIRMED else ExportState.DROPPED
    cleaned = msgspec.structs.replace(course, state=state, has_rows=not is_done)
    await tx.execute(store.CHANGE_EXPORT, cleaned.row())
    if not is_done:
        tx.publish(due(cleaned, Step.CLEAN))


async def refuse_rows(
    tx: Transaction, course: Course, refusals: Sequence[Refusal], table: Table, now: datetime
) -> tuple[int, tuple[str, ...]]:
    """Take back that rows were told: how many there were, and which keys have none."""
    reasons = {table.key_of(each.key): each for each in refusals}
    keys = {*reasons, *(each.key for each in refusals)}
    named = {"which": course.target, "export": course.number, "keys": sorted(keys), "leads": sorted(keys)}
    rows = list(await tx.execute(store.TO_REFUSE, named))
    known: set[str] = set()
    fresh = 0
    for row in rows:
        names = (table.key_of(row.key), row.lead_id)
        known.update(names)
        refusal = next(reasons[name] for name in names if name in reasons)
        if row.state != RowState.REFUSED:
            fresh += 1
            await tx.execute(store.REFUSE_ROW, {"which": course.target, "export": course.number, "at": row.position})
            await _take_back(tx, row, course)
        await tx.execute(
            store.KEEP_REFUSAL,
            {
                "target": course.target,
                "lead_id": row.lead_id,
                "export": course.number,
                "key": row.key,
                "reason": refusal.reason[:REASON_MAX].replace("\0", ""),
                "refused_at": now,
            },
        )
    if fresh:
        grown = msgspec.structs.replace(course, refused=course.refused + fresh)
        await tx.execute(store.CHANGE_EXPORT, grown.row())
    return len(rows), tuple(each.key for name, each in reasons.items() if name not in known)


def due(course: Course, step: Step) -> ExportDue:
    """That the next piece is due."""
    return ExportDue(target=Target(course.target), number=course.number, step=step, after=course.after)


def _contact(row: Row) -> str | None:
    """Whom a lead was said to be, or who it is since a parting."""
    return row.contact_id or contact_in(row.scored)


def _kept(links: Mapping[str, str], contact: str) -> str:
    for _ in range(LINKS_MAX):
        if contact not in links:
            break
        contact = links[contact]
    return contact


async def _taken(
    ask: Ask, course: Course, table: Table, changes: Sequence[tuple[Row, Change | Withheld | None]]
) -> set[str]:
    """The leads that would be known by a key by which another one is known: those that were told first keep it."""
    owners: dict[str, str] = {}
    taken: set[str] = set()
    new = [
        (table.key_of(change.key), row.lead_id)
        for row, change in changes
        if isinstance(change, Change) and change.is_new and not change.by_record_id
    ]
    if not new:
        return taken
    keys = {"target": course.target, "keys": sorted({key for key, _ in new})}
    for statement, named in ((store.KEYS_TOLD, keys), (store.KEYS_WRITTEN, keys | {"number": course.number})):
        owners |= {row.key: row.lead_id for row in await ask(statement, named)}
    for key, lead_id in new:
        if owners.setdefault(key, lead_id) != lead_id:
            taken.add(lead_id)
    return taken


def _say(piece: Piece, row: Row, change: Change | Withheld | None, course: Course, rules_digest: str) -> None:
    """Add to a piece what is to be said of a record."""
    if change is None:
        return
    if isinstance(change, Withheld):
        piece.rows.append(_row(row, course, rules_digest, RowState.WITHHELD, Change(change, False, False)))
        piece.counts["withheld"] += 1
        return
    for name, reason in change.left_out.items():
        piece.left_out[f"{name}: {reason}"] += 1
    if change.cells:
        piece.rows.append(_row(row, course, rules_digest, RowState.WRITTEN, change))
        piece.columns.update(change.cells)
        piece.counts["cells"] += len(change.cells)
        piece.counts["new" if change.is_new and not change.by_record_id else "changed"] += 1
    elif row.told_key is not None:
        piece.seen.append({
            "which": course.target, "whose": row.lead_id, "was": row.told_version, "version": row.version,
            "rules_digest": rules_digest,
        })  # fmt: skip


def _row(row: Row, course: Course, rules_digest: str, state: RowState, change: Change) -> dict[str, Any]:  # Any: above
    return {
        "target": course.target,
        "number": course.number,
        "position": row.number,
        "lead_id": row.lead_id,
        "state": state,
        "key": change.key,
        "by_record_id": change.by_record_id,
        "is_new": change.is_new,
        "cells": store.text_of(change.cells),
        "before": store.text_of(change.before),
        "left_out": store.text_of(change.left_out),
        "version": row.version,
        "rules_digest": rules_digest,
    }


def _told(row: Row, course: Course) -> dict[str, Any]:  # Any: as above
    """What a CRM says once it was told a row.

    It is looked at again by the next export where it may say something else than the row was compared with: another
    export was confirmed in between, or a refusal has taken something back.
    """
    was_told = row.told_cells is not None
    is_doubtful = course.is_overruled or row.is_new is was_told or row.told_version == LOOK_AGAIN
    return {
        "target": course.target,
        "lead_id": row.lead_id,
        "key": row.key,
        "key_column": course.record_id_column if row.by_record_id else course.key_column,
        "is_ours": row.is_ours if was_told else not row.by_record_id,
        "cells": store.text_of(told_after(_said(row.told_cells), _said(row.cells), course.clear)),
        "version": LOOK_AGAIN if is_doubtful else row.version,
        "rules_digest": row.rules_digest,
        "number": course.number,
    }


async def _take_back(tx: Transaction, row: Row, course: Course) -> None:
    """Remember that a row was not told, where it counted as told; a record that was not taken in is new again."""
    is_told = course.state == ExportState.CONFIRMED or (
        course.state == ExportState.CONFIRMING and row.position <= course.after
    )
    if not is_told or row.told_key is None:
        return
    if row.is_new:
        await tx.execute(store.FORGET, {"which": course.target, "whose": row.lead_id})
        return
    cells = told_before(_said(row.told_cells), _said(row.cells), _said(row.before), course.clear)
    named = {"which": course.target, "whose": row.lead_id, "cells": store.text_of(cells), "version": LOOK_AGAIN}
    await tx.execute(store.TAKE_BACK, named)


def _said(text: str | None) -> dict[str, str]:
    return {} if text is None else store.SAID.decode(text)
