"""One transaction on SQLite: statements that run at once, on the connection of all writers."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from atoll.adapters.sqlite_errors import sqlite_error
from atoll.data import DiskFull, Raw, StatementRefused, TransactionEnded, TransactionTooLong

ERRORS = (sqlite3.Error, OverflowError)


class Owner(Protocol):
    """The driver that has begun the transaction."""

    @property
    def place(self) -> str:
        """Where the database is."""
        ...

    @property
    def connection(self) -> sqlite3.Connection:
        """That of all writers."""
        ...

    def ended(self, *, committed: bool) -> int:
        """The transaction has ended; the ticket of its commit."""
        ...

    def found_full(self) -> None:
        """The disk takes no more."""
        ...


class SqliteSession:
    """The transaction that is under way. Fulfils `Session`."""

    __slots__ = ("_connection", "_ends_at", "_execute", "_is_ended", "_is_failed", "_now", "_owner")

    def __init__(self, owner: Owner, ends_at: float) -> None:
        self._owner = owner
        self._connection = owner.connection
        self._execute = self._connection.execute
        self._ends_at = ends_at
        self._now = asyncio.get_running_loop().time
        self._is_failed = False
        self._is_ended = False

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed."""
        if self._is_ended or self._is_failed:
            raise TransactionEnded
        try:
            cursor = self._execute(text, arguments)
            rows = cursor.fetchall()
        except ERRORS as error:
            self._is_failed = True
            raise self._told(error, text) from None
        if not self._connection.in_transaction:
            raise self._ended_by(text)
        return rows, cursor.rowcount

    async def execute_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> int:  # Any: as above
        """How many rows were changed in all."""
        if self._is_ended or self._is_failed:
            raise TransactionEnded
        try:
            changed = self._connection.executemany(text, arguments).rowcount
        except ERRORS as error:
            self._is_failed = True
            raise self._told(error, text) from None
        if not self._connection.in_transaction:
            raise self._ended_by(text)
        return changed

    async def commit(self) -> int:
        """Commit; the ticket to wait for."""
        if self._is_ended or self._is_failed:
            self._undo()
            raise TransactionEnded
        if self._now() > self._ends_at:
            self._undo()
            raise TransactionTooLong(0)
        try:
            self._execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise self._told(error, "COMMIT") from None
        self._is_ended = True
        return self._owner.ended(committed=True)

    async def rollback(self) -> None:
        """Undo everything."""
        self._undo()

    def _ended_by(self, text: str) -> StatementRefused:
        self._is_failed = True
        return StatementRefused(text, "it ends the transaction")

    def _told(self, error: Exception, text: str) -> Exception:
        told = sqlite_error(error, text, self._owner.place)
        if isinstance(told, DiskFull):
            self._owner.found_full()
        return told

    def _undo(self) -> None:
        if self._is_ended:
            return
        self._is_ended = True
        with contextlib.suppress(sqlite3.Error):  # after some errors SQLite has rolled back by itself
            if self._connection.in_transaction:
                self._execute("ROLLBACK")
        self._owner.ended(committed=False)
