"""FastAPI, called by httpx: one client for the life of the process, Pydantic models on both sides."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from benchmarks.measuring.load import LATE_S
from benchmarks.subjects.calls_fastapi import serving as serving
from benchmarks.subjects.calls_peer import CONNECTIONS_MAX, IDLE_S, WRONG, Refused
from benchmarks.subjects.leads_fastapi import Score, httpx_call, lead


def client(url: str) -> httpx.AsyncClient:
    """A client that opens as many connections as are needed and keeps them."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX, keepalive_expiry=IDLE_S
    )
    return httpx.AsyncClient(base_url=url, limits=limits, timeout=LATE_S, trust_env=False)


class _Caller:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._lead = lead()

    async def call(self) -> Score:
        return await httpx_call(self._client, self._lead)

    async def call_wrongly(self) -> None:
        response = await self._client.post("/scores", content=WRONG, headers={"content-type": "application/json"})
        if response.status_code == 422:
            raise Refused


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """A client of that server."""
    async with client(address) as opened:
        yield _Caller(opened)
