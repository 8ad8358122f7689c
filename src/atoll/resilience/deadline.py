"""Deadlines: a moment on the loop's clock after which nobody waits any longer.

A timer costs as much as the rest of a co-located call, so one is armed only where the deadline gets nearer. A guard
says which task a timer already watches, and until when; calls below it in the same task need none of their own.
"""

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

from atoll.contract import DeadlineExceeded

R = TypeVar("R")

Guard = tuple[asyncio.Task[Any], float]  # Any: a task of any result
"""A task, and the moment at which a timer will cancel it."""

guard: ContextVar[Guard | None] = ContextVar("atoll_guard", default=None)
"""Who watches the work in progress."""


def covers(watched: Guard | None, task: asyncio.Task[Any] | None, deadline_at: float) -> bool:  # Any: see Guard
    """Whether a timer already watches `task`, until `deadline_at` or earlier."""
    return watched is not None and watched[0] is task and watched[1] <= deadline_at


async def within(deadline_at: float, work: Awaitable[R], operation: str) -> R:
    """The result of `work`, awaited in this task and cancelled at the deadline.

    Like `asyncio.timeout_at` (a cancellation from elsewhere stays one), at a third of its cost.

    Raises:
        DeadlineExceeded: the deadline came first; `operation` is named in it.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task(loop)
    assert task is not None
    timer = _Timer(task)
    before = task.cancelling()
    handle = loop.call_at(deadline_at, timer.expire)
    try:
        result = await work
    except asyncio.CancelledError:
        if timer.expired and task.uncancel() <= before:
            raise DeadlineExceeded(operation=operation) from None
        raise
    except BaseException:
        if timer.expired:
            task.uncancel()
        raise
    finally:
        handle.cancel()
    if timer.expired:  # the work swallowed its cancellation, and came too late
        task.uncancel()
        raise DeadlineExceeded(operation=operation)
    return result


class _Timer:
    __slots__ = ("_task", "expired")

    def __init__(self, task: asyncio.Task[Any]) -> None:  # Any: see Guard
        self._task = task
        self.expired = False

    def expire(self) -> None:
        self.expired = True
        self._task.cancel()
