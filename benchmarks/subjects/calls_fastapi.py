"""The server of both stacks with FastAPI: on uvicorn, Pydantic models in and out."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.subjects.leads_fastapi import APP
from benchmarks.subjects.uvicorns import served


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """On a free port."""
    async with served(APP) as url:
        yield url
