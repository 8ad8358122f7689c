"""The connections of one driver: bounded, handed out in the order in which they were asked for, replaced when lost."""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from atoll.adapters.postgres_connection import Connection, PostgresAddress, opened, unavailable
from atoll.adapters.postgres_errors import ERRORS
from atoll.data import DatabaseBusy
from atoll.kernel import AtollError, Tasks

_log = logging.getLogger("atoll.postgres")

REFUSED_S = 1.0
"""How long no more connections are asked for after the server has said that it has too many, where there are some."""


@dataclass(frozen=True, slots=True)
class PostgresLimits:
    """What a driver spends, at most. Spans are in seconds."""

    connections_max: int = 16
    waiting_max: int = 1_024
    idle_s: float = 60.0
    """How long a connection that nobody uses stays open."""
    sweep_s: float = 5.0
    """How often connections are looked after."""
    read_s: float = 30.0
    """How long a statement that reads may take, and each part of a stream."""
    commit_s: float = 5.0
    """How long the answer to COMMIT is waited for at least: to give up is to know nothing."""
    overdue_s: float = 10.0
    """How long after its time a transaction that nobody has ended is ended by the pool: longer than a commit takes."""
    clean_s: float = 2.0
    """How long undoing a transaction may take until its connection is closed instead."""


class Pool:
    """Owns connections, and the tasks that open and clean them. Whoever takes one gives, cleans or drops it."""

    def __init__(self, address: PostgresAddress, limits: PostgresLimits, first: Connection) -> None:
        self.address = address
        self.limits = limits
        self._idle = [first]
        self._taken: dict[Connection, float] = {}
        self._opening = 0
        self._waiting: deque[tuple[asyncio.Future[Connection], float]] = deque()
        self._tasks = Tasks("postgres")
        self._loop = asyncio.get_running_loop()
        self._refused_until = 0.0
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False
        first.idle_at = self._loop.time()
        self._sweep_later()

    @property
    def connections(self) -> int:
        """How many are open, or being opened."""
        return len(self._idle) + len(self._taken) + self._opening

    @property
    def waiting(self) -> int:
        """How much work waits for one."""
        return len(self._waiting)

    async def take(self, until: float, ends_at: float) -> Connection:
        """A connection that is open, as far as can be seen; it is waited for `until`, on the loop's clock.

        Whoever still has it long after `ends_at` loses it.

        Raises:
            DatabaseBusy: all are taken for too long, or too many wait.
            DatabaseUnavailable: none can be opened.
        """
        if self._is_closed:
            raise unavailable(self.address)
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._taken[connection] = ends_at
                return connection
        return await self._waited(until, ends_at)

    def give(self, connection: Connection) -> None:
        """It is in order, and free for the next one."""
        if self._taken.pop(connection, None) is None:  # it took too long, and was closed
            return
        if connection.is_closed():
            self._open_more()
        elif self._is_closed:
            connection.terminate()
        else:
            connection.is_reused = True
            self._put(connection)

    def clean(self, connection: Connection, by: str = "ROLLBACK") -> asyncio.Task[None]:
        """Undo what was begun on it, whatever that was; the task, for who wants to wait for that, never fails.

        A connection on which it cannot be undone is closed. `by` is the statement that does it.
        """
        return self._spawn(self._cleaned(connection, by), "clean")

    def drop(self, connection: Connection) -> None:
        """Close it at once: the server undoes what was begun."""
        connection.terminate()
        if self._taken.pop(connection, None) is not None:
            self._open_more()

    async def close(self) -> None:
        """Close all of them."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._waiting:
            self._fail_first(unavailable(self.address))
        await self._tasks.close()
        for connection in list(self._taken):
            connection.terminate()
        self._taken.clear()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._closed(connection) for connection in idle))

    async def _waited(self, until: float, ends_at: float) -> Connection:
        if len(self._waiting) >= self.limits.waiting_max:
            raise DatabaseBusy(f"{self.connections} connections are taken, and {len(self._waiting)} wait for one")
        future: asyncio.Future[Connection] = self._loop.create_future()
        self._waiting.append((future, ends_at))
        self._open_more()
        try:
            async with asyncio.timeout_at(until):
                return await future
        except BaseException as error:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.give(future.result())  # it came just when nobody waited any more
            future.cancel()
            if isinstance(error, TimeoutError):
                told = f"{len(self._taken)} connections are taken, and {self._opening} being opened, for too long"
                raise DatabaseBusy(told) from None
            raise

    def _put(self, connection: Connection) -> None:
        """Hand it to whoever has waited longest, or keep it."""
        while self._waiting:
            future, ends_at = self._waiting.popleft()
            if not future.done():
                self._taken[connection] = ends_at
                future.set_result(connection)
                return
        connection.idle_at = self._loop.time()
        self._idle.append(connection)

    def _open_more(self) -> None:
        """Open a connection for each that waits, as far as there may be more."""
        while self._waiting and self._waiting[0][0].done():
            self._waiting.popleft()
        is_refused = self._loop.time() < self._refused_until and self.connections > 0
        while not (self._is_closed or is_refused) and self._opening < len(self._waiting):
            if self.connections >= self.limits.connections_max:
                return
            self._opening += 1
            _ = self._spawn(self._opened(), "open")

    async def _opened(self) -> None:
        try:
            connection = await opened(self.address)
        except AtollError as error:
            self._opening -= 1
            if isinstance(error, DatabaseBusy) and self.connections:
                self._refused_until = self._loop.time() + REFUSED_S  # those that are open serve all
            else:
                self._fail_first(error)
                self._open_more()
        except BaseException:
            self._opening -= 1
            raise
        else:
            self._opening -= 1
            self._put(connection)
            self._sweep_later()

    def _fail_first(self, error: AtollError) -> None:
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(error)
                return

    async def _cleaned(self, connection: Connection, by: str) -> None:
        try:
            if not connection.is_closed():
                await connection.execute(by, timeout=self.limits.clean_s)
        except ERRORS:
            self.drop(connection)
        except asyncio.CancelledError:
            self.drop(connection)
            raise
        else:
            self.give(connection)

    def _sweep_later(self) -> None:
        if self._sweeping is None and not self._is_closed:
            self._sweeping = self._loop.call_later(self.limits.sweep_s, self._sweep)

    def _sweep(self) -> None:
        """Close what nobody has used for long, and what somebody has kept for too long."""
        self._sweeping = None
        now = self._loop.time()
        for connection in [each for each, ends_at in self._taken.items() if ends_at + self.limits.overdue_s < now]:
            _log.warning("a transaction on %s was not ended in its time: its connection is closed", self.address)
            self.drop(connection)
        unused = [each for each in self._idle if each.is_closed() or each.idle_at + self.limits.idle_s < now]
        for connection in unused:
            self._idle.remove(connection)
            connection.terminate()
        if self.connections:
            self._sweep_later()

    async def _closed(self, connection: Connection) -> None:
        try:
            await connection.close(timeout=self.limits.clean_s)
        except ERRORS:
            connection.terminate()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:  # Any: its own send types
        return self._tasks.spawn(work, name, variables=contextvars.Context())
