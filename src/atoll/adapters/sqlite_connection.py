"""A connection for migrations to a SQLite file: with transactions around DDL, which Python has to be talked into."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from atoll.adapters.sqlite_opening import made_ready

BUSY_S = 60.0
"""How long a migration waits for somebody who writes to the file."""


@contextmanager
def sqlite_connection(path: Path) -> Generator[Connection]:
    """A connection to a file, made where it is missing; what is committed on it is durable.

    Python's `sqlite3` would commit by itself before every DDL statement (its legacy transaction control): therefore it
    is told to begin nothing, and each transaction begins here. Foreign keys are not enforced, since a table that is
    copied would lose the rows that refer to it; whoever runs migrations looks at them before each commit.
    """
    engine = sqlite_engine(path)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def sqlite_engine(path: Path) -> Engine:
    """An engine of such connections."""
    engine = create_engine("sqlite://", creator=lambda: _opened(path), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _opened(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    with made_ready(made) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "legacy_alter_table=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":  # a migration asks for no transaction
        return
    raw: Any = connection.connection.dbapi_connection  # Any: sqlite3's own
    raw.isolation_level = None  # after a block without a transaction SQLAlchemy would leave it to sqlite3 again
    connection.exec_driver_sql("BEGIN IMMEDIATE")
