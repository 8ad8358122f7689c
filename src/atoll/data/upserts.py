"""`upsert`, which loads SQLAlchemy when it is called."""

from collections.abc import Sequence
from typing import Any, Protocol

from atoll.data.ports import Statement


class Upserting(Statement, Protocol):
    """An insert of SQLAlchemy, `sqlalchemy.Insert`, that updates the row which is there already."""

    def values(self, *args: Any, **kwargs: Any) -> "Upserting":  # Any: values of all columns
        """With values of its own."""
        ...

    def from_select(
        self, names: Any, select: Any, include_defaults: bool = True
    ) -> "Upserting":  # Any: as SQLAlchemy's
        """With the rows of a select."""
        ...

    def returning(self, *columns: Any) -> Statement:  # Any: SQLAlchemy's columns
        """Answering the rows as they are afterwards."""
        ...


def upsert(
    table: Any,  # Any: `sqlalchemy.Table`, which is not loaded before somebody has one
    *keys: str,
    update: Sequence[str] | None = None,
) -> Upserting:
    """An insert, or an update where a row with these keys is there; the same on SQLite and PostgreSQL.

    `keys` are the columns by which a row is known, which have to be unique: the primary key where none are named.
    `update` are the columns to overwrite; `()` leaves the row as it is, and `returning()` then answers nothing for it.
    By default those are overwritten that the statement gives, and those that change with every update (a column with
    both a default and an `onupdate`); what a default alone fills, such as `created_at`, keeps its value, and so does
    the primary key.

    Raises:
        StatementRefused: there is no such column.

    >>> from sqlalchemy import Column, Integer, MetaData, String, Table
    >>> scores = Table("scores", MetaData(), Column("lead", String, primary_key=True), Column("points", Integer))
    >>> print(upsert(scores, "lead"))
    INSERT INTO scores (lead, points) VALUES (:lead, :points) ON CONFLICT (lead) DO UPDATE SET points = excluded.points
    """
    from atoll.data.conflicts import made  # noqa: PLC0415  # loads SQLAlchemy

    return made(table, keys, update)
