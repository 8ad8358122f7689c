"""What people have changed about an application, by which way: lines in a file in the state folder.

A change is written before it is made, and again when it has ended: one whose process died in the middle is there, with
an unknown end. All processes append to one file, of a bounded size, with one before it.
"""

import contextlib
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from atoll.adapters.appending import append

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
    with contextlib.suppress(OSError):
        append(state / FILE, state / f"{FILE}.1", msgspec.json.encode(change) + b"\n", BYTES_MAX, is_synced=True)
