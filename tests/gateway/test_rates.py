"""Each caller of the gateway has a rate of its own, and is told what is left; and of what was degraded."""

import dataclasses
from pathlib import Path
from typing import Protocol

import httpx

from atoll import Application, Config, Service, World, contract, depends, get, single
from atoll.gateway import connection
from atoll.kernel import Criticality
from tests.adapters.test_doors import Closed
from tests.gateway.test_edge import opened
from tests.patience import PATIENCE_S


async def test_answers_say_what_is_left(tmp_path: Path) -> None:
    """Before there is nothing left."""
    async with opened(tmp_path, REQUESTS_PER_S="10", REQUESTS_BURST="5") as shop:
        answer = await shop.http.get("/orders/v1/orders")

    assert answer.status_code == 200
    assert answer.headers["ratelimit-limit"] == "5"
    assert answer.headers["ratelimit-remaining"] == "4"
    assert answer.headers["ratelimit-policy"] == '"requests";q=5;w=1'
    assert answer.headers["ratelimit-reset"] == "1"


async def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    """429 (RFC 6585), `Retry-After`, and a problem like all others; pages and health have no rate."""
    async with opened(tmp_path, REQUESTS_PER_S="0.1", REQUESTS_BURST="2") as shop:
        answers = [await shop.http.get("/orders/v1/orders") for _ in range(3)]
        alive = await shop.http.get("/livez")
        del shop.http.headers["authorization"]
        stranger = await shop.http.get("/orders/v1/orders")

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "rate_limited"
    assert answers[2].json()["retryable"] is True
    assert 9 <= int(answers[2].headers["retry-after"]) <= 10
    assert answers[2].headers["ratelimit-remaining"] == "0"
    assert alive.status_code == 200
    assert stranger.status_code == 401


@contract(version="1.0")
class Rates(Protocol):
    """Is not there."""

    @get("/rate")
    async def rate(self) -> int:
        """A rate."""
        ...


@contract(version="1.0")
class Prices(Protocol):
    """Falls back."""

    @get("/price", public=True)
    async def price(self) -> int:
        """A price."""
        ...


class Fixed:
    """A rate of yesterday."""

    async def rate(self) -> int:
        return 2


class PricesService(Service, Prices, owner="tests"):
    """Falls back."""

    rates: Rates = depends(fallback=Fixed)

    async def price(self) -> int:
        return 10 * await self.rates.rate()


async def test_a_degraded_answer_says_so_outside_too(tmp_path: Path) -> None:
    """In a header: the body is the contract's."""
    shop = Application("shop", services=[PricesService])
    async with single(shop, world=World.real(tmp_path), config=Config({"SHOP_GATEWAY_PORT": "0"})):
        found = connection(tmp_path)
        assert found is not None
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {found.key}"}, timeout=PATIENCE_S) as http:
            answer = await http.get(f"{found.url}/prices/v1/price")

    assert answer.json() == 20
    assert answer.headers["atoll-degraded"] == "rates.rate"


async def test_requests_pass_the_doorkeeper_of_their_process(tmp_path: Path) -> None:
    """The one that deliveries pass, or they would take the time of requests."""
    shop = Application("shop", services=[PricesService])
    closed = Closed()
    world = dataclasses.replace(World.real(tmp_path), doorkeeper=closed)
    async with single(shop, world=world, config=Config({"SHOP_GATEWAY_PORT": "0"})):
        found = connection(tmp_path)
        assert found is not None
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {found.key}"}, timeout=PATIENCE_S) as http:
            answer = await http.get(f"{found.url}/prices/v1/price")

    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert closed.asked == [Criticality.NORMAL]
