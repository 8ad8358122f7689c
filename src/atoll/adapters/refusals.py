"""Refusals, kept: who was not let in, to what and why, in a file in the state folder.

It is fed by the log `atoll.access`, to which whoever refuses somebody writes; so nobody refuses without a record. All
processes of an application append to one file. Who tries a thousand times a second does not fill the disk: what is the
same within a minute is one record with a count, and the file has a bounded size, with one before it.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from atoll.adapters.appending import append

FILE = "refusals.jsonl"

WINDOW_S = 60.0
"""For how long what is the same is counted, and not written again."""

KINDS_MAX = 1_000
"""How many kinds of refusals are told apart within a minute; what is more is one kind."""

BYTES_MAX = 4 * 1024 * 1024
"""When the file is as large, it becomes the one before, which goes."""

CHARS_MAX = 300
"""How much is kept of a word that somebody has sent."""


class Refusal(msgspec.Struct, frozen=True):
    """Somebody who was not let in: the first of its kind, or so many of it since `at`. Times are seconds since 1970."""

    at: float
    caller: str
    operation: str
    reason: str
    user: str = ""
    trace_id: str = ""
    count: int = 1


class _Kind(msgspec.Struct):
    since: float
    last: Refusal
    count: int = 0


class RefusalFile(logging.Handler):
    """Appends what is told to it. Owns its counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.INFO)
        self._path = folder / FILE
        self._kinds: dict[tuple[str, str, str, str], _Kind] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, or count it."""
        caller, operation, reason, user, trace_id = (
            _word(getattr(record, name, "")) for name in ("caller", "operation", "reason", "user", "trace_id")
        )
        if not reason:  # another message of this log
            return
        self._end_of_windows(record.created)
        refusal = Refusal(record.created, caller, operation, reason, user, trace_id)
        key = (refusal.caller, refusal.operation, refusal.reason, refusal.user)
        if len(self._kinds) >= KINDS_MAX and key not in self._kinds:
            key = ("", "", "", "")
            refusal = Refusal(record.created, "", "", "more kinds of refusals than are told apart")
        kind = self._kinds.get(key)
        if kind is None:
            self._kinds[key] = _Kind(record.created, refusal)
            self._write([refusal])
        else:
            kind.last = refusal
            kind.count += 1

    def close(self) -> None:
        """Write what was counted."""
        self._end_of_windows(float("inf"))
        super().close()

    def _end_of_windows(self, now: float) -> None:
        """Write the counts of those that began a minute ago; they are the oldest."""
        ended: list[Refusal] = []
        for key, kind in list(self._kinds.items()):
            if abs(now - kind.since) < WINDOW_S:  # the clock may have been set back
                break
            del self._kinds[key]
            if kind.count:
                ended.append(msgspec.structs.replace(kind.last, at=kind.since, count=kind.count))
        if ended:
            self._write(ended)

    def _write(self, refusals: list[Refusal]) -> None:
        """Append lines: each is shorter than what a file system writes at once, so that no two are mixed."""
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in refusals)
        with suppress(OSError):  # no disk is no reason to let anybody in, nor to fail: the log has it, too
            append(self._path, _before(self._path), lines, BYTES_MAX)


@contextmanager
def kept_refusals(folder: Path) -> Generator[None]:
    """Keep refusals in a file of this folder until the block is left."""
    log = logging.getLogger("atoll.access")
    handler, level = RefusalFile(folder), log.level
    log.addHandler(handler)
    if not log.isEnabledFor(logging.INFO):
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)
        handler.close()


def refusals_in(folder: Path) -> Iterator[Refusal]:
    """What is kept in a folder, the oldest first. A line that a dying process has cut off is passed over."""
    path = folder / FILE
    for each in (_before(path), path):
        with suppress(FileNotFoundError):
            for line in each.read_bytes().splitlines():
                with suppress(ValueError):
                    yield msgspec.json.decode(line, type=Refusal)


def _word(given: object) -> str:
    """As much of a word as is kept, as text that can be written."""
    return str(given)[:CHARS_MAX].encode(errors="replace").decode()


def _before(path: Path) -> Path:
    return path.with_suffix(".old.jsonl")
