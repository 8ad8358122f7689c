"""Contacts and accounts that turn out to be one, or two again: what is kept of leads points where they are now.

Leads are held by their ids before they are changed, as everywhere: an update by itself holds them in any order.
"""

from sqlalchemy import bindparam, delete

from atoll import Transaction
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted

from . import store
from .tables import MERGES

FORGET = delete(MERGES).where(MERGES.c.merged_id == bindparam("which"), MERGES.c.kept_id == bindparam("kept"))


async def contacts_merged(tx: Transaction, event: ContactsMerged) -> None:
    """Leads of one contact are the other's."""
    await tx.execute(store.ADD_MERGE, {"merged_id": event.merged_id, "kept_id": event.kept_id})
    await tx.execute(store.HOLD_CONTACT, {"which": event.merged_id})
    await tx.execute(store.MOVE_CONTACT, {"was": event.merged_id, "becomes": event.kept_id})


async def contacts_parted(tx: Transaction, event: ContactsParted) -> None:
    """These leads are a contact's of their own again."""
    await tx.execute(FORGET, {"which": event.parted_id, "kept": event.kept_id})
    if event.lead_ids:
        rows = [{"which": lead_id, "becomes": event.parted_id} for lead_id in sorted(event.lead_ids)]
        await tx.execute(store.MOVE_CONTACT_OF, rows)


async def accounts_merged(tx: Transaction, event: AccountsMerged) -> None:
    """Leads of one account are the other's."""
    await tx.execute(store.ADD_MERGE, {"merged_id": event.merged_id, "kept_id": event.kept_id})
    await tx.execute(store.HOLD_ACCOUNT, {"which": event.merged_id})
    await tx.execute(store.MOVE_ACCOUNT, {"was": event.merged_id, "becomes": event.kept_id})


async def accounts_parted(tx: Transaction, event: AccountsParted) -> None:
    """Leads that were told of this account, or of one that was merged into it, are its own again."""
    await tx.execute(FORGET, {"which": event.parted_id, "kept": event.kept_id})
    group = await store.merged_into(tx.execute, event.parted_id)
    await tx.execute(store.HOLD_ACCOUNTS_SAID, {"which": group})
    for said in group:
        await tx.execute(store.MOVE_ACCOUNT_SAID, {"was": said, "becomes": event.parted_id})
