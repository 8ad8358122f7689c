"""Migrations are written: the difference between what a service declares and what its migrations make, as a file.

On SQLite all migrations are run on an empty file, which is compared with what is declared. On PostgreSQL, where a
service may make no database, it is its own schema, which has to have seen them all. What Alembic cannot write is told.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import AlterColumnOp, DowngradeOps, ModifyTableOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.sql.functions import FunctionElement

from atoll.adapters.alembic_differences import Difference, differences, options_of, own_tables, reflected
from atoll.adapters.alembic_runs import known, migrations_on, script_directory
from atoll.adapters.migrations import revision_files
from atoll.adapters.sqlite_connection import sqlite_connection
from atoll.data.migrating import DECLARED, Tables, Written
from atoll.data.migration_errors import NothingToWrite, NotUpToDate
from atoll.data.places import DatabasePlace, PostgresPlace

R = TypeVar("R")

REVISION_CHARS_MAX = 32
"""How long Alembic's column lets the name of a revision be."""

PACKAGE = '"""Migrations, each after the one that it names as `down_revision`."""\n'
"""Without it some build tools would leave the folder out of a distribution."""

TEMPLATE = '''"""{message}"""

{imports}

revision: str = "{revision}"
down_revision: str | None = {down}
{declared}

def upgrade() -> None:
    """{message}"""
{up}


def downgrade() -> None:
    """Undo it."""
{undo}
'''

DECLARED_LINES = '''declared: str = "{digest}"
"""A database whose tables were made as they were declared then stands behind this migration."""
'''


@dataclass(frozen=True, slots=True)
class _Draft:
    """A migration as text: what it does, how it is undone, what it imports, and what it leaves."""

    up: str
    undo: str
    imports: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


EMPTY = _Draft("    # change rows here, with op.execute(...)", "    # and back")


def write_revision(
    service: str, tables: Tables, place: DatabasePlace, message: str, *, is_empty: bool = False
) -> Written:
    """Write the migration that is missing between those that there are and what the service declares.

    The first one of a service notes how its tables are declared. Where its database has tables of another declaration,
    one before it makes those. With `is_empty` there is nothing in it: for rows that are to be changed.

    Raises:
        NothingToWrite: nothing differs.
        NotUpToDate: on PostgreSQL: the schema has not seen all migrations.
        MigrationFailed, SeveralHeads: the migrations so far cannot be run.
    """
    folder = tables.migrations
    assert folder is not None
    files: list[Path] = []
    is_first = not revision_files(folder)
    earlier = _earlier(place, tables) if is_first else None
    if earlier is not None:
        was, digest = earlier
        files.append(_put(folder, "As it was", was, digest))
    if is_first and earlier is None:
        draft = EMPTY if is_empty else _first(cast(Sequence[MetaData], tables.metadata))
        files.append(_put(folder, message, draft, tables.digest))
        return Written(tuple(files), draft.left)
    draft = EMPTY if is_empty else _next(service, tables, place, is_at_head=earlier is not None)
    files.append(_put(folder, message, draft))
    return Written(tuple(files), draft.left)


def _earlier(place: DatabasePlace, tables: Tables) -> tuple[_Draft, str] | None:
    """What makes the tables that a database has from an earlier declaration, and the digest of that."""

    def look(connection: Connection) -> tuple[_Draft, str] | None:
        digest = known(connection).values.get(DECLARED)
        if digest is None or digest == tables.digest or not own_tables(connection):
            return None
        return _first([_in_own_words(reflected(connection), tables, differences(connection, tables))]), digest

    if isinstance(place, PostgresPlace):
        return _on_postgres(place, look)
    if not place.path.exists():
        return None
    with sqlite_connection(place.path) as connection:
        return look(connection)


def _in_own_words(have: MetaData, tables: Tables, found: Sequence[Difference]) -> MetaData:
    """Tables of a database, in which all that is declared is said as it is declared: for other databases as well."""
    others = {(each.table, each.column, each.kind) for each in found}
    for metadata in cast(Sequence[MetaData], tables.metadata):
        for name in metadata.tables.keys() & have.tables.keys():
            for column in metadata.tables[name].columns:
                was = have.tables[name].columns.get(column.name)
                if was is None or getattr(column.type, "create_constraint", False):  # which the table has by itself
                    continue
                if (name, column.name, "modify_type") not in others:
                    was.type = column.type
                if (name, column.name, "modify_default") not in others:
                    was.server_default = column.server_default
    return have


def _first(metadata: Sequence[MetaData]) -> _Draft:
    """What makes tables where there are none."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options_of(Tables(tuple(metadata), None)))
        script = produce_migrations(context, cast(MetaData, list(metadata)))
    engine.dispose()
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    return _rendered(script.upgrade_ops, script.downgrade_ops, metadata)


def _next(service: str, tables: Tables, place: DatabasePlace, *, is_at_head: bool) -> _Draft:
    """What makes what is declared of what the migrations so far make."""

    def compare(connection: Connection) -> _Draft:
        found = differences(connection, tables)
        if not found:
            raise NothingToWrite(service)
        return _difference(connection, tables, found)

    def compare_at_head(connection: Connection) -> _Draft:
        assert tables.migrations is not None
        if not is_at_head and list(known(connection).revisions) != script_directory(tables.migrations).get_heads():
            raise NotUpToDate(service)
        return compare(connection)

    if isinstance(place, PostgresPlace):
        return _on_postgres(place, compare_at_head)
    with (
        tempfile.TemporaryDirectory(prefix="atoll-") as folder,
        sqlite_connection(Path(folder) / "empty.db") as connection,
    ):
        with migrations_on(connection, service, tables) as migrations:
            migrations.upgrade(migrations.head)
        return compare(connection)


def _difference(connection: Connection, tables: Tables, found: Sequence[Difference]) -> _Draft:
    types = {(each.table, each.column) for each in found if each.kind == "modify_type"}

    def is_other_type(  # Alembic's own signature
        _context: object,
        _have: object,
        column: Any,  # Any: a column of SQLAlchemy
        _was: object,
        _wanted: object,
    ) -> bool:
        return (column.table.name, column.name) in types

    context = MigrationContext.configure(
        connection, opts=options_of(tables, connection) | {"compare_type": is_other_type}
    )
    metadata = cast(Sequence[MetaData], tables.metadata)
    script = produce_migrations(context, cast(MetaData, list(metadata)))
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    have = reflected(connection)
    script.upgrade_ops.ops += [
        _other_default(have, metadata, each.table, each.column or "") for each in found if each.kind == "modify_default"
    ]
    script.upgrade_ops.reverse_into(script.downgrade_ops)
    left = tuple(each.sentence for each in found if each.kind.endswith("_check"))
    return _rendered(script.upgrade_ops, script.downgrade_ops, metadata, left)


def _other_default(have: MetaData, metadata: Sequence[MetaData], table: str, column: str) -> ModifyTableOps:
    """Alembic would compare defaults in words: those that differ are found before."""
    was = have.tables[table].columns[column]
    wanted = next(each.tables[table] for each in metadata if table in each.tables).columns[column]
    change = AlterColumnOp(
        table,
        column,
        existing_type=was.type,
        existing_nullable=was.nullable,
        existing_server_default=cast(Any, was.server_default),  # Any: whatever stands there, for Alembic alone
        modify_server_default=wanted.server_default,
    )
    return ModifyTableOps(table, [change])


def _rendered(up: UpgradeOps, down: DowngradeOps, metadata: Sequence[MetaData], left: tuple[str, ...] = ()) -> _Draft:
    up_text, down_text = (render_python_code(each, render_as_batch=True, render_item=_function) for each in (up, down))
    modules = {
        type(column.type).__module__ for each in metadata for table in each.tables.values() for column in table.columns
    }
    text = up_text + down_text
    dialects = [each for each in ("postgresql", "sqlite") if re.search(rf"(?<![\w.]){each}\.", text)]
    imports = [f"import {module}" for module in modules if f"{module}." in text]
    imports += [f"from sqlalchemy.dialects import {each}" for each in dialects]
    return _Draft(_body(up_text), _body(down_text), tuple(imports), left)


def _function(kind: str, value: Any, _: object) -> str | Literal[False]:  # Any: whatever Alembic writes
    """A default that is a function, such as `now`: it is called otherwise on each database. False for all else."""
    default: Any = getattr(value, "arg", None)  # Any: as above
    if kind == "server_default" and isinstance(default, FunctionElement) and not len(default.clauses):
        return f"sa.func.{cast(Any, default).name}()"  # Any: every function of SQLAlchemy has one
    return False


def _body(text: str) -> str:
    """What Alembic has written, without its remarks at the beginning and the end."""
    kept = "\n".join(line for line in text.splitlines() if "### " not in line).strip().replace(", schema=None", "")
    return f"    {kept or 'pass'}"


def _put(folder: Path, message: str, draft: _Draft, declared: str | None = None) -> Path:
    """Write a migration behind those that there are."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "__init__.py").exists():
        (folder / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    heads = script_directory(folder).get_heads()
    number = len(revision_files(folder)) + 1
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    revision = f"{number:04}_{slug}"[:REVISION_CHARS_MAX].rstrip("_")
    said = " ".join(message.split()).replace("\\", "\\\\").replace('"', "'")
    said = f"{said[:1].upper()}{said[1:]}"
    imports = ["import sqlalchemy as sa", "from alembic import op", *draft.imports]
    text = TEMPLATE.format(
        message=said if said.endswith((".", "!", "?")) else f"{said}.",
        imports="\n".join(sorted(set(imports), key=lambda line: (line.startswith("from"), line))),
        revision=revision,
        down=f'"{heads[0]}"' if heads else None,
        declared=DECLARED_LINES.format(digest=declared) if declared else "",
        up=draft.up,
        undo=draft.undo,
    )
    file = folder / f"{revision}.py"
    file.write_text(text, encoding="utf-8")
    return file


def _on_postgres(place: PostgresPlace, work: Callable[[Connection], R]) -> R:
    from atoll.adapters.postgres_migrations import on_postgres  # noqa: PLC0415  # an extra

    return on_postgres(place, work)
