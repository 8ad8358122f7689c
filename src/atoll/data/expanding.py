"""IN: a list becomes as many parameters, so the text depends on how long it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TupleType
from sqlalchemy.sql.compiler import ExpandedState

from atoll.data.errors import StatementRefused
from atoll.data.inside import Values
from atoll.data.plans import ARGUMENTS_MAX, UNFIT, Plan, picker
from atoll.data.values import Check, checked

SHAPES_MAX = 64
"""Of one statement so many texts are kept."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """The text for lists of certain lengths."""

    text: str
    names: Mapping[str, Sequence[str]]
    pick: Callable[[Values], Sequence[Any]]  # Any: values of all columns
    checks: Sequence[Check]


class Expanding:
    """What is special about a statement with lists; shared by all its runs, and by its equals."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._binds: Mapping[str, Any] = plan.compiled.binds  # Any: their types have no common one
        binds = self._binds
        self._lists = [name for name in plan.late if binds[name].expanding]
        self._is_literal = any(binds[name].literal_execute for name in plan.late)
        self._pairs = {name for name in self._lists if isinstance(binds[name].type, TupleType)}
        self._shapes: dict[tuple[int, ...], _Shape] = {}

    def bound(self, row: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:  # Any: values of all columns
        """The text for these lists, and the arguments by position.

        Raises:
            StatementRefused: a value does not fit, a list is none, or is too long.
        """
        lists = {name: self._listed(name, row[name]) for name in self._lists}
        lengths = tuple(map(len, lists.values()))
        shape = self._shapes.get(lengths)
        if shape is None:
            shape = self._shaped({**row, **lists})
            if not self._is_literal:
                if len(self._shapes) >= SHAPES_MAX:
                    self._shapes.clear()
                self._shapes[lengths] = shape
        flat = dict(row)
        for name, values in lists.items():
            parts = [part for pair in values for part in pair] if name in self._pairs else values
            flat.update(zip(shape.names.get(name, ()), parts, strict=False))  # an empty list has names of its own
        try:
            return shape.text, [*map(checked, shape.checks, shape.pick(flat))]
        except UNFIT as error:
            raise self._plan.unfit(row, error) from error

    def _listed(self, name: str, value: Any) -> list[Any]:  # Any: whatever was passed
        if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
            kind = type(value).__name__  # pyright: ignore[reportUnknownArgumentType]  # of what nobody knows
            raise StatementRefused(self._plan.shown, f"the parameter `{name}` takes a list, not a {kind}")
        found: list[Any] = [*value]  # Any: values of a column
        if name in self._pairs:
            width = len(self._binds[name].type.types)
            if not all(type(pair) in (list, tuple) and len(pair) == width for pair in found):
                raise StatementRefused(self._plan.shown, f"the parameter `{name}` takes a list of tuples of {width}")
        return found

    def _shaped(self, row: Mapping[str, Any]) -> _Shape:  # Any: values of all columns
        state: ExpandedState = self._plan.compiled.construct_expanded_state(row, escape_names=False)
        order = state.positiontup or ()
        if len(order) > ARGUMENTS_MAX:
            reason = f"it gets {len(order)} values, of which a statement takes {ARGUMENTS_MAX}: run it in several parts"
            raise StatementRefused(self._plan.shown, reason)
        checks = dict(self._plan.checks)
        for name, expanded in state.parameter_expansion.items():
            checks.update(zip(expanded, self._checks(name, len(expanded)), strict=True))
        return _Shape(state.statement, state.parameter_expansion, picker(order), [checks[name] for name in order])

    def _checks(self, name: str, count: int) -> Iterable[Check]:
        if name not in self._pairs:
            return [self._plan.checks[name]] * count
        kinds = self._binds[name].type.types
        several = [self._plan.check(kind) for kind in kinds]
        return several * (count // len(several))
