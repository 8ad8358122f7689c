"""An application that was there before: FastAPI, and nothing of Atoll in it but what a request's state holds."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

PRICES: dict[str, int] = {}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    """Fetch the prices, forget them at the end."""
    PRICES.update(lamp=1250, chair=8900)
    yield
    PRICES.clear()


app = FastAPI(title="Quotes", version="3.2.0", lifespan=lifespan)


class Asked(BaseModel):
    """How many of which article."""

    article: str
    count: int


class Quote(BaseModel):
    """What that costs."""

    article: str
    cents: int


@app.post("/quotes", operation_id="quote")
async def quote(asked: Asked) -> Quote:
    """A price."""
    return Quote(article=asked.article, cents=_price(asked.article) * asked.count)


@app.get("/articles/{name}", operation_id="article")
async def article(name: str) -> Quote:
    """The price of one."""
    return Quote(article=name, cents=_price(name))


@app.post("/hooks/orders", status_code=204, include_in_schema=False)
async def ordered(request: Request) -> None:
    """An event, in binary form; it publishes another one."""
    if request.headers["ce-type"] != "orders.order_placed.v1":
        raise HTTPException(400, "not for me")
    event = {
        "specversion": "1.0",
        "id": f"seen-{request.headers['ce-id']}",
        "source": "/bazaar/quotes",
        "type": "quotes.price_seen.v1",
        "data": await request.json(),
    }
    headers = {"Content-Type": "application/cloudevents+json"}
    status, _ = await request.state.atoll_events(json.dumps(event).encode(), headers)
    if status != 204:
        raise HTTPException(503, "the event was not taken", {"retry-after": "1"})


def _price(article: str) -> int:
    if article not in PRICES:
        raise HTTPException(404, f"no article {article}")
    return PRICES[article]
