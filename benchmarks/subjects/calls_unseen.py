"""Atoll as in `calls_atoll`, and nobody records what it does: what the records cost is the difference."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.subjects import calls_atoll
from benchmarks.subjects.calls_atoll import calling

__all__ = ["calling", "serving"]


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """On a Unix socket."""
    async with calls_atoll.serving(folder, watch=None) as address:
        yield address
