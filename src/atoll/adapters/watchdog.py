"""A thread that notices when the loop does not turn, and names who holds it up."""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType

_log = logging.getLogger("atoll.watchdog")


@contextmanager
def watched(limit_s: float, handlers: Mapping[CodeType, str]) -> Generator[None]:
    """Watch the running loop until the block is left, and log once whenever it has not turned for `limit_s`.

    `handlers` says what runs in which code, `scoring.score` for instance; the innermost of them on the loop's stack is
    named, with the line at which it waits. A debugger's breakpoint is such a wait, too.
    """
    watchdog = _Watchdog(limit_s, handlers)
    watchdog.beat()
    watchdog.start()
    try:
        yield
    finally:
        watchdog.end()


class _Watchdog(threading.Thread):
    """Owned by `watched`. Beats on the loop, listens on its own thread."""

    def __init__(self, limit_s: float, handlers: Mapping[CodeType, str]) -> None:
        super().__init__(name="atoll-watchdog", daemon=True)
        self._watched = threading.get_ident()
        self._limit_s = limit_s
        self._handlers = handlers
        self._ended = threading.Event()
        self._beaten_at = time.monotonic()

    def beat(self) -> None:
        """On the loop: say that it turns, and come back."""
        self._beaten_at = time.monotonic()
        self._next = asyncio.get_running_loop().call_later(self._limit_s / 4, self.beat)

    def run(self) -> None:
        """On the thread: look whether the loop has turned."""
        told_of = 0.0
        while not self._ended.wait(self._limit_s / 4):
            beaten_at = self._beaten_at
            late_s = time.monotonic() - beaten_at
            if late_s > self._limit_s and beaten_at != told_of:
                told_of = beaten_at
                self._tell(late_s)

    def end(self) -> None:
        """On the loop: end the thread, and wait for it."""
        self._next.cancel()
        self._ended.set()
        self.join()

    def _tell(self, late_s: float) -> None:
        frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented, and the only way
        stack = list(_outwards(frames.get(self._watched)))
        lines = [f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in stack]
        named = [index for index, frame in enumerate(stack) if frame.f_code in self._handlers]
        at = named[0] if named else 0
        who = self._handlers[stack[at].f_code] if named else "something that is no handler"
        inside = f" (in {lines[0]})" if at else ""
        advice = "; mark a handler that blocks @blocking" if named else ""
        _log.warning("%s has held up the loop for %.2f s at %s%s%s", who, late_s, lines[at], inside, advice)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
