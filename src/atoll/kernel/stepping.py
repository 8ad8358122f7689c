"""Go on with work that was begun somewhere else: a coroutine that has taken its first step, and waits for something."""

import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

R = TypeVar("R")


@types.coroutine
def resumed(
    work: Coroutine[Any, Any, R], waits_for: object, error: BaseException | None = None
) -> Generator[Any, Any, R]:  # Any: the event loop's own protocol
    """The result of work that waits for `waits_for`; with an `error`, because that wait has ended with one.

    Whoever awaits this goes on with the work as if it had begun it.
    """
    try:
        if error is not None:
            waits_for = work.throw(error)
        while True:
            try:
                value = yield waits_for
            except GeneratorExit:
                work.close()
                raise
            except BaseException as raised:  # noqa: BLE001  # handed on to the work, cancellation above all
                waits_for = work.throw(raised)
            else:
                waits_for = work.send(value)
    except StopIteration as done:
        result: R = done.value
        return result
