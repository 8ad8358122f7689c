"""The databases of an application as its operator sees them: found, looked at and migrated, and nothing is started.

All of this blocks, and is to be called where no loop runs.
"""

import asyncio
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from atoll.adapters.backups import is_there
from atoll.adapters.database_looks import Look, look_at
from atoll.adapters.migrations import migrated, revision_files
from atoll.adapters.system import SystemDisk, SystemEntropy
from atoll.data import DatabaseAhead
from atoll.data.migrating import Migrated, Tables, Written, digest_of_files, is_up_to_date, tables_of
from atoll.data.places import DatabasePlace, DatabaseSettings, PostgresPlace, SqlitePlace, place_of
from atoll.kernel import Config, Mistake, refuse
from atoll.service import Application, Declaration
from atoll.topology.configured import database_settings
from atoll.topology.databases import provisioned
from atoll.topology.graph import describe


class Standing(StrEnum):
    """How a database and the code fit."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIFFERENT = "different"
    NOT_MADE = "not made yet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """The database of one service. `tables` is None where the service lives in an environment of its own."""

    application: str
    service: str
    place: DatabasePlace
    state: Path
    tables: Tables | None


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What can be seen of a database from outside.

    `where` shows no password. `pending` are the migrations that it has not seen. `rows` are those of the service's own
    tables, counted up to a million: one more means that there are more.
    """

    service: str
    kind: str
    where: str
    standing: Standing
    size_bytes: int | None
    revision: str | None
    pending: tuple[str, ...]
    rows: Mapping[str, int]


def databases_of(application: Application, state: Path, config: Config) -> list[ServiceDatabase]:
    """The databases of an application's services, in its order.

    Raises:
        Mistakes: everything that is wrong with it, or with what was set about its databases.
    """
    graph = describe(application)
    settings, mistakes = database_settings(application.name, config)
    refuse([*mistakes, *_strangers(settings, graph.services)])
    return [
        ServiceDatabase(application.name, service.name, place, state, tables)
        for service in graph.services
        for place in [place_of(application.name, service.name, state, settings)]
        for tables in [tables_of(service.service) if service.has_database else None]
        if tables is not None or (isinstance(place, SqlitePlace) and is_there(place.path))
    ]


def status_of(database: ServiceDatabase) -> DatabaseStatus:
    """How a database is.

    Raises:
        DatabaseUnavailable, DatabaseBusy: it cannot be reached.
        SeveralHeads, MigrationFailed: the migrations cannot be read.
    """
    look = look_at(database.place)
    standing, pending = _standing(database, look)
    return DatabaseStatus(
        database.service,
        database.place.kind,
        str(database.place),
        standing,
        look.size_bytes if look else None,
        ", ".join(look.known.revisions) or None if look else None,
        tuple(pending),
        look.rows if look else {},
    )


def migrate(database: ServiceDatabase, stamp: str | None = None) -> Migrated:
    """Bring a database up to date, as a start of its service would; what was done.

    Raises:
        MigrationFailed, DatabaseAhead, SeveralHeads, TablesDiffer, UnknownRevision: it cannot be.
        DatabaseUnavailable, DatabaseBusy: it cannot be reached, or somebody else migrates for too long.
    """
    assert database.tables is not None
    place = database.place
    if isinstance(place, PostgresPlace) and not place.is_own:
        disk, entropy = SystemDisk(database.state / database.service), SystemEntropy()
        place = asyncio.run(provisioned(place, database.application, database.service, disk, entropy))
    return migrated(place, database.service, database.tables, stamp=stamp)


def write_revision(database: ServiceDatabase, message: str, *, is_empty: bool = False) -> Written:
    """Write the migration that is missing between those that a service has and what it declares.

    The first one notes how its tables are declared, so that databases whose tables were made without migrations are
    known. With `is_empty` there is nothing in it: for rows that are to be changed.

    Raises:
        NothingToWrite: nothing differs.
        NotUpToDate: on PostgreSQL, the database has not seen all migrations.
        MigrationFailed, SeveralHeads: the migrations so far cannot be run.
    """
    from atoll.adapters import revision_writing  # noqa: PLC0415  # loads Alembic

    assert database.tables is not None
    return revision_writing.write_revision(
        database.service, database.tables, database.place, message, is_empty=is_empty
    )


def people_shell(database: ServiceDatabase, *, writes: bool) -> tuple[list[str], dict[str, str]] | None:
    """A program in which a person talks to a database, with its environment: `psql`, where it is on the PATH."""
    if not isinstance(database.place, PostgresPlace):
        return None
    from atoll.adapters.postgres_backups import psql  # noqa: PLC0415  # an extra

    return psql(database.place, writes=writes)


def _strangers(settings: DatabaseSettings, services: Sequence[Declaration]) -> Iterator[Mistake]:
    known = [service.name for service in services]
    for name in settings.services.keys() - set(known):
        close = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean `{close[0]}`?" if close else f"its services are {', '.join(known)}"
        yield Mistake(None, f"`services` in [database]: there is no service `{name}`", fix)


def _standing(database: ServiceDatabase, look: Look | None) -> tuple[Standing, list[str]]:
    tables = database.tables
    if tables is None:
        return Standing.UNKNOWN, []
    files = revision_files(tables.migrations)
    known = look.known if look is not None else None
    if known is not None and is_up_to_date(known, digest_of_files(files), tables.digest):
        return Standing.UP_TO_DATE, []
    if not files:
        if known is not None and known.revisions:
            return Standing.AHEAD, []
        return (Standing.DIFFERENT if look is not None and look.rows else Standing.NOT_MADE), []
    from atoll.adapters.alembic_runs import pending  # noqa: PLC0415  # loads Alembic

    assert tables.migrations is not None
    try:
        missing = pending(database.service, tables.migrations, known.revisions if known else ())
    except DatabaseAhead:
        return Standing.AHEAD, []
    if not missing:  # its tables are declared otherwise than the migrations make them, or files were written anew
        return Standing.UP_TO_DATE, []
    return (Standing.BEHIND if look is not None else Standing.NOT_MADE), missing
