"""A service's database is brought up to date: by one of its instances, while the others wait.

What a database says of itself is read first, which takes a millisecond; only where that is not enough SQLAlchemy and
Alembic are loaded (`alembic_runs.py`).
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from atoll.adapters.locks import locked
from atoll.adapters.sqlite_errors import not_opened
from atoll.adapters.sqlite_machines import held_by_this_machine
from atoll.data import DatabaseBusy, DatabaseUnavailable
from atoll.data.migrating import (
    META,
    META_VALUES,
    REVISIONS,
    UNKNOWN,
    Known,
    Migrated,
    Tables,
    digest_of_files,
    is_up_to_date,
)
from atoll.data.places import DatabasePlace, PostgresPlace

logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its own parts, when it is loaded and when it looks

WAIT_S = 600.0
"""How long an instance waits for another one that migrates."""


def migrated(
    place: DatabasePlace, service: str, tables: Tables, *, stamp: str | None = None, wait_s: float = WAIT_S
) -> Migrated:
    """Bring the database of a service up to date; what was done. Blocks: call it in a thread.

    Where the service has migrations, those that the database has not seen are run, each in a transaction of its own;
    where it has none, its tables are made as they are declared. One instance does it, the others wait. When the
    process dies, the database stands behind the last migration that was committed. `stamp` says at which revision the
    database stands, where it does not know.

    Raises:
        MigrationFailed: one fails; the database is as it was before it.
        DatabaseAhead, SeveralHeads, TablesDiffer, UnknownRevision: the code does not fit the database.
        DatabaseBusy: another instance has been migrating for `wait_s`.
        DatabaseUnavailable: the database cannot be reached, or is being restored.
    """
    files = digest_of_files(revision_files(tables.migrations))
    if isinstance(place, PostgresPlace):
        from atoll.adapters.postgres_migrations import migrated_postgres  # noqa: PLC0415  # loads asyncpg

        return migrated_postgres(place, service, tables, files=files, stamp=stamp, wait_s=wait_s)
    if stamp is None and is_up_to_date(known_of_sqlite(place.path), files, tables.digest):
        return Migrated()
    try:
        place.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DatabaseUnavailable(f"{place.path}: its folder cannot be made ({error.strerror})") from None
    with _alone(place.path, service, wait_s):
        if stamp is None and is_up_to_date(known_of_sqlite(place.path), files, tables.digest):
            return Migrated()
        from atoll.adapters.alembic_runs import Wanted, bring_up  # noqa: PLC0415  # loads Alembic
        from atoll.adapters.sqlite_connection import sqlite_connection  # noqa: PLC0415  # loads SQLAlchemy

        with _shared(place.path), _turn(place.path), sqlite_connection(place.path) as connection:
            return bring_up(connection, Wanted(service, tables, files, str(place), stamp))


def revision_files(folder: Path | None) -> dict[str, bytes]:
    """The migration files of a service by name; none where there is no folder."""
    if folder is None or not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.glob("*.py") if path.name != "__init__.py"}


def known_of_sqlite(path: Path) -> Known:
    """What a database in a file says of itself; the file is not made."""
    if not path.exists():
        return UNKNOWN
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        with contextlib.closing(connection):
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            values = dict(connection.execute(META_VALUES).fetchall()) if META in names else {}
            revisions = connection.execute(f"SELECT version_num FROM {REVISIONS}") if REVISIONS in names else ()  # noqa: S608  # its parts are constants
            return Known(values, tuple(revision for (revision,) in revisions))
    except sqlite3.Error as error:
        raise not_opened(error, path) from None


@contextmanager
def _shared(path: Path) -> Generator[None]:
    """Hold the lock that everybody shares who has a database open, so that it is not restored meanwhile."""
    descriptor = held_by_this_machine(path)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alone(path: Path, service: str, wait_s: float) -> Generator[None]:
    try:
        with locked(path.with_name(f"{path.name}-migration"), wait_s):
            yield
    except TimeoutError:
        raise DatabaseBusy(f"another instance of `{service}` has been migrating it for {wait_s:g} s") from None


@contextmanager
def _turn(path: Path) -> Generator[None]:
    """Stand in line with those who write to the file, as the driver does (`sqlite_turn.py`): else they starve us."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    queue, turn = (os.open(path.with_name(f"{path.name}-{name}"), flags, 0o600) for name in ("queue", "turn"))
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
    finally:
        os.close(turn)
        os.close(queue)
