"""Enrichment as its deliveries run it: with providers that are asked, on SQLite and on PostgreSQL."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from atoll import Config, Problem, Running, World, single
from atoll.testing import PostgresServer, RunningProcesses, running_processes
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.enrichment.contract import (
    Budget,
    CompanyFile,
    Enrichment,
    EnrichmentRules,
    FieldRule,
    Pin,
    Profile,
    Topic,
    Unpin,
)
from revenue.enrichment.tests.flow import flow
from revenue.enrichment.tests.vendor import definition, ruled
from revenue.playbook.contract import Playbook, Publication, TeamRules
from revenue.tests.outsider import HANGS, Asked, Outsider, Says, outsider
from tests.patience import PATIENCE_S

FLOW = "revenue.enrichment.tests.flow:flow"
MACHINES = Says({"company": {"industry": "Machinery", "city": "Hamburg"}})
LEADS = 40


def settings(**more: str) -> dict[str, str]:
    """The environment of an application whose providers are on this machine."""
    return {"ENRICHED_ENRICHMENT_ALLOWS_LOOPBACK": "true", **more}


@pytest.fixture
async def postgresql(postgres: PostgresServer) -> AsyncGenerator[str]:
    """An empty database on the server."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE enriched")
    try:
        yield postgres.url("enriched")
    finally:
        await connection.execute("DROP DATABASE enriched WITH (FORCE)")
        await connection.close()


async def whole(application: Running | RunningProcesses, lead_id: str) -> Profile:
    """The profile of a lead by the rules, as soon as it is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                profile = await application.client(Enrichment).latest(lead_id)
                if profile.rules_version and not profile.is_awaited:
                    return profile
            except Problem:  # there is none yet, or whoever has it is away
                pass
            await asyncio.sleep(0.05)


async def ruled_by(application: Running | RunningProcesses, rules: EnrichmentRules) -> None:
    """Publish the rules, and wait until they hold."""
    await application.client(Playbook).publish(Publication(playbook=TeamRules(enrichment=rules)))
    wanted = {rule.name for rule in rules.providers}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if wanted <= {each.name for each in await application.client(Enrichment).providers()}:
                return
            await asyncio.sleep(0.05)


def patient(it: Outsider) -> EnrichmentRules:
    """Rules by which a vendor is asked who has time, also on a machine that has much to do."""
    return ruled(definition(it, timeout_s=8), deadline_s=10)


async def exercised(application: Running | RunningProcesses, rules: EnrichmentRules) -> None:
    """Leads of ten companies come in at once; what is bought for them is bought once a company, and is on record."""
    await ruled_by(application, rules)
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
    plan = await enrichment.plan(rules)
    assert (plan.leads, plan.leads_to_ask_about, plan.cost_most_micros) == (LEADS, 0, 0)


async def test_providers_are_asked_in_deliveries(tmp_path: Path) -> None:
    """A delivery has one transaction; what is bought for it is on record before, whatever becomes of it."""
    async with outsider(MACHINES) as it:
        rules = patient(it)
        async with single(flow, world=World.real(tmp_path), config=Config(settings())) as one:
            await exercised(one, rules)
        async with single(flow, world=World.real(tmp_path), config=Config(settings())) as again:
            attempts = await again.client(Enrichment).costs()

    assert len(it.asked) == 10
    assert sum(line.calls for line in attempts) == 10


async def test_several_instances_buy_once_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    """They share questions and budgets in the database, and nothing else."""

    async def slowly(_: object) -> Says:
        await asyncio.sleep(0.1)
        return MACHINES

    async with outsider(slowly) as it:
        rules = patient(it)
        config = Config(settings(ENRICHED_DATABASE_URL=postgresql))
        async with (
            single(flow, world=World.real(tmp_path), config=config) as one,
            single(flow, world=World.real(tmp_path), config=config, services=["enrichment"]),
        ):
            await exercised(one, rules)

    assert len(it.asked) == 10


async def test_budgets_hold_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    """Also where many buy at once on two instances: never more than may be, and every cent of it."""
    async with outsider(MACHINES) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        rules = ruled(rule, budget=Budget(per_run_micros=70_000))
        config = Config(settings(ENRICHED_DATABASE_URL=postgresql))
        async with (
            single(flow, world=World.real(tmp_path), config=config) as one,
            single(flow, world=World.real(tmp_path), config=config, services=["enrichment"]),
        ):
            await ruled_by(one, rules)
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

    async with outsider(slowly) as it:
        rules = EnrichmentRules(
            providers=(definition(it, timeout_s=10, url=f"{it.url}/?email={{email}}"),),
            fields=(FieldRule(field=Topic.INDUSTRY, providers=("acme_data",)),),
            deadline_s=1.0,
        )
        async with single(flow, world=World.real(tmp_path), config=Config(settings())) as one:
            await ruled_by(one, rules)
            capture, enrichment = one.client(Capture), one.client(Enrichment)
            asked = [await capture.accept(LeadDetails(email=f"a{number}@company.de")) for number in range(20)]
            said = [await capture.accept(LeadDetails(email=f"b{n}@company.de", industry="Toys")) for n in range(20)]
            async with asyncio.timeout(PATIENCE_S):
                for receipt in said:
                    await whole(one, receipt.lead.id)
            waiting = [(await enrichment.latest(receipt.lead.id)).is_awaited for receipt in asked]
            profiles = [await whole(one, receipt.lead.id) for receipt in asked]

    assert any(waiting)
    assert all(profile.best(Topic.INDUSTRY) is not None for profile in profiles)


@pytest.mark.slow
async def test_a_process_that_is_killed_while_a_provider_answers_has_paid_once(tmp_path: Path) -> None:
    """The lead is delivered again, and the question is not asked again: it counts as charged, its end as unknown."""
    answers: list[Says] = [HANGS]

    def once(_: Asked) -> Says:
        return answers.pop() if answers else MACHINES

    async with outsider(once) as it:
        rules = ruled(definition(it, timeout_s=2.5))
        async with running_processes(FLOW, state=tmp_path, settings=settings()) as one:
            await ruled_by(one, rules)
            capture, enrichment = one.client(Capture), one.client(Enrichment)
            await asyncio.sleep(0.5)
            killed = await capture.accept(LeadDetails(email="ada@company.de"))
            await it.is_asked.wait()
            (process,) = [each for each in await one.supervisor.processes() if each.name.startswith("enrichment")]
            os.kill(process.pid, signal.SIGKILL)
            other = await capture.accept(LeadDetails(email="bob@elsewhere.de"))
            profile = await whole(one, other.lead.id)
            (first,) = await enrichment.attempts(killed.lead.id)
            lines = await enrichment.costs()

    assert [fact.value for fact in profile.about(Topic.INDUSTRY)] == ["Machinery"]
    assert (first.state, first.cost_micros) == ("calling", 10_000)
    assert sum(line.cost_micros for line in lines) == 20_000
    assert [each.target for each in it.asked] == ["/company?domain=company.de", "/company?domain=elsewhere.de"]
