"""Blocking handlers: sync code in a bounded pool of threads, so that it holds up nobody else on the loop."""

import functools
import types
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from atoll.kernel import Threads

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

_THREADS = "_atoll_threads"
_MARK = "__atoll_blocking__"


def blocking(
    handler: Callable[Concatenate[S, P], R],
) -> "Callable[Concatenate[S, P], types.CoroutineType[Any, Any, R]]":  # quoted: generic from 3.13 on; Any: send types
    """Run a handler that is not async in a thread of the service's pool, in a copy of the call's context.

    The pool is bounded: when too many wait, the caller is told that the service is unavailable. After the deadline the
    caller is answered while the thread, which nothing can interrupt, goes on to its end.

    >>> import asyncio
    >>> from atoll import Service
    >>> class Report(Service):
    ...     @blocking
    ...     def total(self, numbers: list[int]) -> int:
    ...         return sum(numbers)
    >>> asyncio.run(Report().total([1, 2]))
    3
    """

    async def run(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        threads: Threads | None = getattr(self, _THREADS, None)
        if threads is not None:
            return await threads.run(handler, self, *args, **kwargs)
        alone = Threads(threads_max=1)  # a plain object in a test
        try:
            return await alone.run(handler, self, *args, **kwargs)
        finally:
            await alone.close()

    functools.update_wrapper(run, handler)
    setattr(run, _MARK, True)
    return cast("Callable[Concatenate[S, P], types.CoroutineType[Any, Any, R]]", run)  # Any: as above


def blocked(handler: Callable[..., Any]) -> Callable[..., Any] | None:  # Any: handlers of every signature
    """The sync function that `blocking` wrapped, or None where it did not."""
    return getattr(handler, "__wrapped__", None) if hasattr(handler, _MARK) else None


def give_threads(fulfils: object, threads: Threads) -> None:
    """Let the blocking handlers of a service, or of a fallback, run in this pool."""
    if hasattr(fulfils, "__dict__"):
        object.__setattr__(fulfils, _THREADS, threads)  # a fallback may be frozen
