"""Opens the databases of hosted services: found, brought up to date, with a driver for each."""

import asyncio
import dataclasses
from pathlib import Path

from atoll.data import DatabaseUnavailable, Driver, StatementRefused
from atoll.data.places import DatabasePlace, DatabaseSettings, PostgresPlace, SqlitePlace, place_of
from atoll.kernel import Disk, Entropy, Threads
from atoll.service import Declaration

VERSION = "1"
"""Of the platform's tables; a later one has steps from here."""

TIMEOUT_S = 30.0

_SEEN = "SELECT value FROM atoll_meta WHERE name = 'platform'"
_LOCK = "SELECT pg_advisory_xact_lock(7021139)"
_NOTE = "INSERT INTO atoll_meta (name, value) VALUES ('platform', '1') ON CONFLICT (name) DO NOTHING"

PASSWORD = "database.password"  # noqa: S105  # the name of a file
"""Where the password of a service's own role is kept, in the service's own folder."""


async def opened(
    application: str,
    declaration: Declaration,
    state: Path | None,
    settings: DatabaseSettings,
    disk: Disk,
    entropy: Entropy,
) -> Driver:
    """The database of a service, up to date. With no `state` it is in memory, and gone when it is closed.

    Raises:
        MigrationFailed, DatabaseAhead, SeveralHeads, TablesDiffer: the code does not fit the database.
        DatabaseUnavailable, DatabaseBusy: it cannot be reached.
    """
    if state is None:
        from atoll.adapters.sqlite import MemoryDriver  # noqa: PLC0415  # loaded by those alone who have a database

        driver: Driver = MemoryDriver()
        await _make_platform_tables(driver)
        await _make_tables(driver, declaration)
        return driver
    place = place_of(application, declaration.name, state, settings)
    if isinstance(place, PostgresPlace) and not place.is_own:
        place = await provisioned(place, application, declaration.name, disk, entropy)
    await _migrated(place, declaration)
    driver = await _driver(place)
    try:
        await _make_platform_tables(driver)
    except BaseException:
        await driver.close()
        raise
    return driver


async def existing(place: DatabasePlace, application: str, service: str, disk: Disk, entropy: Entropy) -> Driver | None:
    """The database of a service where there is one, as it is, also while the service has it open; None where not.

    Raises:
        DatabaseUnavailable, DatabaseBusy: it cannot be reached; on PostgreSQL, the password of its role is not here.
    """
    if isinstance(place, SqlitePlace):
        from atoll.adapters.backups import is_there  # noqa: PLC0415  # loaded by operators alone

        if not is_there(place.path):
            return None
    elif not place.is_own:
        if disk.read(PASSWORD) is None:
            raise DatabaseUnavailable(f"the password of its role is not kept in {disk.location(PASSWORD)}")
        place = await provisioned(place, application, service, disk, entropy)
    driver = await _driver(place)
    try:
        if await _has_platform_tables(driver):
            return driver
    except BaseException:
        await driver.close()
        raise
    await driver.close()
    return None


async def _driver(place: DatabasePlace) -> Driver:
    if isinstance(place, PostgresPlace):
        from atoll.adapters.postgres import open_postgres  # noqa: PLC0415  # an extra

        return await open_postgres(place.url, schema=place.schema)
    from atoll.adapters.sqlite import open_sqlite  # noqa: PLC0415  # loaded by those alone who have a database

    return await open_sqlite(place.path)


async def provisioned(
    place: PostgresPlace, application: str, service: str, disk: Disk, entropy: Entropy
) -> PostgresPlace:
    """The place as the service's own role reaches it; its password is made once and kept in the service's folder.

    It is kept before the role has it, and by one instance: others that start at the same moment would each give the
    role another one, which those who know it by then would learn when they open their next connection.
    """
    from atoll.adapters.postgres_roles import provision  # noqa: PLC0415  # an extra

    kept = disk.ensure(PASSWORD, lambda: entropy.token().encode(), private=True)
    url = await provision(place.url, application, service, kept.decode())
    return dataclasses.replace(place, url=url, is_own=True)


async def _migrated(place: DatabasePlace, declaration: Declaration) -> None:
    """Bring it up to date in a thread, since that may take its time."""
    from atoll.adapters.migrations import migrated  # noqa: PLC0415  # loaded by those alone who have a database
    from atoll.data.migrating import tables_of  # noqa: PLC0415  # as said

    threads = Threads(threads_max=1)
    try:
        await threads.run(migrated, place, declaration.name, tables_of(declaration.service))
    finally:
        await threads.close()


async def _make_tables(driver: Driver, declaration: Declaration) -> None:
    """Make a service's tables as they are declared."""
    from atoll.data.ddl import ddl  # noqa: PLC0415  # as said
    from atoll.data.migrating import tables_of  # noqa: PLC0415  # as said

    session = await driver.begin(asyncio.get_running_loop().time() + TIMEOUT_S)
    for metadata in tables_of(declaration.service).metadata:
        for statement in ddl(metadata, driver.dialect):
            await session.execute(statement, ())
    await session.commit()


async def _make_platform_tables(driver: Driver) -> None:
    """Make the platform's own tables where they are missing."""
    if await _has_platform_tables(driver):
        return
    from atoll.data.ddl import ddl  # noqa: PLC0415  # SQLAlchemy is loaded by those alone who have a database
    from atoll.events.tables import all_tables  # noqa: PLC0415  # as said

    session = await driver.begin(asyncio.get_running_loop().time() + TIMEOUT_S)
    try:
        if driver.dialect == "postgresql":
            await session.execute(_LOCK, ())
        for statement in ddl(all_tables(), driver.dialect):
            await session.execute(statement, ())
        await session.execute(_NOTE, ())
        ticket = await session.commit()
    except BaseException:
        await session.rollback()
        raise
    await driver.synced(ticket)


async def _has_platform_tables(driver: Driver) -> bool:
    try:
        rows = await driver.read(_SEEN, ())
    except StatementRefused:  # there is no such table
        return False
    return bool(rows) and rows[0][0] == VERSION
