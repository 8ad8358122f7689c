"""PostgreSQL as the database of a service: one schema, a pool of connections, and word of what other instances commit.

A commit is durable when the server has answered it (`synchronous_commit` is never off), so that `synced` has nothing
to wait for.
"""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from typing import Any

from atoll.adapters.postgres_changes import Changes
from atoll.adapters.postgres_connection import as_raw
from atoll.adapters.postgres_errors import ERRORS, STALE, from_server, postgres_error
from atoll.adapters.postgres_pool import Pool
from atoll.adapters.postgres_session import PostgresSession
from atoll.data import DatabaseBusy, Dialect, Raw, TransactionTooLong
from atoll.kernel import Connections, Tasks

ROWS_AT_ONCE = 500
READS_MAX = 3
END_READ = "SELECT 1"
"""Ends what a statement that was prepared and not run has begun, and is no news in the server's log as ROLLBACK is."""

BEGIN_STREAM = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDriver:
    """The schema of one service. Fulfils `Driver`.

    Statements have `$1`, `$2`, ...; values go in and come out as asyncpg has them, but for JSON: text goes in, and what
    it says comes out. A statement that reads may take `read_s`, and so may each part of a stream. Half of the
    connections serve streams, at most.
    """

    dialect: Dialect = "postgresql"
    is_shared = True

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._read_s = pool.limits.read_s
        self._now = asyncio.get_running_loop().time
        self._streams = asyncio.Semaphore(max(1, pool.limits.connections_max // 2))
        self._commits = Tasks("postgres")
        self._committing: set[asyncio.Task[None]] = set()
        self._changes = Changes(pool.address)
        self._is_closed = False

    def pools(self) -> Iterator[Connections]:
        """The connections to its server."""
        yield Connections(self.pool.address.schema, self.pool.connections, self.pool.waiting)

    @property
    def written(self) -> int:
        """There is never anything to wait for."""
        return 0

    async def begin(self, ends_at: float) -> PostgresSession:
        """A transaction, as soon as a connection is free; the server hears of it with its first statement."""
        begun_at = self._now()
        connection = await self.pool.take(ends_at, ends_at)
        return PostgresSession(self.pool, connection, begun_at, ends_at, self._commit)

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement, of what is committed.

        It is asked again where the connection was lost before, or tables were changed since it was prepared.
        """
        ends_at = self._now() + self._read_s
        attempt = 0
        while True:
            attempt += 1
            connection = await self.pool.take(ends_at, ends_at)
            may_ask_again = connection.is_reused and attempt < READS_MAX
            try:
                statement = connection.kept(text) or await connection.prepared(text, ends_at - self._now())
                rows = as_raw(await statement.fetch(*arguments, timeout=ends_at - self._now()))
            except ERRORS as error:
                is_lost = connection.is_closed()
                if isinstance(error, STALE):
                    connection.forget()
                _ = self.pool.clean(connection, END_READ)
                if not (may_ask_again and (is_lost or isinstance(error, STALE))):
                    raise self._told(error, text, is_lost=is_lost) from None
            except BaseException:
                _ = self.pool.clean(connection, END_READ)
                raise
            else:
                self.pool.give(connection)
                return rows

    async def stream(self, text: str, arguments: Sequence[Any]) -> AsyncGenerator[Raw, None]:  # Any: as above
        """The rows of one statement, some hundred at a time, all of the moment in which it began.

        Whoever does not ask for more rows for a minute loses it: the server keeps all that is deleted meanwhile.
        """
        limit_s = self._read_s
        try:
            async with asyncio.timeout(limit_s):
                await self._streams.acquire()
        except TimeoutError:
            raise DatabaseBusy("streams have taken all connections that they may take, for too long") from None
        try:
            connection = await self.pool.take(self._now() + limit_s, float("inf"))
            try:
                await connection.execute(BEGIN_STREAM, timeout=limit_s)
                statement = await connection.prepared(text, limit_s)
                cursor = await statement.cursor(*arguments, timeout=limit_s)
                while rows := await cursor.fetch(ROWS_AT_ONCE, timeout=limit_s):
                    yield as_raw(rows)
            except ERRORS as error:
                raise self._told(error, text, is_lost=connection.is_closed()) from None
            finally:
                _ = self.pool.clean(connection)
        finally:
            self._streams.release()

    async def synced(self, ticket: int) -> None:
        """Every commit was durable before it was answered."""

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when another instance announces a change; what is answered ends that.

        It is also called when the connection for it was lost and is there again. Announcements can be lost all the
        same: look by yourself from time to time.
        """
        return self._changes.on_change(callback)

    def announce(self) -> None:
        """Tell the other instances, soon, that something was committed. Many announcements become one."""
        self._changes.announce()

    @property
    def announcement(self) -> str:
        """The statement by which a transaction announces itself when it is committed.

        PostgreSQL lets transactions that announce commit one after the other: `announce` after the commit does not.
        """
        return self._changes.announcement

    async def close(self) -> None:
        """Let commits that are under way end, and let go of everything."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._committing:
            await asyncio.wait(self._committing, timeout=self.pool.limits.commit_s)
        await self._changes.close()
        await self.pool.close()
        await self._commits.close()

    def _commit(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:  # Any: a coroutine's own send types
        task = self._commits.spawn(work, "commit", awaited=True, variables=contextvars.Context())
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)
        return task

    def _told(self, error: Exception, text: str, *, is_lost: bool) -> Exception:
        if isinstance(error, TimeoutError) and from_server(error) is None:
            return TransactionTooLong(self._read_s)
        return postgres_error(error, text, str(self.pool.address), is_lost=is_lost)
