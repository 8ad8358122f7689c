"""Revenue on PostgreSQL, where several instances write at the same time: the same leads, and the same scores."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from atoll import Config, World, single
from atoll.testing import PostgresServer, running
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.sample import sample_csv
from revenue.tests.settled import judgements, settled

SERVICES = ["capture", "identity", "enrichment", "scoring"]
SAMPLE = LeadFile(file_name="leads.csv", content=sample_csv(leads=120).encode(), import_id="sample")


@pytest.fixture
async def config(postgres: PostgresServer) -> AsyncGenerator[Config]:
    """An empty database on the server."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE revenue")
    try:
        yield Config({"REVENUE_DATABASE_URL": postgres.url("revenue")})
    finally:
        await connection.execute("DROP DATABASE revenue WITH (FORCE)")
        await connection.close()


async def test_instances_that_write_at_once_keep_the_same_leads_as_one(tmp_path: Path, config: Config) -> None:
    """The same file twice at the same time, and forms about one person at both: nobody is kept twice, nothing lost."""
    people = [
        (
            LeadDetails(email=f"{number}@acme.de", phone="1"),
            LeadDetails(email=f"{number}@acme.de", title="CTO"),
            LeadDetails(email=f"{number}@acme.de", city="Ulm"),
        )
        for number in range(10)
    ]
    async with running(revenue) as it:
        await it.client(Capture).import_file(SAMPLE)
        for submissions in people:
            for details in submissions:
                await it.client(Capture).accept(details)
        await settled(it)
        wanted = await judgements(it)

    async with (
        single(revenue, world=World.real(tmp_path), config=config, services=SERVICES) as one,
        single(revenue, world=World.real(tmp_path), config=config, services=SERVICES) as other,
    ):
        either = [one.client(Capture), other.client(Capture), one.client(Capture)]
        reports = await asyncio.gather(either[0].import_file(SAMPLE), either[1].import_file(SAMPLE))
        for submissions in people:
            await asyncio.gather(
                *(capture.accept(details) for capture, details in zip(either, submissions, strict=True))
            )
        await settled(one)
        found = await judgements(other)

    assert found == wanted
    assert min(report.accepted for report in reports) == 0
