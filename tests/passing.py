"""Ports that hand everything on as it is: what stands between a service and its database begins with these."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from atoll.data import Dialect, Driver, Raw, Session


class PassingSession:
    """A transaction as it is. Fulfils `Session`."""

    def __init__(self, driver: Driver, session: Session) -> None:
        self.driver = driver
        self.session = session

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed."""
        return await self.session.execute(text, arguments)

    async def execute_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> int:  # Any: as above
        """How many rows were changed in all."""
        return await self.session.execute_many(text, arguments)

    async def commit(self) -> int:
        """Commit."""
        return await self.session.commit()

    async def rollback(self) -> None:
        """Undo everything."""
        await self.session.rollback()


class PassingDriver:
    """A database as it is. Fulfils `Driver`."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.dialect: Dialect = driver.dialect
        self.is_shared = driver.is_shared

    @property
    def written(self) -> int:
        """The ticket of the last commit."""
        return self.driver.written

    async def begin(self, ends_at: float) -> Session:
        """A transaction."""
        return await self.driver.begin(ends_at)

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement."""
        return await self.driver.read(text, arguments)

    def stream(self, text: str, arguments: Sequence[Any]) -> AsyncGenerator[Raw, None]:  # Any: as above
        """The rows of one statement, some at a time."""
        return self.driver.stream(text, arguments)

    async def synced(self, ticket: int) -> None:
        """Wait until it is durable."""
        await self.driver.synced(ticket)

    async def close(self) -> None:
        """Let go of everything."""
        await self.driver.close()
