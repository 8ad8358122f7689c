"""Rows: what a statement answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload


class Row(tuple[Any, ...]):  # Any: values of all columns
    """One row: a tuple whose values have names as well.

    >>> Row.of(("id", "points"), ("7", 12)).points
    12
    """

    names: Mapping[str, int] = {}  # noqa: RUF012  # a class of its own for each set of names replaces it
    __slots__ = ()

    @classmethod
    def of(cls, names: Sequence[str], values: Sequence[Any]) -> "Row":  # Any: as above
        """A row with these names."""
        return row_class(tuple(names))(values)

    def __getattr__(self, name: str) -> Any:  # Any: as above
        try:
            return self[type(self).names[name]]
        except KeyError:
            raise AttributeError(f"the row has no column `{name}`; it has {', '.join(self.names)}") from None

    def as_dict(self) -> dict[str, Any]:  # Any: as above
        """The values by their names."""
        return {name: self[index] for name, index in type(self).names.items()}


_classes: dict[tuple[str, ...], type[Row]] = {}


def row_class(names: tuple[str, ...]) -> type[Row]:
    """The class of rows with these names; one for each set of names."""
    found = _classes.get(names)
    if found is None:
        indexes = {name: index for index, name in enumerate(names)}
        found = _classes[names] = type("Row", (Row,), {"names": indexes, "__slots__": ()})
    return found


class Rows(Sequence[Row]):
    """What a statement answers: its rows, and how many it has changed (`count`; -1 where nobody counts)."""

    __slots__ = ("_rows", "count")

    def __init__(self, rows: Sequence[Row], count: int = -1) -> None:
        self._rows = rows
        self.count = count

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
