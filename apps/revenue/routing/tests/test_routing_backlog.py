"""Capacity, hours and absence: who cannot take a lead is passed over, and what waits is given out oldest first."""

from datetime import UTC, date, datetime

import pytest

from atoll.testing import MemoryDatabase, SettableClock
from revenue.routing.contract import (
    Absence,
    BacklogCalled,
    Conditions,
    Deed,
    LeadRouted,
    NewOwner,
    NewStatus,
    OutsideHours,
    Rep,
    RoutingRules,
    Status,
    Team,
    Territory,
    WhenFull,
    WorkingHours,
)
from revenue.routing.service import RoutingService
from revenue.routing.tests.routed import MONDAY, published, scored, team_rules, told


def one_team(*reps: Rep, **more: object) -> RoutingRules:
    """A team of these, which takes all leads."""
    team = Team(
        name="sales",
        reps=tuple(rep.id for rep in reps),
        **more,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # fields of a team
    )
    return RoutingRules(reps=reps, teams=(team,), round_robin="sales")


async def called(service: RoutingService, db: MemoryDatabase, since: int = 0) -> int:
    """Tell Routing what it has told itself since, and what that leads to; how many events there are then."""
    while True:
        calls = [event for event in db.published[since:] if isinstance(event, BacklogCalled)]
        since = len(db.published)
        if not calls:
            return since
        for call in calls:
            async with service.db.transaction() as tx:
                await service.draw(call, tx)


async def owners(service: RoutingService) -> dict[str, str]:
    """Whose each lead is."""
    return {each.lead_id: each.owner for each in (await service.assignments(limit=1000)).items}


async def test_nobody_gets_more_than_he_can_hold_and_the_rest_waits(service: RoutingService) -> None:
    """In the team's queue, with who is full and how."""
    await published(service, one_team(Rep(id="ada", capacity=2), Rep(id="bob", capacity=1)))

    await told(service, *(scored(f"{number}") for number in range(5)))

    assert list((await owners(service)).values()) == ["ada", "bob", "ada", "sales", "sales"]
    last = await service.assignment("4")
    assert last.is_waiting
    assert "ada is full with 2 open leads; bob is full with 1 open leads" in last.why[-1]
    assert (await service.fairness()).teams[0].waiting == 2


async def test_when_room_is_free_the_oldest_is_next(service: RoutingService, db: MemoryDatabase) -> None:
    """And a newer one that comes at that moment waits behind it."""
    await published(service, one_team(Rep(id="ada", capacity=1)))
    await told(service, *(scored(f"{number}") for number in range(4)))
    seen = len(db.published)

    await service.set_status("0", NewStatus(status=Status.QUALIFIED))
    await told(service, scored("4"))
    between = await owners(service)
    seen = await called(service, db, seen)

    assert between["1"] == between["4"] == "sales"
    assert await owners(service) == {"0": "ada", "1": "ada", "2": "sales", "3": "sales", "4": "sales"}
    assert (await service.assignment("4")).why[-1] == (
        "Turn in team sales: others wait for longer, so it waits for somebody."
    )
    routed = [event for event in db.published if isinstance(event, LeadRouted)]
    assert (routed[-1].lead_id, routed[-1].assignment.owner) == ("1", "ada")


async def test_a_long_queue_is_given_out_a_batch_at_a_time(service: RoutingService, db: MemoryDatabase) -> None:
    """When new rules have people who can take it; in the order in which it came."""
    await told(service, *(scored(f"{number:03}") for number in range(120)))
    seen = len(db.published)

    await published(service, team_rules(1, 2))
    await called(service, db, seen)

    found = await owners(service)
    assert list(found.values()).count("r0") == 40
    assert list(found.values()).count("r1") == 80
    assert [each.lead_id for each in (await service.assignments(owner="r0", limit=3)).items] == ["001", "004", "007"]
    assert (await service.count()).waiting == 0
    assert {load.owner.id: load.open_leads for load in await service.reps()} == {"r0": 40, "r1": 80}


async def test_what_waits_goes_by_the_rules_that_hold_when_it_is_given_out(
    service: RoutingService, db: MemoryDatabase
) -> None:
    """Its team may be gone, or not its team any more."""
    await published(service, one_team(Rep(id="ada", capacity=0)))
    await told(service, scored("1", country="DE"), scored("2"))
    seen = len(db.published)

    reps = (Rep(id="bob"), Rep(id="cy"))
    germany = Territory(name="germany", rep="cy", when=Conditions(countries=("DE",)))
    teams = (Team(name="all", reps=("bob",)),)
    await published(service, RoutingRules(reps=reps, teams=teams, territories=(germany,), round_robin="all"), version=2)
    await called(service, db, seen)

    assert await owners(service) == {"1": "cy", "2": "bob"}
    assert (await service.assignment("1")).rules_version == 2


async def test_the_leads_of_somebody_who_has_left_are_given_to_others(
    service: RoutingService, db: MemoryDatabase
) -> None:
    """Those that are open; what he has done stays his."""
    await published(service, team_rules(1, 1))
    await told(service, *(scored(f"{number}") for number in range(6)))
    await service.set_status("0", NewStatus(status=Status.QUALIFIED))
    await service.accept("2", Deed())
    seen = len(db.published)

    rules = team_rules(1, 1)
    left = RoutingRules(reps=(Rep(id="r0", active=False), rules.reps[1]), teams=rules.teams, round_robin="sales")
    await published(service, left, version=2)
    await called(service, db, seen)

    assert await owners(service) == {"0": "r0", **{f"{number}": "r1" for number in range(1, 6)}}
    assert {load.owner.id: load.open_leads for load in await service.reps()} == {"r0": 0, "r1": 5}


async def test_where_a_full_team_hands_on_the_catch_all_steps_in(service: RoutingService) -> None:
    """A rep, a team or a queue."""
    ada = Rep(id="ada", capacity=0)
    for version, (catch_all, expected) in enumerate([("desk", "desk"), ("bob", "bob"), ("night", "bob")], start=1):
        rules = RoutingRules(
            reps=(ada, Rep(id="bob")),
            teams=(Team(name="sales", reps=("ada",), when_full=WhenFull.CATCH_ALL), Team(name="night", reps=("bob",))),
            round_robin="sales",
            catch_all=catch_all,
        )
        await published(service, rules, version)
        await told(service, scored(f"{version}"))

        one = await service.assignment(f"{version}")
        assert (one.owner, one.step) == (expected, "catch_all")
        assert any("ada is full with 0 open leads), so it goes on" in word for word in one.why)


async def test_those_at_work_are_given_leads_before_those_who_are_not(
    service: RoutingService, clock: SettableClock
) -> None:
    """At noon in London it is seven in New York; at night it is whoever's turn it is."""
    london = Rep(id="london", hours=WorkingHours(), time_zone="Europe/London")
    york = Rep(id="york", hours=WorkingHours(), time_zone="America/New_York")
    await published(service, one_team(london, york))

    await told(service, scored("1"), scored("2"))
    clock.advance(datetime(2026, 3, 2, 23, tzinfo=UTC) - MONDAY)
    await told(service, scored("3"), scored("4"))

    assert await owners(service) == {"1": "london", "2": "london", "3": "london", "4": "york"}
    assert "york is not at work" in (await service.assignment("1")).why[-1]
    assert "though nobody is at work" in (await service.assignment("3")).why[-1]


async def test_a_team_may_let_leads_wait_for_the_morning(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """A minute after somebody has begun they are given out."""
    await published(
        service,
        one_team(Rep(id="york", hours=WorkingHours(), time_zone="America/New_York"), outside_hours=OutsideHours.WAIT),
    )
    await told(service, scored("1"))
    at_night = await service.assignment("1")
    clock.advance(datetime(2026, 3, 2, 14, 1, tzinfo=UTC) - MONDAY)
    seen = len(db.published)

    async with service.db.transaction() as tx:
        await service.call_backlog(tx)
    await called(service, db, seen)

    assert (at_night.owner, at_night.is_waiting) == ("sales", True)
    assert (await service.assignment("1")).owner == "york"


async def test_whoever_comes_back_is_not_flooded(service: RoutingService, clock: SettableClock) -> None:
    """A week away leaves no hole that has to be filled."""
    away = (Absence(first=date(2026, 3, 2), last=date(2026, 3, 6)),)
    await published(service, one_team(Rep(id="ada"), Rep(id="bob", absences=away)))
    await told(service, *(scored(f"{number}") for number in range(20)))
    clock.advance(datetime(2026, 3, 7, 12, tzinfo=UTC) - MONDAY)

    await told(service, *(scored(f"{number}") for number in range(20, 24)))

    found = list((await owners(service)).values())
    assert found[:20] == ["ada"] * 20
    assert sorted(found[20:]) == ["ada", "ada", "bob", "bob"]
    assert (await service.fairness()).deviation_max < 1


async def test_a_territory_may_need_skills(service: RoutingService, db: MemoryDatabase) -> None:
    """Who does not have them is passed over, and who has none in the queue's way lets others by."""
    reps = (Rep(id="ada", skills=("de",), capacity=1), Rep(id="bob"))
    germany = Territory(name="germany", team="sales", needs_skills=("de",), when=Conditions(countries=("DE",)))
    rest = Territory(name="rest", team="sales")
    rules = RoutingRules(reps=reps, teams=(Team(name="sales", reps=("ada", "bob")),), territories=(germany, rest))
    await published(service, rules)

    await told(service, scored("1", country="DE"), scored("2", country="DE"), scored("3"))
    await called(service, db)

    assert await owners(service) == {"1": "ada", "2": "sales", "3": "bob"}
    assert "bob does not know de" in (await service.assignment("2")).why[-1]


@pytest.mark.parametrize("status", [Status.QUALIFIED, Status.DISQUALIFIED])
async def test_a_lead_that_is_closed_in_its_queue_is_not_given_out(
    service: RoutingService, db: MemoryDatabase, status: Status
) -> None:
    """And takes nobody's room when it is opened again, until somebody is its owner."""
    await published(service, one_team(Rep(id="ada", capacity=0)))
    await told(service, scored("1"))
    await service.set_status("1", NewStatus(status=status, reason="spam"))
    seen = len(db.published)

    await published(service, one_team(Rep(id="ada", capacity=5)), version=2)
    await called(service, db, seen)
    await service.set_status("1", NewStatus(status=Status.WORKING))
    given = await service.reassign("1", NewOwner(owner="sales"))

    assert given.owner == "ada"
    assert (await service.fairness()).teams[0].waiting == 0
    assert [load.open_leads for load in await service.reps()] == [1]
