"""An answer that a fallback had a part in says so: to whoever asked, however many services are between."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from atoll import Application, Service, contract, depends, get
from atoll.calls import Caller
from atoll.contract import contract_of
from atoll.telemetry import MemoryRecorder
from atoll.testing import SeededEntropy, drawn
from tests.placements import Placement, on_every_placement
from tests.simulated import simulated


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

    @get("/price")
    async def price(self, old: bool = False) -> int:
        """A price; an old one needs no rate."""
        ...

    @get("/prices")
    def prices(self) -> AsyncIterator[int]:
        """Some prices."""
        ...


@contract(version="1.0")
class Shop(Protocol):
    """Knows nothing of it."""

    @get("/offer")
    async def offer(self, old: bool = False) -> int:
        """An offer."""
        ...

    @get("/offers")
    def offers(self) -> AsyncIterator[int]:
        """Some offers."""
        ...


class Fixed:
    """A rate of yesterday."""

    async def rate(self) -> int:
        return 2


class PricesService(Service, Prices, owner="tests"):
    """Falls back."""

    rates: Rates = depends(fallback=Fixed)

    async def price(self, old: bool = False) -> int:
        return 10 if old else 10 * await self.rates.rate()

    async def prices(self) -> AsyncIterator[int]:
        yield await self.rates.rate()


class ShopService(Service, Shop, owner="tests"):
    """Knows nothing of it."""

    prices: Prices

    async def offer(self, old: bool = False) -> int:
        return await self.prices.price(old=old)

    async def offers(self) -> AsyncIterator[int]:
        async for price in self.prices.prices():
            yield price


SHOP = Application("shop", services=[PricesService, ShopService])


@pytest.mark.parametrize(
    ("name", "query", "degraded"),
    [
        ("offer", (), ("rates.rate",)),
        ("offer", (("old", "true"),), ()),
        ("offers", (), ("rates.rate",)),
    ],
    ids=["a value", "nothing to tell", "a stream"],
)
@on_every_placement
@simulated
async def test_an_answer_says_what_was_degraded_on_its_way(
    placement: Placement, name: str, query: tuple[tuple[str, str], ...], degraded: tuple[str, ...]
) -> None:
    """And one that was not says nothing."""
    operation = next(each for each in contract_of(Shop).operations if each.name == name)
    recorder = MemoryRecorder()
    async with placement.running(SHOP, recorder=recorder) as app:
        network = app._network  # pyright: ignore[reportPrivateUsage]  # what the clients of this application send by
        response = await Caller("", network, SeededEntropy(1)).exchange(operation, (), query, b"")
        if response.stream is not None:
            await response.stream.aclose()

    assert response.status == 200
    assert response.degraded == degraded
    assert {record.degraded for record in recorder.records} == {degraded}
    assert ("degraded: rates.rate" in drawn(recorder.records)) == bool(degraded)
