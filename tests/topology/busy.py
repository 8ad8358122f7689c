"""An application that can be kept busy: orders are taken in one service, and stock is kept in another."""

import asyncio
import os
import time
from typing import Protocol

from atoll import Application, Service, Settings, Value, contract, get, post, private


class Order(Value):
    """What is ordered."""

    item: str
    count: int = 1


class Served(Value):
    """Which process has answered."""

    pid: int


@contract(version="1.0")
class Stock(Protocol):
    """Knows what is there."""

    @get("/levels/{item}")
    async def level(self, item: str) -> Served:
        """How much there is of an item."""
        ...

    @post("/reservations")
    async def reserve(self, order: Order) -> Served:
        """Put something aside."""
        ...

    @get("/slow", timeout_s=30)
    async def slow(self, seconds: float) -> Served:
        """Take one's time."""
        ...

    @post("/ends")
    async def end(self, code: int) -> None:
        """End the process."""
        ...

    @post("/stuck")
    async def get_stuck(self, seconds: float) -> None:
        """Hold up the loop."""
        ...


@contract(version="1.0")
class Orders(Protocol):
    """Takes orders."""

    @get("/orders/{item}")
    async def status(self, item: str) -> Served:
        """How an order fares; asks Stock."""
        ...

    @post("/orders")
    async def order(self, order: Order) -> Served:
        """Order something; has it reserved by Stock."""
        ...

    @post("/patient", timeout_s=30)
    async def order_patiently(self, seconds: float) -> Served:
        """Think for so long, and ask Stock for the first time then."""
        ...

    @post("/slow", timeout_s=30)
    async def order_slowly(self, seconds: float) -> Served:
        """Ask Stock for what takes it so long."""
        ...


class StockSettings(Settings):
    """How long it takes to look into a shelf."""

    nap_s: float = 0.001


class StockService(Service, Stock, owner="warehouse"):
    """Keeps nothing, and says so at once."""

    settings: StockSettings

    async def level(self, item: str) -> Served:
        await asyncio.sleep(self.settings.nap_s)
        return Served(pid=os.getpid())

    async def reserve(self, order: Order) -> Served:
        await asyncio.sleep(0.002)
        return Served(pid=os.getpid())

    async def slow(self, seconds: float) -> Served:
        await asyncio.sleep(seconds)
        return Served(pid=os.getpid())

    async def end(self, code: int) -> None:
        os._exit(code)

    async def get_stuck(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - this is what it is for


class OrdersService(Service, Orders, owner="sales"):
    """Hands on what is ordered."""

    stock: Stock

    async def status(self, item: str) -> Served:
        return await self.stock.level(item)

    async def order(self, order: Order) -> Served:
        return await self.stock.reserve(order)

    async def order_patiently(self, seconds: float) -> Served:
        await asyncio.sleep(seconds)
        return await self.stock.level("hat")

    async def order_slowly(self, seconds: float) -> Served:
        return await self.stock.slow(seconds)


@contract(version="1.0")
class Eager(Protocol):
    """Asks Stock before anybody asks it."""

    @get("/first")
    async def first(self) -> Served:
        """What Stock has said."""
        ...


class EagerService(Service, Eager, owner="sales"):
    """Does not start without Stock."""

    stock: Stock
    said: list[Served] = private(default_factory=list[Served])

    async def start(self) -> None:
        self.said.append(await self.stock.level("first"))

    async def first(self) -> Served:
        return self.said[0]


eager = Application("eager", services=[EagerService, StockService], edges=())

busy = Application("busy", services=[OrdersService, StockService], edges=())
