"""What people have changed about an application, by which way: lines in a file in the state folder.

A change is written before it is made, and again when it has ended: one whose process died in the middle is there, with
an unknown end. All processes append to one file, of a bounded size, with one before it.
"""

import contextlib
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

FILE = "changes.jsonl"
BYTES_MAX = 4 * 1024 * 1024
"""When the file is as large, it becomes the one before, which goes."""
TEXT_MAX = 500

BEGUN, DONE = "unknown", "done"


class Change(msgspec.Struct, frozen=True):
    """Something that somebody has changed. `at` is in seconds since 1970; `via` is `cli` or `console`.

    `outcome` is `done`, what went wrong, or `unknown` where nobody has seen the end of it.
    """

    id: str
    at: float
    actor: str
    action: str
    subject: str
    detail: str = ""
    via: str = "cli"
    outcome: str = BEGUN


@contextmanager
def changing(state: Path, change: Change) -> Generator[None]:
    """Write down a change, which is made in the block, and how it has ended. What goes wrong with that stops nobody."""
    change = msgspec.structs.replace(change, id=uuid.uuid4().hex)
    _append(state, change)
    try:
        yield
    except BaseException as error:
        said = str(error).strip() or type(error).__name__
        _append(state, msgspec.structs.replace(change, outcome=said[:TEXT_MAX]))
        raise
    _append(state, msgspec.structs.replace(change, outcome=DONE))


def changes_in(state: Path, limit: int = 100) -> list[Change]:
    """The changes that are kept, the last first; none where there is no file."""
    found: dict[str, Change] = {}
    for name in (f"{FILE}.1", FILE):
        with contextlib.suppress(OSError):
            for line in (state / name).read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):  # half a line, of whoever died while writing it
                    change = msgspec.json.decode(line, type=Change)
                    found[change.id] = change
    return sorted(found.values(), key=lambda each: -each.at)[:limit]


def _append(state: Path, change: Change) -> None:
    path = state / FILE
    with contextlib.suppress(OSError):
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > BYTES_MAX:
            path.replace(state / f"{FILE}.1")
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, msgspec.json.encode(change) + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
