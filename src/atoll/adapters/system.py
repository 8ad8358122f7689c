"""The machine itself: its clock, its chance and its disk."""

import asyncio
import contextlib
import os
import random
import secrets
import tempfile
import time
import uuid
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


class SystemEntropy:
    """Chance from the operating system."""

    def __init__(self) -> None:
        self._random = random.Random(secrets.randbits(256))
        os.register_at_fork(after_in_child=lambda: self._random.seed(secrets.randbits(256)))

    def bits(self, count: int) -> int:
        """A number of `count` bits; quick, not for secrets."""
        return self._random.getrandbits(count)

    def uuid(self) -> uuid.UUID:
        """A UUID of version 7: 48 bits of time in milliseconds, 74 bits of chance (RFC 9562, 5.7)."""
        return uuid_7(time.time_ns() // 1_000_000, secrets.randbits(74))

    def token(self) -> str:
        """A secret of 256 bits."""
        return secrets.token_urlsafe(32)

    def random(self) -> random.Random:
        """A generator with a seed from the operating system."""
        return random.Random(secrets.randbits(256))


def uuid_7(milliseconds: int, chance: int) -> uuid.UUID:
    """A UUID of version 7 from its two parts.

    >>> uuid_7(1_700_000_000_000, 0)
    UUID('018bcfe5-6800-7000-8000-000000000000')
    """
    high, low = chance >> 62 & 0xFFF, chance & (1 << 62) - 1
    return uuid.UUID(int=(milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


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
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not private:
                os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""
        self._path(name).unlink(missing_ok=True)

    def location(self, name: str) -> str:
        """Where the file is."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise PermissionError(f"{name} leaves the folder {self._folder}")
        return path


def _sync_folder(folder: Path) -> None:
    """Make the move of a file durable, where folders can be opened (POSIX)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
