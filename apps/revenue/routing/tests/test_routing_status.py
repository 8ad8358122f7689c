"""What people do with their leads: statuses, turns given back, leads passed on, given away, and taken out of queues."""

from datetime import timedelta

import pytest

from atoll.testing import MemoryDatabase, SettableClock
from revenue.routing.contract import (
    Conditions,
    Deed,
    LeadAccepted,
    LeadStatusChanged,
    NewOwner,
    NewStatus,
    OwnerUnknown,
    Rep,
    RoutingRules,
    Status,
    StatusRefused,
    Team,
    Territory,
)
from revenue.routing.service import RoutingService
from revenue.routing.tests.routed import MONDAY, published, scored, team_rules, told

PEOPLE = (
    Rep(id="ada", name="Ada", email="ada@example.com"),
    Rep(id="cy", name="Cy", active=False),
    Rep(id="di", name="Di"),
    Rep(id="ed", name="Ed"),
)
RULES = RoutingRules(
    reps=PEOPLE,
    teams=(Team(name="dach", reps=("di", "ed")), Team(name="rest", reps=("ed",))),
    territories=(Territory(name="germany", team="dach", when=Conditions(countries=("DE",))),),
    round_robin="rest",
)


async def test_a_status_goes_its_way_with_who_and_when_and_why(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """Each change is on record, and told."""
    await published(service, RULES)
    await told(service, scored("1"))
    clock.advance(timedelta(minutes=5))

    await service.accept("1", Deed(actor="Ed"))
    await service.accept("1", Deed(actor="Ed"))
    await service.touch("1", Deed(actor="Ed"))
    done = await service.set_status("1", NewStatus(status=Status.DISQUALIFIED, reason="no_budget", actor="Ed"))

    assert (done.status, done.status_reason, done.status_at) == (
        Status.DISQUALIFIED,
        "no_budget",
        MONDAY + timedelta(minutes=5),
    )
    changes = await service.changes("1")
    assert [(change.what, change.was, change.became) for change in changes] == [
        ("routed", "", "ed"),
        ("status", "new", "accepted"),
        ("status", "accepted", "working"),
        ("status", "working", "disqualified"),
    ]
    assert {change.actor for change in changes[1:]} == {"Ed"}
    assert sum(isinstance(event, LeadAccepted) for event in db.published) == 1
    assert [event.became for event in db.published if isinstance(event, LeadStatusChanged)] == [
        Status.ACCEPTED,
        Status.WORKING,
        Status.DISQUALIFIED,
    ]


@pytest.mark.parametrize(
    ("new", "advice"),
    [
        (NewStatus(status=Status.ACCEPTED), "it can become working, disqualified"),
        (NewStatus(status=Status.NEW), "it can become working, disqualified"),
        (NewStatus(status=Status.UNKNOWN), "it can become working, disqualified"),
        (NewStatus(status=Status.DISQUALIFIED, reason="because"), "give one of the reasons bad_data"),
        (NewStatus(status=Status.DISQUALIFIED), "give one of the reasons bad_data"),
    ],
)
async def test_what_a_status_may_not_become_is_refused(service: RoutingService, new: NewStatus, advice: str) -> None:
    """With what would be possible."""
    await told(service, scored("1"))
    await service.set_status("1", NewStatus(status=Status.QUALIFIED))

    with pytest.raises(StatusRefused) as refused:
        await service.set_status("1", new)

    assert advice in refused.value.advice
    assert (await service.assignment("1")).status is Status.QUALIFIED


async def test_a_team_may_say_what_a_status_becomes(service: RoutingService) -> None:
    """For the statuses that it names; the others are as usual."""
    await published(service, RoutingRules(transitions={"new": ("accepted",), "qualified": ()}))
    await told(service, scored("1"))

    with pytest.raises(StatusRefused):
        await service.touch("1", Deed())
    await service.accept("1", Deed())
    await service.set_status("1", NewStatus(status=Status.QUALIFIED))
    with pytest.raises(StatusRefused, match="nothing comes behind it"):
        await service.set_status("1", NewStatus(status=Status.WORKING))


async def test_bad_data_gives_the_turn_back_and_no_budget_does_not(service: RoutingService) -> None:
    """Who was given a lead that was none is next."""
    await published(service, team_rules(1, 1))
    await told(service, scored("1"), scored("2"), scored("3"), scored("4"))

    await service.set_status("1", NewStatus(status=Status.DISQUALIFIED, reason="bad_data"))
    await service.set_status("2", NewStatus(status=Status.DISQUALIFIED, reason="no_budget"))
    await told(service, scored("5"), scored("6"))

    owners = {each.lead_id: each.owner for each in (await service.assignments()).items}
    assert (owners["1"], owners["2"], owners["5"], owners["6"]) == ("r0", "r1", "r0", "r0")
    assert [share.got for share in (await service.fairness()).teams[0].shares] == [3, 2]


async def test_a_lead_that_is_passed_on_goes_to_the_next_and_not_back(service: RoutingService) -> None:
    """Until everybody has had it: then it is the catch-all's."""
    await published(service, team_rules(1, 1))
    await told(service, scored("1"))

    first = await service.skip("1", Deed(reason="a friend of mine"))
    second = await service.skip("1", Deed())

    assert (first.owner, first.round) == ("r1", 2)
    assert any("r0 had it, and it was passed on" in word for word in first.why)
    assert (second.owner, second.step) == ("unassigned", "catch_all")
    assert [share.got for share in (await service.fairness()).teams[0].shares] == [0, 0]
    with pytest.raises(StatusRefused):
        await service.skip("1", Deed())


async def test_a_lead_is_given_by_hand_to_a_rep_or_to_a_team(service: RoutingService) -> None:
    """With who did it and why; it begins anew."""
    await published(service, RULES)
    await told(service, scored("1", country="DE"))
    await service.accept("1", Deed())

    one = await service.reassign("1", NewOwner(owner="ada", reason="knows them", actor="Mo"))
    two = await service.reassign("1", NewOwner(owner="rest"))
    three = await service.reassign("1", NewOwner(owner="unassigned"))

    assert (one.owner, one.step, one.status, one.why) == (
        "ada", "by_hand", Status.NEW, ("By hand: Mo gave it to Ada (knows them).",),
    )  # fmt: skip
    assert (two.owner, two.team) == ("ed", "rest")
    assert (three.owner, three.is_waiting) == ("unassigned", True)
    assert {load.owner.id: load.open_leads for load in await service.reps()} == dict.fromkeys(
        ("ada", "cy", "di", "ed"), 0
    )


async def test_an_old_message_accepts_nothing_for_somebody_else(service: RoutingService) -> None:
    """Whoever had the lead before is told whose it is; the new owner's clock goes on."""
    await published(service, RULES)
    await told(service, scored("1", country="DE"))
    await service.reassign("1", NewOwner(owner="ada"))

    with pytest.raises(StatusRefused, match="it is Ada's by now"):
        await service.accept("1", Deed(actor="di"))

    assert (await service.assignment("1")).status is Status.NEW
    assert (await service.accept("1", Deed(actor="ada@EXAMPLE.com"))).status is Status.ACCEPTED


@pytest.mark.parametrize("owner", ["nobody", "cy", ""])
async def test_a_lead_is_given_to_nobody_whom_the_rules_do_not_know(service: RoutingService, owner: str) -> None:
    """Or who has left."""
    await published(service, RULES)
    await told(service, scored("1"))

    with pytest.raises(OwnerUnknown):
        await service.reassign("1", NewOwner(owner=owner))


async def test_whoever_accepts_a_lead_in_a_queue_is_its_owner(service: RoutingService) -> None:
    """Where the rules know him, by id or by address; else it is accepted where it is."""
    await published(service, RoutingRules(reps=PEOPLE))
    await told(service, scored("1"), scored("2"))

    taken = await service.accept("1", Deed(actor="ADA@example.com"))
    left = await service.accept("2", Deed(actor="somebody"))

    assert (taken.owner, taken.status, taken.is_waiting) == ("ada", Status.ACCEPTED, False)
    assert (left.owner, left.status, left.is_waiting) == ("unassigned", Status.ACCEPTED, False)
    assert (await service.count()).waiting == 0
