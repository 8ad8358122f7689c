"""PostgreSQL without any driver of ours, for tests of what is sent to it: a connection of asyncpg, set as ours are."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from atoll.testing import PostgresServer


@asynccontextmanager
async def connected(server: PostgresServer, name: str) -> AsyncGenerator[Any]:  # Any: it is generic in its rows
    """A connection to a new database of this name, with the time zone and the codecs that our driver sets."""
    keeper = await asyncpg.connect(server.url())
    await keeper.execute(f"CREATE DATABASE {name}")
    await keeper.close()
    connection = await asyncpg.connect(server.url(name), server_settings={"TimeZone": "UTC"})
    try:
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=json.loads)
        yield connection
    finally:
        await connection.close()
