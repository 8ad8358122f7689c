"""Many leads at once, on several instances, on both databases: turns are fair within one, nobody waits in a circle."""

import asyncio
from collections import Counter
from contextlib import suppress

from atoll import Database
from revenue.routing.contract import BacklogCalled, Deed, NewOwner, NewStatus, Rep, RoutingRules, Status, Team
from revenue.routing.service import RoutingService
from revenue.routing.tests.conftest import Opens
from revenue.routing.tests.routed import published, routing, scored, team_rules, told
from revenue.scoring.contract import LeadScored
from tests.patience import PATIENCE_S

INSTANCES = 3
AT_ONCE = 12


async def instances(opens: Opens, rules: RoutingRules) -> list[RoutingService]:
    """So many services on one database, each with connections of its own."""
    services = [routing(await opens()) for _ in range(INSTANCES)]
    await published(services[0], rules)
    return services


async def burst(services: list[RoutingService], leads: list[LeadScored]) -> None:
    """Tell them of leads, many at a time, each with the instance whose turn it is."""
    room = asyncio.Semaphore(AT_ONCE)

    async def deliver(number: int, event: LeadScored) -> None:
        async with room:
            await told(services[number % INSTANCES], event)

    await asyncio.gather(*(deliver(number, event) for number, event in enumerate(leads)))


async def counted(database: Database, service: RoutingService) -> Counter[str]:
    """How many leads each owner has."""
    return Counter(each.owner for each in (await service.assignments(limit=1000)).items)


async def test_a_burst_is_shared_out_within_one_of_the_weights(opens: Opens) -> None:
    """Whatever instances do at the same time, one choice of a team follows the other."""
    services = await instances(opens, team_rules(3, 2, 1))

    await burst(services, [scored(f"{number}") for number in range(200)])

    got = await counted(services[0].db, services[1])
    assert got.total() == 200
    for rep, weight in (("r0", 3), ("r1", 2), ("r2", 1)):
        assert abs(got[rep] - 200 * weight / 6) < 1
    report = await services[2].fairness()
    assert report.deviation_max < 1
    assert {load.owner.id: load.open_leads for load in await services[0].reps()} == dict(got)


async def test_whoever_dies_in_the_middle_has_given_nobody_anything(opens: Opens) -> None:
    """A delivery that is cut off and made again costs nobody a turn."""
    services = await instances(opens, team_rules(1, 1, 1))

    async def cut_off(event: LeadScored) -> None:
        with suppress(ConnectionAbortedError):
            async with services[0].db.transaction() as tx:
                await services[0].route(event, tx)
                raise ConnectionAbortedError

    for number in range(30):
        await cut_off(scored(f"{number}"))
        await told(services[number % INSTANCES], scored(f"{number}"))

    assert set((await counted(services[0].db, services[0])).values()) == {10}
    assert (await services[0].fairness()).deviation_max < 1e-6


async def test_teams_that_share_people_do_not_wait_in_a_circle(opens: Opens) -> None:
    """Leads of two teams with the same people in it, corrections between them, and people who work: all at once."""
    reps = tuple(Rep(id=f"r{number}", capacity=1000) for number in range(4))
    names = tuple(rep.id for rep in reps)
    rules = RoutingRules(
        reps=reps,
        teams=(Team(name="one", reps=names), Team(name="two", reps=names[::-1])),
        round_robin="one",
    )
    services = await instances(opens, rules)
    await burst(services, [scored(f"{number}") for number in range(40)])

    async def work(number: int) -> None:
        service, lead_id = services[number % INSTANCES], f"{number}"
        if number % 4 == 0:
            await service.reassign(lead_id, NewOwner(owner="two", reason="theirs"))
        elif number % 4 == 1:
            await service.skip(lead_id, Deed(reason="not mine"))
        elif number % 4 == 2:
            await service.set_status(lead_id, NewStatus(status=Status.DISQUALIFIED, reason="bad_data"))
        else:
            await told(service, scored(f"new-{number}"))

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(work(number) for number in range(40)))

    every = (await services[0].assignments(limit=1000)).items
    open_now = Counter(each.owner for each in every if each.status is not Status.DISQUALIFIED)
    assert len(every) == 50
    assert {load.owner.id: load.open_leads for load in await services[0].reps()} == dict(open_now)
    assert {each.team for each in every} == {"one", "two"}


async def test_two_instances_that_draw_one_queue_give_each_lead_once(opens: Opens) -> None:
    """They hold the leads before they choose, and look again whether they wait."""
    rules = team_rules(1, 1)
    full = RoutingRules(
        reps=tuple(Rep(id=rep.id, capacity=0) for rep in rules.reps), teams=rules.teams, round_robin="sales"
    )
    services = await instances(opens, full)
    await burst(services, [scored(f"{number}") for number in range(30)])
    assert (await services[0].count()).waiting == 30
    await published(services[0], rules, version=2)

    async def draw(service: RoutingService) -> None:
        async with service.db.transaction() as tx:
            await service.draw(BacklogCalled(queue="sales"), tx)

    await asyncio.gather(*(draw(service) for service in services))

    assert await counted(services[0].db, services[0]) == {"r0": 15, "r1": 15}
    assert (await services[0].fairness()).teams[0].waiting == 0
