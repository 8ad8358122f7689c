"""Files that change, told by the system as it happens."""

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType]  # trio's events are unknown here

logging.getLogger("watchfiles").setLevel(logging.WARNING)  # that something has changed is told by who asked

DEBOUNCE_MS = 200
"""How long changes that belong together are gathered."""


async def changes(folder: Path, is_meant: Callable[[Path], bool], *, recursive: bool = True) -> AsyncIterator[Path]:
    """One of the files in a folder that have changed together, again and again; only of those that are meant."""

    def is_watched(_: Change, path: str) -> bool:
        return is_meant(Path(path))

    async for changed in awatch(
        folder, watch_filter=is_watched, debounce=DEBOUNCE_MS, step=50, recursive=recursive, raise_interrupt=False
    ):
        for _, path in sorted(changed, key=lambda each: each[1])[:1]:
            yield Path(path)
