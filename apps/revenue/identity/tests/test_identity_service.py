"""Identity as a plain object: who leads are, and what is told about it."""

from datetime import timedelta
from typing import Any

import pytest

from atoll import InvalidInput
from revenue.capture.contract import LeadDetails
from revenue.identity.contract import (
    AccountNotFound,
    Band,
    ContactNotFound,
    ContactsMerged,
    Duplicate,
    DuplicateNotFound,
    DuplicateState,
    KeptApart,
    Kind,
    LeadResolved,
    MergeOrder,
    ResolutionNotFound,
    Survival,
)
from revenue.identity.tests.people import NOON, Town, lead

ANN: dict[str, Any] = {
    "first_name": "Ann",
    "last_name": "Lee",
    "phone": "+49 30 1234567",
    "company": "Acme GmbH",
}  # Any: a lead's fields


@pytest.fixture
def town() -> Town:
    """Identity with nobody in it."""
    return Town()


async def test_a_new_lead_is_a_new_contact_at_a_new_account(town: Town) -> None:
    """And it says so."""
    [resolution] = await town.take(lead("1", email="ann.lee@acme.de", **ANN))

    assert resolution.band is Band.DISTINCT
    assert (resolution.account_name, resolution.account_domain) == ("Acme GmbH", "acme.de")
    assert resolution.why == (
        "Nobody who is here is surely the same: it is a new contact.",
        "No account has the domain acme.de: it is a new one.",
    )
    assert (await town.identity.resolution("1")).resolution == resolution
    assert [type(event) for event in town.db.published] == [LeadResolved]


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ({"email": "Ann.Lee+x@Gmail.com"}, {"email": "annlee@googlemail.com"}, "e-mail address"),
        ({"external_id": "7", "external_source": "crm"}, {"external_id": "7", "external_source": "crm"}, "record id"),
        ({"email": "info@acme.de", "first_name": "Ann"}, {"email": "INFO@acme.de", "first_name": "ann"}, "mailbox"),
    ],
)
async def test_keys_decide(
    town: Town, one: dict[str, Any], other: dict[str, Any], word: str
) -> None:  # Any: a lead's fields
    """An address, whatever its provider makes of dots and tags; a record of a system; a shared mailbox with a name."""
    first, second = await town.take(lead("1", **one), lead("2", **other))

    assert first.contact_id == second.contact_id
    assert second.band is Band.AUTO
    assert word in second.why[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"external_id": "7", "external_source": "crm"}, {"external_id": "7", "external_source": "shop"}),
        ({"email": "ann@acme.de"}, {"email": "ann+x@acme.de"}),
        ({"email": "a.nn@acme.de"}, {"email": "ann@acme.de"}),
        ({"email": "info@acme.de", "first_name": "Ann"}, {"email": "info@acme.de", "first_name": "Tom"}),
        ({"email": "info@acme.de"}, {"email": "sales@acme.de"}),
    ],
)
async def test_what_only_looks_like_a_key_does_not_decide(
    town: Town,
    one: dict[str, Any],
    other: dict[str, Any],  # Any: a lead's fields
) -> None:
    """Records of two systems, tags and dots where the provider may mean them, a mailbox that many read."""
    first, second = await town.take(lead("1", **one), lead("2", **other))

    assert first.contact_id != second.contact_id


async def test_who_says_nearly_the_same_is_joined(town: Town) -> None:
    """A lead without an address, by name and phone; the account is the one that its contact is at."""
    [first, second] = await town.take(
        lead("1", email="ann.lee@acme.de", **ANN),
        lead("2", first_name="ann", last_name="LEE", phone="030 / 123 45 67"),
    )

    assert second.contact_id == first.contact_id
    assert second.account_id == first.account_id
    assert second.band is Band.AUTO
    assert "The same: first name, last name and phone number." in second.why
    assert "Its contact belongs to that account by what other leads say." in second.why


async def test_two_mailboxes_are_laid_before_a_person(town: Town) -> None:
    """Never joined by themselves; the person's word is kept, and told."""
    first, second = await town.take(lead("1", email="ann.lee@acme.de", **ANN), lead("2", email="ann.lee@web.de", **ANN))
    [pair] = (await town.identity.duplicates(Kind.CONTACT)).items

    approved = await town.identity.approve(pair.id)

    assert (second.band, first.contact_id != second.contact_id) == (Band.REVIEW, True)
    assert (pair.one_id, pair.other_id) == (first.contact_id, second.contact_id)
    assert pair.why[0].startswith("The same: first name, last name, phone number")
    assert approved.state is DuplicateState.MERGED
    assert town.db.published[-1] == ContactsMerged(
        kept_id=first.contact_id, merged_id=second.contact_id, lead_ids=("2",)
    )
    assert (await town.identity.duplicates(Kind.CONTACT)).items == ()
    assert set(await town.contact_ids("1", "2")) == {first.contact_id}


async def test_a_mailbox_that_another_lead_has_brought_counts(town: Town) -> None:
    """A lead that is like one without an address is not joined where its contact has another address."""
    await town.take(
        lead("1", email="ann.lee@acme.de", **ANN),
        lead("2", **ANN),
        lead("3", email="other@web.de", first_name="Ann", last_name="Lee", phone="+49 30 1234567"),
    )

    one, two, three = await town.contact_ids("1", "2", "3")

    assert one == two != three
    assert len((await town.identity.duplicates(Kind.CONTACT)).items) == 1


async def test_who_is_kept_apart_stays_apart(town: Town) -> None:
    """Also when it was merged before: that is undone. The pair is not asked about again."""
    await town.take(lead("1", email="ann.lee@acme.de", **ANN), lead("2", email="ann.lee@web.de", **ANN))
    [pair] = (await town.identity.duplicates(Kind.CONTACT)).items
    await town.identity.approve(pair.id)

    apart: Duplicate = await town.identity.keep_apart(pair.id)
    await town.take(lead("2", revision=2, email="ann.lee@web.de", city="Ulm", **ANN))

    assert apart.state is DuplicateState.APART
    assert len(set(await town.contact_ids("1", "2"))) == 2
    assert (await town.identity.duplicates(Kind.CONTACT)).items == ()


async def test_a_pair_is_not_approved_against_a_word_that_keeps_others_apart(town: Town) -> None:
    """Two who are to stay apart do not become one by way of a third."""
    people = [lead(str(each), email=f"ann{each}@web.de", **ANN) for each in range(3)]
    await town.take(*people)
    pairs = (await town.identity.duplicates(Kind.CONTACT)).items
    ids = await town.contact_ids("0", "1", "2")
    by_two = {frozenset((pair.one_id, pair.other_id)): pair.id for pair in pairs}
    await town.identity.keep_apart(by_two[frozenset(ids[:2])])
    await town.identity.approve(by_two[frozenset(ids[1:])])

    with pytest.raises(KeptApart):
        await town.identity.approve(by_two[frozenset((ids[0], ids[2]))])


async def test_a_lead_that_is_as_much_like_two_is_given_to_neither(town: Town) -> None:
    """Somebody has said that they are two: somebody has to say which of them it is."""
    await town.take(lead("1", email="ann.lee@acme.de", **ANN), lead("2", email="ann.lee@web.de", **ANN))

    [third] = await town.take(lead("3", **ANN))

    assert third.band is Band.REVIEW
    assert third.contact_id not in await town.contact_ids("1", "2")
    asked = (await town.identity.duplicates(Kind.CONTACT)).items
    assert sum("as much like another one" in pair.why[-1] for pair in asked) == 2


async def test_a_lead_that_has_changed_stays_who_it_was(town: Town) -> None:
    """Whatever it says of itself, as long as none of its keys is another one's."""
    [first] = await town.take(lead("1", email="ann.lee@acme.de", **ANN))

    [second] = await town.take(lead("1", revision=2, email="ann.huber@web.de", first_name="Anna", last_name="Huber"))

    assert second.contact_id == first.contact_id
    assert second.band is Band.AUTO


async def test_a_lead_moves_when_its_keys_say_so(town: Town) -> None:
    """What it leaves empty is merged, so that the id which was told goes on to answer."""
    first, second = await town.take(lead("1", email="ann.lee@acme.de"), lead("2", first_name="Ann", city="Ulm"))

    [moved] = await town.take(lead("2", revision=2, first_name="Ann", email="ann.lee@acme.de"))

    assert moved.contact_id == first.contact_id
    assert (await town.identity.contact(second.contact_id)).id == first.contact_id
    assert town.followed()[0] == {"1": first.contact_id, "2": first.contact_id}


async def test_a_lead_with_two_keys_joins_those_who_have_one_each(town: Town) -> None:
    """Unless both have mailboxes of their own."""
    first, second, _ = await town.take(
        lead("1", external_id="7"), lead("2", email="a@a.example"), lead("3", email="b@b.example", external_id="8")
    )

    await town.take(lead("4", external_id="7", email="a@a.example"), lead("5", external_id="8", email="a@a.example"))

    assert await town.contact_ids("1", "2", "4", "5") == [first.contact_id] * 4
    assert second.contact_id in (await town.identity.contact(first.contact_id)).merged_ids
    assert (await town.contact_ids("3"))[0] != first.contact_id
    assert len((await town.identity.duplicates(Kind.CONTACT)).items) == 1


async def test_what_a_change_reveals_is_joined(town: Town) -> None:
    """Two contacts turn out to be one when the second says its phone number."""
    first, second = await town.take(lead("1", **ANN), lead("2", first_name="Ann", last_name="Lee", email="a@web.de"))

    await town.take(lead("2", revision=2, first_name="Ann", last_name="Lee", email="a@web.de", phone="+49 30 1234567"))

    assert first.contact_id != second.contact_id
    assert set(await town.contact_ids("1", "2")) == {first.contact_id}
    assert town.followed()[0] == {"1": first.contact_id, "2": first.contact_id}


async def test_an_event_that_arrives_twice_changes_nothing(town: Town) -> None:
    """Nor does one that is older than what is known, as after a replay of the log."""
    newest = lead("1", revision=2, email="b@b.example")
    await town.take(lead("1", email="a@a.example"), newest)
    before = (await town.identity.resolution("1"), len(town.db.published))

    await town.take(newest, lead("1", email="a@a.example"))

    assert (await town.identity.resolution("1"), len(town.db.published)) == before
    assert (await town.identity.count()).revisions == 2


async def test_a_delivery_that_dies_leaves_nothing(town: Town) -> None:
    """The next attempt begins from the beginning."""
    await town.take(lead("0", email="tom@web.de"))
    mine = lead("1", email="ann.lee@acme.de", **ANN)

    with pytest.raises(ZeroDivisionError):
        await town.take_and_die(mine)

    assert (await town.identity.count()).leads == 1
    assert (await town.take(mine))[0].band is Band.DISTINCT
    assert len((await town.identity.accounts()).items) == 1


async def test_what_would_be_decided_is_said_and_not_kept(town: Town) -> None:
    """With everybody who was looked at."""
    [first] = await town.take(lead("1", email="ann.lee@acme.de", **ANN))

    known = await town.identity.resolve(LeadDetails(**ANN))
    perhaps = await town.identity.resolve(LeadDetails(email="ann.lee@web.de", **ANN))
    nobody = await town.identity.resolve(LeadDetails())

    assert (known.contact_id, known.account_id, known.band) == (first.contact_id, first.account_id, Band.AUTO)
    assert (perhaps.contact_id, perhaps.band) == (None, Band.REVIEW)
    assert [match.id for match in perhaps.contacts] == [first.contact_id]
    assert perhaps.contacts[0].bits > 20
    assert (nobody.contact_id, nobody.account_id, nobody.band) == (None, None, Band.DISTINCT)
    assert (await town.identity.count()).leads == 1


async def test_decisions_are_listed_in_their_order(town: Town) -> None:
    """Each lead once, with its latest decision; those younger than a moment can be left out."""
    await town.take(lead("1", email="a@a.example"), lead("2", email="b@b.example"), lead("3", email="c@c.example"))
    await town.take(lead("1", revision=2, email="a@a.example", title="CTO"))

    page = await town.identity.resolutions(limit=2)
    rest = await town.identity.resolutions(cursor=page.next)
    old = await town.identity.resolutions(before=NOON + timedelta(seconds=3))

    assert [each.lead_id for each in (*page.items, *rest.items)] == ["2", "3", "1"]
    assert [each.lead_id for each in old.items] == ["2"]
    last = rest.items[-1]
    assert (last.revision, last.resolved_at, last.lead.title) == (2, NOON + timedelta(seconds=4), "CTO")
    assert last == await town.identity.resolution("1")
    count = await town.identity.count()
    assert (count.leads, count.revisions) == (3, 4)


async def test_a_contact_is_what_its_leads_say(town: Town) -> None:
    """Each field by its rule, with the lead that says so."""
    [first, _] = await town.take(
        lead("1", email="ann.lee@acme.de", **ANN, lead_source="Fair"),
        lead(
            "2", at=NOON + timedelta(days=1), email="ann.lee@acme.de", first_name="A.", title="CTO", lead_source="Web"
        ),
    )

    contact = await town.identity.contact(first.contact_id)

    fields = {field.name: field for field in contact.fields}
    assert (fields["first_name"].value, fields["first_name"].rule) == ("Ann", Survival.LONGEST)
    assert (fields["title"].value, fields["title"].lead_id) == ("CTO", "2")
    assert (fields["lead_source"].value, fields["lead_source"].rule) == ("Fair", Survival.FIRST)
    assert (contact.account_id, contact.lead_ids) == (first.account_id, ("1", "2"))
    assert (await town.identity.contacts()).items == (contact,)


@pytest.mark.parametrize("unknown", ["nobody", "\0"])
async def test_what_is_not_there_is_told(town: Town, unknown: str) -> None:
    """As problems that name it."""
    [first] = await town.take(lead("1", email="a@a.example"))
    order = MergeOrder(merged_id=unknown)
    for problem, asked in (
        (ContactNotFound, town.identity.contact(unknown)),
        (ContactNotFound, town.identity.unmerge_contact(unknown)),
        (ContactNotFound, town.identity.merge_contacts(first.contact_id, order)),
        (AccountNotFound, town.identity.account(unknown)),
        (AccountNotFound, town.identity.unmerge_account(unknown)),
        (AccountNotFound, town.identity.merge_accounts(str(first.account_id), order)),
        (ResolutionNotFound, town.identity.resolution(unknown)),
        (DuplicateNotFound, town.identity.approve(unknown)),
        (DuplicateNotFound, town.identity.keep_apart(unknown)),
    ):
        with pytest.raises(problem):
            await asked
    with pytest.raises(InvalidInput):
        await town.identity.duplicates(Kind.ACCOUNT, cursor="x")


@pytest.mark.parametrize("text", ["", "x" * 5_000, "'; DROP TABLE contacts --", "☃", "🜁" * 50])
async def test_whatever_a_lead_says_can_be_kept(town: Town, text: str) -> None:
    """It came in, so it is somebody."""
    said: dict[str, Any] = dict.fromkeys(  # Any: a lead's fields
        ("first_name", "last_name", "company", "website", "street", "city", "phone", "country"), text
    )

    [resolution] = await town.take(
        lead("1", email=f"{text}@acme.de", external_id=text, attributes={"dob": text}, **said)
    )

    assert (await town.identity.contact(resolution.contact_id)).lead_ids == ("1",)
