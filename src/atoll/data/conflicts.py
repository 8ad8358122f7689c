"""An insert that updates the row that is there already, written for SQLite and for PostgreSQL alike."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Insert, Table, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import InternalTraversal

from atoll.data.errors import StatementRefused
from atoll.data.inside import given_columns


class OnConflict(ClauseElement):
    """What becomes of a row whose keys are there already."""

    _traverse_internals = [  # noqa: RUF012  # a table of SQLAlchemy's, by which it knows equal statements
        ("keys", InternalTraversal.dp_string_list),
        ("update", InternalTraversal.dp_string_list),
        ("is_given", InternalTraversal.dp_boolean),
    ]

    def __init__(self, keys: Sequence[str], update: Sequence[str] | None) -> None:
        self.keys = list(keys)
        self.update = list(update or ())
        self.is_given = update is not None


class Upsert(Insert):
    """An insert, or an update of the row with the same keys; used as any insert."""

    inherit_cache = True

    def __init__(self, table: Table, keys: Sequence[str], update: Sequence[str] | None) -> None:
        super().__init__(table)
        self._post_values_clause = OnConflict(keys, update)

    def from_select(self, names: Any, select: Any, include_defaults: bool = True) -> "Upsert":  # Any: as in SQLAlchemy
        """Rows of a select. SQLite reads its end as that of a join unless it has a condition, so it gets one."""
        condition = getattr(select, "whereclause", self)  # what has none at all is no plain select
        return super().from_select(names, select.where(true()) if condition is None else select, include_defaults)


def made(table: Table, keys: Sequence[str], update: Sequence[str] | None) -> Upsert:
    """An upsert into a table.

    Raises:
        StatementRefused: there is no such column, or no key.
    """
    keys = keys or [column.key for column in table.primary_key]
    unknown = [name for name in (*keys, *(update or ())) if name not in table.c]
    if unknown:
        raise StatementRefused(f"upsert({table.name!r}, ...)", f"the table has no column {', '.join(unknown)}")
    if not keys:
        raise StatementRefused(f"upsert({table.name!r})", "the table has no primary key: name the columns that are one")
    return Upsert(table, keys, update)


@compiles(OnConflict)
def _written(element: OnConflict, compiler: SQLCompiler, **_: Any) -> str:  # Any: options of SQLAlchemy's
    statement = compiler.current_executable
    assert isinstance(statement, Insert)
    table: Any = statement.table  # Any: a Table, whose columns are of all types
    quote = compiler.preparer.quote
    keys = ", ".join(quote(table.c[key].name) for key in element.keys)
    overwritten = [quote(column.name) for column in _overwritten(element, table, compiler, statement)]
    if not overwritten:
        return f"ON CONFLICT ({keys}) DO NOTHING"
    return f"ON CONFLICT ({keys}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in overwritten)}"


def _overwritten(
    element: OnConflict, table: Any, compiler: SQLCompiler, statement: Insert
) -> Iterator[Column[Any]]:  # Any: as above
    """The columns to overwrite: those that are said, or those that are given; and those that change with every update.

    A row keeps its primary key, also where it is known by other columns. A default is for new rows: `created_at` keeps
    its value. A column with an `onupdate` beside its default (`updated_at`) gets what a new row would get.
    """
    if element.is_given:
        yield from (table.c[name] for name in element.update)
        return
    given = given_columns(statement).union(compiler.column_keys or ())
    for column in table.c:
        if column.key in element.keys or column.primary_key:
            continue
        is_renewed = column.onupdate is not None and (column.default is not None or column.server_default is not None)
        if not given or column.key in given or is_renewed:
            yield column
