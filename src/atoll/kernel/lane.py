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

    A piece of work tells of its own errors: what it raises all the same is logged.
    """

    def __init__(self, tasks: Tasks, name: str, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._work: Work | None = None
        self._waits_for: object = None
        self._is_waiting = False
        self._wake: asyncio.Future[None] | None = None
        self._variables = contextvars.Context()
        self._loop = asyncio.get_running_loop()
        self._task = tasks.spawn(self._run(), name, awaited=True, variables=self._variables)

    @property
    def is_busy(self) -> bool:
        """Whether a piece of work is in progress."""
        return self._work is not None

    def begin(self, work: Work) -> None:
        """Begin a piece of work; the one before has ended."""
        assert self._work is None
        loop, task = self._loop, self._task
        if task.done():
            work.close()
            return
        self._work = work
        around = asyncio.current_task(loop)
        if around is not task:
            if around is not None:
                _leave(loop, around)
            _enter(loop, task)
        try:
            self._waits_for = self._variables.run(work.send, None) if around is not task else work.send(None)
            self._is_waiting = True
        except StopIteration:
            self._work = None
        except BaseException as error:  # noqa: BLE001  # whatever the work raises ends it, and nothing else
            self._work = None
            self._tell(error)
        finally:
            if around is not task:
                _leave(loop, task)
                if around is not None:
                    _enter(loop, around)
        if self._work is None:
            self._ended()
        elif self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def cancel(self) -> None:
        """Cancel the work in progress, and take no more."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                while not self._has_begun():
                    self._wake = self._loop.create_future()
                    try:
                        await self._wake
                    except asyncio.CancelledError as cancelled:
                        if not self._has_begun():
                            raise
                        await self._finish(resumed(self._taken(), self._waits_for, cancelled))
                    finally:
                        self._wake = None
                await self._finish(resumed(self._taken(), self._waits_for))
        finally:
            self._abandon()

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
        """Close work that was begun and that nobody will go on with."""
        if self._work is not None and self._is_waiting:
            work, self._work = self._work, None
            self._is_waiting = False
            work.close()
            self._ended()

    def _tell(self, error: BaseException) -> None:
        if not isinstance(error, asyncio.CancelledError):
            _log.error("%s ended with an error", self._task.get_name(), exc_info=error)


_enter = asyncio.tasks._enter_task  # noqa: SLF001  # documented for this
_leave = asyncio.tasks._leave_task  # noqa: SLF001  # as above
