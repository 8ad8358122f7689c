"""What `check_migrations` does."""

import asyncio
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.script import Script
from sqlalchemy import Connection, MetaData

from atoll.adapters.alembic_differences import Difference, between, differences, make, reflected
from atoll.adapters.alembic_runs import BASE, Migrations, migrations_on
from atoll.adapters.migrations import revision_files
from atoll.adapters.sqlite_connection import sqlite_connection
from atoll.data.migrating import tables_of
from atoll.data.migration_errors import MigrationFailed
from atoll.data.places import PostgresPlace
from atoll.service import Service, declare
from atoll.testing.made_up import counted, fill

Given = Mapping[str, Sequence[Mapping[str, Any]]]  # Any: values of all columns
"""Rows by the name of their table."""


class MigrationCheck:
    """One check, on as many empty databases as it needs."""

    def __init__(self, service: type[Service], url: str | None, rows: Given) -> None:
        declaration, _ = declare(service, owner="tests")
        self._service = declaration.name if declaration is not None else service.__name__
        self._tables = tables_of(service)
        self._url = url
        self._rows = rows

    def run(self) -> None:
        """Check everything.

        Raises:
            AssertionError: something does not hold.
        """
        if revision_files(self._tables.migrations):
            for part in (self._upwards, self._with_rows, self._downwards):
                self._on_empty(self._migrating(part))
        else:
            assert self._tables.names, f"`{self._service}` declares no tables, and has no migrations"
            self._on_empty(lambda connection: make(connection, self._tables))

    def _upwards(self, connection: Connection, migrations: Migrations) -> None:
        for script in migrations.all:
            migrations.upgrade(script.revision)
        found = differences(connection, self._tables)
        assert not found, (
            f"the migrations of `{self._service}` do not make the tables that it declares:{_listed(found)}\n"
            f'`atoll db revision {self._service} -m "what changes"` writes the migration that is missing'
        )

    def _with_rows(self, connection: Connection, migrations: Migrations) -> None:
        *earlier, last = migrations.all
        if not earlier:
            return
        migrations.upgrade(earlier[-1].revision)
        fill(connection, self._rows)
        before = counted(connection)
        connection.commit()
        try:
            migrations.upgrade(last.revision)
        except MigrationFailed as failed:
            raise AssertionError(
                f"the migration {last.revision} of `{self._service}` fails where its tables have rows: {failed.reason}"
                f"\n  {failed.file}\n  give new columns a `server_default`, or fill them before they may not be empty"
            ) from failed
        after = counted(connection)
        lost = Counter({name: before[name] - after[name] for name in before if name in after})
        listed = "".join(f"\n  - {count} of {before[name]} in `{name}`" for name, count in lost.items() if count > 0)
        assert not listed, f"the migration {last.revision} of `{self._service}` loses rows:{listed}"

    def _downwards(self, connection: Connection, migrations: Migrations) -> None:
        before: list[tuple[Script, MetaData]] = []
        for script in migrations.all:
            before.append((script, reflected(connection)))
            connection.commit()
            migrations.upgrade(script.revision)
        while before:
            script, tables = before.pop()
            if not self._has_gone_down(script, migrations):
                return
            found = between(connection, tables)
            connection.commit()
            assert not found, (
                f"`downgrade` of the migration {script.revision} of `{self._service}` does not lead back to the tables "
                f"from before it, which are called declared here:{_listed(found)}\n"
                "mend it, or let it raise NotImplementedError where no way leads back"
            )
        migrations.upgrade(migrations.head)

    def _has_gone_down(self, script: Script, migrations: Migrations) -> bool:
        """Undo a migration; False where it does not say how."""
        if not hasattr(script.module, "downgrade"):
            return False
        try:
            migrations.downgrade(str(script.down_revision or BASE))
        except MigrationFailed as failed:
            if isinstance(failed.__cause__, NotImplementedError):
                return False
            raise AssertionError(
                f"`downgrade` of the migration {script.revision} of `{self._service}` fails: {failed.reason}\n"
                f"  {failed.file}"
            ) from failed
        return True

    def _migrating(self, part: Callable[[Connection, Migrations], None]) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            with migrations_on(connection, self._service, self._tables) as migrations:
                try:
                    part(connection, migrations)
                except MigrationFailed as failed:
                    raise AssertionError(
                        f"the migration {failed.revision} of `{self._service}` fails: {failed.reason}\n  {failed.file}"
                    ) from failed

        return work

    def _on_empty(self, work: Callable[[Connection], object]) -> None:
        if self._url is not None:
            from atoll.adapters.postgres_migrations import on_postgres  # noqa: PLC0415  # an extra

            with _empty_schema(self._url) as place:
                on_postgres(place, work)
            return
        with (
            tempfile.TemporaryDirectory(prefix="atoll-") as folder,
            sqlite_connection(Path(folder) / "check.db") as connection,
        ):
            work(connection)


def _listed(found: Sequence[Difference]) -> str:
    return "".join(f"\n  - {each.sentence}" for each in found)


@contextmanager
def _empty_schema(url: str) -> Generator[PostgresPlace]:
    name = f"atoll_check_{secrets.token_hex(6)}"
    asyncio.run(_run(url, f"CREATE SCHEMA {name}"))
    try:
        yield PostgresPlace(url, name, is_own=True)
    finally:
        asyncio.run(_run(url, f"DROP SCHEMA {name} CASCADE"))


async def _run(url: str, statement: str) -> None:
    import asyncpg  # noqa: PLC0415  # an extra

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
