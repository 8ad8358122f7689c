"""One service of a chain as a FastAPI application on uvicorn: `chain_fastapi aiohttp|httpx [URL OF THE NEXT]`.

It passes each lead on to the next service by a typed client that lives as long as the process; the last one answers.
"""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.measuring.speaking import end_of_input, run_program, say_ready
from benchmarks.subjects.calls_aiohttp import aiohttp_call, session
from benchmarks.subjects.calls_httpx import client
from benchmarks.subjects.leads_fastapi import APP, Lead, Score, httpx_call
from benchmarks.subjects.uvicorns import served

Next = Callable[[Lead], Awaitable[Score]]


@asynccontextmanager
async def next_by_aiohttp(url: str) -> AsyncGenerator[Next, None]:
    """The next service, by a session of aiohttp."""
    async with session() as opened:
        yield lambda lead: aiohttp_call(opened, f"{url}/scores", lead)


@asynccontextmanager
async def next_by_httpx(url: str) -> AsyncGenerator[Next, None]:
    """The next service, by a client of httpx."""
    async with client(url) as opened:
        yield lambda lead: httpx_call(opened, lead)


CLIENTS = {"aiohttp": next_by_aiohttp, "httpx": next_by_httpx}


def passing_on(next_service: Next) -> FastAPI:
    """The application of a service that is not the last."""
    app = FastAPI()

    @app.post("/scores")
    async def score(lead: Lead) -> Score:
        return await next_service(lead)

    return app


async def main(name: str, url: str | None) -> None:
    """Serve until the end of the input."""
    if url is None:
        async with served(APP) as here:
            say_ready(here)
            await end_of_input()
        return
    async with CLIENTS[name](url) as next_service, served(passing_on(next_service)) as here:
        say_ready(here)
        await end_of_input()


if __name__ == "__main__":
    run_program(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
