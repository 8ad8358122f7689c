"""Rules tried on past leads: what would change is said before anything does, and nothing is kept."""

from atoll.testing import MemoryDatabase
from revenue.routing.contract import Conditions, NewOwner, Rep, RoutingRules, RoutingTrial, Team, Territory
from revenue.routing.service import RoutingService
from revenue.routing.tests.routed import published, scored, team_rules, told


async def test_rules_that_hold_would_change_nothing(service: RoutingService) -> None:
    """The same leads in the same order have the same owners again."""
    rules = team_rules(3, 2, 1)
    await published(service, rules)
    await told(service, *(scored(f"{number}", contact=f"c{number % 20}") for number in range(60)))

    report = await service.simulate(RoutingTrial(rules=rules))

    assert (report.leads, report.changed, report.moved, report.samples) == (60, 0, 0, ())
    assert report.before == report.after
    assert report.by_step == {"existing_owner": 40, "round_robin": 20}
    assert report.fairness == await service.fairness()


async def test_a_new_territory_moves_its_leads_and_says_which(service: RoutingService, db: MemoryDatabase) -> None:
    """Counts by owner before and after, samples with every step's word; nothing is kept or told."""
    await published(service, team_rules(1, 1))
    await told(service, *(scored(f"{number}", country="DE" if number % 4 == 0 else "US") for number in range(20)))
    await service.reassign("0", NewOwner(owner="r1", reason="mine"))
    before, told_before = await service.assignments(limit=100), len(db.published)
    rules = team_rules(1, 1)
    more = RoutingRules(
        reps=(*rules.reps, Rep(id="ada")),
        teams=rules.teams,
        territories=(Territory(name="germany", rep="ada", when=Conditions(countries=("DE",))),),
        round_robin="sales",
    )

    report = await service.simulate(RoutingTrial(rules=more))

    assert report.before == {"r1": 11, "r0": 9}
    assert report.after == {"r0": 8, "r1": 8, "ada": 4}
    assert report.moved == 4
    assert report.by_step == {"round_robin": 15, "territory": 4, "by_hand": 1}
    assert [(each.lead_id, each.becomes) for each in report.samples[:4]] == [
        ("4", "ada"), ("8", "ada"), ("12", "ada"), ("16", "ada"),
    ]  # fmt: skip
    assert "germany (country de)" in report.samples[0].why[2]
    assert await service.assignments(limit=100) == before
    assert len(db.published) == told_before


async def test_capacity_is_seen_in_a_trial(service: RoutingService) -> None:
    """What would wait is said; only the latest leads are looked at where so many are asked for."""
    await told(service, *(scored(f"{number}") for number in range(10)))
    rules = RoutingRules(reps=(Rep(id="ada", capacity=3),), teams=(Team(name="one", reps=("ada",)),), round_robin="one")

    report = await service.simulate(RoutingTrial(rules=rules))
    few = await service.simulate(RoutingTrial(rules=rules, leads_max=2))

    assert report.after == {"one": 7, "ada": 3}
    assert report.fairness.teams[0].waiting == 7
    assert (few.leads, few.after) == (2, {"ada": 2})
