"""What differs between the tables of a database and those that are declared, in sentences.

Databases give types and defaults back in their own words. So the declared tables are made in passing, where they touch
nothing (in memory, or as temporary tables), and what the database says of them is compared with what it says of its
own. Alembic compares words with what is declared instead, or asks whether two calls of `gen_random_uuid()` are equal.
"""

import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Computed, Connection, Identity, MetaData, Table, create_engine, inspect, text

from atoll.data.migrating import PLATFORM, REVISIONS, Tables

Checks = Mapping[str, Counter[str]]
"""The CHECK constraints of each table, at which Alembic does not look."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what kind of it Alembic says it is, where it is, and a sentence."""

    kind: str
    table: str
    column: str | None
    sentence: str


def options_of(tables: Tables, connection: Connection | None = None) -> dict[str, Any]:  # Any: Alembic's own options
    """What Alembic is told about a service's tables: nothing of the platform's own, where it looks at a connection."""
    options: dict[str, Any] = {  # Any: as above
        "target_metadata": list(tables.metadata),
        "compare_type": True,
        "compare_server_default": False,  # see `_other_defaults`
        "render_as_batch": True,  # what SQLite cannot alter is copied; PostgreSQL alters it as ever
        "version_table": REVISIONS,
    }
    if connection is not None:
        own = frozenset(own_tables(connection))

        def is_looked_at(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or name in own

        options["include_name"] = is_looked_at
    return options


def own_tables(connection: Connection) -> list[str]:
    """The service's own tables in a database, but for those that SQLite keeps for others (full-text search, say)."""
    names = {name for name in inspect(connection).get_table_names() if not name.startswith(PLATFORM)} - {REVISIONS}
    if connection.dialect.name == "sqlite":
        listed = connection.execute(text("PRAGMA table_list")).all()
        names -= {row[1] for row in listed if row[2] in {"virtual", "shadow"}}
    return sorted(names)


def make(connection: Connection, tables: Tables) -> list[str]:
    """Make those tables that are not there; their names."""
    before = set(own_tables(connection))
    for metadata in cast(Sequence[MetaData], tables.metadata):
        metadata.create_all(connection)
    return [name for name in tables.names if name not in before]


def differences(connection: Connection, tables: Tables) -> list[Difference]:
    """What differs between the tables in a database and those that are declared. Changes nothing.

    Raises:
        SQLAlchemyError: the database does not take what is declared.
    """
    if not _may_make(connection):
        metadata = cast(MetaData, list(tables.metadata))
        context = MigrationContext.configure(connection, opts=options_of(tables, connection))
        return list(_told(cast(list[Any], compare_metadata(context, metadata))))  # Any: tuples of all shapes
    with _made_in_passing(connection, tables) as fresh:
        made, wanted = _reflected(fresh, tables.names), _checks(fresh, tables.names)
    both = sorted(set(own_tables(connection)) & set(tables.names))
    return [*between(connection, made), *_other_checks(_checks(connection, both), wanted)]


def between(connection: Connection, before: MetaData) -> list[Difference]:
    """What differs between the tables in a database and those that were there before, as `reflected` has seen them."""
    context = MigrationContext.configure(connection, opts=options_of(Tables((), None), connection))
    found = list(_told(cast(list[Any], compare_metadata(context, before))))  # Any: as above
    both = sorted(set(own_tables(connection)) & set(before.tables))
    return [*found, *_other_defaults(_reflected(connection, both), before)]


def reflected(connection: Connection) -> MetaData:
    """The service's own tables as a database has them."""
    return _reflected(connection, own_tables(connection), resolve=True)


def are_only_missing(found: Sequence[Difference]) -> bool:
    """Whether nothing differs but that tables are missing, with all that belongs to them."""
    missing = {each.table for each in found if each.kind == "add_table"}
    return all(each.table in missing and each.kind.startswith("add_") for each in found)


def _may_make(connection: Connection) -> bool:
    """Whether tables can be made in passing. Where an administrator forbids it, defaults and checks do not count."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.scalar(text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")))


@contextmanager
def _made_in_passing(connection: Connection, tables: Tables) -> Generator[Connection]:
    """A connection on which the declared tables were just made, and are seen by their names alone."""
    if connection.dialect.name == "sqlite":
        engine = create_engine("sqlite://")
        with engine.connect() as fresh:
            make(fresh, tables)
            yield fresh
        engine.dispose()
        return
    with connection.begin_nested() as passing:
        temporary = connection.execution_options(schema_translate_map={None: "pg_temp"})
        for metadata in cast(Sequence[MetaData], tables.metadata):
            metadata.create_all(temporary, checkfirst=False)
        connection.execution_options(schema_translate_map=None)
        yield connection  # temporary tables stand before those of the schema
        passing.rollback()


def _reflected(connection: Connection, names: Sequence[str], *, resolve: bool = False) -> MetaData:
    found = MetaData(info={"is_sqlite": connection.dialect.name == "sqlite"})
    for name in names:
        Table(name, found, autoload_with=connection, resolve_fks=resolve)
    return found


def _checks(connection: Connection, names: Sequence[str]) -> Checks:
    look = inspect(connection)
    return {name: Counter(_plain(check["sqltext"]) for check in look.get_check_constraints(name)) for name in names}


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql.replace('"', "")).strip()


def _told(compared: Sequence[Any]) -> Iterator[Difference]:  # Any: tuples of all shapes
    for each in compared:
        several = cast(list[tuple[Any, ...]], each if isinstance(each, list) else [each])  # Any: as above
        for one in several:
            if not one[0].endswith("comment") and one[0] != "modify_default":
                yield _difference(one)


def _difference(one: tuple[Any, ...]) -> Difference:  # Any: as above
    match one:
        case ("add_table", table):
            return Difference(one[0], table.name, None, f"the table `{table.name}` is declared, and not there")
        case ("remove_table", table):
            return Difference(one[0], table.name, None, f"the table `{table.name}` is there, and not declared")
        case ("add_column", _, table, column):
            said = f"the column `{table}.{column.name}` is declared, and not there"
            return Difference(one[0], table, column.name, said)
        case ("remove_column", _, table, column):
            said = f"the column `{table}.{column.name}` is there, and not declared"
            return Difference(one[0], table, column.name, said)
        case (kind, _, table, column, _, was, wanted):
            return Difference(kind, table, column, _modified(kind, f"`{table}.{column}`", was, wanted))
        case (kind, part):
            said = "declared, and not there" if kind.startswith("add_") else "there, and not declared"
            return Difference(kind, part.table.name, None, f"{_part(part)} is {said}")
        case _:
            return Difference(one[0], "", None, " ".join(map(str, one)))


def _modified(kind: str, column: str, was: Any, wanted: Any) -> str:  # Any: types, defaults, yes and no
    if kind == "modify_nullable":
        return f"the column {column} {_null(was)}, and is declared so that it {_null(wanted)}"
    return f"the column {column} is {was!r}, and declared as {wanted!r}"


def _null(nullable: bool) -> str:
    return "may be null" if nullable else "is never null"


def _part(part: Any) -> str:  # Any: an index or a constraint of SQLAlchemy
    kind = {"Index": "index", "UniqueConstraint": "unique constraint", "ForeignKeyConstraint": "foreign key"}
    columns = ", ".join(column.name for column in part.columns)
    name = f" `{part.name}`" if part.name else ""
    return f"the {kind.get(type(part).__name__, 'constraint')}{name} on `{part.table.name}` ({columns})"


def _other_checks(have: Checks, wanted: Checks) -> Iterator[Difference]:
    for table in have:
        for check in wanted[table] - have[table]:
            yield Difference("add_check", table, None, f"the check ({check}) on `{table}` is declared, and not there")
        for check in have[table] - wanted[table]:
            yield Difference(
                "remove_check", table, None, f"the check ({check}) on `{table}` is there, and not declared"
            )


def _other_defaults(have: MetaData, wanted: MetaData) -> Iterator[Difference]:
    for name, table in have.tables.items():
        for column in table.columns:
            declared = wanted.tables[name].columns.get(column.name)
            if declared is None or (was := _default(column)) == (is_now := _default(declared)):
                continue
            said = f"the default of `{name}.{column.name}` is {was}, and declared as {is_now}"
            yield Difference("modify_default", name, column.name, said)


def _default(column: Any) -> str:  # Any: a column of SQLAlchemy
    """What a column has by itself, as its database says it."""
    match column.server_default:
        case None:
            return "nothing"
        case Computed() as computed:
            return f"computed as `{_plain(str(computed.sqltext))}`"
        case Identity() as identity:
            when = "always" if identity.always else "by default"
            return f"counted {when}, from {identity.start} by {identity.increment}"
        case default:
            said = str(default.arg)
    if said.startswith("nextval("):  # by a sequence, which is called as its table is
        return "counted"
    if column.table.metadata.info.get("is_sqlite"):  # which takes 0 and '0' for the same
        said = said.strip("()").strip("'\"")
    return f"`{said}`"
