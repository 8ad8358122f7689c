"""What SQLAlchemy knows and documents nowhere, in one place: a release that moves it breaks this file, and its tests.

Its own `Connection.execute` uses the same names, the same ones in 2.0 and 2.1.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Column, ForeignKeyConstraint, Insert, Table, Update, schema
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeEngine

Extracted = Sequence[BindParameter[Any]]  # Any: of all types
Values = Mapping[str, Any]  # Any: values of all columns


class Key(NamedTuple):
    """By what two statements are known to be equal but for their values, and the values."""

    whole: Any  # Any: SQLAlchemy's own, which its compiler wants to see
    key: tuple[Any, ...]  # Any: as above
    extracted: Extracted
    given: Values | None


def key_of(statement: Any) -> Key | None:  # Any: all classes of statements
    """The key of a statement; None where there is none, as for an insert of several rows."""
    whole = statement._generate_cache_key()  # noqa: SLF001  # what this file is for
    return None if whole is None else Key(whole, whole.key, whole.bindparams, getattr(whole, "params", None))


def constants_of(
    compiled: Any, extracted: Extracted | None, given: Values | None, required: Mapping[str, str]
) -> dict[str, Any]:  # Any: a compiler, values of all columns
    """The parameters that a statement brings along, by their names in the text.

    `extracted` are those of the statement at hand, in the order of those of the equal one that was compiled. `required`
    has the names of those without a value, and what they are called in the statement: `params()` may have given it.
    """
    if given is None and getattr(compiled, "_collect_params", False):
        given = compiled._collected_params  # noqa: SLF001  # what this file is for
    found: dict[str, Any] = compiled.construct_params(  # Any: as above
        given or None, extracted_parameters=extracted, escape_names=False, _check=False
    )
    for name, key in required.items():
        if key not in (given or ()):
            del found[name]
    return found


def is_of_orm(statement: Any) -> bool:  # Any: all classes of statements
    """Whether it names mapped classes or their attributes."""
    return bool(statement._propagate_attrs.get("compile_state_plugin") == "orm")  # noqa: SLF001  # what this file is for


def is_of_defaults(statement: Any) -> bool:  # Any: all classes of statements
    """Whether it wants to be told of defaults, as the ORM does."""
    return bool(getattr(statement, "_return_defaults", False))


def is_locking(part: Any) -> bool:  # Any: a part of a statement
    """Whether it is a SELECT ... FOR UPDATE."""
    return getattr(part, "_for_update_arg", None) is not None


class Entry(NamedTuple):
    """A column of an answer."""

    name: str | None
    kind: TypeEngine[Any]  # Any: of all types
    is_column: bool
    """Whether it is a column of a table, not an expression."""


def entries_of(compiled: Any) -> Sequence[Entry]:  # Any: a compiler
    """The columns of an answer, in order; none where SQLAlchemy does not know them."""
    return [
        Entry(entry.keyname, entry.type, any(isinstance(each, Column) for each in entry.objects))
        for entry in compiled._result_columns  # noqa: SLF001  # what this file is for
    ]


def is_without_order(compiled: Any) -> bool:  # Any: a compiler
    """Whether its columns are known by their names alone, as with `text(...).columns(a=Integer)`."""
    return bool(compiled._loose_column_name_matching)  # noqa: SLF001  # what this file is for


def prefetched(compiled: Any) -> list[tuple[str, Any, Any]]:  # Any: a compiler, columns, defaults
    """The name of the parameter, the column and the default, of each column that nobody has given a value."""
    found = [
        *((column, column.default) for column in compiled.insert_prefetch),
        *((column, column.onupdate) for column in compiled.update_prefetch),
    ]
    return [(compiled._within_exec_param_key_getter(column), column, default) for column, default in found]  # noqa: SLF001  # what this file is for


def written(compiled: Any, statement: Any) -> set[str]:  # Any: a compiler, all classes of statements
    """The names of the parameters that become values of columns as they are, not in a WHERE or an expression."""
    named: set[str] = set()
    for part in visitors.iterate(statement):
        if isinstance(part, Insert | Update):
            named.update(value.key for value in _values_of(part) if isinstance(value, BindParameter))
    return {name for bind, name in compiled.bind_names.items() if getattr(bind, "_is_crud", False) or bind.key in named}


def _values_of(part: Any) -> Iterator[Any]:  # Any: an insert or an update, values of all columns
    """What it gives to columns by itself."""
    yield from (value for _, value in getattr(part, "_ordered_values", None) or ())  # of 2.0 alone
    yield from (part._values or {}).values()  # noqa: SLF001  # what this file is for
    for rows in part._multi_values:  # noqa: SLF001  # as above
        for row in rows:
            yield from getattr(row, "values", row.__iter__)()


def given_columns(insert: Any) -> set[str]:  # Any: an insert
    """The keys of the columns that it gives values to by itself."""
    several = [row for rows in insert._multi_values for row in rows]  # noqa: SLF001  # what this file is for
    found = {getattr(column, "key", column) for row in (insert._values or (), *several) for column in row}  # noqa: SLF001  # as above
    return found | set(insert._select_names or ())  # noqa: SLF001  # as above


def in_order(tables: Sequence[Table]) -> list[tuple[Table | None, list[ForeignKeyConstraint]]]:
    """Tables with the references that can be made with them; at the end, without a table, those that go in a circle."""
    sort: Any = getattr(schema, "sort_tables_and_constraints")  # noqa: B009  # Any: it is documented, but has no types
    found: list[tuple[Table | None, list[ForeignKeyConstraint]]] = sort(tables)
    return found


def is_wanted(item: Any, dialect: Dialect) -> bool:  # Any: an index
    """Whether it is for this database, where `ddl_if()` says for which it is."""
    condition = item._ddl_if  # noqa: SLF001  # what this file is for
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # it is only asked for its dialect
    return condition is None or bool(
        condition._should_execute(None, item, None, compiler=compiler, checkfirst=False)  # noqa: SLF001  # as above
    )
