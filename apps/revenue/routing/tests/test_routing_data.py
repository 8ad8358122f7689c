"""Routing a real sales organisation: its tables brought in as rules, flaws mended, its opportunities routed."""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec
import pytest
from babel import Locale

from atoll.testing import MemoryDatabase, SettableClock
from revenue.mending import INDUSTRIES, Mending, mended, suspected
from revenue.routing.contract import (
    Conditions,
    LeadRouted,
    ResponseDue,
    ResponseRule,
    RoutingRules,
    RoutingTrial,
    Territory,
)
from revenue.routing.service import RoutingService
from revenue.routing.sheets import groups_of, industries_of, people_of
from revenue.routing.tests.routed import published, routing, scored, told

pytestmark = pytest.mark.data

COUNTRIES = list(cast(Mapping[str, str], Locale("en").territories).values())  # babel's own type says less
MENDINGS = (
    Mending(field="sector", wrong="technolgy", right="technology"),
    Mending(field="office_location", wrong="Philipines", right="Philippines"),
    Mending(field="product", wrong="GTXPro", right="GTX Pro"),
)
"""What the search for flaws finds in these tables, as a team would keep it in a file."""


def rows_of(data: Path, name: str) -> list[dict[str, str]]:
    """The rows of one of the tables."""
    with (data / "maven_crm_sales_opportunities" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def rules_from(data: Path) -> RoutingRules:
    """The teams by regional office, and the accounts, mended, as theirs."""
    reps, teams = people_of(rows_of(data, "sales_teams.csv"))
    accounts = mended(rows_of(data, "accounts.csv"), MENDINGS).rows
    names = [team.name for team in teams]
    return RoutingRules(
        reps=reps,
        teams=teams,
        territories=industries_of(accounts, teams),
        named_accounts=groups_of(accounts, names),
        response=(ResponseRule(respond_within=30, escalate_after=60),),
        catch_all="desk",
    )


async def routed_opportunities(data: Path, rules: RoutingRules, db: MemoryDatabase) -> RoutingService:
    """Each opportunity as a lead from its account, with what the table of accounts knows of it."""
    accounts = {row["account"]: row for row in mended(rows_of(data, "accounts.csv"), MENDINGS).rows}
    service = routing(db, SettableClock())
    await published(service, rules)
    for row in rows_of(data, "sales_pipeline.csv"):
        account = accounts.get(row["account"])
        details: dict[str, object] = {"company": row["account"] or None}
        if account is not None:
            details |= {"industry": account["sector"], "number_of_employees": int(account["employees"])}
        country = account["office_location"] if account is not None else None
        event = scored(row["opportunity_id"], country=country, **details)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # fields of a lead
        await told(service, event)
    return service


def test_the_flaws_are_found_and_nothing_else(data: Path) -> None:
    """Among 10 sectors, 15 places and 7 products, beside words that are known: no false alarm, and all three."""
    accounts, pipeline = rows_of(data, "accounts.csv"), rows_of(data, "sales_pipeline.csv")
    products = [row["product"] for row in rows_of(data, "products.csv")]

    found = {
        "sector": suspected((row["sector"] for row in accounts), INDUSTRIES),
        "office_location": suspected((row["office_location"] for row in accounts), COUNTRIES),
        "product": suspected((row["product"] for row in pipeline), products),
    }

    assert {field: [(each.wrong, each.right, each.count) for each in some] for field, some in found.items()} == {
        "sector": [("technolgy", "technology", 12)],
        "office_location": [("Philipines", "Philippines", 1)],
        "product": [("GTXPro", "GTX Pro", 1480)],
    }
    assert tuple(each.as_mending(field) for field, some in found.items() for each in some) == MENDINGS
    assert {row["product"] for row in mended(pipeline, MENDINGS).rows} == set(products)


def test_the_tables_are_rules(data: Path) -> None:
    """35 people under 6 managers in 3 offices, an industry each for one of these, and 7 groups of companies."""
    rules = rules_from(data)

    assert {team.name: len(team.reps) for team in rules.teams} == {"central": 11, "east": 12, "west": 12}
    assert len({rep.manager for rep in rules.reps}) == 6
    assert "technology" in {territory.name for territory in rules.territories}
    assert len(rules.territories) == 10
    assert len(rules.named_accounts) == 7


async def test_all_opportunities_are_routed_by_territory_and_fairly(data: Path) -> None:
    """8,800 of them: nobody of a team is a whole lead from its share; those without an account are the desk's."""
    db = MemoryDatabase()
    rules = rules_from(data)

    service = await routed_opportunities(data, rules, db)

    report = await service.fairness()
    steps = Counter(event.assignment.step for event in db.published if isinstance(event, LeadRouted))
    teams = {team.team: team.leads for team in report.teams}
    assert (await service.count()).leads == 8_800
    assert steps == {"territory": 5_532, "named_account": 1_843, "catch_all": 1_425}
    assert teams == {"central": 2_866, "east": 2_488, "west": 2_021}
    assert report.deviation_max < 1
    for team in report.teams:
        got = [share.got for share in team.shares]
        assert max(got) - min(got) <= 1
    dues = [event for event in db.published if isinstance(event, ResponseDue)]
    assert len(dues) == 8_800 - 1_425
    manager = (await service.assignments(owner="anna.snelling", limit=1)).items[0].details
    assert manager is not None
    assert manager.manager == "Dustin Brinkmann"


async def test_what_a_flaw_costs_is_seen_before_rules_are_published(data: Path) -> None:
    """Leads that say `technolgy` are nobody's; a trial of rules that take the word says whose they would be."""
    rules = rules_from(data)
    service = routing(MemoryDatabase(), SettableClock())
    await published(service, rules)
    await told(service, *(scored(f"{number}", industry="technolgy") for number in range(24)))

    taken = Territory(name="misspelt", team="west", when=Conditions(industries=("technolgy",)))
    report = await service.simulate(
        RoutingTrial(rules=msgspec.structs.replace(rules, territories=(*rules.territories, taken)))
    )

    assert report.before == {"desk": 24}
    assert (report.changed, report.moved, report.by_step) == (24, 24, {"territory": 24})
    assert set(report.after.values()) == {2}
    assert (await service.count()).waiting == 24
