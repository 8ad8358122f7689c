"""Owners of concurrency: every task and every thread of the platform belongs to one of these two.

`Tasks` owns background tasks, `Threads` owns the bounded pool in which blocking handlers run. Closing the owner ends
what it owns, so that nothing outlives its service.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from atoll.kernel.context import loop_time
from atoll.kernel.errors import AtollError

P = ParamSpec("P")
R = TypeVar("R")

AGAIN_S = 1.0
"""How long work that goes on for ever rests when it was ended."""

_log = logging.getLogger("atoll.tasks")


class Tasks:
    """Owns background tasks. A task that fails is logged with its name; it does not take others with it."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()  # Any: results of tasks of all kinds
        self.is_closing = False

    def spawn(
        self,
        work: Coroutine[Any, Any, R],  # Any: a coroutine's own send types
        name: str,
        *,
        awaited: bool = False,
        variables: contextvars.Context | None = None,
    ) -> asyncio.Task[R]:
        """Start `work` as a task named `owner/name`, with `variables` as its context (by default a copy of this one).

        When it is `awaited`, its error is told there and not logged.
        """
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}/{name}", context=variables)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard if awaited else self._ended)
        return task

    def keep(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],  # Any: as above
        name: str,
        *,
        again_s: float = AGAIN_S,
    ) -> asyncio.Task[None]:
        """Start work that goes on for ever: where an error ends it, it is logged, and the work begins again.

        So that a defect somewhere in it is told of again and again, rather than once, and silence ever after.
        """
        return self.spawn(self._kept(work, name, again_s), name)

    async def _kept(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],  # Any: as above
        name: str,
        again_s: float,
    ) -> None:
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001  # whatever it is: what is to go on for ever goes on
                _log.exception("task %s/%s ended with an error, and begins again", self._owner, name)
            await asyncio.sleep(again_s)

    async def unless(self, ends: Coroutine[Any, Any, None], work: Coroutine[Any, Any, R]) -> R:  # Any: as above
        """The result of `work`, which is cancelled as soon as `ends` has ended.

        Raises:
            Cut: `ends` came first.
        """
        watch = self.spawn(ends, "watch", awaited=True)
        worker = self.spawn(work, "work", awaited=True)
        try:
            await asyncio.wait((watch, worker), return_when=asyncio.FIRST_COMPLETED)
            if not worker.done():
                raise Cut
            return worker.result()
        finally:
            watch.cancel()
            worker.cancel()
            await asyncio.wait((watch, worker))

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended, with whatever it spawns on its way out."""
        here = asyncio.current_task()
        self.is_closing = True
        try:
            while tasks := [task for task in self._tasks if task is not here]:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._tasks.difference_update(tasks)  # their callbacks may not have run yet
        finally:
            self.is_closing = False

    def _ended(self, task: asyncio.Task[Any]) -> None:  # Any: see above
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task %s ended with an error", task.get_name(), exc_info=error)


class Cut(Exception):
    """Nobody waits for the work any more."""


class ThreadsBusy(AtollError):
    """All threads work and as many calls wait as may wait: the call is refused rather than queued without end."""

    code = "threads_busy"
    retryable = True


class Threads:
    """A bounded pool of threads for blocking work.

    At most `threads_max` run at once and `waiting_max` wait for a thread; more are refused with `ThreadsBusy`. Whoever
    waits can be cancelled at any time: it is answered at once, while the thread, which nothing can interrupt, goes on
    and keeps its place until it returns.
    """

    def __init__(self, threads_max: int = 32, waiting_max: int = 256) -> None:
        self._threads_max = threads_max
        self._limit = threads_max + waiting_max
        self._taken = 0
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False
        self._emptied = asyncio.Event()

    @property
    def taken(self) -> int:
        """How many calls run or wait now, with those whose caller has gone."""
        return self._taken

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `function`, run in a thread, in a copy of the caller's context.

        Raises:
            ThreadsBusy: when too many wait already, or the pool is closed before a thread was free.
        """
        if self._closed:
            raise ThreadsBusy("its threads have been closed")
        if self._taken >= self._limit:
            raise ThreadsBusy(f"{self._threads_max} threads work and {self._limit - self._threads_max} calls wait")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads_max, thread_name_prefix="atoll-blocking")
        variables = contextvars.copy_context()
        variables.run(loop_time.set, asyncio.get_running_loop().time)

        is_wanted = True

        def work() -> R:
            if not is_wanted:  # nothing starts for a caller who has gone
                raise ThreadsBusy("nobody waits for it any more")
            try:
                return variables.run(function, *args, **kwargs)
            except StopIteration as error:  # no future can carry one, and its caller would wait for ever (PEP 479)
                raise RuntimeError("a function in a thread raised StopIteration") from error

        loop = asyncio.get_running_loop()
        self._taken += 1
        future = loop.run_in_executor(self._pool, work)
        future.add_done_callback(self._returned)
        try:
            # Shielded: a cancelled wait must not mark the place as free while the thread still works.
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            is_wanted = False
            if future.cancelled() and not _is_cancelled():  # by close, below
                raise ThreadsBusy("its threads were closed before one was free") from None
            raise

    async def close(self) -> None:
        """Wait for threads that work; refuse what has not begun."""
        self._closed = True
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._taken:
            await self._emptied.wait()
        self._pool.shutdown(wait=True)  # no work is left, so that this only sees the threads out

    def _returned(self, future: asyncio.Future[Any]) -> None:  # Any: results of all kinds
        self._taken -= 1
        if not future.cancelled():
            future.exception()  # retrieved here, since the caller may have gone
        if self._closed and not self._taken:
            self._emptied.set()


def _is_cancelled() -> bool:
    """Whether somebody asked this task to stop, rather than its future having been cancelled below it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
