"""A coroutine in a context of its own, inside the task of whoever awaits it.

A handler must not see its caller's context variables, in one process as little as across a network. A task of its own
would give that too, at twice the cost, and cancellation would need help to pass; here it passes by itself. What a
handler does to the task that it shares is taken back: cancelling it ends the handler, not its caller. (What it leaves
behind to do so later, a timer that cancels the task, is not seen here.) What means an end to whoever awaits, and that
nobody has asked for, is a failure like any other: else one handler's word would end the process, or a lane of events.

Every wait of the work is seen here, so that work which holds what others wait for is told where it waits.
"""

import asyncio
import types
from collections.abc import Awaitable, Coroutine, Generator
from contextvars import Context as Variables
from typing import Any

from atoll.kernel.exclusive import exclusive

Work = Coroutine[Any, Any, Any]  # Any: the event loop's own protocol, and a result of any type


class SelfCancelled(Exception):
    """The work cancelled the task that it runs in, which is not its own."""

    def __str__(self) -> str:
        return "the handler cancelled the task that it runs in, which it shares with its caller"


class GaveUp(Exception):
    """The work ended with what would end whoever awaits it, though nobody had asked for that."""


def isolated(
    variables: Variables, work: Work, task: asyncio.Task[Any]
) -> Awaitable[Any]:  # Any: tasks and results of all kinds
    """Await `work` in `task`, the current one, with `variables` as its context; results and exceptions are its own.

    Raises:
        SelfCancelled: the work cancelled `task`.
        GaveUp: it wanted to end the process, or it awaited something that was cancelled.
    """
    return _driven(variables, work, task)


@types.coroutine
def _driven(
    variables: Variables, work: Work, task: asyncio.Task[Any]
) -> Generator[Any, Any, Any]:  # Any: the event loop's own protocol
    run, cancelling = variables.run, task.cancelling
    own = 0  # cancellations of the task that were asked for by the work itself: only it runs during a step
    asked_to_stop = before = cancelling()
    try:
        waits_for = run(work.send, None)
        while True:
            own = max(0, own + cancelling() - before)
            held = variables.get(exclusive)
            if held is not None and (refusal := held.refuse_waiting("it waited for something else")) is not None:
                before = cancelling()
                waits_for = run(work.throw, refusal)
                continue
            try:
                value = yield waits_for
            except GeneratorExit:
                run(work.close)
                raise
            except BaseException as error:  # noqa: BLE001  # handed on to the work, cancellation above all
                before = cancelling()
                waits_for = run(work.throw, error)
            else:
                before = cancelling()
                waits_for = run(work.send, value)
    except StopIteration as done:
        if own + cancelling() - before <= 0:
            return done.value
    except BaseException as error:
        if isinstance(error, GeneratorExit) or own + cancelling() - before <= 0:
            _refuse_to_end(error, is_asked=cancelling() > asked_to_stop)
            raise
    yield from _taken_back(task, own + cancelling() - before)
    raise SelfCancelled


def _refuse_to_end(error: BaseException, *, is_asked: bool) -> None:
    """Raise what would end whoever awaits the work as a failure of the work."""
    if isinstance(error, SystemExit):
        raise GaveUp(f"the handler wanted to end the process: {error!r}") from error
    if isinstance(error, asyncio.CancelledError) and not is_asked:
        raise GaveUp(f"the handler was cancelled: {error!r}") from error


def _taken_back(task: asyncio.Task[Any], times: int) -> Generator[Any, Any, None]:  # Any: the event loop's own protocol
    """Undo so many cancellations of a task; one that waits to be delivered (before Python 3.13) is met here."""
    for _ in range(times):
        task.uncancel()
    try:
        yield
    except asyncio.CancelledError:
        if task.cancelling():
            raise
