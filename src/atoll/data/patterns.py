"""Patterns: compiled statements, taken apart into what all runs of them and of their equals share.

SQLAlchemy's own execution looks at every parameter's name, type and default each time. Here this is done once: a run is
left with finding the values by their names and checking them.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, Table, TupleType
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.selectable import SelectBase, TextualSelect
from sqlalchemy.types import ARRAY, TypeDecorator, TypeEngine

from atoll.data import columns, inside, values
from atoll.data.errors import StatementRefused
from atoll.data.inside import Extracted, Values
from atoll.data.ports import Parameters
from atoll.data.rows import Row, row_class

ARGUMENTS_MAX = 32_766
"""More do not fit into one statement of either database."""
SHOWN_MAX = 2_000
"""So much of a statement's text stands in an error."""
UNFIT = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What checks raise, SQLAlchemy's and those of a service's own types."""


class Defaults(DefaultExecutionContext):
    """What a column's default that asks for it is told of the row: `context.get_current_parameters()`."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, row: dict[str, Any]) -> None:  # Any: as `Values`
        self.compiled = compiled
        self.dialect = dialect
        self.current_parameters = row


class Pattern:
    """What all runs of one compiled statement share, and those of its equals.

    Raises:
        StatementRefused: no driver of ours can run it.
    """

    def __init__(self, compiled: SQLCompiler, statement: ClauseElement, dialect: Dialect) -> None:
        self.compiled = compiled
        self.dialect = dialect
        self.text = compiled.string
        binds = compiled.bind_names
        self.order = tuple(compiled.positiontup or ())
        self.pick = picker(self.order)
        self.checks = {name: self.check(bind.type) for bind, name in binds.items()}
        self._limit(inside.written(compiled, statement))
        self.in_order = [self.checks[name] for name in self.order]
        self.count = len(self.checks)
        self.required = {name: bind.key for bind, name in binds.items() if bind.required}
        self.renamed = {bind.key: name for bind, name in binds.items() if not bind.unique and bind.key != name}
        self.has_callables = any(bind.callable for bind in binds)
        self.late = {name for bind, name in binds.items() if bind.expanding or bind.literal_execute}
        self.scalars, self.defaults = self._prefetched()
        self.is_insert_or_update = compiled.isinsert or compiled.isupdate
        self._results(statement)
        self.is_read, self.metadata = surveyed(statement, self.text)
        if len(self.order) > ARGUMENTS_MAX:
            raise StatementRefused(self.shown, f"it has more than {ARGUMENTS_MAX} values: run it in several parts")

    def constants(self, extracted: Extracted | None, given: Values | None) -> Values:
        """The values that a statement brings along; what only parameters can give is missing.

        `extracted` are its own, in the order of those of the statement that was compiled, whose equal it is.
        """
        if not self.count:
            return {}
        found = inside.constants_of(self.compiled, extracted, given, self.required)
        found.update(self.scalars)
        return found

    def add_defaults(self, row: dict[str, Any]) -> None:  # Any: as `Values`
        """Call the defaults of the columns that were not given."""
        context = Defaults(self.compiled, self.dialect, row)
        for name, column, function in self.defaults:
            context.current_column = column
            row[name] = function(context)

    def named(self, parameters: Parameters) -> Values:
        """Parameters by the names that they have in the text: long ones are cut.

        Raises:
            StatementRefused: they are not given by names at all.
        """
        kind: type = type(parameters)
        if not issubclass(kind, Mapping):
            raise StatementRefused(self.shown, f"its parameters are a {kind.__name__}, not a dict")
        return {self.renamed.get(key, key): parameters[key] for key in parameters} if self.renamed else parameters

    def misfit(self, row: Values, parameters: Parameters) -> StatementRefused:
        """The error for parameters that are missing, or that the statement does not have."""
        names = self.checks.keys()
        unknown = sorted(str(name) for name in parameters if self.renamed.get(name, name) not in names)
        missing = sorted(names - row.keys())
        parts = (
            f"it lacks the parameter {', '.join(missing)}" if missing else "",
            f"it has no parameter {', '.join(unknown)}, only {', '.join(names) or 'none'}" if unknown else "",
        )
        return StatementRefused(self.shown, ", and ".join(filter(None, parts)))

    def unfit(self, row: Values, error: Exception) -> StatementRefused:
        """The error for a value that a check has refused: which one it was, and why."""
        for name, check in self.checks.items():
            try:
                for value in row[name] if name in self.late else (row[name],):
                    check(value)
            except UNFIT as found:
                return StatementRefused(self.shown, f"the parameter `{name}` does not fit: {found}")
        return StatementRefused(self.shown, str(error))

    def check(self, kind: TypeEngine[Any]) -> values.Check:  # Any: of all types
        """What values of a type have to pass, and how they come out of it."""
        if isinstance(kind, TupleType):
            return _tuple_check([self.check(part) for part in kind.types])
        impl = kind.dialect_impl(self.dialect)
        self._refuse_array(impl)
        check: values.Check | None = impl.bind_processor(self.dialect)
        if check is None:
            return values.untyped if self.dialect.name == "sqlite" else values.unchecked
        if check is values.WHOLE_32 and isinstance(kind, BigInteger):
            return values.WHOLE_64  # BigInteger().with_variant(Integer, "sqlite"): SQLite counts up INTEGER alone
        return check

    def _limit(self, written: set[str]) -> None:
        """Have no column written with longer text than it holds; a WHERE may ask for any."""
        for bind, name in self.compiled.bind_names.items():
            length = columns.length_of(bind.type, self.dialect) if name in written else None
            if length is not None:
                self.checks[name] = values.words(length, self.checks[name])

    def _refuse_array(self, kind: TypeEngine[Any]) -> None:  # Any: of all types
        inner = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
        if isinstance(inner, ARRAY) and self.dialect.name == "sqlite":
            raise StatementRefused(self.shown, "SQLite has no ARRAY: use JSON, or a table of its own")

    def _prefetched(self) -> tuple[dict[str, Any], list[tuple[str, Any, Callable[[Any], Any]]]]:  # Any: all types
        """Defaults that are values, and those that are functions, by the name of the parameter that they fill."""
        scalars: dict[str, Any] = {}  # Any: as `Values`
        functions: list[tuple[str, Any, Callable[[Any], Any]]] = []  # Any: columns, and values of them
        for name, column, default in inside.prefetched(self.compiled):
            if default.is_scalar:
                scalars[name] = default.arg
            elif default.is_callable:
                functions.append((name, column, default.arg))
            else:
                reason = f"the default of the column `{column.name}` would be a statement of its own"
                raise StatementRefused(self.shown, f"{reason}: make it a server_default")
        return scalars, functions

    def _results(self, statement: ClauseElement) -> None:
        """How the rows are called, and what becomes of their values."""
        entries = inside.entries_of(self.compiled)
        if len(entries) > 1 and inside.is_without_order(self.compiled):
            reason = "the order of its columns is not known: name them as .columns(column('a', Integer), ...)"
            raise StatementRefused(self.shown, reason)
        names = tuple(entry.name or f"column_{index}" for index, entry in enumerate(entries, 1))
        self.row: type[Row] | None = row_class(names) if entries else None
        self.width = len(names)
        self.returns = bool(entries) or isinstance(statement, SelectBase)
        readings = ((index, self._reading(entry)) for index, entry in enumerate(entries))
        self.readings = [(index, reading) for index, reading in readings if reading is not None]

    def _reading(self, entry: inside.Entry) -> values.Check | None:
        impl = entry.kind.dialect_impl(self.dialect)
        self._refuse_array(impl)
        reading: values.Check | None = impl.result_processor(self.dialect, None)
        if reading is None and isinstance(entry.kind, Integer) and self.dialect.name == "postgresql":
            return None if entry.is_column else _integer  # the sum of BIGINT is NUMERIC there
        return reading

    @property
    def shown(self) -> str:
        """Its text for an error, which has an end."""
        return self.text if len(self.text) <= SHOWN_MAX else f"{self.text[:SHOWN_MAX]}..."


def picker(names: Sequence[str]) -> Callable[[Values], Sequence[Any]]:  # Any: values of all columns
    """A function that gets these values, in this order."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        only = operator.itemgetter(names[0])
        return lambda row: (only(row),)
    return operator.itemgetter(*names)


READS = ("select", "values")
WRITES = (" for update", " for share", " for no key update", " for key share", " into ")


def surveyed(statement: ClauseElement, text: str) -> tuple[bool, tuple[MetaData, ...]]:
    """Whether a statement only reads, and of which metadata the tables are that it names."""
    is_select = isinstance(statement, SelectBase) and not isinstance(statement, TextualSelect)
    words = " ".join(text.lower().split())
    is_read = words.startswith(READS) and not any(write in words for write in WRITES)
    found: dict[MetaData, None] = {}
    for part in visitors.iterate(statement):
        if isinstance(part, Table):
            found[part.metadata] = None
        if inside.is_locking(part) or isinstance(part, UpdateBase):
            is_select = is_read = False
    return is_select or is_read, tuple(found)


def _tuple_check(checks: Iterable[values.Check]) -> values.Check:
    several = list(checks)

    def check(value: Any) -> Any:  # Any: a row of values
        return tuple(each(part) for each, part in zip(several, value, strict=True))

    return check


def _integer(value: Any) -> Any:  # Any: an int, or a Decimal
    return None if value is None else int(value)
