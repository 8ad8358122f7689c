"""A statement that is ready to be run: with its text, the arguments for the driver, and the rows of its answer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import MetaData

from atoll.data.errors import StatementRefused
from atoll.data.expanding import Expanding
from atoll.data.inside import Extracted, Values
from atoll.data.patterns import UNFIT, Pattern
from atoll.data.ports import Parameters, Raw
from atoll.data.rows import Row, Rows, row_class
from atoll.data.values import checked

NONE: Parameters = {}


class Prepared:
    """A statement, compiled for one dialect."""

    __slots__ = ("_constants", "_expanding", "_extracted", "_given", "_is_simple", "_pattern", "is_read", "metadata")

    def __init__(
        self,
        pattern: Pattern,
        expanding: Expanding | None,
        extracted: Extracted | None = None,
        given: Values | None = None,
    ) -> None:
        self._pattern = pattern
        self._expanding = expanding
        self._extracted, self._given = extracted, given
        self._constants: Values = {} if pattern.has_callables else pattern.constants(extracted, given)
        self._is_simple = not (pattern.late or pattern.defaults or pattern.has_callables or pattern.renamed)
        self.is_read: bool = pattern.is_read
        """Whether it is a SELECT that locks nothing."""
        self.metadata: tuple[MetaData, ...] = pattern.metadata
        """Those of the tables that it names."""

    def bound(self, parameters: Parameters | None) -> tuple[str, Sequence[Any]]:  # Any: values of all columns
        """Its text, and the arguments by position, as the driver takes them.

        Raises:
            StatementRefused: a parameter is missing, unknown, or of the wrong type.
        """
        pattern = self._pattern
        if self._expanding is not None:
            return self._expanding.bound(self._row(parameters or NONE))
        return pattern.text, self._arguments(parameters or NONE)

    def bound_many(self, several: Sequence[Parameters]) -> tuple[str, Sequence[Sequence[Any]]]:  # Any: as above
        """Its text, and the arguments of each run.

        Raises:
            StatementRefused: as `bound`; it answers rows, or has an IN, and can only be run once at a time.
        """
        pattern = self._pattern
        if pattern.returns:
            reason = "it answers rows, which are lost where it is run for a list of parameters"
            raise StatementRefused(pattern.shown, f"{reason}: give an insert its rows by .values([...])")
        if self._expanding is not None:
            raise StatementRefused(
                pattern.shown, "its IN has a text for each length of the list: run it once at a time"
            )
        arguments = self._arguments
        return pattern.text, [arguments(parameters) for parameters in several]

    def rows(self, raw: Raw, count: int) -> Rows:
        """What the driver answered, with the names and types of the statement's columns.

        Columns of a `text()` have names where it says so: `text(...).columns(column("id", String), ...)`.
        """
        if not raw:
            return Rows((), count)
        pattern = self._pattern
        if pattern.row is None:
            names = tuple(f"column_{index}" for index in range(1, len(raw[0]) + 1))
            return Rows([*map(row_class(names), raw)], count)
        if len(raw[0]) != pattern.width:
            reason = f"it answers {len(raw[0])} columns, and names {pattern.width}"
            raise StatementRefused(pattern.shown, f"{reason}: name all of them in .columns(...)")
        if not pattern.readings:
            return Rows([*map(pattern.row, raw)], count)
        make, readings = pattern.row, pattern.readings
        found: list[Row] = []
        for values in raw:
            row = [*values]
            for index, reading in readings:
                row[index] = reading(row[index])
            found.append(make(row))
        return Rows(found, count)

    def _arguments(self, parameters: Parameters) -> Sequence[Any]:  # Any: values of all columns
        pattern = self._pattern
        try:
            if self._is_simple:
                row = {**self._constants, **parameters} if self._constants else parameters
                if len(row) == pattern.count:
                    return [*map(checked, pattern.in_order, pattern.pick(row))]
            return [*map(checked, pattern.in_order, pattern.pick(self._row(parameters)))]
        except UNFIT as error:
            raise pattern.unfit(self._row(parameters), error) from error

    def _row(self, parameters: Parameters) -> Values:
        """All values, by the names that they have in the text.

        Raises:
            StatementRefused: some are missing, or unknown.
        """
        pattern = self._pattern
        constants = pattern.constants(self._extracted, self._given) if pattern.has_callables else self._constants
        row = {**constants, **pattern.named(parameters)}
        if row.keys() != pattern.checks.keys():
            raise pattern.misfit(row, parameters)
        if pattern.defaults:
            pattern.add_defaults(row)
        return row
