"""Who of this process writes: one at a time, since all of them use one connection."""

import asyncio
from collections import deque

from atoll.data import DatabaseBusy


class Gate:
    """Lets one transaction in. Those who wait are all woken when it leaves.

    A transaction does not wait between its first statement and its end, so that in one round of the loop all of them go
    through, one after the other; to hand over to each would take a round, and a timer, for every transaction.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, ends_at: float) -> None:
        """Go in, as soon as nobody is in.

        Raises:
            DatabaseBusy: somebody was until `ends_at`, on the loop's clock.
        """
        while self._is_taken:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                async with asyncio.timeout_at(ends_at):
                    await future
            except TimeoutError:
                raise DatabaseBusy("other transactions of this process have been writing for too long") from None
        self._is_taken = True

    def leave(self) -> None:
        """Let the next one in."""
        self._is_taken = False
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
