"""A SQLite file written anew, so that nothing which was deleted is left in it."""

import contextlib
import sqlite3
from pathlib import Path

from atoll.adapters.sqlite_turn import turn_of
from atoll.data import DatabaseBusy, DatabaseUnavailable

BUSY_S = 60.0
"""How long it waits for those who write or read."""


def rewrite(path: Path, busy_s: float = BUSY_S) -> None:
    """Write a file anew, and begin its write-ahead log anew, while others have it open. To be called in a thread.

    Pages that are free, and places that are free in others, may still hold what was there; so may the log. Afterwards
    neither does. Others read meanwhile; whoever wants to write waits, which for a big file is longer than they do.

    Raises:
        DatabaseBusy: somebody reads or writes all the time; the file was written anew, or not.
        DatabaseUnavailable: it cannot be written, as when the disk is full.
    """
    try:
        with (
            turn_of(path),
            contextlib.closing(sqlite3.connect(path, timeout=busy_s, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseBusy(f"{path.name} is in use all the time: try again") from None
        raise DatabaseUnavailable(f"{path}: {error}") from None
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{path}: {error}") from None
    if is_busy:
        raise DatabaseBusy(f"somebody reads {path.name} all the time, so that its log cannot begin anew: try again")
