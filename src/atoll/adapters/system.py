"""The machine itself: its clock, its chance and its disk."""

import asyncio
import contextlib
import fcntl
import os
import random
import secrets
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The running loop's clock; outside of a loop the one that loops use."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()


def ticks() -> float:
    """A clock for short spans, in seconds: the loop's may go by milliseconds."""
    return time.perf_counter()


_generator = random.Random(secrets.randbits(256))
"""Quick chance for identifiers: one for the process, and another one for each process that is forked from it."""

os.register_at_fork(after_in_child=lambda: _generator.seed(secrets.randbits(256)))


class SystemEntropy:
    """Chance from the operating system."""

    def __init__(self) -> None:
        self._uuids = Uuids7()

    def bits(self, count: int) -> int:
        """A number of `count` bits; quick, not for secrets."""
        return _generator.getrandbits(count)

    def uuid(self) -> uuid.UUID:
        """A UUID of version 7; later ones of this process sort later."""
        return self._uuids.next(time.time_ns() // 1_000_000, secrets.randbits(74))

    def token(self) -> str:
        """A secret of 256 bits."""
        return secrets.token_urlsafe(32)

    def random(self) -> random.Random:
        """A generator with a seed from the operating system."""
        return random.Random(secrets.randbits(256))


class Uuids7:
    """Makes UUIDs of version 7, each greater than the one before, also within a millisecond and from many threads.

    RFC 9562, 6.2, method 2: within a millisecond, and while a clock goes back, the last one's chance is counted up by
    a chance of its own. Owns the last one.
    """

    def __init__(self) -> None:
        self._last = 0
        self._turn = threading.Lock()

    def next(self, milliseconds: int, chance: int) -> uuid.UUID:
        """The next one: 48 bits of time, then 74 bits of `chance`.

        >>> uuids = Uuids7()
        >>> uuids.next(1_700_000_000_000, 5), uuids.next(1_700_000_000_000, 0)
        (UUID('018bcfe5-6800-7000-8000-000000000005'), UUID('018bcfe5-6800-7000-8000-000000000006'))
        """
        made = milliseconds << 74 | chance
        with self._turn:
            if made <= self._last:
                made = self._last + 1 + (chance & 0xFFFF_FFFF)
            self._last = made
        time_48, high, low = made >> 74, made >> 62 & 0xFFF, made & (1 << 62) - 1
        return uuid.UUID(int=(time_48 & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


class SystemDisk:
    """A folder on the machine's disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None when there is no such file."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Replace a file's content: written beside it, made durable, then moved into its place."""
        path = self._path(name)
        _make_folder(path.parent)
        descriptor, place = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        temporary = Path(place)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not private:
                temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def ensure(self, name: str, make: Callable[[], bytes], *, private: bool = False) -> bytes:
        """The content of a file, which is made where it is missing: by one process, while others wait for it."""
        kept = self.read(name)
        if kept is None:
            folder = self._path(name).parent
            _make_folder(folder)
            with _locked(folder):
                kept = self.read(name)
                if kept is None:
                    kept = make()
                    self.write(name, kept, private=private)
        return kept

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""
        self._path(name).unlink(missing_ok=True)

    def location(self, name: str) -> str:
        """Where the file is."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        path = (self._folder / name).resolve()
        if self._folder.resolve() not in path.parents:
            raise PermissionError(f"`{name}` leaves the folder {self._folder}, or names no file in it")
        return path


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable in its parent."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


@contextlib.contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold a folder, for which whoever else does so is waited for."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a change in a folder durable, where folders can be opened (POSIX)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
