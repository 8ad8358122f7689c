"""Connections of SQLite that are made ready to be used, or closed."""

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager


@contextmanager
def made_ready(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """A connection that stays open behind the block, and is closed where the block fails: it may be no database."""
    with ExitStack() as opened:
        opened.enter_context(closing(connection))
        yield connection
        opened.pop_all()
