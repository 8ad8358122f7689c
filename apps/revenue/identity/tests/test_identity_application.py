"""Identity in an application, behind its contract: told of leads by events, asked over the wire."""

import asyncio
from datetime import timedelta

import pytest

from atoll import Application, InvalidInput, contract_of, openapi
from atoll.testing import running
from atoll.testing.plugin import Reached
from revenue.capture.contract import Capture, LeadDetails
from revenue.capture.service import CaptureService
from revenue.identity.contract import (
    AccountDetails,
    AccountList,
    ContactNotFound,
    DuplicateState,
    Identity,
    KeptApart,
    Kind,
    MergeOrder,
)
from revenue.identity.service import IdentityService
from revenue.playbook.service import PlaybookService
from tests.patience import PATIENCE_S

APPLICATION = Application("town", owner="tests", services=[CaptureService, IdentityService, PlaybookService], edges=())
ANN = LeadDetails(email="ann.lee@acme.de", first_name="Ann", last_name="Lee", phone="+49 30 1234567", company="Acme")
AGAIN = LeadDetails(email="ann.lee@web.de", first_name="Ann", last_name="Lee", phone="030 1234567", company="ACME")


async def resolved(it: Reached, count: int) -> None:
    """Wait until so many leads were resolved."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if (await it.client(Identity).count()).leads == count:
                return
            await asyncio.sleep(0.01)


async def test_everything_can_be_asked_from_elsewhere() -> None:
    """Values, lists, merges and problems travel."""
    async with running(APPLICATION) as it:
        identity = it.client(Identity)
        await identity.import_accounts(
            AccountList(source="crm", accounts=(AccountDetails(name="Acme GmbH", domain="acme.de", external_id="1"),))
        )
        leads = [(await it.client(Capture).accept(details)).lead for details in (ANN, AGAIN)]
        await resolved(it, 2)

        first, second = [await identity.resolution(each.id) for each in leads]
        verdict = await identity.resolve(LeadDetails(email="ANN.LEE@acme.de"))
        [pair] = (await identity.duplicates(Kind.CONTACT)).items
        later = await identity.resolutions(before=first.resolved_at + timedelta(days=1), limit=1)
        earlier = await identity.resolutions(before=first.resolved_at)
        merged = await identity.approve(pair.id)
        contact = await identity.contact(second.resolution.contact_id)
        parted = await identity.unmerge_contact(second.resolution.contact_id)
        with pytest.raises(KeptApart):
            await identity.merge_contacts(
                first.resolution.contact_id, MergeOrder(merged_id=second.resolution.contact_id)
            )
        with pytest.raises(ContactNotFound):
            await identity.contact("nobody")
        with pytest.raises(InvalidInput):
            await identity.import_accounts(AccountList(accounts=(AccountDetails(name=" "),)))
        account = await identity.account(str(first.resolution.account_id))

    assert first.lead == leads[0]
    assert first.resolution.account_id == second.resolution.account_id == account.id
    assert (account.name, account.external_ids) == ("Acme GmbH", {"crm": ("1",)})
    assert verdict.contact_id == first.resolution.contact_id
    assert (len(later.items), later.next is not None, earlier.items) == (1, True, ())
    assert (merged.state, contact.id, contact.asked_for) == (
        DuplicateState.MERGED, first.resolution.contact_id, second.resolution.contact_id,
    )  # fmt: skip
    assert parted.id == second.resolution.contact_id


def test_the_contract_can_be_written_down() -> None:
    """For those who call from elsewhere."""
    operations = {operation.path for operation in contract_of(Identity).operations}

    assert operations >= {
        "/resolve", "/leads/{lead_id}/resolution", "/resolutions", "/resolutions/count", "/contacts",
        "/contacts/{contact_id}", "/contacts/{contact_id}/merge", "/contacts/{contact_id}/unmerge", "/accounts",
        "/accounts/{account_id}", "/accounts/import", "/accounts/{account_id}/merge", "/accounts/{account_id}/unmerge",
        "/duplicates", "/duplicates/{duplicate_id}/approve", "/duplicates/{duplicate_id}/apart",
    }  # fmt: skip
    assert "x-personal" in str(openapi([contract_of(Identity)], title="town", version="1"))
