"""The supervisor as the process that it has started sees it: there, or gone.

The supervisor holds the one end of a pipe, and each of its processes the other. The end of the supervisor, whatever
ends it, closes the pipe. A thread listens, so that a loop that does not turn cannot keep a process alive.
"""

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable, Generator, MutableMapping, Sequence
from contextlib import contextmanager, suppress

VARIABLE = "ATOLL_SUPERVISED"
"""The environment variable that holds the number of the pipe's descriptor."""

CALLERS = "ATOLL_CALLERS"
"""The environment variable that names the services which call those of this process."""

ENDING_S = 3.0
"""How long a process may take to end beside its draining, before it is killed: by the supervisor, or by itself."""


class Parent:
    """Who has started this process. He has said which services call those that it hosts."""

    def __init__(self, callers: Sequence[str] = ()) -> None:
        self.callers = tuple(callers)
        self._turn = threading.Lock()
        self._is_gone = False
        self._tell: Callable[[], object] | None = None

    @property
    def is_gone(self) -> bool:
        """Whether he is no more."""
        return self._is_gone

    def when_gone(self, told: Callable[[], object]) -> None:
        """Call `told` on the running loop when he has gone; at once where he has already."""
        loop = asyncio.get_running_loop()
        with self._turn:
            self._tell = lambda: loop.call_soon_threadsafe(told)
            if self._is_gone:
                self._tell()

    def went(self) -> None:
        """On the thread: he is no more."""
        with self._turn:
            self._is_gone = True
            if self._tell is not None:
                with suppress(RuntimeError):  # the loop is closed: the process ends as it is
                    self._tell()


@contextmanager
def supervised(drain_s: float, environment: MutableMapping[str, str] = os.environ) -> Generator[Parent | None]:
    """Listen to the parent until the block is left; None where there is no supervisor.

    When he has gone, this process ends by itself: it has `drain_s` until nobody calls it any more, `drain_s` to drain,
    and `ENDING_S`. Then it is killed, with all that it has started. What it starts finds nothing of the parent in its
    environment.
    """
    said, callers = environment.pop(VARIABLE, ""), environment.pop(CALLERS, "")
    try:
        descriptor = int(said)
        os.set_inheritable(descriptor, False)  # what this process starts is none of the supervisor's
    except (ValueError, OSError):
        yield None
        return
    parent = Parent([name for name in callers.split(",") if name])
    woken, wakes = os.pipe()
    thread = threading.Thread(
        target=_listen, args=(parent, descriptor, woken, 2 * drain_s + ENDING_S), name="atoll-parent", daemon=True
    )
    thread.start()
    try:
        yield parent
    finally:
        os.close(wakes)
        thread.join()
        os.close(woken)


def _listen(parent: Parent, descriptor: int, woken: int, ends_after_s: float) -> None:
    both = select.poll()
    both.register(descriptor, select.POLLIN | select.POLLHUP)
    both.register(woken, select.POLLIN | select.POLLHUP)
    if woken in dict(both.poll()):
        return
    parent.went()
    alone = select.poll()
    alone.register(woken, select.POLLIN | select.POLLHUP)
    if not alone.poll(ends_after_s * 1000):
        _end_at_once()


def _end_at_once() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(70)
