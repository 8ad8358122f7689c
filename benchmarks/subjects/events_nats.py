"""Events over JetStream by nats-py and nothing else: the bound of what any stack on it can do.

There is no database. The producer waits until the broker has acknowledged that an event is in the stream's file; its
effect is the acknowledgement that the subscriber sends, a message each, of what it pulls in batches. A message may be
there before the producer hears of it: so the time of an event begins when it is sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig

from benchmarks.measuring.stamps import Publish, now
from benchmarks.subjects.events_peer import lead_of, message_id
from benchmarks.subjects.leads import LEAD, Lead

STREAM, SUBJECT, DURABLE = "leads", "leads.captured", "scoring"
MESSAGE_ID = "Nats-Msg-Id"
"""The header by which the broker knows a message that it has already."""

BATCH = 250
PATIENCE_S = 5.0
"""How long the broker may take to acknowledge, or to have something for a pull."""

_encode = msgspec.json.Encoder().encode
_lead = msgspec.json.Decoder(Lead)


@asynccontextmanager
async def _stream(url: str) -> AsyncGenerator[JetStreamContext, None]:
    """One connection, and the stream, made by who comes first."""
    client = Client()
    await client.connect(url)
    try:
        context = JetStreamContext(client)
        config = StreamConfig(name=STREAM, subjects=[SUBJECT], storage=StorageType.FILE)
        await context.add_stream(config)  # pyright: ignore[reportUnknownMemberType]  # nats-py leaves it open
        yield context
    finally:
        await client.close()


@asynccontextmanager
async def producing(address: str) -> AsyncGenerator[Publish, None]:
    """Publishes without waiting for the acknowledgements of other messages."""
    async with _stream(address) as stream:

        async def publish(number: int) -> float:
            body = _encode(msgspec.structs.replace(LEAD, id=lead_of(number)))
            headers = {MESSAGE_ID: str(message_id(number))}
            sent_at = now()
            acknowledged = await stream.publish_async(SUBJECT, body, PATIENCE_S, headers=headers)  # pyright: ignore[reportUnknownMemberType]  # as above
            await acknowledged
            return sent_at

        yield publish


class _Subscribed:
    def __init__(self) -> None:
        self.count = 0

    async def effects(self) -> int:
        return self.count


@asynccontextmanager
async def subscribing(address: str, committed: Callable[[int], None]) -> AsyncGenerator[_Subscribed, None]:
    """Pulls by a durable consumer."""
    subscribed = _Subscribed()
    async with _stream(address) as stream:
        pulled = await stream.pull_subscribe(SUBJECT, durable=DURABLE, stream=STREAM)

        async def pull() -> None:
            while True:
                with suppress(TimeoutError):  # nothing was published; it has no class of its own on all ways
                    for message in await pulled.fetch(BATCH, timeout=PATIENCE_S):
                        _lead.decode(message.data)
                        await message.ack()
                        subscribed.count += 1
                        committed(int((message.headers or {})[MESSAGE_ID].replace("-", ""), 16))

        pulling = asyncio.create_task(pull())
        try:
            yield subscribed
        finally:
            pulling.cancel()
            with suppress(asyncio.CancelledError):
                await pulling
