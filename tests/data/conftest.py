"""Each test of the port runs on each driver. Another one joins with a name and what opens it."""

from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest

from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.adapters.sqlite import open_sqlite
from atoll.data import Driver
from atoll.data.places import schema_name
from atoll.testing import PostgresServer
from tests.data.places import TABLES, Opened, Place

_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> AsyncGenerator[Place]:  # the server is asked for here, so that it is there before the test is watched
    """An empty database, with two tables."""
    if request.param == "sqlite":
        place = Place("sqlite", lambda: open_sqlite(tmp_path / "stock.db"))
    else:
        place = await _on_postgres(postgres)
    opened = await place.open()
    async with opened.transaction() as work:
        for table in TABLES:
            await work.run(table)
    yield place
    await place.close()


async def _on_postgres(server: PostgresServer) -> Place:
    service = f"trial_{next(_numbers)}"
    url = await provision(server.url(), "shop", service, "secret")

    async def opening() -> Driver:
        return await open_postgres(url, schema=schema_name("shop", service), connections_max=4)

    return Place("postgresql", opening)


@pytest.fixture
async def opened(place: Place) -> Opened:
    """A driver of it."""
    return await place.open()
