"""Routing on each kind of database, opened by as many instances as a test wants."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

from atoll import Database
from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.adapters.sqlite import open_sqlite
from atoll.data import Driver
from atoll.data.ddl import ddl
from atoll.data.places import schema_name
from atoll.data.statements import Statements
from atoll.testing import MemoryDatabase, PostgresServer, SettableClock
from revenue.routing.service import RoutingService
from revenue.routing.tables import metadata
from revenue.routing.tests.routed import MONDAY, routing

_numbers = count(1)

Opens = Callable[[], Awaitable[Database]]


@pytest.fixture(params=["sqlite", "postgresql"])
async def opens(request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer) -> AsyncGenerator[Opens]:
    """Opens one database, empty at first; each time for another instance."""
    drivers: list[Driver] = []
    is_sqlite = request.param == "sqlite"
    service = f"routing_{next(_numbers)}"
    url = "" if is_sqlite else await provision(postgres.url(), "revenue", service, "secret")

    async def opened() -> Database:
        if is_sqlite:
            driver: Driver = await open_sqlite(tmp_path / "routing.db")
        else:
            driver = await open_postgres(url, schema=schema_name("revenue", service), connections_max=6)
        drivers.append(driver)
        database = Database(driver, Statements(driver.dialect))
        if len(drivers) == 1:
            async with database.transaction() as tx:
                for text in ddl(metadata, driver.dialect):
                    await tx.run(text, ())
        return database

    yield opened
    for driver in drivers:
        await driver.close()


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still, at noon of a Monday."""
    return SettableClock(MONDAY)


@pytest.fixture
def db() -> MemoryDatabase:
    """A database with nothing in it."""
    return MemoryDatabase()


@pytest.fixture
def service(db: MemoryDatabase, clock: SettableClock) -> RoutingService:
    """Routing with nothing to go by."""
    return routing(db, clock)
