"""Contacts, accounts and pairs as they are told: put together from what the tables hold."""

from collections.abc import Sequence
from typing import Any

from atoll import Database, Page, Row
from revenue.paging import page_of

from . import account_store, store
from .contract import Account, Contact, Duplicate, DuplicateState, Kind, MergeRecord
from .surviving import survived
from .trees import ACCOUNT_TREE, CONTACT_TREE, Ask, Tree


async def contact(ask: Ask, contact_id: str) -> Contact | None:
    """The contact that is kept in place of this one, with its history; None: there never was one."""
    root = (await ask(store.CONTACT, {"wanted": contact_id})).first()
    if root is None:
        return None
    found = (await _contacts(ask, [root]))[0]
    return Contact(
        id=found.id,
        fields=found.fields,
        lead_ids=found.lead_ids,
        created_at=found.created_at,
        account_id=found.account_id,
        merged_ids=found.merged_ids,
        asked_for=contact_id if contact_id != found.id else None,
        history=await _history(ask, (found.id, *found.merged_ids)),
    )


async def contacts(db: Database, cursor: str | None, limit: int) -> Page[Contact]:
    """A page of those that are kept."""
    page = await page_of(db, store.CONTACT_PAGE, _itself, cursor, limit)
    return Page(items=tuple(await _contacts(db.read, page.items)), next=page.next)


async def account(ask: Ask, account_id: str) -> Account | None:
    """The account that is kept in place of this one, with its history; None: there never was one."""
    root = (await ask(account_store.ACCOUNT, {"wanted": account_id})).first()
    if root is None:
        return None
    found = (await _accounts(ask, [root]))[0]
    return Account(
        id=found.id,
        name=found.name,
        created_at=found.created_at,
        domains=found.domains,
        country=found.country,
        industry=found.industry,
        number_of_employees=found.number_of_employees,
        parent_id=found.parent_id,
        external_ids=found.external_ids,
        merged_ids=found.merged_ids,
        asked_for=account_id if account_id != found.id else None,
        history=await _history(ask, (found.id, *found.merged_ids)),
    )


async def accounts(db: Database, cursor: str | None, limit: int) -> Page[Account]:
    """A page of those that are kept."""
    page = await page_of(db, account_store.ACCOUNT_PAGE, _itself, cursor, limit)
    return Page(items=tuple(await _accounts(db.read, page.items)), next=page.next)


def duplicate_of(row: Row) -> Duplicate:
    """The pair in a row."""
    return Duplicate(
        id=row.id,
        kind=Kind(row.kind),
        one_id=row.one_id,
        other_id=row.other_id,
        state=DuplicateState(row.state),
        bits=row.bits,
        why=store.texts_in(row.why),
        found_at=row.found_at,
        decided_at=row.decided_at,
    )


def _itself(row: Row) -> Row:
    return row


async def _contacts(ask: Ask, roots: Sequence[Row]) -> list[Contact]:
    """The contacts in these rows: what their leads say, and who was merged into them."""
    if not roots:
        return []
    wanted = {"roots": [root.id for root in roots]}
    leads: dict[str, list[Row]] = {}
    for row in await ask(store.LEADS_OF, wanted):
        leads.setdefault(row.root_id, []).append(row)
    merged = await _merged(ask, CONTACT_TREE, wanted)
    heads = await _heads(ask, roots, leads)
    made: list[Contact] = []
    for root in roots:
        rows = leads.get(root.id, [])
        home = next((row.account_id for row in reversed(rows) if row.account_id), root.account_id)
        made.append(
            Contact(
                id=root.id,
                fields=survived([store.lead_in(row.lead) for row in rows]),
                lead_ids=tuple(row.lead_id for row in rows),
                created_at=root.created_at,
                account_id=heads.get(home) if home else None,
                merged_ids=merged.get(root.id, ()),
            )
        )
    return made


async def _heads(ask: Ask, roots: Sequence[Row], leads: dict[str, list[Row]]) -> dict[str, str]:
    """For the accounts of these contacts those that are kept in their place."""
    ids = {root.account_id for root in roots} | {row.account_id for rows in leads.values() for row in rows}
    ids.discard(None)
    if not ids:
        return {}
    return {row.id: row.root_id for row in await ask(account_store.HEADS, {"ids": sorted(ids)})}


async def _accounts(ask: Ask, roots: Sequence[Row]) -> list[Account]:
    if not roots:
        return []
    wanted = {"roots": [root.id for root in roots]}
    keys: dict[str, list[Row]] = {}
    for row in await ask(account_store.KEYS_OF, wanted):
        keys.setdefault(row.root_id, []).append(row)
    merged = await _merged(ask, ACCOUNT_TREE, wanted)
    return [_account(root, keys.get(root.id, []), merged.get(root.id, ())) for root in roots]


def _account(root: Row, keys: Sequence[Row], merged_ids: tuple[str, ...]) -> Account:
    domains = [key.value for key in keys if key.kind == "domain"]
    records: dict[str, tuple[str, ...]] = {}
    for key in keys:
        if key.kind == "record":
            records[key.source] = (*records.get(key.source, ()), key.value)
    return Account(
        id=root.id,
        name=root.name,
        created_at=root.created_at,
        domains=tuple(sorted(domains, key=lambda domain: domain != root.domain)),
        country=root.country,
        industry=root.industry,
        number_of_employees=root.number_of_employees,
        parent_id=root.parent_id,
        external_ids=records,
        merged_ids=merged_ids,
    )


async def _merged(ask: Ask, tree: Tree, wanted: dict[str, Any]) -> dict[str, tuple[str, ...]]:  # Any: a list of ids
    """Who was merged into each."""
    found: dict[str, tuple[str, ...]] = {}
    for row in await ask(tree.members, wanted):
        found[row.root_id] = (*found.get(row.root_id, ()), row.id)
    return found


async def _history(ask: Ask, members: Sequence[str]) -> tuple[MergeRecord, ...]:
    rows = await ask(store.HISTORY, {"members": list(members)})
    return tuple(
        MergeRecord(
            kept_id=row.kept_id, merged_id=row.merged_id, is_undone=row.is_undone, at=row.at, by=row.by, why=row.why
        )
        for row in rows
    )
