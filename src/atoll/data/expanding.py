"""IN: a list becomes as many parameters, so the text depends on how long it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TupleType
from sqlalchemy.sql.compiler import ExpandedState

from atoll.data.errors import StatementRefused
from atoll.data.inside import Values
from atoll.data.patterns import ARGUMENTS_MAX, UNFIT, Pattern, picker
from atoll.data.values import Check, checked

TEXTS_MAX = 64
"""Of one statement so many texts are kept."""


@dataclass(frozen=True, slots=True)
class _Written:
    """The text for lists of certain lengths."""

    text: str
    names: Mapping[str, Sequence[str]]
    pick: Callable[[Values], Sequence[Any]]  # Any: values of all columns
    checks: Sequence[Check]


class Expanding:
    """What is special about a statement with lists; shared by all its runs, and by its equals."""

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._binds: Mapping[str, Any] = pattern.compiled.binds  # Any: their types have no common one
        binds = self._binds
        self._lists = [name for name in pattern.late if binds[name].expanding]
        self._is_literal = any(binds[name].literal_execute for name in pattern.late)
        self._pairs = {name for name in self._lists if isinstance(binds[name].type, TupleType)}
        self._texts: dict[tuple[int, ...], _Written] = {}

    def bound(self, row: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:  # Any: values of all columns
        """The text for these lists, and the arguments by position.

        Raises:
            StatementRefused: a value does not fit, a list is none, or is too long.
        """
        lists = {name: self._listed(name, row[name]) for name in self._lists}
        lengths = tuple(map(len, lists.values()))
        written = self._texts.get(lengths)
        if written is None:
            written = self._write({**row, **lists})
            if not self._is_literal:
                if len(self._texts) >= TEXTS_MAX:
                    self._texts.clear()
                self._texts[lengths] = written
        flat = dict(row)
        for name, values in lists.items():
            parts = [part for pair in values for part in pair] if name in self._pairs else values
            flat.update(zip(written.names.get(name, ()), parts, strict=False))  # an empty list has names of its own
        try:
            return written.text, [*map(checked, written.checks, written.pick(flat))]
        except UNFIT as error:
            raise self._pattern.unfit(row, error) from error

    def _listed(self, name: str, value: Any) -> list[Any]:  # Any: whatever was passed
        if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
            kind = type(value).__name__  # pyright: ignore[reportUnknownArgumentType]  # of what nobody knows
            raise StatementRefused(self._pattern.shown, f"the parameter `{name}` takes a list, not a {kind}")
        found: list[Any] = [*value]  # Any: values of a column
        if name in self._pairs:
            width = len(self._binds[name].type.types)
            if not all(type(pair) in (list, tuple) and len(pair) == width for pair in found):
                raise StatementRefused(self._pattern.shown, f"the parameter `{name}` takes a list of tuples of {width}")
        return found

    def _write(self, row: Mapping[str, Any]) -> _Written:  # Any: values of all columns
        state: ExpandedState = self._pattern.compiled.construct_expanded_state(row, escape_names=False)
        order = state.positiontup or ()
        if len(order) > ARGUMENTS_MAX:
            reason = f"it gets {len(order)} values, of which a statement takes {ARGUMENTS_MAX}: run it in several parts"
            raise StatementRefused(self._pattern.shown, reason)
        checks = dict(self._pattern.checks)
        for name, expanded in state.parameter_expansion.items():
            checks.update(zip(expanded, self._checks(name, len(expanded)), strict=True))
        return _Written(state.statement, state.parameter_expansion, picker(order), [checks[name] for name in order])

    def _checks(self, name: str, count: int) -> Iterable[Check]:
        if name not in self._pairs:
            return [self._pattern.checks[name]] * count
        kinds = self._binds[name].type.types
        several = [self._pattern.check(kind) for kind in kinds]
        return several * (count // len(several))
