"""A service's schema on a real PostgreSQL server, for one test, and a driver with limits that the test chooses."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from atoll.adapters.postgres_connection import Connection, PostgresAddress, opened
from atoll.adapters.postgres_driver import PostgresDriver
from atoll.adapters.postgres_pool import Pool, PostgresLimits
from atoll.adapters.postgres_roles import provision
from atoll.adapters.postgres_session import PostgresSession
from atoll.data.places import schema_name
from atoll.testing import PostgresServer
from tests.data.places import TABLES, Opened, Work

NO_LIMITS = PostgresLimits()
SLEEP = "SELECT pg_sleep(60)"

_numbers = count(1)


class Trial(Opened):
    """A driver of a service's schema, and a way around it."""

    def __init__(self, driver: PostgresDriver, server: PostgresServer, url: str, schema: str) -> None:
        super().__init__(driver)
        self.shared = driver
        self.pool = driver.pool
        self.server = server
        self.url = url
        self.schema = schema

    async def another(self, limits: PostgresLimits = NO_LIMITS) -> "Trial":
        """Another driver of the same schema, as another instance has; the test closes it."""
        return Trial(await driver_of(self.url, self.schema, limits), self.server, self.url, self.schema)

    async def admin(self, query: str, *arguments: object) -> Any:  # Any: a value of any column
        """The one value that a query of the administrator answers."""
        connection = await asyncpg.connect(self.server.url())
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def sessions(self, also: str = "") -> int:
        """How many sessions its role has on the server."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 " + also
        found: int = await self.admin(query, self.schema)
        return found

    async def end_sessions(self) -> None:
        """End all sessions of its role, as an administrator does."""
        await self.admin(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1", self.schema
        )


async def driver_of(
    url: str, schema: str, limits: PostgresLimits = NO_LIMITS, connect_s: float = 5.0
) -> PostgresDriver:
    """A driver with these limits."""
    address = PostgresAddress(url, schema, connect_s)
    return PostgresDriver(Pool(address, limits, await opened(address)))


def connection_of(work: Work) -> Connection:
    """The connection of a transaction."""
    assert isinstance(work.session, PostgresSession)
    return work.session.connection


@asynccontextmanager
async def trial(
    server: PostgresServer, limits: PostgresLimits = NO_LIMITS, connect_s: float = 5.0
) -> AsyncGenerator[Trial]:
    """A schema of its own with two tables, and a driver."""
    service = f"part_{next(_numbers)}"
    url = await provision(server.url(), "shop", service, "secret")
    schema = schema_name("shop", service)
    driver = await driver_of(url, schema, limits, connect_s)
    try:
        on_trial = Trial(driver, server, url, schema)
        async with on_trial.transaction() as work:
            for table in TABLES:
                await work.run(table)
        yield on_trial
    finally:
        await driver.close()


@asynccontextmanager
async def proxied(url: str, between: "Between") -> AsyncGenerator[str]:
    """The URL of a proxy in front of the server, through which the test sees what is sent, and cuts it."""
    server = await asyncio.start_server(between.joined(urlsplit(url)), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
    finally:
        server.close()
        between.cut()
        await between.ended()
        await server.wait_closed()


class Between:
    """What stands between a driver and its server. `on_message` is asked before bytes go to the server."""

    def __init__(self) -> None:
        self.on_message: Callable[[bytes], Awaitable[bool]] = self._passes
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.flights = 0
        self._is_silent = False

    def joined(self, target: Any) -> Callable[..., Awaitable[None]]:  # Any: a split URL
        """What serves a connection to the proxy."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            other_reader, other_writer = await asyncio.open_connection(target.hostname, target.port)
            self._writers += [writer, other_writer]
            self._tasks += [
                asyncio.ensure_future(self._pump(reader, other_writer, is_asked=True)),
                asyncio.ensure_future(self._pump(other_reader, writer, is_asked=False)),
            ]

        return serve

    def cut(self) -> None:
        """Cut all connections, at both ends."""
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Let no answer through any more."""
        self._is_silent = True

    async def ended(self) -> None:
        """Wait until nothing of it runs."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_asked: bool) -> None:
        try:
            while data := await reader.read(65_536):
                self.flights += is_asked
                if is_asked and not await self.on_message(data):
                    return
                if is_asked or not self._is_silent:
                    writer.write(data)
        except OSError:
            pass
        finally:
            writer.close()

    async def _passes(self, data: bytes) -> bool:
        return True
