"""A small application for the gateway's tests: every form of operation, and handlers that misbehave on demand."""

import asyncio
import datetime
import itertools
from collections.abc import AsyncIterator
from typing import Annotated, Protocol, cast

import msgspec

from atoll import (
    Application,
    Choice,
    Deprecation,
    Event,
    Page,
    Personal,
    Problem,
    Service,
    Value,
    blocking,
    context,
    contract,
    delete,
    get,
    post,
    private,
    put,
)

CANARY = "canary-7f3a"
"""Stands in what a handler raises; it must never reach a caller."""


class Colour(Choice):
    RED = "red"
    BLUE = "blue"
    UNKNOWN = "unknown"


class Order(Value):
    id: str
    colour: Colour
    email: Personal[str] | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


class OrderWithSecret(Order):
    secret: str


class OrderNotFound(Problem, status=404, detail="there is no order {order_id}"):
    """There is no such order."""

    order_id: str


class OrderPlaced(Event, key="order_id"):
    """An order was placed."""

    order_id: str


class Around(Value):
    user: str
    caller: str
    trace_id: str
    remaining_s: float
    idempotency_key: str | None


@contract(version="1.0", publishes=(OrderPlaced,))
class Orders(Protocol):
    """Takes orders."""

    @post("/orders", public=True)
    async def place(self, order: Order) -> Order:
        """Place an order.

        The same order twice is one order.
        """
        ...

    @get("/orders/{order_id}", public=True, raises=(OrderNotFound,))
    async def find(self, order_id: str) -> Order: ...

    @put("/orders/{order_id}/colour", public=True, raises=(OrderNotFound,))
    async def paint(self, order_id: str, order: Order) -> None: ...

    @delete("/orders/{order_id}", public=True, raises=(OrderNotFound,))
    async def cancel(self, order_id: str) -> None: ...

    @get("/orders", public=True)
    async def listed(
        self, cursor: str | None = None, limit: int = 10, colour: Colour | None = None, tags: tuple[str, ...] = ()
    ) -> Page[Order]: ...

    @get("/orders/export", public=True)
    def export(self, count: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 3) -> AsyncIterator[Order]: ...

    @get("/around", public=True)
    async def around(self) -> Around: ...

    @get(
        "/old",
        public=True,
        deprecated=Deprecation(
            since=datetime.date(2026, 1, 2), sunset=datetime.date(2027, 1, 2), instead="orders.find"
        ),
    )
    async def old(self) -> str: ...

    @get("/inside")
    async def inside(self) -> str: ...

    @get("/broken", public=True)
    async def broken(self) -> str: ...

    @get("/broken/stream", public=True)
    def broken_stream(self) -> AsyncIterator[Order]: ...

    @get("/broken/result", public=True)
    async def broken_result(self) -> Order: ...

    @get("/broken/items", public=True)
    def broken_items(self) -> AsyncIterator[Order]: ...

    @get("/generous", public=True)
    async def generous(self) -> Order: ...

    @get("/generous/items", public=True)
    def generous_items(self) -> AsyncIterator[Order]: ...

    @get("/flood", public=True)
    def flood(self) -> AsyncIterator[int]: ...

    @get("/hang", public=True)
    async def hang(self) -> str: ...


class OrdersService(Service, Orders, owner="order desk"):
    """Takes orders, in memory."""

    orders: dict[str, Order] = private(default_factory=dict)
    closed: asyncio.Event = private(default_factory=asyncio.Event)
    hanging: asyncio.Event = private(default_factory=asyncio.Event)
    cancelled: asyncio.Event = private(default_factory=asyncio.Event)

    async def place(self, order: Order) -> Order:
        self.orders[order.id] = order
        return order

    @blocking
    def find(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise OrderNotFound(order_id=order_id)
        return self.orders[order_id]

    async def paint(self, order_id: str, order: Order) -> None:
        if order_id not in self.orders:
            raise OrderNotFound(order_id=order_id)
        self.orders[order_id] = order

    async def cancel(self, order_id: str) -> None:
        if self.orders.pop(order_id, None) is None:
            raise OrderNotFound(order_id=order_id)

    async def listed(
        self, cursor: str | None = None, limit: int = 10, colour: Colour | None = None, tags: tuple[str, ...] = ()
    ) -> Page[Order]:
        known = [order for order in self.orders.values() if colour in (None, order.colour)]
        return Page(items=tuple(known[: max(limit, 0)]), next=None)

    async def export(self, count: int = 3) -> AsyncIterator[Order]:
        try:
            for number in range(count):
                yield Order(id=str(number), colour=Colour.RED)
        finally:
            self.closed.set()

    async def around(self) -> Around:
        now = context()
        remaining_s = now.remaining_s
        assert remaining_s is not None
        return Around(
            user=now.user or "",
            caller=now.caller,
            trace_id=now.trace.id,
            remaining_s=remaining_s,
            idempotency_key=now.idempotency_key,
        )

    async def old(self) -> str:
        return "old"

    async def inside(self) -> str:
        return "inside"

    async def broken(self) -> str:
        raise RuntimeError(CANARY)

    async def broken_stream(self) -> AsyncIterator[Order]:
        yield Order(id="1", colour=Colour.BLUE)
        raise RuntimeError(CANARY)

    async def broken_result(self) -> Order:
        return Order(id=cast(str, 7), colour=Colour.RED)

    async def broken_items(self) -> AsyncIterator[Order]:
        yield Order(id="1", colour=Colour.RED)
        yield Order(id=cast(str, 7), colour=Colour.RED)

    async def generous(self) -> Order:
        return OrderWithSecret(id="1", colour=Colour.RED, secret=CANARY)

    async def generous_items(self) -> AsyncIterator[Order]:
        yield OrderWithSecret(id="1", colour=Colour.RED, secret=CANARY)

    async def flood(self) -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
        finally:
            self.closed.set()

    async def hang(self) -> str:
        self.hanging.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "never"


@contract(version="1.0", id="reference")
class Library(Protocol):
    """Has the name of a page of the gateway."""

    @get("/books", public=True)
    async def books(self) -> str: ...


class LibraryService(Service, Library, owner="library"):
    async def books(self) -> str:
        return "books"


orders = Application("shop", services=[OrdersService, LibraryService], version="2.3.0")
