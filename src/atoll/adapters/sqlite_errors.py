"""What SQLite's errors mean to whoever runs a transaction; `database_errors` has the table."""

import sqlite3
from pathlib import Path

from atoll.data import DatabaseBusy, DatabaseUnavailable, DiskFull, StatementRefused, TransactionTooLong

_GONE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)


def sqlite_error(error: Exception, text: str, place: str) -> Exception:
    """The error to raise in the place of SQLite's own."""
    whole = getattr(error, "sqlite_errorcode", 0)
    code = whole & 0xFF
    if whole == sqlite3.SQLITE_READONLY:  # a statement that writes where it may only read
        return StatementRefused(text, str(error))
    if code == sqlite3.SQLITE_FULL or whole == sqlite3.SQLITE_IOERR_SHMSIZE:  # no room for the WAL's index
        return DiskFull(place)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(str(error))
    if code == sqlite3.SQLITE_INTERRUPT:
        return TransactionTooLong(0)
    if code in _GONE:
        return DatabaseUnavailable(f"{place}: {error}")
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return StatementRefused(text, str(error))
    return _refused(error, code, text)


def not_opened(error: sqlite3.Error, path: Path) -> DatabaseUnavailable | DiskFull:
    """The error to raise where a database could not be opened."""
    told = sqlite_error(error, "", str(path))
    return told if isinstance(told, DiskFull) else DatabaseUnavailable(f"{path}: {error}")


def _refused(error: sqlite3.DatabaseError, code: int, text: str) -> Exception:
    """What the database itself refuses is SQLAlchemy's, as services know it."""
    from sqlalchemy.exc import DatabaseError, DataError, IntegrityError  # noqa: PLC0415  # whoever runs statements has it

    from atoll.adapters.database_errors import refused_by_database  # noqa: PLC0415  # as above

    if isinstance(error, sqlite3.IntegrityError):
        return refused_by_database(IntegrityError, text, error)
    if code in (sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG):
        return refused_by_database(DataError, text, error)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return refused_by_database(DatabaseError, text, error)
    return StatementRefused(text, str(error))
