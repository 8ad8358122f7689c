"""What SQLite's errors mean to whoever runs a transaction."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from atoll.data import DatabaseBusy, DatabaseUnavailable, DiskFull, StatementRefused, TransactionTooLong


def sqlite_error(error: Exception, text: str, arguments: Sequence[Any], place: str) -> Exception:  # Any: columns
    """The error to raise in the place of SQLite's own.

    What the database itself refuses is SQLAlchemy's, as services know it (`IntegrityError`).
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(place)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(str(error))
    if code == sqlite3.SQLITE_INTERRUPT:
        return TransactionTooLong(0)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseUnavailable(f"{place}: {error}")
    if isinstance(error, sqlite3.IntegrityError):
        from sqlalchemy.exc import IntegrityError  # noqa: PLC0415  # whoever runs statements has loaded it

        return IntegrityError(text, tuple(arguments), error)
    return StatementRefused(text, str(error))
