"""Fakes of the ports: time that is set, chance from a seed, a disk in memory."""

import asyncio
import base64
import contextlib
import posixpath
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from atoll.adapters.system import Uuids7

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""When time begins in tests, unless they say otherwise."""


class SettableClock:
    """A clock that stands still until it is told otherwise. Its monotonic time is the running loop's.

    >>> clock = SettableClock()
    >>> clock.advance(timedelta(hours=1))
    >>> clock.now().isoformat()
    '2026-01-01T01:00:00+00:00'
    """

    def __init__(self, now: datetime = BEGINNING) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def monotonic(self) -> float:
        """The running loop's time; zero outside of one."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 0.0

    def set(self, now: datetime) -> None:
        """Let it be `now`, which is aware."""
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class LoopClock:
    """A clock whose wall time is the loop's time since a fixed beginning: virtual where the loop's time is.

    In a thread, which has no loop, it follows the loop on which it was read last.
    """

    def __init__(self, beginning: datetime = BEGINNING) -> None:
        self._beginning = beginning.astimezone(UTC)
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        """The beginning and the loop's time after it."""
        return self._beginning + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """The loop's time; zero before there was one."""
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        return self._loop.time() if self._loop is not None else 0.0


class SeededEntropy:
    """Chance that a seed repeats. Not for secrets, and says so in its tokens.

    >>> SeededEntropy(seed=7).uuid() == SeededEntropy(seed=7).uuid()
    True
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._uuids = Uuids7()
        self._made = 0

    def bits(self, count: int) -> int:
        """A number of `count` bits."""
        return self._random.getrandbits(count)

    def uuid(self) -> uuid.UUID:
        """A UUID of version 7, a millisecond after the one before; the first is from a fixed moment."""
        self._made += 1
        return self._uuids.next(int(BEGINNING.timestamp()) * 1000 + self._made, self.bits(74))

    def token(self) -> str:
        """A token from the seed."""
        return "test-" + base64.urlsafe_b64encode(self._random.randbytes(24)).decode()

    def random(self) -> random.Random:
        """A generator seeded from here."""
        return random.Random(self.bits(64))


class MemoryDisk:
    """A disk in memory.

    >>> disk = MemoryDisk()
    >>> disk.write("state.json", b"{}")
    >>> disk.files
    {'state.json': b'{}'}
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.private: set[str] = set()

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None."""
        return self.files.get(_inside(name))

    def write(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Replace a file's content."""
        name = _inside(name)
        self.files[name] = bytes(content)
        (self.private.add if private else self.private.discard)(name)

    def ensure(self, name: str, make: Callable[[], bytes], *, private: bool = False) -> bytes:
        """The content of a file, which is made where it is missing."""
        if self.read(name) is None:
            self.write(name, make(), private=private)
        return self.files[_inside(name)]

    def remove(self, name: str) -> None:
        """Remove a file."""
        name = _inside(name)
        self.files.pop(name, None)
        self.private.discard(name)

    def location(self, name: str) -> str:
        """A name for messages."""
        return f"memory:{_inside(name)}"


def _inside(name: str) -> str:
    """The name without detours, as a real folder would understand it."""
    plain = posixpath.normpath(name)
    if plain.startswith(("../", "/")) or plain == "..":
        raise PermissionError(f"`{name}` leaves the folder")
    return plain
