"""Lists of accounts: each of them is found, or made, and is from then on what the list says of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from atoll import Transaction
from revenue.domains import company_domain, host_of

from . import account_store as store
from .accounts import Facts, Found, add, add_blocks, find, key_row, new_account
from .companies import core_of
from .contract import AccountDetails, AccountList, AccountReport
from .keys import domain_key, record_key
from .known import KnownAccount
from .placing import Placement, Said
from .store import filled
from .words import folded


async def take_list(tx: Transaction, accounts: AccountList, now: datetime, new_id: Callable[[], str]) -> AccountReport:
    """Take all of them in, then look for their parents: one may stand behind its child."""
    taking = _Taking(tx, accounts.source, now, new_id)
    taken = [await taking.take(details) for details in accounts.accounts]
    done: dict[str, int] = {"created": 0, "updated": 0, "unchanged": 0}
    for (account_id, what), details in zip(taken, accounts.accounts, strict=True):
        is_adopted = bool(details.parent) and await _adopt(tx, account_id, details.parent or "", accounts.source)
        done["updated" if is_adopted and what == "unchanged" else what] += 1
    return AccountReport(accounts=len(taken), **done)


class _Taking:
    """Takes the accounts of one list in. Of two entries that are one account the first one counts."""

    def __init__(self, tx: Transaction, source: str, now: datetime, new_id: Callable[[], str]) -> None:
        self._tx = tx
        self._source = source
        self._now = now
        self._new_id = new_id
        self._seen: set[str] = set()

    async def take(self, details: AccountDetails) -> tuple[str, str]:
        """One account: its id, and whether it was created, updated or unchanged."""
        said = _said(details)
        facts = Facts(_text(details.country), _text(details.industry), details.number_of_employees)
        record = record_key(self._source, details.external_id) if details.external_id else ""
        found, is_known = await self._found(said, record, details.external_id)
        account = found.placement.account
        if account is None:
            made = new_account(said, facts, self._new_id())
            await add(self._tx, made, facts, found, self._now, is_listed=True)
            await self._add_record(made.id, record, details)
            self._seen.add(made.id)
            return made.id, "created"
        if not is_known:
            await self._add_record(account.id, record, details)
        has_learnt = await self._learn(account, said, facts, found.free)
        self._seen.add(account.root_id)
        return account.root_id, "unchanged" if is_known and not has_learnt else "updated"

    async def _found(self, said: Said, record: str, external_id: str | None) -> tuple[Found, bool]:
        """The account that is meant, by its record before anything else; and whether the record is known.

        What only looks like an account that has another record in the same system is not that one.
        """
        found = await find(self._tx.execute, said)
        account = found.placement.account
        if not record:
            return found, True
        row = (await self._tx.execute(store.OWNERS, filled("key", [record], 2))).first()
        if row is not None:
            return Found(said, Placement(store.known_in(row)), found.free), True
        if account is not None and (found.free or not said.domain):
            keys = await self._tx.execute(store.KEYS_OF, {"roots": [account.root_id]})
            if any(key.kind == "record" and key.source == self._source and key.value != external_id for key in keys):
                return Found(said, Placement(is_new=True), found.free, found.name_is_free), False
        return found, False

    async def _learn(self, account: KnownAccount, said: Said, facts: Facts, free: Sequence[str]) -> bool:
        """The account is what the list says of it; what the list leaves out stays. Whether anything has changed."""
        is_settled = account.is_listed and account.domain
        domain = account.domain if is_settled or said.domain not in free else said.domain
        wanted: dict[str, Any] = {  # Any: values of all columns
            "name": said.name,
            "core": said.core,
            "domain": domain or None,
            "country": facts.country or account.country or None,
            "industry": facts.industry or account.industry,
            "number_of_employees": facts.number_of_employees or account.number_of_employees,
            "is_listed": True,
        }
        has_changed = account.root_id not in self._seen and any(
            (getattr(account, name) or None) != (value or None) for name, value in wanted.items()
        )
        if has_changed:
            await self._tx.execute(store.SET_ACCOUNT, _changed(account, **wanted))
        if free:
            keys = [key_row(domain_key(each), account.id, "domain", each) for each in free]
            await self._tx.execute(store.ADD_KEY, keys)
        if has_changed or free:
            await add_blocks(self._tx, account.id, said.core, free)
        return has_changed or bool(free)

    async def _add_record(self, account_id: str, record: str, details: AccountDetails) -> None:
        if record and details.external_id:
            row = key_row(record, account_id, "record", _text(details.external_id) or "", _text(self._source) or "")
            await self._tx.execute(store.ADD_KEY, [row])


def _said(details: AccountDetails) -> Said:
    """What the list says of it. A domain that gives mailboxes to everybody is no account's, whoever it belongs to."""
    host = host_of(details.domain) if details.domain else ""
    return Said(
        name=_text(details.name) or details.name,
        core=core_of(details.name) or folded(details.name),
        website=company_domain(host) or "",
        country=folded(details.country) if details.country else "",
    )


def _text(said: str | None) -> str | None:
    """A text that every database takes, with single blanks; None where nothing is said."""
    return " ".join(said.replace("\0", " ").split()) or None if said else None


async def _adopt(tx: Transaction, account_id: str, parent: str, source: str) -> bool:
    """Note whose child an account is, if the parent is known by its record, domain or name; whether that is new."""
    row = (await tx.execute(store.OWNERS, filled("key", [record_key(source, parent)], 2))).first()
    if row is None:
        domain = company_domain(host_of(parent)) if "." in parent else None
        core = core_of(parent)
        placement = (await find(tx.execute, Said(name=parent, core=core, website=domain or ""))).placement
        found = placement.account
    else:
        found = store.known_in(row)
    if found is None or found.root_id == account_id:
        return False
    child = await _known(tx, account_id)
    if child.parent_id == found.root_id:
        return False
    await tx.execute(store.SET_ACCOUNT, _changed(child, parent_id=found.root_id))
    return True


def _changed(account: KnownAccount, **changes: Any) -> dict[str, Any]:  # Any: values of all columns
    """What to give the statement that sets an account: what it is, but for these changes."""
    known = {
        "name": account.name,
        "core": account.core,
        "domain": account.domain or None,
        "country": account.country or None,
        "industry": account.industry,
        "number_of_employees": account.number_of_employees,
        "parent_id": account.parent_id,
        "is_listed": account.is_listed,
    }
    return {"wanted": account.root_id, **{f"new_{name}": value for name, value in (known | changes).items()}}


async def _known(tx: Transaction, account_id: str) -> KnownAccount:
    return store.known_in((await tx.execute(store.BY_ID, {"wanted": account_id})).one())
