"""Backups of SQLite files: taken while services write, put back while none does."""

import contextlib
import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atoll.adapters.migrations import known_of_sqlite
from atoll.data import DatabaseUnavailable
from atoll.data.backup_errors import BackupDamaged, BackupThere, NoBackup, StillRunning
from atoll.data.migrating import META, META_DDL

CHUNK_BYTES = 1 << 20
MANIFEST = "backup.json"
"""What the copies in a folder are, with their digests."""

OUTBOX = "atoll_outbox"

INCARNATION = "incarnation"
"""The value of this name tells one log of events from another one."""

FORKED = "forked_at"
"""The value of this name tells earlier incarnations, and up to which position they are the same: a list as JSON."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of one database: its bytes and their digest, and where the database and the log of its events stood."""

    size_bytes: int
    digest: str
    revision: str | None
    incarnation: str | None
    position: int | None


def copy_sqlite(database: Path, file: Path) -> Copied:
    """Copy a database as it is at one moment, while others write to it; the copy is checked, and durable.

    Raises:
        DatabaseUnavailable: it cannot be read, or is damaged.
    """
    aside = file.with_name(f".{file.name}")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.closing(_opened(database)) as source, contextlib.closing(_opened(aside)) as target:
            source.backup(target)  # in one go: where others write in between, it would begin again
            target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            if found := [row[0] for row in target.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]:
                raise DatabaseUnavailable(f"{database} is damaged: {found[0]}")
            incarnation, position = _log_of(target)
        revisions = known_of_sqlite(aside).revisions
        copied = Copied(aside.stat().st_size, synced(aside), ", ".join(revisions) or None, incarnation, position)
        aside.replace(file)
        sync_folder(file.parent)
        return copied
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{database}: {error}") from None
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def alone(database: Path, service: str) -> Generator[None]:
    """Be the only one who has a database open: until the block is left nobody else opens it.

    Raises:
        StillRunning: an instance has it open.
    """
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = database.with_name(f"{database.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StillRunning(service) from None
        yield
    finally:
        os.close(descriptor)


def put_back_sqlite(file: Path, digest: str, database: Path, incarnation: str) -> None:
    """Put a copy into the place of a database: whoever looks finds the old one or the new one, and nothing between.

    The log of its events is another one from now on, called `incarnation`: what the old one has told since the copy,
    and this one never will, is not taken for the same. The caller is `alone`.

    Raises:
        BackupDamaged: its bytes are not those that were copied.
        DatabaseUnavailable: it is no database.
    """
    aside = database.with_name(f".{database.name}.restored")
    try:
        if _copied(file, aside) != digest:
            raise BackupDamaged(str(file))
        _fork(aside, incarnation)
        synced(aside)
        _end_log(database)
        aside.replace(database)
        sync_folder(database.parent)
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{file}: {error}") from None
    finally:
        aside.unlink(missing_ok=True)


def with_fork(forks: str | None, incarnation: str, position: int) -> str:
    """Where a log was forked from earlier ones, with one more.

    >>> with_fork('[["a", 7]]', "b", 9)
    '[["a", 7], ["b", 9]]'
    """
    return json.dumps([*(json.loads(forks) if forks else []), [incarnation, position]])


def synced(file: Path) -> str:
    """The SHA-256 of a file, once it is on the disk."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make what has changed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _log_of(connection: sqlite3.Connection) -> tuple[str | None, int | None]:
    """The incarnation of a log, and its last position: its last row is always kept."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if META not in names or OUTBOX not in names:
        return None, None
    known = connection.execute(f"SELECT value FROM {META} WHERE name = ?", (INCARNATION,)).fetchone()  # noqa: S608  # its parts are constants
    counted = connection.execute(f"SELECT max(number) FROM {OUTBOX}").fetchone()  # noqa: S608  # as above
    return (known[0] if known else None), counted[0] or 0


def _fork(path: Path, incarnation: str) -> None:
    with contextlib.closing(_opened(path)) as connection:
        old, position = _log_of(connection)
        connection.execute("BEGIN")
        connection.execute(META_DDL)
        values = dict(connection.execute(f"SELECT name, value FROM {META}").fetchall())  # noqa: S608  # as above
        changed = {INCARNATION: incarnation}
        if old is not None:
            changed[FORKED] = with_fork(values.get(FORKED), old, position or 0)
        for row in changed.items():
            connection.execute(f"INSERT OR REPLACE INTO {META} (name, value) VALUES (?, ?)", row)  # noqa: S608  # as above
        connection.execute("COMMIT")


def _copied(file: Path, aside: Path) -> str:
    """Copy a file; the SHA-256 of what was read."""
    whole = hashlib.sha256()
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with file.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            whole.update(chunk)
            target.write(chunk)
    return whole.hexdigest()


def _end_log(database: Path) -> None:
    """Leave no log beside a database that is replaced: it would be read as that of the new one.

    It is first written into the old file, so that this one is whole should we die here. One that is damaged is lost
    anyway.
    """
    if database.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(database)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    for ending in ("-wal", "-shm", "-journal"):
        database.with_name(f"{database.name}{ending}").unlink(missing_ok=True)
    sync_folder(database.parent)


def write_manifest(folder: Path, content: bytes) -> None:
    """Write what a folder of copies holds, as the last of it: without it, it is no backup."""
    aside = folder / f".{MANIFEST}"
    aside.write_bytes(content)
    synced(aside)
    aside.replace(folder / MANIFEST)
    sync_folder(folder)


def read_manifest(folder: Path) -> bytes:
    """What a folder of copies says of itself.

    Raises:
        NoBackup: nothing.
    """
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise NoBackup(str(folder), f"{MANIFEST} cannot be read ({error.strerror})") from None


def new_folder(folder: Path) -> None:
    """Make a folder for copies, which nobody else can look into.

    Raises:
        BackupThere: it holds a backup.
        NoBackup: it cannot be made.
    """
    if (folder / MANIFEST).exists():
        raise BackupThere(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NoBackup(str(folder), f"it cannot be made ({error.strerror})") from None


def is_there(database: Path) -> bool:
    """Whether there is a database."""
    return database.exists()
