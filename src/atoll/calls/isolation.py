"""A coroutine in a context of its own, inside the task of whoever awaits it.

A handler must not see its caller's context variables, in one process as little as across a network. A task of its own
would give that too, at twice the cost, and cancellation would need help to pass; here it passes by itself.
"""

import types
from collections.abc import Awaitable, Generator
from contextvars import Context as Variables
from typing import Any, Protocol


class Resumable(Protocol):
    """What coroutines and the steps of asynchronous generators have in common."""

    def send(self, value: Any, /) -> Any:  # Any: the event loop's own protocol
        """Go on until the next wait."""
        ...

    def throw(self, error: BaseException, /) -> Any:  # Any: the event loop's own protocol
        """Go on with an exception."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


def isolated(variables: Variables, work: Resumable) -> Awaitable[Any]:  # Any: whatever the work results in
    """Await `work` with `variables` as its context; the result, exceptions and cancellation are its own."""
    return _driven(variables, work)


@types.coroutine
def _driven(variables: Variables, work: Resumable) -> Generator[Any, Any, Any]:  # Any: the event loop's own protocol
    run = variables.run
    try:
        waits_for = run(work.send, None)
        while True:
            try:
                value = yield waits_for
            except GeneratorExit:
                run(work.close)
                raise
            except BaseException as error:  # noqa: BLE001  # handed on to the work, cancellation above all
                waits_for = run(work.throw, error)
            else:
                waits_for = run(work.send, value)
    except StopIteration as done:
        return done.value
    except StopAsyncIteration:
        return END


END: Any = object()  # Any: compared by identity with whatever a stream yields
"""What a step of an asynchronous generator gives when there is nothing more."""
