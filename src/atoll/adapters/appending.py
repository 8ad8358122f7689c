"""Files of lines that several processes append to, each of a bounded size, with one before it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def append(path: Path, before: Path, lines: bytes, bytes_max: int, *, is_synced: bool = False) -> None:
    """Append whole lines; where the file is longer than `bytes_max` by then, it becomes the one `before`, which goes.

    What stands there and has no end, since a disk was full or a process was killed, becomes a line of its own. Of
    several processes who find the file too long one puts it away: two would put a new one into the place of it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        is_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, b"\n" + lines if is_open else lines)
        if is_synced:
            os.fsync(descriptor)
        if size + len(lines) > bytes_max:
            _put_away(path, before, descriptor)
    finally:
        os.close(descriptor)


def _put_away(path: Path, before: Path, descriptor: int) -> None:
    with suppress(BlockingIOError, FileNotFoundError):  # somebody else does it, or has done it
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            path.replace(before)
