"""SQLite as the database of a service: one file, write-ahead log, durable commits.

Statements run on the event loop: each takes microseconds, and a thread for each costs more than it gives (measured:
aiosqlite manages 600 to 1,400 durable transactions a second, this driver tens of thousands). What waits for the disk
runs in a thread: the sync that makes commits durable, shared by all that wait for it, and checkpoints. Nothing else
of this process runs between the first statement of a transaction and its commit, so that one connection is enough for
all writers; a second one reads.
"""

import asyncio
import contextlib
import os
import sqlite3
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from atoll.adapters.sqlite_errors import not_opened, sqlite_error
from atoll.adapters.sqlite_gate import Gate
from atoll.adapters.sqlite_machines import held_by_this_machine
from atoll.adapters.sqlite_opening import made_ready
from atoll.adapters.sqlite_session import SqliteSession
from atoll.adapters.sqlite_sync import Sync
from atoll.adapters.sqlite_turn import Turn
from atoll.data import DatabaseBusy, DatabaseUnavailable, Dialect, Raw

CHECKPOINT_COMMITS = 2_000
"""After so many commits the log is written back into the file, in a thread."""
LOG_BYTES_MAX = 32 * 1024 * 1024
"""When its log has grown by so much it is written back, too, however few commits that were; one that is longer is
started again, while writers wait, and its file cut to this."""
PAGE_BYTES = 4096
FULL_S = 0.5
"""How long nothing is done about a full disk after something was."""
STATEMENTS_CACHED = 512
ROWS_AT_ONCE = 500
STEPS = 20_000
"""After so many steps of SQLite's machine a long statement looks at the time."""


async def open_sqlite(path: Path) -> "SqliteDriver":
    """The database in a file, which is made where it is missing.

    Raises:
        DatabaseUnavailable: it cannot be opened, is being restored, is no database, or is another machine's.
        DiskFull: there is no room for what SQLite keeps beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = held_by_this_machine(path)
    try:
        return SqliteDriver(path, held)
    except sqlite3.Error as error:
        os.close(held)
        raise not_opened(error, path) from None
    except BaseException:
        os.close(held)
        raise


class SqliteDriver:
    """A database in a file, shared with other processes of this machine. Fulfils `Driver`."""

    dialect: Dialect = "sqlite"
    is_shared = True

    def __init__(self, path: Path, held: int) -> None:
        self._path = path
        self._held = held
        with made_ready(_connected(path)) as self._writer, made_ready(_connected(path)) as self._reader:
            self._reader.execute("PRAGMA query_only=ON")
            self._writer.executescript("BEGIN IMMEDIATE; COMMIT")  # the log is there from now on
            self._writer.execute("PRAGMA busy_timeout=0")  # whoever waits lets others go on
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="atoll-sqlite")
        self._sync = Sync(path.with_name(f"{path.name}-wal"), self._threads)
        self._turn = Turn(path, self._threads)
        self._gate = Gate()
        self._ends_at = float("inf")
        self._now = asyncio.get_running_loop().time
        self._writer.set_progress_handler(self._is_late, STEPS)
        self._version = self._data_version()
        self._commits = 0
        self._too_long_at = float("inf")
        self._checkpoint: asyncio.Future[int] | None = None
        self._full_until = 0.0
        self._is_closed = False

    @property
    def written(self) -> int:
        """Counts the commits, also those of other processes as far as they were seen."""
        return self._sync.written

    async def begin(self, ends_at: float) -> "SqliteSession":
        """A transaction that writes, as soon as nobody else does."""
        if self._is_closed:
            raise DatabaseUnavailable("it is closed")
        await self._gate.enter(ends_at)
        try:
            await self._turn.take(ends_at)
            try:
                await self._begun(ends_at)
            except BaseException:
                self._turn.release()
                raise
        except BaseException:
            self._gate.leave()
            raise
        self._ends_at = ends_at
        return SqliteSession(self, ends_at)

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement, of what is committed."""
        try:
            rows = self._reader.execute(text, arguments).fetchall()
        except sqlite3.Error as error:
            raise sqlite_error(error, text, str(self._path)) from None
        self._see_others()
        return rows

    async def stream(self, text: str, arguments: Sequence[Any]) -> AsyncGenerator[Raw, None]:  # Any: as above
        """The rows of one statement, of one moment, while others write."""
        connection = _connected(self._path)
        try:
            connection.execute("PRAGMA query_only=ON")
            cursor = connection.execute(text, arguments)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                self._see_others()
                yield rows
                await asyncio.sleep(0)
        except sqlite3.Error as error:
            raise sqlite_error(error, text, str(self._path)) from None
        finally:
            connection.close()

    async def synced(self, ticket: int) -> None:
        """Wait until this commit and those before it are on the disk."""
        await self._sync.until(ticket)

    def sync_with(self, sync: Callable[[int], object]) -> None:
        """Make the log durable by another function of its descriptor than `os.fdatasync`."""
        self._sync.sync = sync

    async def close(self) -> None:
        """Sync what was written, and let go of the file."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(Exception):  # whoever waited was told
            await self._sync.until(self._sync.written)
        if self._checkpoint is not None:
            await asyncio.wait([self._checkpoint])
        await self._turn.close()
        await self._sync.close()
        self._writer.close()
        self._reader.close()
        self._threads.shutdown()
        os.close(self._held)

    async def _begun(self, ends_at: float) -> None:
        """Begin; another program (a shell, a backup) may hold the file without having queued."""
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise sqlite_error(error, "BEGIN IMMEDIATE", str(self._path)) from None
            if self._now() >= ends_at:
                raise DatabaseBusy(f"another program has been writing to {self._path.name} for too long")
            await asyncio.sleep(0.005)

    def _data_version(self) -> int:
        version: int = self._writer.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _see_others(self) -> None:
        """Where others have committed since, what they wrote may not be on the disk yet: a sync of ours sees to it."""
        version = self._data_version()
        if version != self._version:
            self._version = version
            self._sync.written += 1

    def _is_late(self) -> bool:
        return self._now() > self._ends_at

    def ended(self, *, committed: bool) -> int:
        """A transaction has ended: the next one may write."""
        self._ends_at = float("inf")
        self._turn.release()
        self._gate.leave()
        if committed:
            self._sync.written += 1
            self._commits += 1
            if self._checkpoint is None and (self._commits >= CHECKPOINT_COMMITS or self._log_has_grown()):
                self._begin_checkpoint()
        return self._sync.written

    def _log_has_grown(self) -> bool:
        """Whether the log's file is so much longer than it was since it was written back, or cut."""
        size = self._sync.log_bytes
        self._too_long_at = min(self._too_long_at, size + LOG_BYTES_MAX)
        return size >= self._too_long_at

    def found_full(self) -> None:
        """The disk takes no more: write the log back, so that what comes next can use its room again."""
        if self._checkpoint is None and self._now() >= self._full_until:
            self._full_until = self._now() + FULL_S
            self._begin_checkpoint()

    def _begin_checkpoint(self) -> None:
        self._commits = 0
        loop = asyncio.get_running_loop()
        self._checkpoint = loop.run_in_executor(self._threads, _checkpoint, self._path)
        self._checkpoint.add_done_callback(self._checkpointed)

    def _checkpointed(self, ended: asyncio.Future[int]) -> None:
        self._checkpoint = None
        self._too_long_at = float("inf")
        if not ended.cancelled():
            ended.exception()  # a full disk, say, of which writers are told by their commits: the next one tries again

    @property
    def connection(self) -> sqlite3.Connection:
        """That of all writers."""
        return self._writer

    @property
    def place(self) -> str:
        """Where it is."""
        return str(self._path)


class MemoryDriver:
    """A database in memory, gone when it is closed, or when nobody has it any more: for tests. Fulfils `Driver`."""

    dialect: Dialect = "sqlite"
    is_shared = False
    written = 0
    place = "memory"

    def __init__(self) -> None:
        self.connection = _configured(
            sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
        )
        weakref.finalize(self, self.connection.close)
        self._gate = Gate()

    async def begin(self, ends_at: float) -> SqliteSession:
        """A transaction, as soon as the one before has ended."""
        await self._gate.enter(ends_at)
        self.connection.execute("BEGIN")
        return SqliteSession(self, ends_at)

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement."""
        try:
            return self.connection.execute(text, arguments).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise sqlite_error(error, text, self.place) from None

    async def stream(self, text: str, arguments: Sequence[Any]) -> AsyncGenerator[Raw, None]:  # Any: as above
        """The rows of one statement, of one moment."""
        yield await self.read(text, arguments)

    async def synced(self, ticket: int) -> None:
        """There is nothing to wait for."""

    async def close(self) -> None:
        """Forget everything."""
        self.connection.close()

    def found_full(self) -> None:
        """There is no disk."""

    def ended(self, *, committed: bool) -> int:
        """A transaction has ended: the next one may begin."""
        self._gate.leave()
        return 0


def _connected(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(
        path, timeout=5, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS_CACHED
    )
    with made_ready(made) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES_MAX}")
        connection.execute("PRAGMA cache_size=-16384")
        return _configured(connection)


def _configured(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA case_sensitive_like=ON")  # as on PostgreSQL; `ilike` makes both sides small
    return connection


def _checkpoint(path: Path) -> int:
    """Write the log back into the file, by a connection of its own; how many pages the log had.

    Writers go on meanwhile, unless the log has grown so long that it has to be started again.
    """
    connection = _connected(path)
    try:
        _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages * PAGE_BYTES > LOG_BYTES_MAX:
            connection.execute("PRAGMA busy_timeout=1000")
            _, pages, done = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return int(pages - done)
    finally:
        connection.close()
