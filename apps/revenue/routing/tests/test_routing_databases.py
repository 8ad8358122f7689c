"""All that Routing asks of a database, on each of them: a day of its life, with the same end on both."""

from datetime import timedelta

from atoll.testing import SettableClock
from revenue.capture.contract import LeadDetails
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted
from revenue.routing.contract import (
    BacklogCalled,
    Deed,
    NewOwner,
    NewStatus,
    Rep,
    ResponseDue,
    ResponseRule,
    RouteQuestion,
    RoutingRules,
    RoutingTrial,
    Stage,
    Status,
    Team,
)
from revenue.routing.service import RoutingService
from revenue.routing.tests.conftest import Opens
from revenue.routing.tests.routed import MONDAY, published, routing, scored, told

TEAM = Team(name="sales", reps=("ada", "bob"))


def rules(ada: Rep, bob: Rep) -> RoutingRules:
    """A team of two, who keep their contacts and accounts."""
    clock = ResponseRule(respond_within=10, escalate_after=20, reassign_after=30)
    return RoutingRules(reps=(ada, bob), teams=(TEAM,), round_robin="sales", keep_accounts=True, response=(clock,))


async def draw(service: RoutingService, queue: str) -> None:
    """Tell it that somebody may take what waits."""
    async with service.db.transaction() as tx:
        await service.draw(BacklogCalled(queue=queue), tx)


async def overdue(service: RoutingService, clock: SettableClock, lead_id: str) -> None:
    """Let a response clock run to its end."""
    for stage in (Stage.REMINDED, Stage.ESCALATED, Stage.REASSIGNED):
        clock.advance(timedelta(minutes=10))
        async with service.db.transaction() as tx:
            await service.look_after(ResponseDue(lead_id=lead_id, round=1, stage=stage), tx)


async def test_a_day_has_the_same_end_on_every_database(opens: Opens) -> None:
    """Each statement is run at least once, with rows that it finds and rows that it does not."""
    clock = SettableClock(MONDAY)
    service = routing(await opens(), clock)
    await published(service, rules(Rep(id="ada", capacity=2), Rep(id="bob", capacity=2)))
    await told(service, *(scored(f"{number}", contact=f"c{number}", account=f"a{number}") for number in range(5)))

    await overdue(service, clock, "0")
    async with service.db.transaction() as tx:
        await service.join_contacts(ContactsMerged(kept_id="c1", merged_id="c0", lead_ids=("0",)), tx)
        await service.join_accounts(AccountsMerged(kept_id="a1", merged_id="a0"), tx)
    async with service.db.transaction() as tx:
        await service.join_accounts(AccountsMerged(kept_id="a2", merged_id="a1"), tx)
    async with service.db.transaction() as tx:
        await service.part_contacts(ContactsParted(kept_id="c1", parted_id="c0", lead_ids=("0",)), tx)
        await service.part_accounts(AccountsParted(kept_id="a2", parted_id="a1"), tx)
    await service.set_status("1", NewStatus(status=Status.DISQUALIFIED, reason="bad_data"))
    await draw(service, "sales")
    await service.accept("2", Deed())
    await service.touch("2", Deed())
    async with service.db.transaction() as tx:
        await service.call_backlog(tx)
    await published(service, rules(Rep(id="ada", active=False), Rep(id="bob", capacity=9)), version=2)
    await draw(service, "ada")
    await draw(service, "sales")
    await told(service, scored("9", contact="c0", account="a1"), scored("0", revision=2))
    await service.skip("9", Deed())
    await service.reassign("9", NewOwner(owner="bob"))

    page = await service.assignments(status=Status.NEW, owner="bob", limit=2)
    assert [each.lead_id for each in page.items] == ["0", "2"]
    every = (await service.assignments()).items
    assert {each.lead_id: (each.owner, each.status.value) for each in every} == {
        "0": ("bob", "new"),
        "1": ("bob", "disqualified"),
        "2": ("bob", "new"),
        "3": ("bob", "new"),
        "4": ("bob", "new"),
        "9": ("bob", "new"),
    }
    assert [(change.was, change.became) for change in await service.changes("9")][:2] == [
        ("", "bob"),
        ("bob", "unassigned"),
    ]
    assert (await service.count()).waiting == 0
    loads = {load.owner.id: load.open_leads for load in await service.reps()}
    assert loads == {"ada": 0, "bob": 5}
    assert (await service.fairness()).teams[0].waiting == 0
    event = scored("10", contact="c0", account="a1")
    said = await service.explain(RouteQuestion(lead=LeadDetails(), resolution=event.resolution, profile=event.profile))
    assert (said.owner, said.step, said.is_provisional) == ("bob", "existing_owner", False)
    report = await service.simulate(RoutingTrial(rules=RoutingRules(), leads_max=3))
    assert (report.leads, report.after) == (3, {"unassigned": 2, "bob": 1})
