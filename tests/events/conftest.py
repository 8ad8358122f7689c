"""Each rule of events is tested on each kind of database."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.adapters.sqlite import open_sqlite
from atoll.data import Database, Driver
from atoll.data.places import schema_name
from atoll.testing import PostgresServer
from tests.events.coast import Shore, database_of, shore

_numbers = count(1)

Opens = Callable[[str], Awaitable[Database]]


@pytest.fixture(params=["sqlite", "postgresql"])
async def opens(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> AsyncGenerator[Opens]:  # the server is asked for here, so that it is there before the test is watched
    """Opens the database of a service, by name; again and again where several instances share it."""
    drivers: list[Driver] = []
    urls: dict[str, tuple[str, str]] = {}
    server = postgres if request.param == "postgresql" else None

    async def opened(name: str) -> Database:
        if server is None:
            driver: Driver = await open_sqlite(tmp_path / name / f"{name}.db")
        else:
            if name not in urls:
                service = f"{name}_{next(_numbers)}"
                urls[name] = await provision(server.url(), "coast", service, "secret"), schema_name("coast", service)
            url, schema = urls[name]
            driver = await open_postgres(url, schema=schema, connections_max=8)
        drivers.append(driver)
        return await database_of(driver)

    yield opened
    for driver in drivers:
        await driver.close()


@pytest.fixture
async def shop(opens: Opens) -> Shore:
    """A publisher."""
    return await shore(await opens("shop"))


@pytest.fixture
async def billing(opens: Opens) -> Database:
    """The database of a subscriber."""
    return await opens("billing")
