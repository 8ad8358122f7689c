"""Durability of SQLite's commits: one `fdatasync` of the write-ahead log for all commits since the last.

Transactions commit with `synchronous=NORMAL`, which writes the log and does not wait for the disk. Whoever acknowledges
a commit, or shows what it has read of it, waits here. The promise is that of `synchronous=FULL` for all that was
acknowledged, at the price of one wait for many.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atoll.data import OutcomeUnknown


class Sync:
    """Owns a descriptor of the log, and the thread that waits for the disk. Tickets count commits."""

    def __init__(self, log: Path, threads: ThreadPoolExecutor) -> None:
        self.sync: Callable[[int], object] = os.fdatasync
        self._descriptor = os.open(log, os.O_RDWR)
        self._threads = threads
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._round: asyncio.Future[object] | None = None
        self._failure: str | None = None
        self.written = 0
        self.done = 0

    @property
    def log_bytes(self) -> int:
        """How long the log's file is by now; as long as it once was, until it is cut."""
        return os.fstat(self._descriptor).st_size

    async def until(self, ticket: int) -> None:
        """Wait until the commits up to this one are on the disk.

        Raises:
            OutcomeUnknown: the disk has failed; nothing more is acknowledged by this process.
        """
        if self._failure is not None:
            raise OutcomeUnknown(self._failure)
        if ticket <= self.done:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((ticket, future))
        if self._round is None:
            self._begin(loop)
        await future

    async def close(self) -> None:
        """Wait for the round that is under way, and let go of the file."""
        if self._round is not None:
            await asyncio.wait([self._round])
        os.close(self._descriptor)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        upto = self.written
        self._round = loop.run_in_executor(self._threads, self.sync, self._descriptor)
        self._round.add_done_callback(lambda ended: self._ended(loop, upto, ended))

    def _ended(self, loop: asyncio.AbstractEventLoop, upto: int, ended: asyncio.Future[object]) -> None:
        self._round = None
        error = None if ended.cancelled() else ended.exception()
        if error is not None or ended.cancelled():
            # After a failed sync the kernel may have dropped what was to be written: no later one can be believed.
            self._failure = f"the disk could not be synced: {getattr(error, 'strerror', None) or error or 'closed'}"
            while self._waiting:
                _, future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(OutcomeUnknown(self._failure))
            return
        self.done = upto
        while self._waiting and self._waiting[0][0] <= upto:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
        if self._waiting:
            self._begin(loop)
