"""Deadlines: a moment on the loop's clock after which nobody waits any longer.

A timer costs as much as the rest of a co-located call, so one is armed only where the deadline gets nearer. A guard
says which task a timer already watches, and until when; calls below it in the same task need none of their own.
"""

import asyncio
import types
from collections.abc import Awaitable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from atoll.contract import DeadlineExceeded
from atoll.kernel import resumed
from atoll.resilience.alarms import alarms_of

R = TypeVar("R")

_STEPS = (types.CoroutineType, types.GeneratorType)

Guard = tuple[asyncio.Task[Any], float]  # Any: a task of any result
"""A task, and the moment at which a timer will cancel it."""

guard: ContextVar[Guard | None] = ContextVar("atoll_guard", default=None)
"""Who watches the work in progress."""


def covers(watched: Guard | None, task: asyncio.Task[Any] | None, deadline_at: float) -> bool:  # Any: see Guard
    """Whether a timer already watches `task`, until `deadline_at` or earlier."""
    return watched is not None and watched[0] is task and watched[1] <= deadline_at


STEP_S = 2.0
"""A timer for a later moment is armed again on the way."""

EARLY_S = 1e-6
"""By how much an alarm may ring before its moment, as numbers are rounded."""


async def within(deadline_at: float, work: Awaitable[R], operation: str) -> R:
    """The result of `work`, awaited in this task and cancelled at the deadline.

    Like `asyncio.timeout_at` (a cancellation from elsewhere stays one), at a third of its cost, and at next to none
    where the work does not have to wait.

    Raises:
        DeadlineExceeded: the deadline came first; `operation` is named in it.
    """
    timer = Timer()
    try:
        return await timer.wait(deadline_at, work, operation)
    finally:
        timer.close()


class Timer:
    """One timer for many waits, one after the other: it moves on when it fires, rather than being armed for each.

    It is armed when the work has to wait for the first time, for nothing can be cancelled before. Whoever makes one
    closes it.
    """

    __slots__ = ("_alarms", "_armed_at", "_deadline_at", "_expired", "_loop", "_task", "_tick")

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None  # Any: see Guard
        self._deadline_at = self._armed_at = 0.0
        self._tick = 0
        self._expired = False
        self._loop = asyncio.get_running_loop()
        self._alarms = alarms_of(self._loop)

    @types.coroutine
    def wait(
        self, deadline_at: float, work: Awaitable[R], operation: str
    ) -> Generator[Any, Any, R]:  # Any: the event loop's own protocol
        """One wait, as `within`."""
        steps = cast(Any, work if type(work) in _STEPS else work.__await__())  # Any: a coroutine, or alike
        try:
            waits_for = steps.send(None)
        except StopIteration as done:
            return cast(R, done.value)
        task = self._begin(deadline_at)
        before = task.cancelling()
        try:
            result = yield from cast(Generator[Any, Any, R], resumed(steps, waits_for))  # Any: as above
        except asyncio.CancelledError:
            if self._expired and task.uncancel() <= before:
                raise DeadlineExceeded(operation=operation) from None
            raise
        except BaseException:
            if self._expired:
                task.uncancel()
            raise
        finally:
            self._task = None
        if self._expired:  # the work swallowed its cancellation, and came too late
            task.uncancel()
            raise DeadlineExceeded(operation=operation)
        return result

    def close(self) -> None:
        """Fire no more."""
        if self._tick:
            self._alarms.clear(self._tick, self)
            self._tick = 0

    def ring(self) -> None:
        """The moment has come for which it was armed, or that of an earlier wait, which has ended."""
        self._tick = 0
        if self._task is None:  # between two waits
            return
        if self._loop.time() + EARLY_S < self._deadline_at:
            self._arm(self._deadline_at)
            return
        self._expired = True
        self._task.cancel()

    def _begin(self, deadline_at: float) -> asyncio.Task[Any]:  # Any: see Guard
        task = self._task = asyncio.current_task(self._loop)
        assert task is not None
        self._expired = False
        if not self._tick or deadline_at < self._armed_at:
            self._arm(deadline_at)
        self._deadline_at = deadline_at
        return task

    def _arm(self, at: float) -> None:
        """Wake up at the moment, or on the way there: what is armed stays in memory until it rings."""
        self.close()
        at = min(at, self._loop.time() + STEP_S)
        self._tick = self._alarms.set(self._loop, at, self)
        self._armed_at = at
