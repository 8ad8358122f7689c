"""Events between services of an application: the same on every placement, and on each kind of database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from atoll import (
    Application,
    Context,
    Database,
    Event,
    Mistakes,
    Service,
    Transaction,
    World,
    context,
    contract,
    get,
    on,
    post,
    upsert,
)
from atoll.kernel import current
from atoll.testing import PostgresServer, running
from tests.patience import PATIENCE_S
from tests.placements import Topology, on_every_topology

metadata = MetaData()
ORDERS = Table("orders", metadata, Column("id", String, primary_key=True), Column("amount", Integer))
INVOICES = Table(
    "invoices",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("order_id", String),
    Column("amount", Integer),
    Column("said", String),
)
KEEP = upsert(ORDERS, "id")
WRITE = insert(INVOICES)
WRITTEN = select(INVOICES.c.order_id, INVOICES.c.amount, INVOICES.c.said).order_by(INVOICES.c.number)
COUNT = select(func.count()).select_from(INVOICES)


class OrderPlaced(Event, key="order_id"):
    """Somebody has ordered something."""

    order_id: str
    amount: int


class InvoiceWritten(Event, key="order_id"):
    """An invoice was written."""

    order_id: str


@contract(version="1.0", publishes=(OrderPlaced,))
class Orders(Protocol):
    """Takes orders."""

    @post("/orders/{order_id}")
    async def place(self, order_id: str, amount: int) -> None: ...


@contract(version="1.0", publishes=(InvoiceWritten,))
class Billing(Protocol):
    """Writes invoices."""

    @get("/invoices")
    async def invoices(self) -> list[tuple[str, int, str]]: ...


@contract(version="1.0")
class Mail(Protocol):
    """Sends letters."""

    @get("/count")
    async def count(self) -> int: ...


class OrdersService(Service, Orders, owner="sales"):
    """Takes orders."""

    db: Database

    async def place(self, order_id: str, amount: int) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(KEEP, {"id": order_id, "amount": amount})
            tx.publish(OrderPlaced(order_id=order_id, amount=amount))


class BillingService(Service, Billing, owner="finance"):
    """Writes an invoice for each order, and says so."""

    db: Database

    @on(OrderPlaced)
    async def bill(self, event: OrderPlaced, tx: Transaction) -> None:
        said = f"{context().tenant} {context().actor} {context().caller} {context().criticality}"
        await tx.execute(WRITE, {"order_id": event.order_id, "amount": event.amount, "said": said})
        tx.publish(InvoiceWritten(order_id=event.order_id))

    async def invoices(self) -> list[tuple[str, int, str]]:
        return [tuple(row) for row in await self.db.read(WRITTEN)]


class MailService(Service, Mail, owner="office"):
    """Sends a letter for each invoice; it is told by an event that a reaction to an event has published."""

    db: Database

    @on(InvoiceWritten)
    async def send(self, event: InvoiceWritten, tx: Transaction) -> None:
        await tx.execute(WRITE, {"order_id": event.order_id, "amount": 0, "said": ""})

    async def count(self) -> int:
        return int((await self.db.read(COUNT)).scalar())


shop = Application("shop", services=[OrdersService, BillingService, MailService], edges=())


async def until(seen: Callable[[], Awaitable[int]], count: int) -> None:
    """Wait until so much was seen."""
    async with asyncio.timeout(PATIENCE_S):
        while await seen() < count:  # noqa: ASYNC110  # another process may be the one that writes
            await asyncio.sleep(0.02)


@on_every_topology
async def test_an_event_reaches_whoever_reacts_to_it(placement: Topology) -> None:
    """And what that publishes reaches the next: each once, in the order of its key."""
    async with placement.running(shop) as app:
        for number in range(30):
            await app.client(Orders).place(f"order-{number % 3}", number)
        await until(app.client(Mail).count, 30)
        invoices = await app.client(Billing).invoices()

    for order in range(3):
        assert [amount for key, amount, _ in invoices if key == f"order-{order}"] == list(range(order, 30, 3))


@on_every_topology
async def test_an_event_says_on_whose_behalf_it_was_published(placement: Topology) -> None:
    """As data: the tenant goes on, the user is an actor and gives no right."""
    async with placement.running(shop) as app:
        current.set(Context(user="ada", tenant="east"))
        await app.client(Orders).place("order-1", 5)
        current.set(Context())
        await until(app.client(Mail).count, 1)

        assert await app.client(Billing).invoices() == [("order-1", 5, "east ada orders background")]


async def test_an_application_on_postgresql_means_the_same(postgres: PostgresServer, tmp_path: Path) -> None:
    """By a setting, with the same services; each in a schema of its own, as a role of its own."""
    settings = {"SHOP_DATABASE_URL": postgres.url()}
    async with running(shop, settings=settings, world=World.real(tmp_path)) as app:
        for number in range(10):
            await app.client(Orders).place(f"order-{number}", number)
        await until(app.client(Mail).count, 10)

        assert len(await app.client(Billing).invoices()) == 10
        assert {owned.database.dialect for owned in app.owned.values()} == {"postgresql"}


async def test_an_event_that_nobody_publishes_is_a_mistake() -> None:
    """At the start, with the handler's place."""
    with pytest.raises(Mistakes, match="reacts to OrderPlaced, which no service of the application publishes"):
        async with running(Application("shop", services=[BillingService, MailService], edges=())):
            pass


class Lonely(Service, owner="me"):
    """Reacts, and has nowhere to keep that it has."""

    @on(OrderPlaced)
    async def react(self, event: OrderPlaced, tx: Transaction) -> None: ...


class Clumsy(Service, owner="me"):
    """Its handlers do not fit."""

    db: Database

    @on(OrderPlaced)
    async def one(self, event: OrderPlaced) -> None: ...

    @on(OrderPlaced)
    def other(self, event: OrderPlaced, tx: Transaction) -> None: ...


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (Lonely, "`react` needs a database"),
        (Clumsy, "write `async def one\\(self, event, tx\\)`"),
        (Clumsy, "`other` is not async"),
        (Clumsy, "reacts to `tests.topology.test_events.OrderPlaced` twice"),
    ],
)
async def test_reactions_that_do_not_fit_are_mistakes(service: type[Service], said: str) -> None:
    """All of them, at the start."""
    with pytest.raises(Mistakes, match=said):
        async with running(Application("shop", services=[OrdersService, service], edges=())):
            pass


class ParcelSent(Event, key="parcel_id"):
    """The second version of it."""

    parcel_id: str
    grams: int


class ParcelSentBefore(Event, key="parcel_id"):
    """The first version of it."""

    parcel_id: str
    kilograms: float


@contract(version="1.3", id="parcels", publishes=(ParcelSentBefore,))
class ParcelsBefore(Protocol):
    """Sends parcels, as it was promised before."""

    @post("/parcels/{parcel_id}")
    async def send(self, parcel_id: str, kilograms: float) -> None: ...


@contract(version="2.0", publishes=(ParcelSent,))
class Parcels(Protocol):
    """Sends parcels."""

    @post("/parcels/{parcel_id}")
    async def send(self, parcel_id: str, grams: int) -> None: ...


class ParcelsService(Service, Parcels, owner="post"):
    """Sends parcels."""

    db: Database

    async def send(self, parcel_id: str, grams: int) -> None:
        async with self.db.transaction() as tx:
            tx.publish(ParcelSent(parcel_id=parcel_id, grams=grams))


class ParcelsBeforeService(Service, ParcelsBefore, owner="post"):
    """The old promise, kept by the new service: calls go to it, events come from it."""

    parcels: Parcels
    db: Database

    async def send(self, parcel_id: str, kilograms: float) -> None:
        await self.parcels.send(parcel_id, int(kilograms * 1000))

    @on(ParcelSent)
    async def tell(self, event: ParcelSent, tx: Transaction) -> None:
        tx.publish(ParcelSentBefore(parcel_id=event.parcel_id, kilograms=event.grams / 1000))


class OldReader(Service, Mail, owner="office"):
    """Knows the first version alone."""

    db: Database

    @on(ParcelSentBefore)
    async def note(self, event: ParcelSentBefore, tx: Transaction) -> None:
        await tx.execute(WRITE, {"order_id": event.parcel_id, "amount": int(event.kilograms), "said": "old"})

    async def count(self) -> int:
        return int((await self.db.read(COUNT)).scalar())


class NewReader(Service, Billing, owner="finance"):
    """Knows the second version alone."""

    db: Database

    @on(ParcelSent)
    async def note(self, event: ParcelSent, tx: Transaction) -> None:
        await tx.execute(WRITE, {"order_id": event.parcel_id, "amount": event.grams, "said": "new"})

    async def invoices(self) -> list[tuple[str, int, str]]:
        return [tuple(row) for row in await self.db.read(WRITTEN)]


@on_every_topology
async def test_two_majors_of_an_event_go_side_by_side(placement: Topology) -> None:
    """Readers of the old one and of the new one are told of the same parcel, whichever way it was sent."""
    post_office = Application("post", services=[ParcelsService, ParcelsBeforeService, OldReader, NewReader], edges=())
    async with placement.running(post_office) as app:
        await app.client(ParcelsBefore).send("one", 2.0)
        await app.client(Parcels).send("two", 3_000)
        await until(app.client(Mail).count, 2)
        invoices = app.client(Billing).invoices

        async def seen() -> int:
            return len(await invoices())

        await until(seen, 2)
        assert sorted(await invoices()) == [("one", 2000, "new"), ("two", 3000, "new")]
