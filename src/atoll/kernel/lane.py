"""A lane: one task for many pieces of work, one after the other, each begun at once.

To make a task for each request costs more than most requests do. A lane begins a piece of work where it is handed over,
as if its task ran there (`Extending asyncio` in Python's documentation tells how), and only where the work has to wait
does the task go on with it.
"""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from atoll.kernel.stepping import resumed
from atoll.kernel.tasks import Tasks

_log = logging.getLogger("atoll.tasks")

Work = Coroutine[Any, Any, None]  # Any: the event loop's own protocol


class Lane:
    """Runs one piece of work at a time. Owns the task in which it runs; `ended` is called after each piece.

    A piece of work tells of its own errors: what it raises all the same is logged. Only `cancel` ends the lane: a
    cancellation of its task that a piece of work has left behind (a timer, for instance) ends at most the piece that is
    in progress then.
    """

    def __init__(self, tasks: Tasks, name: str, ended: Callable[[], None]) -> None:
        self._tasks = tasks
        self._name = name
        self._ended = ended
        self._work: Work | None = None
        self._waits_for: object = None
        self._is_waiting = False
        self._wake: asyncio.Future[None] | None = None
        self._is_over = False
        self._variables = contextvars.Context()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._has_started = False
        self._is_early = False

    @property
    def is_busy(self) -> bool:
        """Whether a piece of work is in progress."""
        return self._work is not None

    def make_ready(self) -> None:
        """Make its task, so that the first piece of work finds one; whoever makes a lane ready cancels it."""
        if self._task is None:
            self._task = self._tasks.spawn(self._run(), self._name, awaited=True, variables=self._variables)

    def begin(self, work: Work) -> None:
        """Begin a piece of work; the one before has ended."""
        assert self._work is None
        if self._is_over:
            work.close()
            return
        self.make_ready()
        loop, task = self._loop, self._task
        assert task is not None
        self._work = work
        if not self._has_started:  # a task that is cancelled before it has started never does: let it begin the work
            self._is_early = True
            return
        around = asyncio.current_task(loop)
        if around is task:
            self._step(work)
        else:
            if around is not None:
                _leave(loop, around)
            _enter(loop, task)
            try:
                self._variables.run(self._step, work)
            finally:
                _leave(loop, task)
                if around is not None:
                    _enter(loop, around)
        if not self.is_busy:
            self._ended()
        elif self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _step(self, work: Work) -> None:
        """Let the work take its first step."""
        try:
            self._waits_for = work.send(None)
            self._is_waiting = True
        except StopIteration:
            self._work = None
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # whatever it raises ends it, and no more
            self._work = None
            self._tell(error)
        except BaseException:
            self._work = None
            raise

    def cancel(self) -> None:
        """Cancel the work in progress, and take no more."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
            if not self._has_started:  # then it never will
                self._abandon()

    async def _run(self) -> None:
        self._has_started = True
        try:
            while True:
                try:
                    if self._is_early and self._work is not None:
                        self._is_early = False
                        self._step(self._work)
                        if not self.is_busy:
                            self._ended()
                    await self._next()
                except asyncio.CancelledError:
                    task = self._task
                    if self._is_over or self._tasks.is_closing or task is None:
                        raise
                    task.uncancel()
        finally:
            self._is_over = True
            self._abandon()

    async def _next(self) -> None:
        """Wait for work that has taken its first step, and go on with it."""
        error: asyncio.CancelledError | None = None
        while not self._has_begun():
            self._wake = self._loop.create_future()
            try:
                await self._wake
            except asyncio.CancelledError as cancelled:
                if not self._has_begun():
                    raise
                if not _cancelled(self._waits_for):  # what the work waits for is cancelled, as it would be in its task
                    error = cancelled
            finally:
                self._wake = None
        await self._finish(resumed(self._taken(), self._waits_for, error))

    def _has_begun(self) -> bool:
        """Whether there is work that waits for its first time."""
        return self._is_waiting

    def _taken(self) -> Work:
        """The work that waits for its first time; from now on the task waits with it."""
        assert self._work is not None
        self._is_waiting = False
        return self._work

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # as above
            self._tell(error)
        finally:
            self._work = None
            self._ended()

    def _abandon(self) -> None:
        """Close work that was begun and that nobody will go on with, and cancel what it waits for."""
        if self._work is not None and (self._is_waiting or self._is_early):
            _cancelled(self._waits_for)
            work, self._work = self._work, None
            self._is_waiting = False
            work.close()
            self._ended()

    def _tell(self, error: BaseException) -> None:
        if not isinstance(error, asyncio.CancelledError):
            _log.error("work in the lane %s ended with an error", self._name, exc_info=error)


def _cancelled(waits_for: object) -> bool:
    """Whether there is something to wait for that could be cancelled, and was."""
    return isinstance(waits_for, asyncio.Future) and waits_for.cancel()


_enter = asyncio.tasks._enter_task  # noqa: SLF001  # documented for this
_leave = asyncio.tasks._leave_task  # noqa: SLF001  # as above
