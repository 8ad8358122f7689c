"""Waiting until every lead has come to its end: it does so by itself, some moments after it came in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from revenue.capture.contract import LeadCount
from revenue.routing.contract import AssignmentCount
from revenue.scoring.contract import ScoreCount

LOOK_S = 0.1
PATIENCE_S = 20.0
"""As long as nothing happens. A process that was killed is missed for some seconds, until others take its share."""


Counts: TypeAlias = tuple[LeadCount, ScoreCount, AssignmentCount]
"""How many leads there are, how many have a score, and how many an owner or a place in a queue for one."""


async def until_routed(
    counted: Callable[[], Awaitable[Counts]], watcher: Callable[[int, int], None], patience_s: float = PATIENCE_S
) -> int:
    """How many leads wait for their owner, or a newer score: 0, unless nothing has happened for `patience_s`.

    `watcher` is told how many revisions of leads are scored and routed, of how many that will be.
    """
    loop = asyncio.get_running_loop()
    seen, ends_at = -1, loop.time() + patience_s
    while True:
        captured, scored, routed = await counted()
        done, total = scored.revisions + routed.revisions, 2 * captured.revisions
        watcher(done, total)
        if done == total and captured.leads == scored.leads == routed.leads:
            return 0
        if done != seen:
            seen, ends_at = done, loop.time() + patience_s
        elif loop.time() >= ends_at:
            return max(captured.leads - routed.leads, captured.revisions - scored.revisions, 1)
        await asyncio.sleep(LOOK_S)


async def until_some(found: Callable[[], Awaitable[Sequence[object]]], patience_s: float = PATIENCE_S) -> bool:
    """Wait until something is found, for so long at most; whether it was."""
    ends_at = asyncio.get_running_loop().time() + patience_s
    while not await found():
        if asyncio.get_running_loop().time() >= ends_at:
            return False
        await asyncio.sleep(LOOK_S)
    return True
