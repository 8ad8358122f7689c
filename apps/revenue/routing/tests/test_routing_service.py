"""Routing as a plain object: the way of a lead, and what corrects it."""

from datetime import date

import pytest

from atoll.testing import MemoryDatabase
from revenue.capture.contract import LeadDetails
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted
from revenue.routing.contract import (
    Absence,
    AssignmentNotFound,
    Conditions,
    Deed,
    ExistingOwner,
    LeadReassigned,
    LeadRouted,
    NamedAccount,
    NewOwner,
    Rep,
    RouteQuestion,
    RoutingRules,
    Status,
    Team,
    Territory,
)
from revenue.routing.service import RoutingService
from revenue.routing.tests.routed import published, scored, team_rules, told
from revenue.scoring.contract import Grade, LeadScored

PEOPLE = (
    Rep(id="ada", name="Ada", email="ada@example.com", manager="boss@example.com"),
    Rep(id="bob", name="Bob", absences=(Absence(first=date(2026, 3, 1), last=date(2026, 3, 8)),)),
    Rep(id="cy", name="Cy", active=False),
    Rep(id="di", name="Di"),
    Rep(id="ed", name="Ed"),
)
RULES = RoutingRules(
    reps=PEOPLE,
    teams=(Team(name="dach", reps=("di", "ed")), Team(name="rest", reps=("ed",)), Team(name="left", reps=("cy",))),
    existing_owners=(
        ExistingOwner(owner="ada", contacts=("003A",), accounts=("001A",)),
        ExistingOwner(owner="bob", accounts=("001B",)),
        ExistingOwner(owner="cy", accounts=("001C",)),
    ),
    named_accounts=(NamedAccount(owner="ada", domains=("acme.de",), names=("Acme GmbH",), external_ids=("001N",)),),
    territories=(
        Territory(name="germany", team="dach", when=Conditions(countries=("DE",)), priority=5),
        Territory(name="big", rep="ada", when=Conditions(grades=("A",)), priority=9),
        Territory(name="gone", team="left", when=Conditions(countries=("FR",))),
    ),
    round_robin="rest",
)


async def test_without_rules_every_lead_is_in_a_queue_and_says_so(service: RoutingService, db: MemoryDatabase) -> None:
    """Nothing has to be configured on a laptop."""
    await told(service, scored("1", revision=3))

    one = await service.assignment("1")
    assert (one.owner, one.step, one.is_waiting, one.details, one.rules_version) == (
        "unassigned", "catch_all", True, None, 0,
    )  # fmt: skip
    assert one.why[-1] == "Catch-all: nobody else takes it, so it is for the queue `unassigned`."
    count = await service.count()
    assert (count.leads, count.revisions, count.waiting) == (1, 3, 1)
    assert [type(event) for event in db.published] == [LeadRouted]


@pytest.mark.parametrize(
    ("lead", "owner", "step", "word"),
    [
        ({"external_id": "003A", "domain": "acme.de"}, "ada", "existing_owner", "the CRM says who owns contact 003A"),
        ({"attributes": {"Account ID": "001A"}, "country": "DE"}, "ada", "existing_owner", "owns account 001A"),
        ({"attributes": {"AccountId": "001B"}, "grade": Grade.A}, "ada", "territory", "Bob is away until 2026-03-09"),
        ({"attributes": {"AccountId": "001C"}, "country": "DE"}, "di", "territory", "Cy takes no leads any more"),
        ({"domain": "acme.de", "country": "DE"}, "ada", "named_account", "acme.de is one"),
        ({"company": "ACME  GmbH"}, "ada", "named_account", "acme gmbh is one"),
        ({"account": "001N"}, "ada", "named_account", "the account with the id 001N is one"),
        ({"country": "DE"}, "di", "territory", "germany (country de)"),
        ({"country": "DE", "grade": Grade.A}, "ada", "territory", "big (grade a)"),
        ({"country": "FR"}, "ed", "round_robin", "team left has nobody who takes leads"),
        ({}, "ed", "round_robin", "no territory takes it"),
        ({"country": "AT"}, "ed", "round_robin", "none fits (big: grade is b; germany: country is at; gone"),
        ({}, "ed", "round_robin", "germany: country is not known"),
    ],
)
async def test_a_lead_goes_its_way_and_every_step_says_why(
    service: RoutingService, lead: dict[str, object], owner: str, step: str, word: str
) -> None:
    """The existing owner before the named account, before the territory, before the round robin."""
    await published(service, RULES)

    await told(service, scored("1", **lead))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # its fields are as they stand above

    one = await service.assignment("1")
    assert (one.owner, one.step, one.rules_version) == (owner, step, 1)
    assert any(word in sentence for sentence in one.why)


async def test_the_event_names_the_owner_and_how_to_reach_him(service: RoutingService, db: MemoryDatabase) -> None:
    """So that a message can be sent without asking anybody."""
    await published(service, RULES)
    event = scored("1", domain="acme.de")

    await told(service, event)

    (routed,) = [each for each in db.published if isinstance(each, LeadRouted)]
    assert (routed.lead, routed.resolution) == (event.lead, event.resolution)
    assert routed.assignment.details is not None
    assert (routed.assignment.details.email, routed.assignment.details.manager) == (
        "ada@example.com",
        "boss@example.com",
    )


async def test_a_lead_that_is_told_of_twice_has_one_owner(service: RoutingService, db: MemoryDatabase) -> None:
    """And costs one turn; so does one that has changed, whose revision is kept, and an older one that comes late."""
    await published(service, team_rules(1, 1))

    await told(service, scored("1"), scored("1"), scored("1", revision=3), scored("1", revision=2))

    assert [type(event) for event in db.published] == [LeadRouted]
    assert (await service.count()).revisions == 3
    assert sum(share.got for share in (await service.fairness()).teams[0].shares) == 1


async def test_an_old_event_without_a_lead_is_routed_as_well_as_can_be(service: RoutingService) -> None:
    """It knows the grade, and nothing else."""
    await published(service, RULES)

    await told(service, LeadScored(lead_id="1", points=80, grade=Grade.A))

    one = await service.assignment("1")
    assert (one.owner, one.matched, one.is_provisional) == ("ada", "big", True)


async def test_a_lead_routed_without_enrichment_says_so_and_is_corrected(
    service: RoutingService, db: MemoryDatabase
) -> None:
    """Whoever had it gets his turn back."""
    await published(service, RULES)
    await told(service, scored("1", country="DE", is_enriched=False))
    before = await service.assignment("1")

    await told(service, scored("1", country="DE"))

    after = await service.assignment("1")
    assert (before.owner, before.is_provisional, before.why[-1].startswith("Enrichment")) == ("ed", True, True)
    assert (after.owner, after.step, after.is_provisional, after.round) == ("di", "territory", False, 2)
    rest = (await service.fairness()).teams[1]
    assert [(share.got, share.deficit) for share in rest.shares] == [(0, 0.0)]
    (change,) = [event for event in db.published if isinstance(event, LeadReassigned)]
    assert (change.was, change.became, change.cause) == ("ed", "di", "corrected")
    assert {load.owner.id: load.open_leads for load in await service.reps()}["ed"] == 0


async def test_an_owner_whom_the_right_way_leads_to_keeps_the_lead(service: RoutingService, db: MemoryDatabase) -> None:
    """Whether as one of the team of its territory, or by name: then his turn is given back."""
    rules = RoutingRules(
        reps=(Rep(id="ada"), Rep(id="bob")),
        teams=(Team(name="sales", reps=("ada", "bob")),),
        territories=(Territory(name="germany", team="sales", when=Conditions(countries=("DE",))),),
        named_accounts=(NamedAccount(owner="bob", domains=("acme.de",)),),
        round_robin="sales",
    )
    await published(service, rules)
    await told(service, scored("1", is_enriched=False), scored("2", is_enriched=False))
    before = len(db.published)

    await told(service, scored("1", country="DE"), scored("2", domain="acme.de"))

    one, two = (await service.assignments()).items
    assert (one.owner, one.step, one.matched, one.round) == ("ada", "territory", "germany", 1)
    assert (two.owner, two.step, two.matched, two.round) == ("bob", "named_account", "acme.de", 1)
    assert two.why[-1] == "bob has it already, and keeps it."
    assert [share.got for share in (await service.fairness()).teams[0].shares] == [1, 0]
    assert len(db.published) == before


async def test_what_is_right_already_is_not_provisional_any_more(service: RoutingService) -> None:
    """The same owner, and no sentence about Enrichment."""
    await published(service, RULES)
    await told(service, scored("1", domain="acme.de", is_enriched=False))

    await told(service, scored("1", domain="acme.de"))

    one = await service.assignment("1")
    assert (one.round, one.is_provisional) == (1, False)
    assert not any("Enrichment" in word for word in one.why)


@pytest.mark.parametrize("deed", ["accept", "touch", "reassign"])
async def test_a_lead_that_somebody_has_taken_keeps_its_owner(service: RoutingService, deed: str) -> None:
    """Whatever becomes known later; also where it was given by hand."""
    await published(service, RULES)
    await told(service, scored("1", is_enriched=False))
    if deed == "accept":
        await service.accept("1", Deed())
    elif deed == "touch":
        await service.touch("1", Deed())
    else:
        await service.reassign("1", NewOwner(owner="bob"))
    owner = (await service.assignment("1")).owner

    await told(service, scored("1", country="DE", domain="acme.de"))

    assert (await service.assignment("1")).owner == owner


async def test_a_contacts_next_lead_goes_to_whom_the_first_went(service: RoutingService) -> None:
    """However turns stand; unless the rules say otherwise."""
    await published(service, team_rules(1, 1, 1))

    await told(service, *(scored(f"{number}", contact="ada") for number in range(4)))

    page = await service.assignments()
    assert {each.owner for each in page.items} == {"r0"}
    assert [each.step for each in page.items] == ["round_robin", *["existing_owner"] * 3]
    await published(service, team_rules(1, 1, 1, keep_contacts=False), version=2)
    await told(service, scored("9", contact="ada"))
    assert (await service.assignment("9")).owner == "r1"


async def test_accounts_are_kept_together_where_the_rules_say_so(service: RoutingService) -> None:
    """Also those that were merged since, until they are parted; an id that was merged is known for ever."""
    await published(service, team_rules(1, 1, 1, keep_accounts=True))
    await told(service, scored("1", account="x"), scored("2", account="y"))

    async with service.db.transaction() as tx:
        await service.join_accounts(AccountsMerged(kept_id="x", merged_id="y"), tx)
    await told(service, scored("3", account="y"))
    merged = (await service.assignment("3")).owner
    async with service.db.transaction() as tx:
        await service.part_accounts(AccountsParted(kept_id="x", parted_id="y"), tx)
    await told(service, scored("4", account="x"), scored("5", account="y"))

    assert merged == "r1"  # the latest lead's of either
    assert (await service.assignment("4")).owner == "r0"
    assert (await service.assignment("5")).owner == "r1"


async def test_contacts_that_are_merged_share_their_owner(service: RoutingService) -> None:
    """Until they are parted."""
    await published(service, team_rules(1, 1, 1))
    await told(service, scored("1", contact="x"))

    async with service.db.transaction() as tx:
        await service.join_contacts(ContactsMerged(kept_id="y", merged_id="x", lead_ids=("1",)), tx)
    await told(service, scored("2", contact="y"), scored("3", contact="x"))
    async with service.db.transaction() as tx:
        await service.part_contacts(ContactsParted(kept_id="y", parted_id="x", lead_ids=("1",)), tx)
    await told(service, scored("4", contact="x"))

    assert [each.owner for each in (await service.assignments()).items] == ["r0", "r0", "r0", "r0"]
    assert (await service.assignment("4")).step == "existing_owner"


async def test_a_score_that_knows_less_of_merges_changes_nothing_of_who_a_lead_is(service: RoutingService) -> None:
    """Scoring tells of a lead again with what it knew: who it is was decided once, and parted since."""
    await published(service, team_rules(1, 1, 1))
    await told(service, scored("1", contact="x"), scored("2", contact="y"))
    merged = ContactsMerged(kept_id="y", merged_id="x", lead_ids=("1",))
    parted = ContactsParted(kept_id="y", parted_id="x", lead_ids=("1",))
    async with service.db.transaction() as tx:
        await service.join_contacts(merged, tx)
        await service.part_contacts(parted, tx)

    await told(service, scored("1", contact="y"))
    await told(service, scored("3", contact="x"), scored("4", contact="y"))

    owners = {each.lead_id: each.owner for each in (await service.assignments()).items}
    assert owners["3"] == owners["1"] != owners["2"] == owners["4"]


@pytest.mark.parametrize("lead_id", ["nobody", "\0"])
async def test_a_lead_that_is_not_there_is_told(service: RoutingService, lead_id: str) -> None:
    """As a problem that names it, whatever is asked."""
    for asked in (
        service.assignment(lead_id),
        service.changes(lead_id),
        service.accept(lead_id, Deed()),
        service.skip(lead_id, Deed()),
    ):
        with pytest.raises(AssignmentNotFound):
            await asked


async def test_assignments_are_listed_by_owner_and_status(service: RoutingService) -> None:
    """A page at a time."""
    await published(service, team_rules(1, 1))
    await told(service, *(scored(f"{number}") for number in range(6)))
    await service.accept("0", Deed())

    first = await service.assignments(owner="r0", limit=2)
    rest = await service.assignments(owner="r0", cursor=first.next, limit=2)

    assert [each.lead_id for each in (*first.items, *rest.items)] == ["0", "2", "4"]
    assert [each.lead_id for each in (await service.assignments(status=Status.ACCEPTED)).items] == ["0"]
    assert [each.lead_id for each in (await service.assignments(owner="r0", status=Status.NEW)).items] == ["2", "4"]
    assert (await service.assignments(owner="\0")).items == ()


async def test_what_would_become_of_a_lead_is_explained_and_not_kept(
    service: RoutingService, db: MemoryDatabase
) -> None:
    """By the same rules and turns, or by others that are given."""
    await published(service, RULES)
    await told(service, scored("1", country="DE"))
    event = scored("2", country="DE")
    question = RouteQuestion(lead=LeadDetails(), profile=event.profile, resolution=event.resolution)

    said = await service.explain(question)
    other = await service.explain(RouteQuestion(lead=LeadDetails(), rules=RoutingRules(catch_all="desk")))
    await told(service, event)

    kept = await service.assignment("2")
    assert (said.owner, said.step, said.why, said.is_provisional) == (kept.owner, kept.step, kept.why, False)
    assert (other.owner, other.rules_version, other.is_provisional) == ("desk", 0, True)
    assert sum(isinstance(each, LeadRouted) for each in db.published) == 2
