"""The calls that are measured, each as a subject: Atoll's, their parts, and what others take for the same."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from atoll import Running, World, single
from benchmarks.measuring import Subject, Work
from benchmarks.subjects import by_hand, leads_fastapi
from benchmarks.subjects.asgi import asgi_call
from benchmarks.subjects.leads import HOSTED, LEAD, LEADS, Capture, Routing, ScoreNotFound, Scoring

OUTERMOST = "Atoll: a call from outside, which arms the timer of its deadline"
NESTED = "Atoll: a call made by a handler, within the same deadline"
DIRECT = "await the handler"
COPIED = "JSON both ways by msgspec, await the handler"
APART = "the same in a task, a context and a timeout of its own (asyncio)"
ASGI = "FastAPI, called through ASGI by hand: bytes in, bytes out"
HTTPX = "FastAPI, called by httpx with its ASGITransport: model in, model out"


@asynccontextmanager
async def leads_running(folder: Path) -> AsyncGenerator[Running, None]:
    """The application of leads, with one service that is not hosted.

    Nobody watches the loop: a batch of calls holds it up, and is meant to.
    """
    async with single(LEADS, world=World.real(folder, watchdog_s=None), services=HOSTED) as running:
        yield running


@asynccontextmanager
async def compared(running: Running) -> AsyncGenerator[Sequence[Subject], None]:
    """One call with 300 bytes each way, in every way that is compared."""
    scoring, routing = running.client(Scoring), running.client(Routing)
    body = msgspec.json.encode(LEAD)
    lead = leads_fastapi.lead()

    async def outermost(count: int) -> None:
        for _ in range(count):
            await scoring.score(LEAD)

    async def through_asgi(count: int) -> None:
        for _ in range(count):
            await asgi_call(leads_fastapi.APP, "POST", "/scores", body)

    async with leads_fastapi.httpx_client() as client:

        async def through_httpx(count: int) -> None:
            for _ in range(count):
                await leads_fastapi.httpx_call(client, lead)

        yield (
            Subject(OUTERMOST, outermost),
            Subject(NESTED, routing.repeat),
            Subject(DIRECT, by_hand.direct),
            Subject(COPIED, by_hand.copied),
            Subject(APART, by_hand.apart),
            Subject(ASGI, through_asgi),
            Subject(HTTPX, through_httpx),
        )


def further(running: Running) -> Sequence[Subject]:
    """What else happens in calls."""
    scoring, routing, capture = running.client(Scoring), running.client(Routing), running.client(Capture)

    async def refused() -> None:
        try:
            await scoring.missing(LEAD.id)
        except ScoreNotFound:
            return

    async def streamed(count: int) -> None:
        async for _ in scoring.export(count):
            pass

    return (
        Subject("a call with a path and two query arguments", _again(lambda: scoring.latest(LEAD.id, 5, fresh=True))),
        Subject("a call that goes three services deep: three calls", _again(lambda: capture.take(LEAD))),
        Subject("a call that ends with a problem, caught by its class", _again(refused)),
        Subject("a call that a fallback answers", routing.repeat_offline),
        Subject("a call of a @blocking handler, with its thread's time", _again(lambda: scoring.score_in_thread(LEAD))),
        Subject("one item of a stream", streamed),
    )


def _again(call: Callable[[], Awaitable[object]]) -> Work:
    async def work(count: int) -> None:
        for _ in range(count):
            await call()

    return work
