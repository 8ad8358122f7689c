"""A database that tells which effects are durable: it stands between a subscriber and its driver, as a `World` allows.

The platform moves on once a transaction is committed, and waits for the disk when it next asks for events. Whoever
measures needs the moment at which an effect is on the disk, and therefore asks for it at once, as a caller would who
waits for an answer. That costs syncs that the platform alone would have saved.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from atoll.data import Dialect, Driver, Session

_in_hand: dict[object, tuple[str, int]] = {}
"""The lead and the number of the event whose transaction a task is about to commit."""

Told = Callable[[str, int], None]
"""The effect of the event with this number, on this lead, is durable."""


def handled(lead: str, number: int) -> None:
    """Say in a handler which event it was given: its transaction is the next one that this task commits."""
    _in_hand[asyncio.current_task()] = lead, number


class NotingDriver:
    """A driver that tells what is durable. Fulfils `Driver`."""

    def __init__(self, driver: Driver, told: Told) -> None:
        self.dialect: Dialect = driver.dialect
        self.is_shared = driver.is_shared
        self.read = driver.read
        self.stream = driver.stream
        self.synced = driver.synced
        self._driver = driver
        self._told = told
        self._pending: deque[tuple[int, tuple[str, int]]] = deque()
        self._waiting: asyncio.Task[None] | None = None

    @property
    def written(self) -> int:
        """That of the driver."""
        return self._driver.written

    async def begin(self, ends_at: float) -> "_NotingSession":
        """A session that tells of its commit."""
        return _NotingSession(await self._driver.begin(ends_at), self._committed)

    async def close(self) -> None:
        """Wait for what is pending, and close the driver."""
        if self._waiting is not None:
            await self._waiting
        await self._driver.close()

    def _committed(self, ticket: int) -> None:
        event = _in_hand.pop(asyncio.current_task(), None)
        if event is None:  # a lease, say
            return
        if self.dialect == "postgresql":  # which answers a commit when it is durable
            self._told(*event)
            return
        self._pending.append((ticket, event))
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._until_durable())

    async def _until_durable(self) -> None:
        try:
            while self._pending:
                ticket = self._pending[-1][0]
                await self._driver.synced(ticket)
                while self._pending and self._pending[0][0] <= ticket:
                    self._told(*self._pending.popleft()[1])
        finally:
            self._waiting = None


class _NotingSession:
    """A session of the driver; its methods are the driver's own, so that nothing is added to a statement."""

    __slots__ = ("_committed", "_session", "execute", "execute_many", "rollback")

    def __init__(self, session: Session, committed: Callable[[int], None]) -> None:
        self.execute = session.execute
        self.execute_many = session.execute_many
        self.rollback = session.rollback
        self._session = session
        self._committed = committed

    async def commit(self) -> int:
        """Commit, and tell of it."""
        ticket = await self._session.commit()
        self._committed(ticket)
        return ticket
