"""A lock that is a file: held by one process at a time, and let go of by the system when its holder dies."""

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.05


@contextmanager
def locked(path: Path, timeout_s: float, waits: Callable[[], object] = str) -> Generator[int]:
    """Hold the lock until the block is left; its descriptor, to be handed to child processes that hold it, too.

    Its file is made where it is missing, with its folder.

    `waits` is called once when somebody else holds it.

    Raises:
        TimeoutError: somebody else has held it for `timeout_s`.
    """
    descriptor = _taken(path, timeout_s, waits)
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # a child that still lives keeps the lock: unlocking would take it from the child


def _taken(path: Path, timeout_s: float, waits: Callable[[], object]) -> int:
    ends_at = time.monotonic() + timeout_s
    is_told = False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
        except BlockingIOError:
            if not is_told:
                is_told = True
                waits()
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() >= ends_at:
            raise TimeoutError(f"{path} has been held by another process for {timeout_s:g} s")
        time.sleep(POLL_S)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file was not removed by its last holder while we waited: then the lock is no longer anybody's."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
