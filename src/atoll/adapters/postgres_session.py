"""One transaction on PostgreSQL, from its first statement to the answer to its COMMIT."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from atoll.adapters.postgres_connection import BEGIN, Connection, Kept, as_raw, changed
from atoll.adapters.postgres_errors import ERRORS, STALE, commit_error, from_server, postgres_error
from atoll.adapters.postgres_pool import Pool
from atoll.data import DatabaseUnavailable, OutcomeUnknown, Raw, StatementRefused, TransactionEnded, TransactionTooLong

_log = logging.getLogger("atoll.postgres")

R = TypeVar("R")

Committing = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]  # Any: a coroutine's own send types
"""Begins the task of a commit, which its owner lets end whatever becomes of who waits for it."""


class PostgresSession:
    """A transaction on a connection of its own. Fulfils `Session`.

    The connection goes back to the pool with the end of the transaction, whichever that is.
    """

    __slots__ = (
        "_begun_at",
        "_committing",
        "_ends_at",
        "_has_begun",
        "_is_ended",
        "_is_failed",
        "_is_late",
        "_now",
        "_pool",
        "connection",
    )

    def __init__(self, pool: Pool, connection: Connection, begun_at: float, ends_at: float, commit: Committing) -> None:
        self._pool = pool
        self.connection = connection
        self._begun_at = begun_at
        self._ends_at = ends_at
        self._committing = commit
        self._now = asyncio.get_running_loop().time
        self._has_begun = False
        self._is_failed = False
        self._is_ended = False
        self._is_late = False

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed (-1 for a statement that changes none)."""

        async def work() -> tuple[Raw, int]:
            statement = await self._statement(text)
            rows = as_raw(await statement.fetch(*arguments, timeout=self._left()))
            return rows, changed(statement.get_statusmsg())

        return await self._done(work, text)

    async def execute_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> int:  # Any: as above
        """Run it once for each, all in one go; -1, since the driver does not tell how many rows were changed."""
        if not arguments:
            return 0
        if len(arguments) == 1:
            return (await self.execute(text, arguments[0]))[1]

        async def work() -> int:
            statement = await self._statement(text)
            await statement.executemany(arguments, timeout=self._left())
            return -1

        return await self._done(work, text)

    async def commit(self) -> int:
        """Commit: durable when it returns.

        Raises:
            OutcomeUnknown: the connection was lost, or the server did not answer: it may have taken place, or not.
            DatabaseBusy, DatabaseUnavailable, DiskFull, TransactionTooLong: it has not, and is rolled back.
            sqlalchemy.exc.IntegrityError: a check that was put off to the end refuses it.
        """
        if self._is_ended or self._is_failed:
            await self.rollback()
            raise TransactionEnded
        if not self._has_begun:
            await self.rollback()
            return 0
        if self._now() >= self._ends_at:
            self._is_late = True
            await self.rollback()
            raise self._too_long()
        self._is_ended = True
        work = self._committing(self._committed())
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_tell)
            raise
        return 0

    async def rollback(self) -> None:
        """Undo everything. After an error of time it goes on when this has returned: a server may hang."""
        if self._is_ended:
            return
        self._is_ended = True
        if not (self._has_begun or self._is_failed):
            self._pool.give(self.connection)
            return
        work = self._pool.clean(self.connection)
        if not self._is_late:
            await asyncio.shield(work)

    async def _statement(self, text: str) -> Kept:
        """The statement, prepared; the transaction has begun, or begins with it."""
        connection = self.connection
        kept = connection.kept(text)
        if not self._has_begun:
            self._has_begun = True
            if kept is not None and connection.is_pipelining:
                connection.begin_with_next()
                return kept
            await connection.execute(BEGIN, timeout=self._left())
        return kept or await connection.prepared(text, self._left())

    async def _done(self, work: Callable[[], Coroutine[Any, Any, R]], text: str) -> R:  # Any: as above
        """What `work` answers, begun once more where the connection was lost before: nothing was committed yet."""
        if self._is_ended or self._is_failed:
            raise TransactionEnded
        is_first = not self._has_begun
        try:
            try:
                answer = await work()
            except ERRORS:
                if not (is_first and self.connection.is_reused and self.connection.is_closed()):
                    raise
                await self._take_another()
                answer = await work()
            if not self.connection.is_in_transaction():
                raise StatementRefused(text, "it ends the transaction")
        except ERRORS as error:
            self._is_failed = True
            raise self._told(error, text) from None
        except BaseException as error:
            self._is_failed = True
            self._is_late = isinstance(error, asyncio.CancelledError)
            raise
        return answer

    async def _take_another(self) -> None:
        """A connection in the place of one that was lost while nobody used it, as after a restart of the server."""
        self._pool.drop(self.connection)
        self._has_begun = False
        self.connection = await self._pool.take(self._ends_at, self._ends_at)

    async def _committed(self) -> None:
        connection = self.connection
        if connection.is_closed():
            self._pool.drop(connection)
            raise DatabaseUnavailable(f"{self._pool.address}: the connection was lost")
        try:
            limit_s = max(self._ends_at - self._now(), self._pool.limits.commit_s)
            status = await connection.execute("COMMIT", timeout=limit_s)
        except ERRORS as error:
            is_lost = connection.is_closed()
            told = commit_error(error, str(self._pool.address), is_lost=is_lost)
            if isinstance(told, OutcomeUnknown):
                self._pool.drop(connection)
            else:
                _ = self._pool.clean(connection)
            raise told from None
        except asyncio.CancelledError:  # by the driver, which is closed and has waited for long
            self._pool.drop(connection)
            raise OutcomeUnknown(f"{self._pool.address}: the driver was closed in the middle of COMMIT") from None
        self._pool.give(connection)
        if status != "COMMIT":  # the server has rolled back
            raise TransactionEnded

    def _told(self, error: Exception, text: str) -> Exception:
        if isinstance(error, TimeoutError) and from_server(error) is None:
            self._is_late = True
            return self._too_long()
        if isinstance(error, STALE):
            self.connection.forget()
        return postgres_error(error, text, str(self._pool.address), is_lost=self.connection.is_closed())

    def _too_long(self) -> TransactionTooLong:
        return TransactionTooLong(round(self._ends_at - self._begun_at, 3))

    def _left(self) -> float:
        """How much of its time is left.

        Raises:
            TimeoutError: nothing is.
        """
        left = self._ends_at - self._now()
        if left <= 0:
            raise TimeoutError
        return left


def _tell(work: asyncio.Task[None]) -> None:
    """Whoever waited for a commit has gone, and is not told."""
    if not work.cancelled() and (error := work.exception()) is not None:
        _log.warning("a commit for which nobody waits any more has failed: %s", error)
