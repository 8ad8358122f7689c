"""Accounts in the database: the one that a lead belongs to is found, or made, and learns what it did not know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from atoll import Row, Transaction
from revenue.domains import company_from_domain

from . import account_store as store
from .contract import DuplicateState, Kind, Match
from .keys import domain_key, name_key
from .known import KnownAccount
from .placing import Likely, Owners, Placement, Said, account_blocks, label_of, placed
from .store import ADD_PAIR, filled, numbered
from .trees import Ask, pair_row

LIKELY_MAX = 20
"""So many accounts at most are compared with a lead's company: those that share the most blocks with it."""
BLOCK_MAX = 30
"""So many accounts at most are looked at of those under one key: as for people, but there are fewer companies."""
PAIRS_MAX = 2
"""So many pairs at most are laid before a person for one new account."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What else is said about a company."""

    country: str | None = None
    industry: str | None = None
    number_of_employees: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a lead's company comes to, and which of its domains no account has yet."""

    said: Said
    placement: Placement
    free: tuple[str, ...] = ()
    name_is_free: bool = True


async def find(ask: Ask, said: Said) -> Found:
    """Which account is meant, or that a new one is to be made, or none."""
    if not said.domain and not said.core:
        return Found(said, placed(said, Owners(), ()))
    keys = {domain_key(domain): domain for domain in (said.mail, said.website) if domain}
    keys = keys or {name_key(said.core, said.country): ""}
    rows = await ask(store.OWNERS, filled("key", list(keys), 2))
    known = {keys[row.key]: store.known_in(row) for row in rows}
    owners = Owners(
        known.get(said.mail) if said.mail else None, known.get(said.website) if said.website else None, known.get("")
    )
    others: Sequence[KnownAccount] = ()
    if owners.of_mail is None and (owners.of_website is None or said.website not in said.domains):
        others = await _others(ask, said, owners.of_website)
    placement = placed(said, owners, others)
    free = tuple(domain for domain in said.domains if domain not in known)
    return Found(said, placement, free, name_is_free="" not in known)


async def keep(
    tx: Transaction, found: Found, facts: Facts, now: datetime, new_id: Callable[[], str]
) -> KnownAccount | None:
    """The account, made where it is new; it learns the domain and what else nobody had said of it."""
    said, account = found.said, found.placement.account
    if account is not None:
        return await _learnt(tx, account, found, facts)
    if not found.placement.is_new:
        return None
    made = new_account(said, facts, new_id())
    await add(tx, made, facts, found, now, is_listed=False)
    await _ask_about(tx, made, found.placement.likely, now, new_id)
    return made


def new_account(said: Said, facts: Facts, account_id: str) -> KnownAccount:
    """One that is about to be made; it is called as its domain where nobody says how else."""
    name = said.name or company_from_domain(said.domain)
    return KnownAccount(account_id, account_id, 0, name, said.core, said.domain, facts.country or "")


async def add(
    tx: Transaction, made: KnownAccount, facts: Facts, found: Found, now: datetime, *, is_listed: bool
) -> None:
    """Write a new account down, with its keys and blocks."""
    row = {
        "id": made.id,
        "root_id": made.id,
        "merged_into": None,
        "name": made.name,
        "core": made.core,
        "domain": found.free[0] if found.free else None,
        "country": facts.country,
        "industry": facts.industry,
        "number_of_employees": facts.number_of_employees,
        "parent_id": None,
        "is_listed": is_listed,
        "created_at": now,
    }
    await tx.execute(store.ADD_ACCOUNT, row)
    keys = [key_row(domain_key(domain), made.id, "domain", domain) for domain in found.free]
    if not found.said.domain and found.name_is_free:
        keys = [key_row(name_key(found.said.core, found.said.country), made.id, "name", made.core)]
    if keys:
        await tx.execute(store.ADD_KEY, keys)
    await add_blocks(tx, made.id, made.core, found.free)


async def add_blocks(tx: Transaction, account_id: str, core: str, domains: Sequence[str]) -> None:
    """Note under which keys an account is found by those who write it otherwise."""
    if blocks := account_blocks(core, *domains):
        await tx.execute(store.ADD_BLOCK, [{"block": block, "account_id": account_id} for block in blocks])


def key_row(key: str, account_id: str, kind: str, value: str, source: str = "") -> dict[str, Any]:  # Any: all columns
    """A row for what an account is recognised by."""
    return {"key": key, "account_id": account_id, "kind": kind, "source": source, "value": value}


async def _others(ask: Ask, said: Said, of_website: KnownAccount | None) -> list[KnownAccount]:
    """Accounts that are called like it, one for each that is kept."""
    blocks = account_blocks(said.core, *filter(None, (said.mail, said.website)))[: store.BLOCKS_MAX]
    found = {} if of_website is None else {of_website.root_id: of_website}
    statement = store.FOUND[len(blocks)]
    if statement is not None:
        rows = await ask(statement, numbered("block", blocks) | {"count": BLOCK_MAX + 1})
        if ids := likeliest(rows, LIKELY_MAX, BLOCK_MAX):
            for row in await ask(store.CANDIDATES, {"ids": ids}):
                found.setdefault(row.root_id, store.known_in(row))
    return list(found.values())


def likeliest(rows: Sequence[Row], count_max: int, block_max: int) -> list[Any]:  # Any: numbers or ids
    """Those that share the most blocks with what is looked for; a block that is too common says nothing."""
    members: dict[int, list[Any]] = {}  # Any: as above
    for block, one in rows:
        members.setdefault(block, []).append(one)
    shared: dict[Any, int] = {}  # Any: as above
    for several in members.values():
        if len(several) <= block_max:
            for one in several:
                shared[one] = shared.get(one, 0) + 1
    return sorted(shared, key=shared.__getitem__, reverse=True)[:count_max]


async def _learnt(tx: Transaction, account: KnownAccount, found: Found, facts: Facts) -> KnownAccount:
    said = found.said
    new_domains = [domain for domain in found.free if _is_its_own(account, domain)]
    if new_domains:
        await tx.execute(
            store.ADD_KEY, [key_row(domain_key(domain), account.id, "domain", domain) for domain in new_domains]
        )
    is_named = bool(said.core) and not account.core
    learnt = replace(
        account,
        name=said.name if is_named else account.name,
        core=said.core if is_named else account.core,
        domain=account.domain or "".join(new_domains[:1]),
        country=account.country or facts.country or "",
        industry=account.industry or facts.industry,
        number_of_employees=account.number_of_employees or facts.number_of_employees,
    )
    if learnt == account:
        return account
    given = {
        "wanted": account.root_id,
        "new_name": learnt.name,
        "new_core": learnt.core,
        "new_domain": learnt.domain or None,
        "new_country": learnt.country or None,
        "new_industry": learnt.industry,
        "new_number_of_employees": learnt.number_of_employees,
    }
    await tx.execute(store.FILL_ACCOUNT, given)
    if new_domains or is_named:
        await add_blocks(tx, account.id, said.core, new_domains)
    return learnt


def _is_its_own(account: KnownAccount, domain: str) -> bool:
    """Whether a domain that nobody has yet is this account's: its first one, or one that is called the same."""
    return not account.domain or (domain != account.domain and label_of(domain) == label_of(account.domain))


async def _ask_about(
    tx: Transaction, made: KnownAccount, likely: Sequence[Likely], now: datetime, new_id: Callable[[], str]
) -> None:
    """Lay before a person that a new account may be one that was here."""
    rows = [
        pair_row(Kind.ACCOUNT, new_id(), (each.account.root_id, made.id), DuplicateState.OPEN, each.bits, each.why, now)
        for each in likely[:PAIRS_MAX]
    ]
    if rows:
        await tx.execute(ADD_PAIR, rows)


async def kept_in_place_of(ask: Ask, account_id: str) -> KnownAccount | None:
    """An account by its id, as what is kept in its place says."""
    row = (await ask(store.BY_ID, {"wanted": account_id})).first()
    return None if row is None else store.known_in(row)


def matches(placement: Placement) -> tuple[Match, ...]:
    """The accounts that were looked at and may be meant, the likeliest first, each with the reasons."""
    return tuple(
        Match(id=each.account.root_id, band=each.band, bits=each.bits, why=each.why) for each in placement.likely
    )
