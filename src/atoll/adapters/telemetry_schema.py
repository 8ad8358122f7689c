"""The file in which telemetry is kept: its place, its tables, and how it is opened. SQLite, in `{state}/telemetry`.

A trace has a row, and a number that only grows; its spans lie together below that number. What is usual in a span
(service, name, caller, outcome) is a `work`, of which there are few: searches find the works first, and then walk one
index for each of them, the last first.
"""

import contextlib
import logging
import os
import re
import sqlite3
from pathlib import Path

from atoll.adapters.sqlite_opening import made_ready

VERSION = 2
"""Of the tables; a file with another one is put aside."""

BUSY_S = 5.0
ENDED_SHOWN_S = 600.0
"""How long a process that has ended is shown."""

_log = logging.getLogger("atoll.telemetry")

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE rings (file TEXT PRIMARY KEY, position INTEGER NOT NULL, read INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE processes (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, is_alive INTEGER NOT NULL, seen_at REAL NOT NULL, sample BLOB
);
CREATE TABLE history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, process INTEGER NOT NULL, upto INTEGER NOT NULL,
    sample BLOB NOT NULL
);
CREATE INDEX history_by_moment ON history (at);
CREATE TABLE works (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, name TEXT NOT NULL, caller TEXT NOT NULL, outcome TEXT NOT NULL,
    UNIQUE (service, name, caller, outcome)
);
CREATE TABLE traces (
    number INTEGER PRIMARY KEY AUTOINCREMENT, trace BLOB NOT NULL UNIQUE, began_at REAL NOT NULL,
    longest_s REAL NOT NULL, kinds INTEGER NOT NULL, upto INTEGER NOT NULL
);
CREATE INDEX traces_by_beginning ON traces (began_at, longest_s, kinds);
CREATE TABLE spans (
    trace INTEGER NOT NULL, span INTEGER NOT NULL, kind INTEGER NOT NULL, started_at REAL NOT NULL,
    began_at REAL NOT NULL, work INTEGER NOT NULL, duration_s REAL NOT NULL, parent INTEGER NOT NULL,
    attempt INTEGER NOT NULL, key TEXT NOT NULL, tenant TEXT NOT NULL, more BLOB,
    PRIMARY KEY (trace, span, kind, started_at)
) WITHOUT ROWID;
CREATE INDEX spans_by_work ON spans (work, began_at, trace, duration_s);
CREATE INDEX spans_by_key ON spans (key, began_at, trace, duration_s, work) WHERE key <> '';
CREATE TABLE lines (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, level INTEGER NOT NULL, service TEXT NOT NULL,
    trace BLOB, span INTEGER NOT NULL, process INTEGER NOT NULL, upto INTEGER NOT NULL, logger TEXT NOT NULL,
    message TEXT NOT NULL, error TEXT NOT NULL, more TEXT NOT NULL
);
CREATE INDEX lines_by_service ON lines (service);
CREATE INDEX lines_by_trace ON lines (trace) WHERE trace IS NOT NULL;
CREATE INDEX lines_warnings ON lines (number, service, level) WHERE level >= 30;
CREATE INDEX lines_errors ON lines (number, service, level) WHERE level >= 40;
"""
# upto: bytes of everything of its table up to here, about, since the store was made: the last minus the first is what
# there is. began_at in spans is the trace's, so that an index finds traces in the order of their beginnings.


def telemetry_folder(state: Path) -> Path:
    """Where all telemetry lies, below a state folder; made where it is missing, for its owner alone.

    Raises:
        OSError: it cannot be made.
    """
    folder = state / "telemetry"
    state.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    return folder


def store_path(state: Path) -> Path:
    """The file of the store, below a state folder."""
    return state / "telemetry" / "telemetry.db"


def ring_paths(state: Path, name: str, pid: int) -> tuple[Path, Path]:
    """Where a process makes its rings: that of its spans, and that of its lines and samples.

    Other paths each time: what was read of a ring is remembered under its file's name.
    """
    with contextlib.suppress(OSError):  # whoever makes the rings will say so
        telemetry_folder(state)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100]
    begin = state / "telemetry" / "rings" / f"{plain}-{pid}-{os.urandom(4).hex()}"
    return begin.with_name(f"{begin.name}.spans"), begin.with_name(f"{begin.name}.lines")


def opened_to_write(path: Path) -> sqlite3.Connection:
    """A connection that writes the store: made where it is missing. One whose tables are unknown is put aside.

    Commits survive the end of the process, not that of the machine, which loses the last ones at most.

    Raises:
        sqlite3.Error: it cannot be opened or made.
        OSError: as above.
    """
    found = _usable(path)
    if found is not None:
        return found
    put_aside(path)
    found = _usable(path)
    if found is None:
        raise sqlite3.DatabaseError(f"{path} cannot be made anew")
    return found


def put_aside(path: Path) -> None:
    """Give a store that cannot be used another name, in the place of an earlier one; with its other files.

    Raises:
        OSError: that fails.
    """
    aside = path.with_name(f"{path.name}.aside")
    _log.warning("%s is not a store that this version can use: it is put aside as %s, a new one is begun", path, aside)
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))


def is_spoiled(error: Exception) -> bool:
    """Whether an error says that a file is no database, or is one no more."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def opened_to_read(path: Path) -> sqlite3.Connection | None:
    """A connection that only reads, in a transaction: what it sees does not change. None where there is no store yet.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    if not path.exists():
        return None
    made = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)
    with made_ready(made) as connection:
        connection.execute("BEGIN")
        if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
            return connection
    connection.close()
    return None


def _usable(path: Path) -> sqlite3.Connection | None:
    """A connection to it; None where it is something else, or of another version."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite gives its other files the same mode
    made = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        with made_ready(made) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            is_new = not version and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == VERSION or is_new:
                for pragma in (
                    "journal_mode=WAL",
                    "synchronous=NORMAL",
                    "cache_size=-16000",
                    "journal_size_limit=16000000",
                ):
                    connection.execute(f"PRAGMA {pragma}")
                if is_new:
                    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}; PRAGMA user_version={VERSION}; COMMIT")
                return connection
    except sqlite3.Error as error:
        if is_spoiled(error):
            return None
        raise
    made.close()
    return None
