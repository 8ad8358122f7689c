"""Calls with an idempotency key are done once, and answered as often as they are asked; the same in every placement."""

import asyncio
from typing import Protocol

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from atoll import (
    Application,
    Context,
    Database,
    Problem,
    Service,
    Value,
    contract,
    contract_of,
    get,
    post,
)
from atoll.calls import Request
from atoll.calls.ports import code_in
from atoll.kernel import current
from atoll.problems import InternalError, KeyNotKept, KeyReused
from atoll.testing import running
from tests.placements import Topology, on_every_topology

metadata = MetaData()
ORDERS = Table("orders", metadata, Column("number", Integer, primary_key=True), Column("article", String))
ADD = insert(ORDERS)
COUNT = select(func.count()).select_from(ORDERS)


class Order(Value):
    """What is ordered."""

    article: str
    fails: str = ""


class Confirmed(Value):
    """What was ordered, and as which order."""

    article: str
    number: int


class SoldOut(Problem, status=409, detail="{article} is sold out"):
    """There is none left."""

    article: str


@contract(version="1.0")
class Orders(Protocol):
    """Takes orders."""

    @post("/orders", raises=(SoldOut,))
    async def place(self, order: Order) -> Confirmed: ...

    @get("/count")
    async def count(self) -> int: ...


class OrdersService(Service, Orders, owner="shop"):
    """Takes orders, each in a transaction."""

    db: Database

    async def place(self, order: Order) -> Confirmed:
        if order.fails == "before":
            raise SoldOut(article=order.article)
        async with self.db.transaction() as tx:
            await tx.execute(ADD, {"article": order.article})
            number = (await tx.execute(COUNT)).scalar()
            if order.fails == "inside":
                raise SoldOut(article=order.article)
        if order.fails == "behind":
            raise SoldOut(article=order.article)
        if order.fails == "badly":
            raise ValueError("a defect")
        if order.fails == "waits":
            await asyncio.sleep(0.01)
        return Confirmed(article=order.article, number=number)

    async def count(self) -> int:
        return int((await self.db.read(COUNT)).scalar())


shop = Application("shop", services=[OrdersService], edges=())
LAMP = Order(article="lamp")


def under(key: str) -> None:
    """Call under this key from now on."""
    current.set(Context(idempotency_key=key))


@on_every_topology
async def test_the_same_key_is_answered_as_before(placement: Topology) -> None:
    """The order is taken once, and confirmed as often as somebody asks."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)
        under("first")
        answers = [await orders.place(LAMP) for _ in range(3)]
        under("second")
        other = await orders.place(LAMP)

        assert answers == [Confirmed(article="lamp", number=1)] * 3
        assert other.number == 2
        assert await orders.count() == 2


@on_every_topology
async def test_without_a_key_each_call_is_one(placement: Topology) -> None:
    """Nobody could tell them apart."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)

        assert [(await orders.place(LAMP)).number for _ in range(3)] == [1, 2, 3]


@on_every_topology
async def test_two_at_once_are_done_once(placement: Topology) -> None:
    """Whoever comes second waits for the first, and is given its answer."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)
        under("key")
        answers = await asyncio.gather(*(orders.place(LAMP) for _ in range(20)))

        assert answers == [Confirmed(article="lamp", number=1)] * 20
        assert await orders.count() == 1


@on_every_topology
async def test_a_problem_behind_the_transaction_is_an_answer(placement: Topology) -> None:
    """It took place, and so did the problem: both are kept."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)
        under("key")
        for _ in range(2):
            with pytest.raises(SoldOut):
                await orders.place(Order(article="lamp", fails="behind"))

        assert await orders.count() == 1


@on_every_topology
@pytest.mark.parametrize("where", ["before", "inside", "badly"])
async def test_what_fails_is_done_again(placement: Topology, where: str) -> None:
    """Nothing took place, and nothing is kept."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)
        under("key")
        for _ in range(2):
            with pytest.raises((SoldOut, InternalError)):
                await orders.place(Order(article="lamp", fails=where))

        assert await orders.count() == 0


@on_every_topology
async def test_waiting_between_the_transaction_and_the_answer_is_refused(placement: Topology) -> None:
    """The answer is committed with the transaction, which others wait for."""
    async with placement.running(shop) as app:
        orders = app.client(Orders)
        under("key")
        with pytest.raises(InternalError):
            await orders.place(Order(article="lamp", fails="waits"))

        assert await orders.count() == 0


async def test_another_request_under_the_same_key_is_refused() -> None:
    """Answering it with the first one's answer would be a lie; Atoll's own keys are derived from the request."""
    async with running(shop) as app:
        dispatcher = app.instances["orders"].dispatcher
        assert dispatcher is not None

        first = await dispatcher.dispatch(request_of(LAMP))
        again = await dispatcher.dispatch(request_of(LAMP))
        other = await dispatcher.dispatch(request_of(Order(article="table")))

        assert (first.status, again.body) == (200, first.body)
        assert other.status == 422
        assert code_in(other) == KeyReused.code
        assert await app.client(Orders).count() == 1


def request_of(order: Order) -> Request:
    """An order as it comes from a client that has a key of its own."""
    operation = contract_of(Orders).operation("place")
    path, query, body = operation.encode_call((order,), {})
    return Request(operation, path, query, body, Context(idempotency_key="mine"), True)


async def test_a_service_without_a_database_refuses_a_key_from_outside() -> None:
    """It could not keep the promise, and says so rather than breaking it."""
    async with running(Application("shop", services=[CountingService], edges=(), owner="me")) as app:
        dispatcher = app.instances["orders"].dispatcher
        assert dispatcher is not None

        refused = await dispatcher.dispatch(request_of(LAMP))

        assert code_in(refused) == KeyNotKept.code


class CountingService(Service, Orders):
    """Takes orders, and keeps none."""

    async def place(self, order: Order) -> Confirmed:
        return Confirmed(article=order.article, number=0)

    async def count(self) -> int:
        return 0
