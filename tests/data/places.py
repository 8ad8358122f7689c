"""Databases of every kind for the tests of the port `Driver`: each test has one of its own, with two tables in it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from atoll.data import Dialect, Driver, Session
from tests.patience import PATIENCE_S

TABLES = (
    "CREATE TABLE leads (id integer PRIMARY KEY, email text UNIQUE, points bigint NOT NULL CHECK (points >= 0))",
    "CREATE TABLE notes (id integer PRIMARY KEY, lead integer REFERENCES leads (id), body text)",
)

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n"
"""A statement that does not end by itself in the life of a test."""


@dataclass
class Place:
    """A database that is there for one test: opened as often as the test wants, by drivers that it closes."""

    dialect: Dialect
    opening: Callable[[], Awaitable[Driver]]
    drivers: list[Driver] = field(default_factory=list[Driver])

    async def open(self) -> "Opened":
        """Another driver of the same database."""
        driver = await self.opening()
        self.drivers.append(driver)
        return Opened(driver)

    async def close(self) -> None:
        """Close what the test has opened."""
        for driver in self.drivers:
            await driver.close()


class Opened:
    """A driver, with statements whose parameters are `?` in every dialect."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def text(self, statement: str) -> str:
        """The statement in the dialect of the driver."""
        if self.driver.dialect == "sqlite":
            return statement
        numbers = count(1)
        return "".join(f"${next(numbers)}" if char == "?" else char for char in statement)

    @asynccontextmanager
    async def transaction(self, timeout_s: float = PATIENCE_S) -> AsyncGenerator["Work"]:
        """A transaction, committed with the block, durably, and rolled back when an error leaves it."""
        session = await self.begin(timeout_s)
        try:
            yield session
            ticket = await session.session.commit()
        except BaseException:
            await session.session.rollback()
            raise
        await self.driver.synced(ticket)

    async def begin(self, timeout_s: float = PATIENCE_S) -> "Work":
        """A transaction that the test ends by itself."""
        return Work(self, await self.driver.begin(asyncio.get_running_loop().time() + timeout_s))

    async def run(self, statement: str, *arguments: object) -> int:
        """Run a statement in a transaction of its own; how many rows it has changed."""
        async with self.transaction() as work:
            return await work.run(statement, *arguments)

    async def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:  # Any: values of all columns
        """What is committed."""
        raw = await self.driver.read(self.text(statement), arguments)
        await self.driver.synced(self.driver.written)
        return [tuple(row) for row in raw]

    async def add(self, *ids: int) -> None:
        """Leads with these numbers."""
        async with self.transaction() as work:
            for number in ids:
                await work.add(number)

    async def ids(self) -> list[int]:
        """The numbers of the leads that are committed."""
        return [row[0] for row in await self.rows("SELECT id FROM leads ORDER BY id")]


class Work:
    """A session, with statements as in `Opened`."""

    def __init__(self, opened: Opened, session: Session) -> None:
        self._opened = opened
        self.session = session

    async def run(self, statement: str, *arguments: object) -> int:
        """How many rows a statement has changed."""
        return (await self.session.execute(self._opened.text(statement), arguments))[1]

    async def run_many(self, statement: str, several: Sequence[Sequence[object]]) -> int:
        """How many rows it has changed in all."""
        return await self.session.execute_many(self._opened.text(statement), several)

    async def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:  # Any: as above
        """What the transaction sees."""
        raw, _ = await self.session.execute(self._opened.text(statement), arguments)
        return [tuple(row) for row in raw]

    async def add(self, number: int, points: int = 0) -> None:
        """A lead."""
        await self.run("INSERT INTO leads VALUES (?, ?, ?)", number, f"lead-{number}@example.com", points)
