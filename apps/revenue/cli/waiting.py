"""Waiting until Scoring has come to every lead: it does so by itself, some moments after they came in."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from revenue.capture.contract import LeadCount
from revenue.scoring.contract import ScoreCount

LOOK_S = 0.1
PATIENCE_S = 20.0
"""As long as nothing happens. A process that was killed is missed for some seconds, until others take its share."""


class Counting(Protocol):
    """The parts of Capture and Scoring that count."""

    async def captured(self) -> LeadCount:
        """How many leads there are."""
        ...

    async def scored(self) -> ScoreCount:
        """How many of them have a score."""
        ...


async def until_scored(revenue: Counting, watcher: Callable[[int, int], None], patience_s: float = PATIENCE_S) -> int:
    """How many leads wait for their score, or a newer one: 0, unless nothing has happened for `patience_s`.

    `watcher` is told how many revisions of leads are scored, of how many.
    """
    loop = asyncio.get_running_loop()
    seen, ends_at = -1, loop.time() + patience_s
    while True:
        captured, scored = await revenue.captured(), await revenue.scored()
        watcher(scored.revisions, captured.revisions)
        if (captured.leads, captured.revisions) == (scored.leads, scored.revisions):
            return 0
        if scored.revisions != seen:
            seen, ends_at = scored.revisions, loop.time() + patience_s
        elif loop.time() >= ends_at:
            return max(captured.revisions - scored.revisions, 1)
        await asyncio.sleep(LOOK_S)
