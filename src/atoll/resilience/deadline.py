"""Deadlines: a moment on the loop's clock after which nobody waits any longer.

A timer costs more than the rest of a co-located call, so one is armed only where the deadline gets nearer. A guard
remembers which task a timer already watches, and until when; calls below it in the same task need none of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from atoll.contract import DeadlineExceeded

A = TypeVar("A")
R = TypeVar("R")

Guard = tuple[asyncio.Task[Any], float]  # Any: a task of any result
"""A task and the moment at which a timer will cancel it."""

guard: ContextVar[Guard | None] = ContextVar("atoll_guard", default=None)


def covered(deadline_at: float) -> bool:
    """Whether a timer already watches this task, until `deadline_at` or earlier."""
    watched = guard.get()
    return watched is not None and watched[1] <= deadline_at and watched[0] is asyncio.current_task()


def guarded_by(watched: Guard | None) -> None:
    """Say in this context who is watched: what a fresh context takes over from the one that made it."""
    guard.set(watched)


async def within(deadline_at: float, send: Callable[[A], Awaitable[R]], argument: A, operation: str) -> R:
    """The result of `send(argument)`, which is cancelled at the deadline.

    Raises:
        DeadlineExceeded: the deadline came first; `operation` is named in it.
    """
    task = asyncio.current_task()
    assert task is not None
    token = guard.set((task, deadline_at))
    timer = asyncio.timeout_at(deadline_at)
    try:
        async with timer:
            return await send(argument)
    except TimeoutError:
        if timer.expired():
            raise DeadlineExceeded(operation=operation) from None
        raise
    finally:
        guard.reset(token)
