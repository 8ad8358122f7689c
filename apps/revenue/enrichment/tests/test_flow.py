"""Enrichment as its deliveries run it: with providers that are asked, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from atoll import Config, Running, World, single
from atoll.testing import PostgresServer
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.enrichment.contract import (
    Budget,
    CompanyFile,
    Enrichment,
    EnrichmentRules,
    FieldRule,
    Pin,
    Profile,
    ProfileNotFound,
    Topic,
    Unpin,
)
from revenue.enrichment.tests.flow import OnePlaybook, flow
from revenue.enrichment.tests.vendor import Says, definition, ruled, vendor

SETTINGS = {"REVENUE_ENRICHMENT_ALLOWS_LOOPBACK": "true", "REVENUE_ENRICHMENT_SAMPLE_VENDORS": "true"}
MACHINES = Says({"company": {"industry": "Machinery", "city": "Hamburg"}})
LEADS = 40


@pytest.fixture
async def postgresql(postgres: PostgresServer) -> AsyncGenerator[Config]:
    """An empty database on the server."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE enriched")
    try:
        yield Config(SETTINGS | {"REVENUE_DATABASE_URL": postgres.url("enriched")})
    finally:
        await connection.execute("DROP DATABASE enriched WITH (FORCE)")
        await connection.close()


async def whole(application: Running, lead_id: str) -> Profile:
    """The profile of a lead by the rules, as soon as it is there."""
    async with asyncio.timeout(30):
        while True:
            try:
                profile = await application.client(Enrichment).latest(lead_id)
                if profile.rules_version and not profile.is_awaited:
                    return profile
            except ProfileNotFound:
                pass
            await asyncio.sleep(0.05)


async def ruled_by(application: Running, rules: EnrichmentRules) -> None:
    """Wait until the rules hold."""
    wanted = {rule.name for rule in rules.providers}
    async with asyncio.timeout(30):
        while True:
            if wanted <= {each.name for each in await application.client(Enrichment).providers()}:
                return
            await asyncio.sleep(0.05)


async def exercised(application: Running) -> None:
    """Leads of ten companies come in at once; what is bought for them is bought once a company, and is on record."""
    await ruled_by(application, OnePlaybook.rules)
    rows = "".join(f"ada{number}@company{number % 10}.de,Ada {number}\n" for number in range(LEADS))
    await application.client(Capture).import_file(LeadFile(file_name="a.csv", content=f"Email,Name\n{rows}".encode()))
    leads = (await application.client(Capture).leads()).items
    enrichment = application.client(Enrichment)
    profiles = [await whole(application, lead.id) for lead in leads]

    assert all([fact.value for fact in profile.about(Topic.INDUSTRY)] == ["Machinery"] for profile in profiles)
    lines = await enrichment.costs(provider="acme_data")
    assert (sum(line.calls for line in lines), sum(line.cost_micros for line in lines)) == (10, 100_000)
    await enrichment.pin(leads[0].id, Pin(topic=Topic.INDUSTRY, value="Toys", actor="bob"))
    pinned = await enrichment.latest(leads[0].id)
    await enrichment.unpin(leads[0].id, Unpin(topic=Topic.INDUSTRY, actor="bob"))
    free = await enrichment.latest(leads[0].id)
    assert [[fact.value for fact in each.about(Topic.INDUSTRY)] for each in (pinned, free)] == [["Toys"], ["Machinery"]]
    file = CompanyFile(content=b"Domain,Name,City\ncompany1.de,Company One GmbH,Ulm\ncompany1.de,Company 1,Bonn\n,,x\n")
    report = await enrichment.import_companies(file)
    assert (report.rows, report.kept, report.refused, await enrichment.companies()) == (3, 2, 1, 1)
    plan = await enrichment.plan(ruled(*OnePlaybook.rules.providers))
    assert (plan.leads, plan.leads_to_ask_about, plan.cost_most_micros) == (LEADS, 0, 0)


async def test_providers_are_asked_in_deliveries(tmp_path: Path) -> None:
    """A delivery has one transaction; what is bought for it is on record before, whatever becomes of it."""
    async with vendor(MACHINES) as it:
        OnePlaybook.rules = ruled(definition(it))
        async with single(flow, world=World.real(tmp_path), config=Config(SETTINGS)) as one:
            await exercised(one)
        async with single(flow, world=World.real(tmp_path), config=Config(SETTINGS)) as again:
            attempts = await again.client(Enrichment).costs()

    assert len(it.asked) == 10
    assert sum(line.calls for line in attempts) == 10


async def test_several_instances_buy_once_on_postgresql(tmp_path: Path, postgresql: Config) -> None:
    """They share questions and budgets in the database, and nothing else."""

    async def slowly(_: object) -> Says:
        await asyncio.sleep(0.1)
        return MACHINES

    async with vendor(slowly) as it:
        OnePlaybook.rules = ruled(definition(it))
        async with (
            single(flow, world=World.real(tmp_path), config=postgresql) as one,
            single(flow, world=World.real(tmp_path), config=postgresql, services=["enrichment"]),
        ):
            await exercised(one)

    assert len(it.asked) == 10


async def test_budgets_hold_on_postgresql(tmp_path: Path, postgresql: Config) -> None:
    """Also where many buy at once on two instances: never more than may be, and every cent of it."""
    async with vendor(MACHINES) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        OnePlaybook.rules = ruled(rule, budget=Budget(per_run_micros=70_000))
        async with (
            single(flow, world=World.real(tmp_path), config=postgresql) as one,
            single(flow, world=World.real(tmp_path), config=postgresql, services=["enrichment"]),
        ):
            await ruled_by(one, OnePlaybook.rules)
            receipts = [
                await one.client(Capture).accept(LeadDetails(email=f"ada{number}@company{number}.de"))
                for number in range(LEADS)
            ]
            profiles = [await whole(one, receipt.lead.id) for receipt in receipts]
            costs = await one.client(Enrichment).costs()

    assert len(it.asked) == 7
    assert sum(line.cost_micros for line in costs) == 70_000
    assert sum("more than what is left" in each.why for profile in profiles for each in profile.skipped) == LEADS - 7


async def test_a_slow_provider_holds_up_no_other_lead(tmp_path: Path) -> None:
    """Who is slow is asked in deliveries of its own, while leads that need nobody go on; and is told of afterwards."""

    async def slowly(_: object) -> Says:
        await asyncio.sleep(1.0)
        return MACHINES

    async with vendor(slowly) as it:
        OnePlaybook.rules = EnrichmentRules(
            providers=(definition(it, timeout_s=10, url=f"{it.url}/?email={{email}}"),),
            fields=(FieldRule(field=Topic.INDUSTRY, providers=("acme_data",)),),
            deadline_s=1.0,
        )
        async with single(flow, world=World.real(tmp_path), config=Config(SETTINGS)) as one:
            await ruled_by(one, OnePlaybook.rules)
            capture, enrichment = one.client(Capture), one.client(Enrichment)
            asked = [await capture.accept(LeadDetails(email=f"a{number}@company.de")) for number in range(20)]
            said = [await capture.accept(LeadDetails(email=f"b{n}@company.de", industry="Toys")) for n in range(20)]
            async with asyncio.timeout(5):
                for receipt in said:
                    await whole(one, receipt.lead.id)
            waiting = [(await enrichment.latest(receipt.lead.id)).is_awaited for receipt in asked]
            profiles = [await whole(one, receipt.lead.id) for receipt in asked]

    assert any(waiting)
    assert all(profile.best(Topic.INDUSTRY) is not None for profile in profiles)
