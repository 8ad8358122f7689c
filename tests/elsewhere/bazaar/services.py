"""The services of the bazaar that are Atoll's own."""

import json

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from atoll import Database, Service, Transaction, on
from tests.elsewhere.bazaar.contracts import (
    Amount,
    Asked,
    Bill,
    Checkout,
    Entry,
    Geo,
    Ledger,
    OrderPaid,
    OrderPlaced,
    Orders,
    OrderSent,
    PriceSeen,
    Quotes,
    Rate,
    Rates,
    Tax,
    TaxRated,
    UnknownCountry,
)

metadata = MetaData()
ENTRIES = Table(
    "entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("heard_of", String),
    Column("entry", String),
)
ADD = insert(ENTRIES)
ALL = select(ENTRIES).order_by(ENTRIES.c.number)

NONE: dict[str, str] = {}
PERCENT = {"GB": 20, "DE": 19}


class RatesService(Service, Rates):
    """Knows two countries."""

    async def rate(self, country: str) -> Rate:
        """The rate of one country."""
        if country not in PERCENT:
            raise UnknownCountry(country=country)
        return Rate(country=country, percent=PERCENT[country])


class CheckoutService(Service, Checkout):
    """Asks everybody, whatever they were written with."""

    quotes: Quotes
    tax: Tax
    geo: Geo

    async def bill(self, asked: Asked, city: str) -> Bill:
        """What somebody in a city pays."""
        place = await self.geo.find(city)
        quote = await self.quotes.quote(asked)
        taxed = await self.tax.tax(Amount(cents=quote.cents, country=place.country))
        assert taxed.caller == "checkout"
        return Bill(net=quote.cents, tax=taxed.cents, country=place.country)


class OrdersService(Service, Orders):
    """Says what happens to orders."""

    db: Database

    async def place(self, order_id: str, events: int = 1) -> None:
        """Place an order, pay it and send it, so often."""
        async with self.db.transaction() as tx:
            for number in range(events):
                tx.publish(OrderPlaced(order_id=order_id, number=number))
                tx.publish(OrderPaid(order_id=order_id, number=number))
                tx.publish(OrderSent(order_id=order_id, number=number))


class LedgerService(Service, Ledger):
    """Reacts to what Node and FastAPI publish, as to any event."""

    db: Database

    @on(TaxRated)
    async def note_tax(self, event: TaxRated, tx: Transaction) -> None:
        """Write down that a tax was rated."""
        entry = {
            "order_id": event.order_id,
            "number": event.number,
            "heard_of": event.heard_of,
            "form": event.form,
            "attributes": event.attributes,
        }
        await tx.execute(ADD, {"heard_of": event.heard_of, "entry": json.dumps(entry)})

    @on(PriceSeen)
    async def note_price(self, event: PriceSeen, tx: Transaction) -> None:
        """Write down that a price was looked at."""
        entry = {"order_id": event.order_id, "number": event.number, "heard_of": "seen", "form": "", "attributes": NONE}
        await tx.execute(ADD, {"heard_of": "seen", "entry": json.dumps(entry)})

    async def entries(self, heard_of: str = "") -> list[Entry]:
        """All of it, the first first."""
        rows = await self.db.read(ALL)
        return [Entry(**json.loads(row.entry)) for row in rows if heard_of in ("", row.heard_of)]
