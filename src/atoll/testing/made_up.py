"""Rows that are made up, so that a migration meets tables which are not empty."""

import datetime
import decimal
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import DBAPIError

from atoll.adapters.alembic_differences import reflected

ROWS = 2
"""How many are made up for each table."""


def fill(
    connection: Connection, given: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:  # Any: values of all columns
    """Fill all tables, those first to which others refer: with the rows that are given, else with some made up.

    A table with a constraint that made-up rows do not keep stays empty.

    Raises:
        DBAPIError: the database refuses a row that is given.
    """
    for table in reflected(connection).sorted_tables:
        if table.name in given:
            connection.execute(insert(table), list(given[table.name]))
            continue
        for number in range(ROWS):
            try:
                with connection.begin_nested():
                    connection.execute(insert(table).values(**_row(table, number)))
            except DBAPIError:
                break


def counted(connection: Connection) -> Mapping[str, int]:
    """How many rows each table has."""
    tables = reflected(connection).sorted_tables
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def _row(table: Table, number: int) -> dict[str, Any]:  # Any: as above
    """A row; the rows to which it refers have the same number."""
    return {
        column.name: _value(column.type, number)
        for column in table.columns
        if column.computed is None and not (column.identity is not None and column.identity.always)
    }


def _value(kind: Any, number: int) -> object:  # Any: a type of SQLAlchemy
    if words := getattr(kind, "enums", None):
        return str(words[number % len(words)])
    values: list[Any] = [  # Any: values of all columns
        number % 2 == 0,
        number + 1,
        number + 0.5,
        decimal.Decimal(number + 1),
        str(number + 1),
        bytes([number + 1]),
        {"number": number},
        [],
        uuid.UUID(int=number + 1),
        datetime.datetime(2026, 1, 1 + number, tzinfo=datetime.UTC if getattr(kind, "timezone", False) else None),
        datetime.date(2026, 1, 1 + number),
        datetime.time(number),
        datetime.timedelta(seconds=number),
    ]
    try:
        python: Any = kind.python_type  # Any: a class
    except NotImplementedError:  # a type of one database alone
        return None
    return next((value for value in values if type(value) is python), None)
