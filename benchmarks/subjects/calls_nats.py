"""Request and reply over a NATS broker by nats-py: JSON by msgspec, which both sides validate.

The broker is a child of the server's process, so that its processor time counts as the server's; it may use all cores.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from atoll.testing import nats_server
from benchmarks.measuring.load import LATE_S
from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, Lead, Score, score_of

SUBJECT = "leads.score"
ERROR = "Nats-Service-Error-Code"
"""The header by which services on NATS tell an error from an answer (its ADR 32)."""

_encode = msgspec.json.Encoder().encode
_lead = msgspec.json.Decoder(Lead)
_score = msgspec.json.Decoder(Score)


async def _connected(url: str) -> Client:
    client = Client()
    await client.connect(url)
    return client


class _Handler:
    """Answers requests; an error goes back with the header that says so."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def handle(self, message: Msg) -> None:
        try:
            lead = _lead.decode(message.data)
        except msgspec.DecodeError as error:
            await self._client.publish(message.reply, str(error).encode(), headers={ERROR: "422"})
            return
        await self._client.publish(message.reply, _encode(score_of(lead.id)))


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """The broker, and a subscriber of it that answers."""
    with nats_server(folder / "nats") as broker:
        client = await _connected(broker.url)
        try:
            handle = _Handler(client).handle
            await client.subscribe(SUBJECT, cb=handle)  # pyright: ignore[reportUnknownMemberType]  # nats-py leaves it open
            await client.flush()
            yield broker.url
        finally:
            await client.close()


class _Caller:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self) -> Score:
        return await self._request(_encode(LEAD))

    async def call_wrongly(self) -> None:
        await self._request(WRONG)

    async def _request(self, body: bytes) -> Score:
        message = await self._client.request(SUBJECT, body, timeout=LATE_S)
        if message.headers and ERROR in message.headers:
            raise Refused(message.data.decode())
        return _score.decode(message.data)


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """One connection with that broker."""
    client = await _connected(address)
    try:
        yield _Caller(client)
    finally:
        await client.close()
