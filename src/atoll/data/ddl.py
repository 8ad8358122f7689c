"""The tables of a metadata as statements that make them where they are missing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import MetaData, Sequence, Table
from sqlalchemy.engine import Dialect as Language
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateSequence, CreateTable

from atoll.data.errors import StatementRefused
from atoll.data.inside import in_order, is_wanted
from atoll.data.languages import language
from atoll.data.ports import Dialect


def ddl(metadata: MetaData, dialect: Dialect, schema: str | None = None) -> list[str]:
    """The statements that make all tables of a metadata, with what they need and their indexes, in order.

    Each does nothing where the thing is there, so that running all of them again is harmless; they change no table.
    Indexes that are for another database alone, as `ddl_if(dialect=...)` says, are left out. With `schema` what names
    no schema of its own is made in that one, which has to be there.

    Raises:
        StatementRefused: the database has no such type.
    """
    written = _Writer(language(dialect), schema)
    return list(written.all(metadata))


class _Writer:
    """Writes for one dialect and one schema."""

    def __init__(self, language: Language, schema: str | None) -> None:
        self._language = language
        self._options: dict[str, Any] = {}  # Any: options of SQLAlchemy's
        if schema is not None:
            self._options = {"schema_translate_map": {None: schema}, "render_schema_translate": True}

    def all(self, metadata: MetaData) -> Iterator[str]:
        """Types and sequences, tables in the order of their references, and at the end what refers in a circle."""
        is_postgresql = self._language.name == "postgresql"
        tables = list(metadata.tables.values())
        if is_postgresql:
            yield from dict.fromkeys(part for table in tables for part in self._needed(table))
        for table, constraints in in_order(tables):
            if table is not None:
                inline = constraints if is_postgresql else None  # SQLite refers to tables that are not there yet
                yield self._text(CreateTable(table, inline, if_not_exists=True), table)
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    if is_wanted(index, self._language):
                        yield self._text(CreateIndex(index, if_not_exists=True), table)
            elif is_postgresql:
                yield from (_unless_there(self._text(AddConstraint(constraint))) for constraint in constraints)

    def _needed(self, table: Table) -> Iterator[str]:
        """What has to be there before a table of PostgreSQL."""
        from atoll.data.dialect_postgresql import enums_of  # noqa: PLC0415  # a tenth of a second that SQLite saves

        for enum in enums_of(table, self._language):
            yield _unless_there(self._text(enum, table))
        for column in table.c:
            if isinstance(column.default, Sequence):
                yield self._text(CreateSequence(column.default, if_not_exists=True), table)

    def _text(self, element: Any, table: Table | None = None) -> str:  # Any: SQLAlchemy's classes of DDL
        try:
            return str(element.compile(dialect=self._language, **self._options)).strip()
        except SQLAlchemyError as error:
            name = "" if table is None else table.name
            raise StatementRefused(f"CREATE TABLE {name}", f"{self._language.name} cannot have it: {error}") from error


def _unless_there(text: str) -> str:
    """For what has no IF NOT EXISTS."""
    return f"DO $atoll$ BEGIN {text}; EXCEPTION WHEN duplicate_object THEN NULL; END $atoll$"
