"""An application in which services react to each other's events, one of them without a contract of its own."""

from typing import Protocol

from atoll import Application, Database, Event, Service, contract, get, on
from atoll.data import Transaction


class ParcelSent(Event, key="parcel_id"):
    """A parcel is on its way."""

    parcel_id: str


class ParcelLost(Event, key="parcel_id"):
    """A parcel did not arrive."""

    parcel_id: str


@contract(version="1.0", publishes=(ParcelSent, ParcelLost))
class Shipping(Protocol):
    """Sends parcels."""


@contract(version="1.0")
class Billing(Protocol):
    """Writes bills."""

    @get("/bills/{parcel_id}")
    async def bill(self, parcel_id: str) -> str: ...


class ShippingService(Service, Shipping, owner="depot"):
    db: Database


class BillingService(Service, Billing, owner="finance"):
    db: Database

    async def bill(self, parcel_id: str) -> str:
        return parcel_id

    @on(ParcelSent)
    async def charge(self, event: ParcelSent, tx: Transaction) -> None: ...


class WatchService(Service, owner="depot"):
    """Calls nobody and is called by nobody."""

    db: Database

    @on(ParcelLost)
    async def search(self, event: ParcelLost, tx: Transaction) -> None: ...

    @on(ParcelSent)
    async def note(self, event: ParcelSent, tx: Transaction) -> None: ...


parcels = Application("parcels", owner="depot", services=[ShippingService, BillingService, WatchService], edges=())
