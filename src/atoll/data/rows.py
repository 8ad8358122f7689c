"""Rows: what a statement answers."""

import operator
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, overload


class Row(tuple[Any, ...]):  # Any: values of all columns
    """One row: a tuple whose values have names as well.

    >>> row_class(("id", "points"))(("7", 12)).points
    12
    """

    __slots__ = ()
    _names: ClassVar[tuple[str, ...]] = ()

    def __getattr__(self, name: str) -> Any:  # Any: as above; those that there are have properties of their own
        raise AttributeError(f"the row has no column `{name}`; it has {', '.join(self._names)}")

    def as_dict(self) -> dict[str, Any]:  # Any: as above
        """The values by their names."""
        return dict(zip(self._names, self, strict=True))


_classes: dict[tuple[str, ...], type[Row]] = {}


def row_class(names: tuple[str, ...]) -> type[Row]:
    """The class of rows with these names; one for each set of names."""
    found = _classes.get(names)
    if found is None:
        columns = {name: property(operator.itemgetter(index)) for index, name in enumerate(names)}
        found = _classes[names] = type("Row", (Row,), {"__slots__": (), **columns, "_names": names})
    return found


class Rows(Sequence[Row]):
    """What a statement answers: its rows, and how many it has changed (`changed`; -1 where nobody counts)."""

    __slots__ = ("_rows", "changed")

    def __init__(self, rows: Sequence[Row], changed: int = -1) -> None:
        self._rows = rows
        self.changed = changed

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        """A row, or several."""
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def first(self) -> Row | None:
        """The first row; None where there is none."""
        return self._rows[0] if self._rows else None

    def one(self) -> Row:
        """The only row.

        Raises:
            LookupError: there are none, or several.
        """
        if len(self._rows) != 1:
            raise LookupError(f"one row was expected, and {len(self._rows)} came")
        return self._rows[0]

    def scalar(self) -> Any:  # Any: a value of any column
        """The first value of the first row; None where there is none."""
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> list[Any]:  # Any: as above
        """The first value of each row."""
        return [row[0] for row in self._rows]


NO_ROWS = Rows((), -1)
