"""Whose turn it is to write: a fair queue of the processes that share one SQLite file on one machine.

SQLite lets one write, and whoever finds it taken asks again and again, so that a busy process starves the others. Here
they stand in line: a process that wants to write takes the lock `queue`, then `turn`, then lets go of `queue`. Whoever
has just written has to queue as everybody else, behind the one that waits. The system lets go of both when their holder
dies.

A turn lasts for all transactions of one round of the loop, and for `TURN_S` at most: to lock and unlock for each would
cost as much as a third of it.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atoll.data import DatabaseBusy

TURN_S = 0.005
"""How long a process that has more to write keeps its turn."""


class Turn:
    """Owns the descriptors of both locks. One task at a time may ask for it."""

    def __init__(self, database: Path, threads: ThreadPoolExecutor) -> None:
        self._queue = _opened(database.with_name(f"{database.name}-queue"))
        self._turn = _opened(database.with_name(f"{database.name}-turn"))
        self._threads = threads
        self._asked: asyncio.Future[None] | None = None
        """An attempt in a thread, which goes on when nobody waits for it any more."""
        self._is_wanted = False
        self._letting_go: asyncio.Handle | None = None
        self._now = asyncio.get_running_loop().time
        self._since = 0.0

    async def take(self, ends_at: float) -> None:
        """Wait for the turn.

        Raises:
            DatabaseBusy: it did not come until `ends_at`, on the loop's clock.
        """
        if self._letting_go is not None:
            self._letting_go.cancel()
            if self._now() - self._since < TURN_S:
                self._letting_go = None
                return
            self._let_go()
        if self._asked is None and self._is_taken_at_once():
            self._since = self._now()
            return
        if self._asked is None:
            self._asked = asyncio.get_running_loop().run_in_executor(self._threads, self._wait)
            self._asked.add_done_callback(self._answered)
        asked, self._is_wanted = self._asked, True
        try:
            async with asyncio.timeout_at(ends_at):
                await asyncio.shield(asked)
            self._since = self._now()
        except BaseException as error:
            self._is_wanted = False
            if asked.done() and not asked.cancelled() and asked.exception() is None:
                self.release()  # it came just when nobody waited any more
            if isinstance(error, TimeoutError):
                raise DatabaseBusy("another process has been writing for too long") from None
            raise

    def release(self) -> None:
        """Let the next one write, unless somebody of this process does before the loop goes round."""
        if self._letting_go is None:
            self._letting_go = asyncio.get_running_loop().call_soon(self._let_go)

    def _let_go(self) -> None:
        self._letting_go = None
        fcntl.flock(self._turn, fcntl.LOCK_UN)

    async def close(self) -> None:
        """Let go of everything."""
        if self._letting_go is not None:
            self._letting_go.cancel()
        if self._asked is not None:
            await asyncio.wait([self._asked], timeout=1)
        for descriptor in (self._turn, self._queue):
            os.close(descriptor)

    def _is_taken_at_once(self) -> bool:
        try:
            fcntl.flock(self._queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        return True

    def _answered(self, asked: asyncio.Future[None]) -> None:
        self._asked = None
        if not self._is_wanted and not asked.cancelled() and asked.exception() is None:
            self.release()

    def _wait(self) -> None:
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(self._queue, fcntl.LOCK_UN)


@contextlib.contextmanager
def turn_of(database: Path) -> Generator[None]:
    """Have the turn until the block is left, however long it takes to get it: for a thread that runs no loop."""
    queue = _opened(database.with_name(f"{database.name}-queue"))
    turn = _opened(database.with_name(f"{database.name}-turn"))
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
    finally:
        os.close(turn)
        os.close(queue)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
