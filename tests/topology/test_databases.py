"""Where the databases of services are opened: what instances that start at the same moment agree on."""

import asyncio
from pathlib import Path

from atoll.adapters.postgres import open_postgres
from atoll.adapters.system import SystemDisk, SystemEntropy
from atoll.data.places import PostgresPlace, schema_name
from atoll.testing import PostgresServer
from atoll.topology.databases import provisioned


async def test_instances_that_start_at_once_agree_on_a_password(postgres: PostgresServer, tmp_path: Path) -> None:
    """The role has one: each of them can still open connections when all have started."""
    schema = schema_name("together", "stock")
    place = PostgresPlace(postgres.url(), schema)
    disk, entropy = SystemDisk(tmp_path / "stock"), SystemEntropy()

    def started() -> PostgresPlace:
        return asyncio.run(provisioned(place, "together", "stock", disk, entropy))

    places = await asyncio.gather(*(asyncio.to_thread(started) for _ in range(6)))

    assert len({each.url for each in places}) == 1
    for each in places:
        await (await open_postgres(each.url, schema=schema)).close()
