"""The same work without any platform: what the parts of a call cost by themselves."""

import asyncio
import contextvars

import msgspec

from benchmarks.subjects.leads import LEAD, Lead, Score, score_of

_lead = msgspec.json.Decoder(Lead)
_score = msgspec.json.Decoder(Score)
_encode = msgspec.json.Encoder().encode


async def handler(lead: Lead) -> Score:
    """The handler itself."""
    return score_of(lead.id)


async def direct(count: int) -> None:
    """Await the handler."""
    for _ in range(count):
        await handler(LEAD)


async def copied(count: int) -> None:
    """Await the handler with JSON both ways, so that neither side holds the other's objects."""
    for _ in range(count):
        await _by_json(_encode(LEAD))


async def apart(count: int) -> None:
    """JSON both ways, in a task and a context of its own, within a timeout: asyncio's means for the same promise."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        async with asyncio.timeout(10.0):
            await loop.create_task(_by_json(_encode(LEAD)), context=contextvars.Context())


async def _by_json(body: bytes) -> Score:
    return _score.decode(_encode(await handler(_lead.decode(body))))
