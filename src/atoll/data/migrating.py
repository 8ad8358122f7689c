"""Migrations without a database: which tables a service has, and whether what a database says of itself is enough.

A service's tables are SQLAlchemy's: `MetaData` in the module `tables` beside its own module, or, where a service is one
file, in that. Its migrations are Alembic's revision files, in the folder `migrations` there. Nothing here loads either
library: a `MetaData` is found only where the service has loaded SQLAlchemy itself.
"""

import builtins
import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from atoll.kernel import Mistake, Source, refuse

META = "atoll_meta"
"""The platform's own table of names and values, in every database of a service."""

META_DDL = f"CREATE TABLE IF NOT EXISTS {META} (name VARCHAR(100) PRIMARY KEY, value TEXT NOT NULL)"
META_VALUES = f"SELECT name, value FROM {META}"  # noqa: S608  # its parts are constants

PLATFORM = "atoll_"
"""How the names of the platform's own tables begin: it makes them itself, and no migration of a service sees them."""

REVISIONS = "alembic_version"
"""Alembic's own table, which says at which revision a database is."""

MIGRATED = "migrations"
"""The value of this name tells the migration files that the database has seen, and the last of them."""

DECLARED = "tables"
"""The value of this name tells the tables as they were declared when the database was last brought up to date."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


MetaData: TypeAlias = Any  # Any: SQLAlchemy's `MetaData`, which is loaded by services that have tables
"""Tables that are declared together."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What a service declares of its data.

    `migrations` is the folder in which its migrations are, or would be; None where the service has no file.
    """

    metadata: tuple[MetaData, ...]
    migrations: Path | None

    @property
    def names(self) -> list[str]:
        """The names of the tables."""
        return sorted(name for metadata in self.metadata for name in metadata.tables)

    @property
    def digest(self) -> str:
        """Short for how the tables are declared; empty where there are none."""
        text = "\n".join(described(self.metadata))
        return hashlib.sha256(text.encode()).hexdigest()[:32] if text else ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a database says of itself: the platform's values, and the revisions at which it is."""

    values: Mapping[str, str]
    revisions: tuple[str, ...]


UNKNOWN = Known({}, ())
"""A database that is not there, or has never been brought up to date."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done to bring a database up to date: from which revision to which, and by which; tables that were made.

    `before` and `after` are None where there are no migrations, or none had been run.
    """

    before: str | None = None
    after: str | None = None
    applied: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The migrations that were written, and what they leave to be written by hand."""

    files: tuple[Path, ...]
    left: tuple[str, ...]


def tables_of(service: type) -> Tables:
    """The tables of a service, and the folder of its migrations. Imports the module `tables` beside its own.

    Raises:
        Mistakes: a table is called as the platform's own are.
        Exception: whatever that module raises.
    """
    module = sys.modules.get(service.__module__)
    own: str | None = getattr(module, "__file__", None)
    declaring = _tables_module(module) if module is not None else None
    names = vars(declaring) if declaring is not None else _names_around(service, module)
    tables = Tables(tuple(_metadata(names)), Path(own).parent / "migrations" if own else None)
    where = Source((declaring.__file__ if declaring is not None else own) or service.__module__)
    refuse(
        Mistake(where, f"the table `{name}` of {service.__name__} is called as the platform's own are", "rename it")
        for name in tables.names
        if name.startswith(PLATFORM) or name == REVISIONS
    )
    return tables


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """Short for these files, by name and content; empty where there are none.

    >>> digest_of_files({}), digest_of_files({"0001_first.py": b""}) != digest_of_files({"0001_first.py": b"#"})
    ('', True)
    """
    if not files:
        return ""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{len(name)} {name} {len(files[name])} ".encode())
        whole.update(files[name])
    return whole.hexdigest()[:32]


def migrated_value(files: str, revision: str) -> str:
    """What is noted of migration files that a database has seen."""
    return f"{files} {revision}"


def is_up_to_date(known: Known, files: str, tables: str) -> bool:
    """Whether a database has seen these migration files, or, where there are none, these tables.

    That a database has the tables which were declared last is not looked at where there are migrations: those count.
    """
    if known.values.get(DECLARED, "") != tables:
        return False
    if not files:
        return not known.revisions and MIGRATED not in known.values
    return len(known.revisions) == 1 and known.values.get(MIGRATED) == migrated_value(files, known.revisions[0])


def described(metadata: Sequence[MetaData]) -> Iterator[str]:
    """How tables are declared, line by line: the same on each dialect, and whenever it is asked.

    What a table is called, its columns with types, defaults and constraints, and its indexes; no comments.
    """
    tables = {name: table for each in metadata for name, table in each.tables.items()}
    for name in sorted(tables):
        yield f"table {name}"
        yield from (_column(column) for column in tables[name].columns)
        yield from sorted(_constraint(constraint) for constraint in tables[name].constraints)
        yield from sorted(_index(index) for index in tables[name].indexes)


def _tables_module(module: ModuleType) -> ModuleType | None:
    # Only inside a package: `tables` on the top floor of the import path is somebody else's.
    package = module.__package__
    if not package or importlib.util.find_spec(".tables", package) is None:
        return None
    return importlib.import_module(f"{package}.tables")


def _names_around(service: type, module: ModuleType | None) -> Mapping[str, object]:
    """What a service sees where it is written; in an example or a notebook that is no module."""
    if module is not None and module is not builtins:
        return vars(module)
    functions = (inspect.unwrap(each) for each in vars(service).values() if inspect.isroutine(each))
    return next((each.__globals__ for each in functions if inspect.isfunction(each)), dict[str, object]())


def _metadata(names: Mapping[str, object]) -> Iterator[MetaData]:
    """Those that are named: by themselves, by a table of theirs, or by a class that is mapped to one."""
    schema: Any = sys.modules.get("sqlalchemy.sql.schema")  # Any: a module; where it is not loaded, there are none
    if schema is None:
        return
    seen: set[int] = set()
    for value in list(names.values()):
        found = value if isinstance(value, schema.MetaData) else None
        if isinstance(value, schema.Table | type):
            found = vars(value).get("metadata") if isinstance(value, type) else getattr(value, "metadata", None)
        if isinstance(found, schema.MetaData) and id(found) not in seen:
            seen.add(id(found))
            yield found


def _column(column: Any) -> str:  # Any: SQLAlchemy's columns
    default = column.server_default
    facts = f"  column {column.name} {_plain(repr(column.type))} {'null' if column.nullable else 'not null'}"
    for name in ("arg", "sqltext", "start", "increment", "always", "persisted"):
        if (value := getattr(default, name, None)) is not None:
            facts += f" {name}={_plain(str(value))}"
    return facts


def _constraint(constraint: Any) -> str:  # Any: SQLAlchemy's constraints
    name = constraint.name if isinstance(constraint.name, str) else ""
    columns = ", ".join(column.name for column in getattr(constraint, "columns", ()))
    facts = f"  {type(constraint).__name__} {name} ({columns}) {getattr(constraint, 'sqltext', '')}"
    for element in getattr(constraint, "elements", ()):
        facts += f" to {element.target_fullname} on delete {element.ondelete} on update {element.onupdate}"
    return facts


def _index(index: Any) -> str:  # Any: SQLAlchemy's indexes
    options = ", ".join(f"{name}={_plain(str(value))}" for name, value in sorted(index.dialect_kwargs.items()))
    return f"  index {index.name} unique={index.unique} ({', '.join(map(str, index.expressions))}) {options}"


def _plain(text: str) -> str:
    """Without what changes from process to process."""
    return _ADDRESS.sub("", text)
