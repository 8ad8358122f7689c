"""Statements: SQLAlchemy's Core as the language, our own drivers as those who run it.

Imported only by who opens a database, since it loads SQLAlchemy.

A statement is compiled once. Written as a constant of a module, it is known by its identity, and a run of it costs a
look-up and the checks of its values; built on the fly, it is known by SQLAlchemy's cache key, which takes some tens of
microseconds to make.
"""

import functools
import weakref
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Executable, Insert, Update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.util import LRUCache

from atoll.data.ddl import ddl as ddl
from atoll.data.errors import StatementRefused
from atoll.data.expanding import Expanding
from atoll.data.inside import Key, is_of_defaults, is_of_orm, key_of
from atoll.data.languages import language
from atoll.data.patterns import Pattern
from atoll.data.ports import Dialect, Parameters, Statement
from atoll.data.prepared import Prepared as Prepared
from atoll.data.upserts import upsert as upsert

PATTERNS_KEPT = 500
"""Compiled statements that are kept, least recently used go first; some tens of kilobytes each."""
KNOWN_MAX = 1_000
"""Statements that are known by their identity, and held: those that were run more than once."""
COLUMNS_MAX = 64
"""Of one insert or update, so many sets of columns are known."""
MANY = ""
"""Stands behind the columns of a statement that is run for a list of parameters."""

Columns = tuple[str, ...]


class _Known:
    """A statement that was run before, and what is ready of it; by the columns that it was given, where they matter."""

    __slots__ = ("only", "prepared", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement  # held: its identity is nobody else's as long as it is known
        self.only: Prepared | None = None
        self.prepared: dict[Columns, Prepared] = {}


class Statements:
    """The statements of one database, compiled once each."""

    def __init__(self, dialect: Dialect) -> None:
        self._language = language(dialect)
        self._patterns: LRUCache[Any, tuple[Pattern, Expanding | None]] = LRUCache(
            PATTERNS_KEPT
        )  # Any: SQLAlchemy's keys
        self._known: dict[int, _Known] = {}
        self._met: dict[int, weakref.ref[Statement]] = {}

    def prepared(self, statement: Statement, parameters: Parameters | Sequence[Parameters] | None) -> Prepared:
        """The statement, ready to be run with these parameters, or with others of the same names.

        Raises:
            StatementRefused: it is none, is one of the ORM, or cannot be written for this database.
        """
        known = self._known.get(id(statement))
        if known is None:
            return self._prepared(statement, _columns(statement, parameters))
        if known.only is not None:
            return known.only
        kind: type = type(parameters)  # a dict nearly always, of which no more has to be asked
        columns: Columns = tuple(cast("Parameters", parameters)) if kind is dict else _columns(statement, parameters)
        found = known.prepared.get(columns)
        return self._prepared(statement, columns) if found is None else found

    def _prepared(self, statement: Statement, columns: Columns) -> Prepared:
        """The statement, found by its key, or compiled; held from its second run on."""
        found = self._compiled(_checked(statement), columns)
        known = self._known.get(id(statement))
        if known is None:
            if not self._was_met(statement):
                return found
            if len(self._known) >= KNOWN_MAX:
                for oldest in list(self._known)[: KNOWN_MAX // 2]:
                    del self._known[oldest]
            known = self._known[id(statement)] = _Known(statement)
        if not isinstance(statement, Insert | Update):
            known.only = found
        elif len(known.prepared) < COLUMNS_MAX:
            known.prepared[columns] = found
        return found

    def _was_met(self, statement: Statement) -> bool:
        """Whether it was run before. What was built for one run is forgotten with it."""
        key = id(statement)
        met = self._met.get(key)
        if met is not None and met() is statement:
            del self._met[key]
            return True
        self._met[key] = weakref.ref(statement, functools.partial(_forget, self._met, key))
        return False

    def _compiled(self, statement: Any, columns: Columns) -> Prepared:  # Any: SQLAlchemy's classes of statements
        if isinstance(statement, Insert):
            statement = statement.inline()  # SQLAlchemy would add a RETURNING of keys that nobody has asked for
        try:
            key = key_of(statement)
            if key is None:
                return Prepared(*self._pattern(statement, columns, None))
            pattern: tuple[Pattern, Expanding | None] | None = self._patterns.get((key.key, columns))
            if pattern is None:
                pattern = self._patterns[key.key, columns] = self._pattern(statement, columns, key)
            return Prepared(*pattern, key.extracted, key.given)
        except SQLAlchemyError as error:
            raise StatementRefused(_shown(statement), str(error)) from error

    def _pattern(
        self, statement: Any, columns: Columns, key: Key | None
    ) -> tuple[Pattern, Expanding | None]:  # Any: as above
        kinds: set[type] = {type(column) for column in columns}
        if not all(issubclass(kind, str) for kind in kinds):
            raise StatementRefused(_shown(statement), "its parameters are named by columns: name them by words")
        is_many = columns[-1:] == (MANY,)
        compiled = statement.compile(
            dialect=self._language,
            cache_key=key and key.whole,
            column_keys=sorted(columns[:-1] if is_many else columns),
            for_executemany=is_many,
        )
        pattern = Pattern(compiled, statement, self._language)
        return pattern, Expanding(pattern) if pattern.late else None


def _columns(statement: Statement, parameters: Parameters | Sequence[Parameters] | None) -> Columns:
    """The columns that parameters give to an insert or an update; for other statements they do not matter."""
    if not parameters or not isinstance(statement, Insert | Update):
        return ()
    if isinstance(parameters, Sequence):
        return (*parameters[0], MANY)
    return tuple(parameters)


def _checked(statement: Any) -> Any:  # Any: whatever was passed
    if isinstance(statement, ExecutableDDLElement):
        raise StatementRefused(_shown(statement), "tables are made and changed by migrations")
    if not isinstance(statement, Executable) or hasattr(statement, "within_group"):  # a function by itself
        raise StatementRefused(_shown(statement), "it is no statement: write select(...), insert(...), text(...)")
    if is_of_orm(statement):
        raise StatementRefused(_shown(statement), "it names classes of the ORM: name their tables, `Class.__table__`")
    if is_of_defaults(statement):
        raise StatementRefused(_shown(statement), "return_defaults() is for the ORM: use returning()")
    return statement


def _shown(statement: object) -> str:
    """The text of a statement that cannot be written for its database, as well as it can be written at all."""
    if not isinstance(statement, ClauseElement):
        return repr(statement)
    try:
        return str(statement)
    except SQLAlchemyError:
        return f"a {type(statement).__name__}"


def _forget(met: dict[int, weakref.ref[Statement]], key: int, _: object) -> None:
    met.pop(key, None)
