"""An application that was there before: FastAPI, and nothing of Atoll in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
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


def _price(article: str) -> int:
    if article not in PRICES:
        raise HTTPException(404, f"no article {article}")
    return PRICES[article]
