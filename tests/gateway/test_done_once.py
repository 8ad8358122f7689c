"""A key of a caller from outside: done once, and never for another request."""

from pathlib import Path
from typing import Protocol

import httpx
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from atoll import Application, Config, Database, Service, Value, World, contract, post, single
from atoll.gateway import connection
from tests.patience import PATIENCE_S

ORDERS = Table("orders", MetaData(), Column("number", Integer, primary_key=True), Column("article", String))


class Order(Value):
    """What is ordered."""

    article: str


@contract(version="1.0")
class Orders(Protocol):
    """Takes orders."""

    @post("/orders", public=True)
    async def place(self, order: Order) -> int: ...

    @post("/visitors/orders", public=True, anyone=True)
    async def ask(self, order: Order) -> int: ...


class OrdersService(Service, Orders, owner="shop"):
    """Counts them."""

    db: Database

    async def place(self, order: Order) -> int:
        async with self.db.transaction() as tx:
            await tx.execute(insert(ORDERS), {"article": order.article})
            return int((await tx.execute(select(func.count()).select_from(ORDERS))).scalar())

    async def ask(self, order: Order) -> int:
        return await self.place(order)


SHOP = Application("shop", services=[OrdersService], edges=("atoll.gateway.service:GatewayService",))


async def test_a_key_of_a_user_is_for_one_request(tmp_path: Path) -> None:
    """Whoever sends another one under it has made a mistake, and would have it done twice."""
    async with single(SHOP, world=World.real(tmp_path), config=Config({"SHOP_GATEWAY_PORT": "0"})):
        found = connection(tmp_path)
        assert found is not None
        own = {"authorization": f"Bearer {found.key}"}
        async with httpx.AsyncClient(base_url=found.url, timeout=PATIENCE_S) as http:

            async def asked(path: str, article: str, key: str, headers: dict[str, str]) -> httpx.Response:
                return await http.post(path, json={"article": article}, headers=headers | {"idempotency-key": key})

            first = await asked("/orders/v1/orders", "lamp", "k" * 3000, own)
            again = await asked("/orders/v1/orders", "lamp", "k" * 3000, own)
            other = await asked("/orders/v1/orders", "sofa", "k" * 3000, own)
            visitors = [await asked("/orders/v1/visitors/orders", each, "1", {}) for each in ("lamp", "sofa", "lamp")]

    assert (first.json(), again.json()) == (1, 1)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert [each.json() for each in visitors] == [2, 3, 2], "two strangers may have the same key"
