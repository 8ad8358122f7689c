"""Response clocks: they go by the owner's hours, and stop on accept or first touch; else somebody is told."""

from datetime import UTC, datetime, timedelta

import pytest

from atoll.testing import MemoryDatabase, SettableClock
from revenue.routing.contract import (
    Deed,
    Holiday,
    LeadReassigned,
    LeadRouted,
    NewOwner,
    Rep,
    ResponseDue,
    ResponseOverdue,
    ResponseRule,
    RoutingRules,
    Stage,
    Status,
    Team,
    WorkingHours,
)
from revenue.routing.service import RoutingService
from revenue.routing.tests.routed import MONDAY, published, scored, told
from revenue.scoring.contract import Grade

CLOCK = ResponseRule(respond_within=30, escalate_after=60, reassign_after=120)
REPS = (
    Rep(id="ada", email="ada@example.com", hours=WorkingHours(), time_zone="Europe/Berlin"),
    Rep(id="bob", email="bob@example.com", hours=WorkingHours(), time_zone="America/New_York"),
)
RULES = RoutingRules(
    reps=REPS,
    teams=(Team(name="sales", reps=("ada", "bob"), manager="boss@example.com"),),
    round_robin="sales",
    response=(ResponseRule(grades=("A",), respond_within=5), CLOCK),
)


def dues(db: MemoryDatabase) -> list[ResponseDue]:
    """What Routing wants to be told of."""
    return [event for event in db.published if isinstance(event, ResponseDue)]


def overdues(db: MemoryDatabase) -> list[tuple[str, str, str]]:
    """Who was to hear of which leads, and how far their clocks had run."""
    found = [event for event in db.published if isinstance(event, ResponseOverdue)]
    return [(event.owner, event.stage, event.tell) for event in found]


async def due(service: RoutingService, event: ResponseDue) -> None:
    """Tell it that a moment has come."""
    async with service.db.transaction() as tx:
        await service.look_after(event, tx)


async def test_a_clock_goes_by_its_owners_hours(service: RoutingService, clock: SettableClock) -> None:
    """On a Friday at half past four of his afternoon thirty minutes are the rest of the day; a grade has its own."""
    clock.advance(datetime(2026, 3, 6, 15, 45, tzinfo=UTC) - MONDAY)
    await published(service, RULES)

    await told(service, scored("1"), scored("2", grade=Grade.A))

    one, two = (await service.assignments()).items
    assert one.owner == "ada" and one.clock is not None  # noqa: PT018  # narrows the type
    assert one.clock.respond_by == datetime(2026, 3, 9, 8, 15, tzinfo=UTC)
    assert one.clock.escalate_at == datetime(2026, 3, 9, 8, 45, tzinfo=UTC)
    assert one.clock.stage is Stage.RUNNING
    assert two.owner == "bob" and two.clock is not None  # noqa: PT018  # as above
    assert (two.clock.respond_by, two.clock.escalate_at) == (datetime(2026, 3, 6, 15, 50, tzinfo=UTC), None)


async def test_a_holiday_is_no_working_time(service: RoutingService) -> None:
    """Of the teams that have it."""
    holidays = (Holiday(on=MONDAY.date(), name="the founders' day", teams=("sales",)),)
    rules = RoutingRules(
        reps=REPS[:1], teams=(Team(name="sales", reps=("ada",)),), response=(CLOCK,), holidays=holidays
    )
    await published(service, rules)
    await told(service, scored("1"))

    given = await service.reassign("1", NewOwner(owner="ada"))

    assert given.clock is not None
    assert given.clock.respond_by == datetime(2026, 3, 3, 8, 30, tzinfo=UTC)


async def test_a_lead_that_nobody_answers_is_reminded_of_escalated_and_given_to_somebody_else(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """Each at its moment, each once."""
    await published(service, RULES)
    await told(service, scored("1"))

    for hours in (0.5, 0.5, 1):
        clock.advance(timedelta(hours=hours))
        event = dues(db)[-1]
        await due(service, event)
        await due(service, event)

    assert overdues(db) == [
        ("ada", "reminded", "ada@example.com"),
        ("ada", "escalated", "boss@example.com"),
        ("ada", "reassigned", "boss@example.com"),
    ]
    one = await service.assignment("1")
    assert (one.owner, one.round, one.status) == ("bob", 2, Status.NEW)
    assert any("ada had it" in word for word in one.why)
    (change,) = [event for event in db.published if isinstance(event, LeadReassigned)]
    assert (change.was, change.became, change.cause) == ("ada", "bob", "overdue")
    assert sum(isinstance(event, LeadRouted) for event in db.published) == 2
    assert (dues(db)[-1].round, dues(db)[-1].stage) == (2, Stage.REMINDED)


@pytest.mark.parametrize("answer", ["accept", "touch", "reassign"])
async def test_a_moment_that_comes_too_late_has_no_effect(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock, answer: str
) -> None:
    """The lead was accepted or touched meanwhile, or is somebody else's."""
    await published(service, RULES)
    await told(service, scored("1"))
    old = dues(db)[-1]
    if answer == "accept":
        await service.accept("1", Deed())
    elif answer == "touch":
        await service.touch("1", Deed())
    else:
        await service.reassign("1", NewOwner(owner="bob"))
    before = len(db.published)
    clock.advance(timedelta(hours=3))

    await due(service, old)
    await due(service, old)

    assert len(db.published) == before
    one = await service.assignment("1")
    assert one.clock is not None
    assert (one.clock.stopped_at is None) is (answer == "reassign")


async def test_a_moment_of_a_lead_that_is_not_there_has_no_effect(service: RoutingService, db: MemoryDatabase) -> None:
    """It may be from a database that was put back."""
    await due(service, ResponseDue(lead_id="nobody", round=1, stage=Stage.REMINDED))

    assert db.published == []


async def test_where_nobody_else_is_there_the_owner_keeps_the_lead(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """The manager is told; a queue would answer it no sooner."""
    await published(
        service,
        RoutingRules(reps=REPS[:1], teams=(Team(name="sales", reps=("ada",)),), round_robin="sales", response=(CLOCK,)),
    )
    await told(service, scored("1"))

    for _ in range(3):
        clock.advance(timedelta(hours=1))
        await due(service, dues(db)[-1])

    one = await service.assignment("1")
    assert (one.owner, one.round) == ("ada", 1)
    assert one.clock is not None
    assert one.clock.stage is Stage.REASSIGNED
    assert overdues(db)[-1] == ("ada", "reassigned", "ada@example.com")
    assert len(dues(db)) == 3


async def test_who_lets_a_lead_lie_does_not_get_the_turn_back(
    service: RoutingService, db: MemoryDatabase, clock: SettableClock
) -> None:
    """Else the next one would be his as well; a team may want it otherwise."""
    await published(service, RULES)
    await told(service, scored("1"))
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        await due(service, dues(db)[-1])

    shares = (await service.fairness()).teams[0].shares

    assert [share.got for share in shares] == [1, 1]


async def test_a_queue_has_no_clock(service: RoutingService, db: MemoryDatabase) -> None:
    """It begins when somebody is made the owner."""
    await published(service, RoutingRules(reps=REPS, response=(CLOCK,)))
    await told(service, scored("1"))
    before = list(dues(db))

    one = await service.accept("1", Deed(actor="ada"))

    assert before == []
    assert one.clock is not None
    assert one.clock.stopped_at == MONDAY
