"""Alembic on one connection: migrations are run, tables made, revisions noted.

Alembic is told here what its command line reads from `env.py` and `alembic.ini`, so that a service needs neither.
Loading this module loads SQLAlchemy and Alembic: a database that is up to date is found to be so without it.
"""

import functools
import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from atoll.adapters.alembic_differences import are_only_missing, differences, make, options_of, own_tables
from atoll.data.migrating import (
    DECLARED,
    META,
    META_DDL,
    META_VALUES,
    MIGRATED,
    REVISIONS,
    Known,
    Migrated,
    Tables,
    migrated_value,
)
from atoll.data.migration_errors import DatabaseAhead, MigrationFailed, SeveralHeads, TablesDiffer, UnknownRevision

_log = logging.getLogger("atoll.data")

_turn = threading.Lock()
"""Alembic keeps the migration that runs in variables of its modules: one runs at a time in a process."""

BASE = "base"
"""Alembic's word for the time before the first migration."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a database is to be: the tables and migrations of a service, the digest of their files, and where it is.

    `stamp` is a revision at which the database is said to stand, instead of asking it.
    """

    service: str
    tables: Tables
    files: str
    place: str
    stamp: str | None = None


def bring_up(connection: Connection, wanted: Wanted) -> Migrated:
    """Bring a database up to date; what was done. Each migration is a transaction of its own.

    Raises:
        MigrationFailed, DatabaseAhead, SeveralHeads, TablesDiffer, UnknownRevision: it cannot be.
    """
    if not wanted.files:
        return _made(connection, wanted)
    with migrations_on(connection, wanted.service, wanted.tables) as migrations:
        return _migrated(migrations, connection, wanted)


@contextmanager
def migrations_on(connection: Connection, service: str, tables: Tables) -> "Generator[Migrations]":
    """The migrations of a service, on a connection that is in no transaction.

    Raises:
        MigrationFailed: one of their files cannot be read.
    """
    with _turn:
        yield Migrations(connection, service, tables)


def known(connection: Connection) -> Known:
    """What a database says of itself."""
    names = set(inspect(connection).get_table_names())
    values: dict[str, str] = {}
    if META in names:
        values = {str(row[0]): str(row[1]) for row in connection.execute(text(META_VALUES))}
    query = text(f"SELECT version_num FROM {REVISIONS}")  # noqa: S608  # its parts are constants
    return Known(values, tuple(connection.execute(query).scalars().all()) if REVISIONS in names else ())


def note(connection: Connection, values: Mapping[str, str | None]) -> None:
    """Note values in the platform's own table, in the transaction that is open; None removes one."""
    connection.execute(text(META_DDL))
    for name, value in values.items():
        connection.execute(text(f"DELETE FROM {META} WHERE name = :name"), {"name": name})  # noqa: S608  # its parts are constants
        if value is not None:
            insert = text(f"INSERT INTO {META} (name, value) VALUES (:name, :value)")  # noqa: S608  # as above
            connection.execute(insert, {"name": name, "value": value})


class Migrations:
    """What `migrations_on` gives: runs them, and says where the database stands."""

    def __init__(self, connection: Connection, service: str, tables: Tables) -> None:
        assert tables.migrations is not None
        self._connection = connection
        self._service = service
        self._tables = tables
        self._folder = tables.migrations
        self._now: Script | None = None
        self._before: Counter[tuple[str, str]] = Counter()
        try:
            self.script = script_directory(tables.migrations)
            self.heads = self.script.get_heads()
            self.all: Sequence[Script] = list(self.script.walk_revisions())[::-1] if len(self.heads) == 1 else []
        except Exception as error:  # foreign code: the migration files
            raise self._failed(error) from error

    @property
    def head(self) -> str:
        """The last revision.

        Raises:
            SeveralHeads: there are several.
        """
        if len(self.heads) != 1:
            raise SeveralHeads(self._service, self.heads)
        return self.heads[0]

    def knows(self, revision: str) -> bool:
        """Whether there is a file for a revision."""
        return any(each.revision == revision for each in self.all)

    def stamp(self, revision: str) -> None:
        """Note that the database stands at a revision."""
        self._context().stamp(self.script, revision)
        self._connection.commit()

    def upgrade(self, to: str) -> list[str]:
        """Run what leads up to a revision; which ones were run.

        Raises:
            MigrationFailed: one of them fails; those before it have been run.
        """
        revs = self.script._upgrade_revs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as Alembic's own documentation does
        return self._run(functools.partial(revs, to))

    def downgrade(self, to: str) -> list[str]:
        """Run what leads down to a revision; which ones were undone.

        Raises:
            MigrationFailed: one of them fails; those before it have been undone.
        """
        revs = self.script._downgrade_revs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as above
        return self._run(functools.partial(revs, to))

    def _run(self, steps: Callable[[Any], Sequence[Any]]) -> list[str]:  # Any: what Alembic says of its revisions
        done: list[str] = []

        def planned(now: Any, _: object) -> Iterator[RevisionStep]:  # Any: revisions, as Alembic writes them
            for step in steps(now or None):
                script: Script = step.revision
                self._now = script
                self._before = self._orphans()
                yield step
                done.append(script.revision)

        def checked(**_: object) -> None:
            if added := self._orphans() - self._before:
                rows = ", ".join(f"{count} of `{table}` to `{parent}`" for (table, parent), count in added.items())
                raise ValueError(f"rows would refer to rows that are not there: {rows}")

        context = self._context(fn=planned, on_version_apply=(checked,))
        try:
            with Operations.context(context):
                context.run_migrations()
            self._connection.commit()
        except Exception as error:  # foreign code: a migration
            self._connection.rollback()
            raise self._failed(error) from error
        finally:
            self._now = None
        return done

    def _context(self, **more: Any) -> MigrationContext:  # Any: Alembic's own options
        own = options_of(self._tables) | {"transactional_ddl": True, "transaction_per_migration": True}
        return MigrationContext.configure(self._connection, opts=own | more)

    def _orphans(self) -> Counter[tuple[str, str]]:
        """How many rows refer to rows that are not there. SQLite does not look while a table is copied."""
        if self._connection.dialect.name != "sqlite":
            return Counter()
        try:
            rows = self._connection.execute(text("PRAGMA foreign_key_check")).all()
        except OperationalError as error:  # a key that no table can have
            return Counter({(str(error.orig), ""): 1})
        return Counter((str(row[0]), str(row[2])) for row in rows)

    def _failed(self, error: Exception) -> MigrationFailed:
        path = Path(self._now.path) if self._now else self._folder
        place = str(path)
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename).is_relative_to(self._folder.resolve()):
                place = f"{frame.filename}:{frame.lineno}"
        if isinstance(error, SyntaxError) and error.filename:
            place = f"{error.filename}:{error.lineno}"
        return MigrationFailed(self._service, self._now.revision if self._now else "", place, _reason(error))


def script_directory(folder: Path) -> ScriptDirectory:
    """Alembic's view of a folder of migrations."""
    return ScriptDirectory(
        str(folder),
        version_locations=[str(folder)],
        file_template="%(rev)s_%(slug)s",
    )


def pending(service: str, folder: Path, revisions: Sequence[str]) -> list[str]:
    """The migrations that a database at these revisions has not seen.

    Raises:
        DatabaseAhead: it has seen some that are not there.
        SeveralHeads: they end in several.
    """
    script = script_directory(folder)
    heads = script.get_heads()
    if len(heads) != 1:
        raise SeveralHeads(service, heads)
    order = [each.revision for each in script.walk_revisions()][::-1]
    for revision in revisions:
        if revision not in order:
            raise DatabaseAhead(service, revision, heads[0])
    seen = max((order.index(revision) for revision in revisions), default=-1)
    return order[seen + 1 :]


def _migrated(migrations: Migrations, connection: Connection, wanted: Wanted) -> Migrated:
    head = migrations.head
    state = known(connection)
    for revision in state.revisions:
        if not migrations.knows(revision):
            raise DatabaseAhead(wanted.service, revision, head)
    before = state.revisions
    stamp = wanted.stamp
    if stamp is None and not before:
        stamp = _adopted(migrations, connection, wanted, state)
    connection.commit()
    if stamp is not None:
        migrations.stamp(stamp)
        before = () if stamp == BASE else (stamp,)
    applied = migrations.upgrade(head)
    if applied:
        _log.info("%s: ran %s", wanted.service, ", ".join(applied))
    is_as_declared = _is_as_declared(connection, wanted)
    note(
        connection,
        {MIGRATED: migrated_value(wanted.files, head), DECLARED: wanted.tables.digest if is_as_declared else None},
    )
    connection.commit()
    return Migrated(before[0] if before else None, head, tuple(applied))


def _is_as_declared(connection: Connection, wanted: Wanted) -> bool:
    """Whether the database has all that is declared; what it has not is told. What it has more, a later version needs.

    It is looked at again at the next start where it has not.
    """
    try:
        found = [each for each in differences(connection, wanted.tables) if not each.kind.startswith("remove_")]
    except SQLAlchemyError as error:
        connection.rollback()
        _log.warning(
            "%s: its tables cannot be compared with those that it declares: %s", wanted.service, _reason(error)
        )
        return True
    if found:
        _log.warning(
            '%s: its migrations do not make the tables that it declares:%s\n  `atoll db revision %s -m "what changes"` '
            "writes a migration",
            wanted.service,
            "".join(f"\n  - {each.sentence}" for each in found),
            wanted.service,
        )
    return not found


def _adopted(migrations: Migrations, connection: Connection, wanted: Wanted, state: Known) -> str | None:
    """At which revision a database stands whose tables were made as they were declared; None where it has none.

    The first migration of a service tells how its tables were declared until then.
    """
    if not own_tables(connection):
        return None
    declared = state.values.get(DECLARED)
    for script in migrations.all:
        if declared and getattr(script.module, "declared", None) == declared:
            return script.revision
    found = differences(connection, wanted.tables)
    if not found:
        return migrations.head
    raise UnknownRevision(wanted.service, [each.sentence for each in found])


def _made(connection: Connection, wanted: Wanted) -> Migrated:
    """Make the tables as they are declared, where none of those that are there differs."""
    state = known(connection)
    if state.revisions or MIGRATED in state.values:
        raise DatabaseAhead(wanted.service, ", ".join(state.revisions) or "an unknown one", "")
    try:
        if own_tables(connection):
            found = differences(connection, wanted.tables)
            if not are_only_missing(found):
                raise TablesDiffer(wanted.service, [each.sentence for each in found], wanted.place)
        made = make(connection, wanted.tables)
    except SQLAlchemyError as error:
        raise MigrationFailed(wanted.service, "", "its tables", _reason(error)) from error
    note(connection, {DECLARED: wanted.tables.digest})
    connection.commit()
    if made:
        _log.info("%s: made %s", wanted.service, ", ".join(made))
    return Migrated(made=tuple(made))


def _reason(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        statement = " ".join((error.statement or "").split())
        said = str(error.orig).partition("\nDETAIL:")[0].strip()  # which shows rows, and may end in a log
        return said + (f" [{statement[:200]}]" if statement else "")
    said = str(error)
    return said if isinstance(error, ValueError) and said else f"{type(error).__name__}: {said}"
