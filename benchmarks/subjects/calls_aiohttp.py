"""FastAPI, called by aiohttp: one session for the life of the process, Pydantic models on both sides."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from benchmarks.measuring.load import LATE_S
from benchmarks.subjects.calls_fastapi import serving as serving
from benchmarks.subjects.calls_peer import CONNECTIONS_MAX, IDLE_S, WRONG, Refused
from benchmarks.subjects.leads_fastapi import Lead, Score, lead

HEADERS = {"content-type": "application/json"}


def session() -> aiohttp.ClientSession:
    """A session that opens as many connections as are needed and keeps them."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_S)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=LATE_S))


async def aiohttp_call(session: aiohttp.ClientSession, url: str, body: Lead) -> Score:
    """One typed call: model in, model out."""
    async with session.post(url, data=body.model_dump_json().encode(), headers=HEADERS) as response:
        response.raise_for_status()
        return Score.model_validate_json(await response.read())


class _Caller:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url}/scores"
        self._lead = lead()

    async def call(self) -> Score:
        return await aiohttp_call(self._session, self._url, self._lead)

    async def call_wrongly(self) -> None:
        async with self._session.post(self._url, data=WRONG, headers=HEADERS) as response:
            if response.status == 422:
                raise Refused


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """A session with that server."""
    async with session() as opened:
        yield _Caller(opened, address)
