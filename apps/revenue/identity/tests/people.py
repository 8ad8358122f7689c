"""What the tests of Identity share: leads, and a service that takes them in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import Lead, LeadCaptured, LeadUpdated
from revenue.identity.contract import (
    AccountsMerged,
    AccountsParted,
    ContactsMerged,
    ContactsParted,
    LeadResolved,
    Resolution,
)
from revenue.identity.service import IdentityService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lead(lead_id: str, revision: int = 1, at: datetime = NOON, **said: Any) -> Lead:  # Any: a lead's fields
    """A lead that says this; one that is new came in at that moment."""
    return Lead(id=lead_id, captured_at=at if revision == 1 else NOON, updated_at=at, revision=revision, **said)


class Town:
    """Identity with a database of its own, and what is kept by somebody who listens to its events."""

    def __init__(self) -> None:
        self.db = MemoryDatabase()
        self.clock = SettableClock(NOON)
        self.identity = IdentityService(db=self.db, clock=self.clock, entropy=SeededEntropy(1))

    async def take(self, *leads: Lead) -> list[Resolution]:
        """Tell Identity of leads; what it has published about each."""
        for each in leads:
            self.clock.advance(timedelta(seconds=1))
            async with self.db.transaction() as tx:
                if each.revision == 1:
                    await self.identity.take_in(LeadCaptured(lead_id=each.id, lead=each), tx)
                else:
                    await self.identity.take_in_again(LeadUpdated(lead_id=each.id, lead=each), tx)
        told = {event.lead_id: event.resolution for event in self.db.published if isinstance(event, LeadResolved)}
        return [told[each.id] for each in leads]

    async def take_and_die(self, each: Lead) -> None:
        """Tell Identity of a lead, and die before that is committed."""
        async with self.db.transaction() as tx:
            await self.identity.take_in(LeadCaptured(lead_id=each.id, lead=each), tx)
            raise ZeroDivisionError

    async def contact_ids(self, *lead_ids: str) -> list[str]:
        """The contacts of these leads, as they are now."""
        return [(await self.identity.resolution(each)).resolution.contact_id for each in lead_ids]

    def followed(self) -> tuple[dict[str, str], dict[str, str | None]]:
        """The contact and the account of each lead, as somebody has them who does nothing but follow the events."""
        contacts: dict[str, str] = {}
        accounts: dict[str, str | None] = {}
        for event in self.db.published:
            match event:
                case LeadResolved(lead_id=lead_id, resolution=resolution):
                    contacts[lead_id] = resolution.contact_id
                    accounts[lead_id] = resolution.account_id
                case ContactsMerged(kept_id=kept, merged_id=merged):
                    contacts |= {each: kept for each, contact in contacts.items() if contact == merged}
                case ContactsParted(parted_id=parted, lead_ids=lead_ids):
                    contacts |= dict.fromkeys(lead_ids, parted)
                case AccountsMerged(kept_id=kept, merged_id=merged):
                    accounts |= {each: kept for each, account in accounts.items() if account == merged}
                case AccountsParted(parted_id=parted, lead_ids=lead_ids):
                    accounts |= dict.fromkeys(lead_ids, parted)
                case _:
                    raise AssertionError(event)
        return contacts, accounts
