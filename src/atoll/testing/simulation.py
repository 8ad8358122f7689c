"""A simulated world: an event loop whose time is virtual, so that hours pass in milliseconds and a seed repeats a run.

Nothing here waits: when nobody can go on, time jumps to the next timer. Threads are simulated too: blocking work runs
at once, and is answered after a time that the seed decides.
"""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(RuntimeError):
    """Nobody can go on and no timer is set: the simulated world would wait for ever."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time, beginning at zero."""

    def __init__(self, seed: int = 0) -> None:
        self._virtual_s = 0.0
        self._chance = random.Random(seed)
        super().__init__(_TimelessSelector(self._jump))

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._virtual_s

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]  # Any: as in asyncio
        """Run blocking work at once; its result is there after up to ten virtual milliseconds."""
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001  # foreign code: its caller is told
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_later(self._chance.random() * 0.01, work)
        return future

    def _jump(self, timeout_s: float | None) -> None:
        if timeout_s is None:
            raise Deadlock("every task waits, and no timer is set")
        self._virtual_s += max(timeout_s, 0.0)


class _TimelessSelector(selectors.DefaultSelector):
    """Waits for nothing: it lets virtual time pass instead."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            self._jump(timeout)
        return ready


def simulate(work: Callable[[], Coroutine[Any, Any, T]], seed: int = 0) -> T:  # Any: a coroutine's own send types
    """The result of `work`, run to its end in virtual time.

    Raises:
        Deadlock: everybody waits for ever.
    """
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(seed)) as runner:
        return runner.run(work())
