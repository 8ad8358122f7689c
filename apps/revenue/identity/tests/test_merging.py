"""Merges, and their undoing, in any order: compared with a plain model of links."""

import asyncio
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue.identity.contract import Contact, DuplicateState, KeptApart, Kind, MergeOrder
from revenue.identity.merging import below, top_of
from revenue.identity.tests.people import Town, lead
from revenue.identity.trees import LEADS_TOLD_MAX, in_parts
from tests.amount import amount

COUNT = 6
PEOPLE = st.integers(0, COUNT - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), PEOPLE, PEOPLE),
        st.tuples(st.just("unmerge"), PEOPLE, PEOPLE),
        st.tuples(st.just("lead"), PEOPLE, PEOPLE),
        st.tuples(st.just("account"), PEOPLE, PEOPLE),
        st.tuples(st.just("part account"), PEOPLE, PEOPLE),
    ),
    max_size=25,
)


class Model:
    """Which one each was merged into, by a link."""

    def __init__(self, ids: list[str]) -> None:
        self.links: dict[str, str | None] = dict.fromkeys(ids)

    def merge(self, one: str, other: str) -> None:
        """What stands for the other is merged into what stands for the one."""
        kept, merged = top_of(self.links, one), top_of(self.links, other)
        if kept != merged:
            self.links[merged] = kept

    def part(self, one: str) -> None:
        """Take its link away."""
        self.links[one] = None


async def lived(steps: list[tuple[str, int, int]]) -> None:
    """Do all of these, and look after each of them."""
    town = Town()
    said: list[dict[str, Any]] = [  # Any: a lead's fields
        {"external_id": f"r{each}", "email": f"p{each}@c{each}.example"} for each in range(COUNT)
    ]
    homes = {f"l{each}": each for each in range(COUNT)}
    resolutions = await town.take(*(lead(f"l{each}", **said[each]) for each in range(COUNT)))
    contacts = Model([each.contact_id for each in resolutions])
    accounts = Model([str(each.account_id) for each in resolutions])
    contact_ids, account_ids = list(contacts.links), list(accounts.links)
    for number, (what, one, other) in enumerate(steps):
        order = MergeOrder(merged_id=contact_ids[other], although_apart=True)
        account_order = MergeOrder(merged_id=account_ids[other], although_apart=True)
        match what:
            case "merge":
                contacts.merge(contact_ids[one], contact_ids[other])
                await town.identity.merge_contacts(contact_ids[one], order)
            case "unmerge":
                contacts.part(contact_ids[one])
                await town.identity.unmerge_contact(contact_ids[one])
            case "account":
                accounts.merge(account_ids[one], account_ids[other])
                await town.identity.merge_accounts(account_ids[one], account_order)
            case "part account":
                accounts.part(account_ids[one])
                await town.identity.unmerge_account(account_ids[one])
            case _:
                homes[f"new{number}"] = one
                await town.take(lead(f"new{number}", **said[one]))
    await compare(town, contacts, accounts, homes)


async def compare(town: Town, contacts: Model, accounts: Model, homes: dict[str, int]) -> None:
    """What is told, what is kept and what the model says are the same."""
    contact_ids, account_ids = list(contacts.links), list(accounts.links)
    followed = town.followed()
    for lead_id, home in homes.items():
        resolution = (await town.identity.resolution(lead_id)).resolution
        assert resolution.contact_id == top_of(contacts.links, contact_ids[home]) == followed[0][lead_id]
        assert resolution.account_id == top_of(accounts.links, account_ids[home]) == followed[1][lead_id]
    for each in contact_ids:
        top = top_of(contacts.links, each)
        contact = await town.identity.contact(each)
        assert contact.id == top
        assert contact.asked_for == (each if each != top else None)
        assert {contact.id, *contact.merged_ids} == below(contacts.links, top)
        assert set(contact.lead_ids) == {
            lead_id for lead_id, home in homes.items() if top_of(contacts.links, contact_ids[home]) == top
        }
    listed = (await town.identity.contacts()).items
    assert [each.id for each in listed] == [each for each, up in contacts.links.items() if up is None]


@given(STEPS)
@settings(max_examples=amount(25, 60), deadline=None)
def test_merges_and_partings_in_any_order_are_what_a_model_says(steps: list[tuple[str, int, int]]) -> None:
    """Merges of merges, undone from any end, with leads that come in between; whoever follows the events knows, too."""
    asyncio.run(lived(steps))


async def two(town: Town) -> tuple[str, str]:
    """Two contacts."""
    one, other = await town.take(lead("1", email="a@a.example"), lead("2", email="b@b.example"))
    return one.contact_id, other.contact_id


async def test_a_merge_says_who_did_it_and_why() -> None:
    """Also when it was undone."""
    town = Town()
    one, other = await two(town)

    await town.identity.merge_contacts(one, MergeOrder(merged_id=other, why="they are one"))
    merged: Contact = await town.identity.contact(other)
    await town.identity.unmerge_contact(other)
    parted = await town.identity.contact(other)

    assert (merged.id, merged.asked_for, merged.merged_ids, merged.lead_ids) == (one, other, (other,), ("1", "2"))
    assert [(each.kept_id, each.merged_id, each.why, each.is_undone) for each in merged.history] == [
        (one, other, "they are one", False)
    ]
    assert (parted.id, parted.asked_for, parted.lead_ids) == (other, None, ("2",))
    assert [each.is_undone for each in parted.history] == [False, True]


async def test_what_was_parted_stays_apart() -> None:
    """Neither by a merge that does not say so, nor by a lead that has the keys of both."""
    town = Town()
    first, second = await town.take(lead("1", external_id="7"), lead("2", email="a@a.example"))
    await town.take(lead("3", external_id="7", email="a@a.example"))
    joined = await town.contact_ids("1", "2", "3")
    await town.identity.unmerge_contact(second.contact_id)
    refused = False

    try:
        await town.identity.merge_contacts(first.contact_id, MergeOrder(merged_id=second.contact_id))
    except KeptApart as problem:
        refused = {problem.one_id, problem.other_id} == {first.contact_id, second.contact_id}
    await town.take(lead("4", external_id="7", email="a@a.example"))

    assert joined == [first.contact_id] * 3
    assert refused
    assert len(set(await town.contact_ids("1", "4"))) == 2
    assert (await town.identity.duplicates(Kind.CONTACT)).items == ()
    assert len((await town.identity.duplicates(Kind.CONTACT, DuplicateState.APART)).items) == 1


async def test_a_merge_is_done_once() -> None:
    """However often it is asked for."""
    town = Town()
    one, other = await two(town)
    before = len(town.db.published)

    for _ in range(3):
        await town.identity.merge_contacts(one, MergeOrder(merged_id=other))
    merges = len(town.db.published) - before
    for _ in range(3):
        await town.identity.unmerge_contact(other)

    assert merges == 1
    assert len(town.db.published) == before + 2


def test_what_is_told_of_very_many_leads_is_told_in_parts() -> None:
    """No event is longer than one can be; one with nobody in it is told all the same."""
    ids = [f"{number:036}" for number in range(2 * LEADS_TOLD_MAX + 1)]

    parts = list(in_parts(ids))

    assert [each for part in parts for each in part] == ids
    assert max(len(msgspec.json.encode(part)) for part in parts) < 2**20 / 2
    assert list(in_parts([])) == [()]
