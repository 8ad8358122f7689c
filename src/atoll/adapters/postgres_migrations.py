"""A service's schema on a PostgreSQL server is brought up to date: by one of its instances, while the others wait."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from atoll.adapters.postgres_errors import ERRORS, open_error
from atoll.data import DatabaseBusy
from atoll.data.migrating import META, META_VALUES, REVISIONS, Known, Migrated, Tables, is_up_to_date
from atoll.data.places import PostgresPlace

R = TypeVar("R")

CONNECT_S = 10.0
STATEMENT_S = 60.0
"""How long a look at what the database says of itself may take; migrations take their time."""


def migrated_postgres(
    place: PostgresPlace, service: str, tables: Tables, *, files: str, stamp: str | None, wait_s: float
) -> Migrated:
    """Bring a schema up to date; what was done. To be called in a thread that runs no loop."""

    async def look() -> bool:
        async with postgres_connection(place) as connection:
            return is_up_to_date(await known_of_postgres(connection, place.schema), files, tables.digest)

    if stamp is None and asyncio.run(look()):
        return Migrated()
    from sqlalchemy import Connection  # noqa: PLC0415  # loaded by those alone who have something to do

    from atoll.adapters.alembic_runs import Wanted, bring_up, known  # noqa: PLC0415  # loads Alembic

    def work(connection: Connection) -> Migrated:
        if stamp is None and is_up_to_date(known(connection), files, tables.digest):
            return Migrated()
        connection.rollback()
        return bring_up(connection, Wanted(service, tables, files, f"the schema {place.schema}", stamp))

    async def alone(connection: Any) -> None:  # Any: asyncpg's own types know no such name
        await connection.execute(f"SET lock_timeout = '{int(wait_s * 1000)}ms'")
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", lock_key(place.schema))
        except asyncpg.LockNotAvailableError:
            what = f"another instance of `{service}` has been migrating it for {wait_s:g} s"
            raise DatabaseBusy(what) from None
        await connection.execute("RESET lock_timeout")

    return on_postgres(place, work, first=alone)


def on_postgres(
    place: PostgresPlace,
    work: "Callable[[Any], R]",  # Any: a Connection of SQLAlchemy, which is loaded here alone
    *,
    first: Callable[[Any], Awaitable[None]] | None = None,  # Any: a connection of asyncpg
) -> R:
    """What `work` returns, which is given a connection of SQLAlchemy's to a schema, after `first` has had the driver's.

    To be called in a thread that runs no loop.
    """
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  # as above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415  # as above

    async def run() -> R:
        async def opened() -> Any:  # Any: as above
            connection = await _connected(place)
            try:
                if first is not None:
                    await first(connection)
            except BaseException:
                connection.terminate()
                raise
            return connection

        engine = create_async_engine("postgresql+asyncpg://", async_creator=opened, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


@asynccontextmanager
async def postgres_connection(place: PostgresPlace, *, as_owner: bool = True) -> AsyncGenerator[Any]:  # Any: as above
    """A connection to a schema, as its owner, or as whoever the URL says; closed when the block is left.

    Raises:
        DatabaseUnavailable, DatabaseBusy: there is none, or the server refuses what the block asks it.
    """
    connection = await _connected(place, as_owner=as_owner)
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise open_error(error, str(place)) from None
    finally:
        await connection.close(timeout=CONNECT_S)


def lock_key(schema: str) -> int:
    """The number of the lock that whoever migrates a schema holds."""
    return int.from_bytes(hashlib.sha256(f"atoll migrations {schema}".encode()).digest()[:8], "big", signed=True)


async def _connected(place: PostgresPlace, *, as_owner: bool = True) -> Any:  # Any: as above
    # What an administrator makes belongs to the service's own role all the same.
    role = {} if place.is_own or not as_owner else {"role": place.schema}
    settings = {"application_name": f"atoll migrations {place.schema}", "search_path": f'"{place.schema}"', **role}
    try:
        return await asyncpg.connect(place.url, timeout=CONNECT_S, server_settings=settings)
    except ERRORS as error:
        raise open_error(error, str(place)) from None


async def known_of_postgres(connection: Any, schema: str) -> Known:  # Any: as above
    """What a schema says of itself."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename = ANY($2)"
    names = {row[0] for row in await connection.fetch(query, schema, [META, REVISIONS], timeout=STATEMENT_S)}
    values = {row[0]: row[1] for row in await connection.fetch(META_VALUES)} if META in names else {}
    revisions = await connection.fetch(f"SELECT version_num FROM {REVISIONS}") if REVISIONS in names else ()  # noqa: S608  # its parts are constants
    return Known(values, tuple(row[0] for row in revisions))
