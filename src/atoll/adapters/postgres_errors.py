"""What PostgreSQL's and asyncpg's errors mean to whoever runs a transaction. The table is in `database_errors`."""

import re

import asyncpg
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from atoll.adapters.database_errors import refused_by_database
from atoll.data import (
    DatabaseBusy,
    DatabaseUnavailable,
    DiskFull,
    OutcomeUnknown,
    StatementRefused,
)
from atoll.kernel import AtollError

ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # and TimeoutError
    ValueError,  # values of a row that Python cannot hold
    ArithmeticError,
)
"""Whatever a statement of asyncpg raises."""

STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidSQLStatementNameError)
"""A statement was prepared before its tables were changed: preparing it again helps."""

TOO_LONG = frozenset({"25P03", "25P04"})
"""The server has ended a transaction that idled, or took too long."""

BUSY = frozenset({"40", "53"})
CANCELLED = "57014"
NOT_SENT = "cannot switch to state"
"""What asyncpg says when the server has ended the session, and the end of the connection has not come through yet."""

BUSY_CODES = frozenset({"55P03", CANCELLED})
UNAVAILABLE = frozenset({"08", "28", "3D", "57", "58", "F0", "XX"})
REFUSED = frozenset({"0A", "25", "26", "2B", "34", "3B", "3F", "42", "54"})

VALUE = re.compile(r"^(?P<what>.*query argument \$\d+[^:]*): (?P<value>.*?) \((?P<why>.*)\)$", re.DOTALL)
"""What asyncpg says of a parameter that does not fit: its place, its value, and why; that may repeat the value."""


def postgres_error(error: Exception, text: str, place: str, *, is_lost: bool) -> Exception:
    """The error to raise in the place of one that a statement has ended with, before its transaction was committed.

    `is_lost` says that the connection is closed.
    """
    server = from_server(error)
    if server is not None:
        return _said_by_server(server, text, place)
    if is_lost or isinstance(error, (OSError, asyncpg.InternalClientError)):
        return DatabaseUnavailable(f"{place}: {str(error) or 'the connection was lost'}")
    return StatementRefused(text, _without_values(error))


def open_error(error: Exception, place: str) -> AtollError:
    """The error to raise where no connection can be opened."""
    server = from_server(error)
    code = (server.sqlstate or "") if server is not None else ""
    if server is not None and (code[:2] in BUSY or code in BUSY_CODES):
        return DatabaseBusy(f"{place}: {server.args[0]}")
    if isinstance(error, TimeoutError):
        return DatabaseUnavailable(f"{place}: the server does not answer")
    return DatabaseUnavailable(f"{place}: {server.args[0] if server is not None else error}")


def commit_error(error: Exception, place: str, *, is_lost: bool) -> Exception:
    """The error to raise when COMMIT was sent, and answered in another way, or not at all.

    What the server answers as an error of the statement was not committed. When it ends the connection, or the commit
    was cancelled, it may have written the commit before: nobody can say.
    """
    if isinstance(error, asyncpg.InternalClientError) and str(error).startswith(NOT_SENT):
        return DatabaseUnavailable(f"{place}: the connection was lost")
    server = from_server(error)
    code = (server.sqlstate or "") if server is not None else ""
    if is_lost or server is None or code[:2] in UNAVAILABLE or code == CANCELLED or code in TOO_LONG:
        return OutcomeUnknown(f"{place}: {str(error) or 'no answer to COMMIT'}")
    return _said_by_server(server, "COMMIT", place)


def from_server(error: BaseException) -> asyncpg.PostgresError | None:
    """What the server itself has said, also as its last word before it closed the connection.

    asyncpg raises some of these errors by itself: those have no severity.
    """
    said = error.__cause__ if isinstance(error, asyncpg.ConnectionDoesNotExistError) else error
    return said if isinstance(said, asyncpg.PostgresError) and said.severity is not None else None


def _said_by_server(error: asyncpg.PostgresError, text: str, place: str) -> Exception:
    code = error.sqlstate or ""
    kind, message = code[:2], str(error.args[0])
    if code == asyncpg.DiskFullError.sqlstate:
        return DiskFull(place)
    if isinstance(error, STALE):
        return DatabaseBusy("its tables have been changed")
    if kind in BUSY or code in BUSY_CODES:
        return DatabaseBusy(message)
    if kind == "23":
        return refused_by_database(IntegrityError, text, error, message)
    if kind == "22":
        return refused_by_database(DataError, text, error, message)
    if kind in UNAVAILABLE or code in TOO_LONG:
        return DatabaseUnavailable(f"{place}: {message}")
    if kind in REFUSED:
        return StatementRefused(text, message)
    return refused_by_database(DatabaseError, text, error, message)


def _without_values(error: Exception) -> str:
    """What does not fit, without the value itself: that may be somebody's data."""
    message = str(error.args[0]) if error.args else str(error)
    found = VALUE.match(message)
    if found is not None:
        is_repeated = found["value"].removesuffix("...").strip("'\"") in found["why"]
        return found["what"] if is_repeated else f"{found['what']} ({found['why']})"
    is_told = isinstance(error, (asyncpg.InterfaceError, asyncpg.PostgresError))
    return message if is_told else f"a value cannot be read ({type(error).__name__})"
