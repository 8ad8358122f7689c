"""Time in tests: hours that pass at once, and waiting until something is so."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from atoll.testing import LoopClock
from tests.patience import PATIENCE_S


class Jumping(LoopClock):
    """The loop's time, and what was added."""

    added = timedelta()

    def now(self) -> datetime:
        """Later than it is."""
        return super().now() + self.added


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await so():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
