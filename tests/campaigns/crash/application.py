"""An application in which everything can be counted: a till sells, a ledger is told and tells an archive.

The till counts the sales of each account, so that what comes out at the far end shows what is missing, what is there
twice and what is out of order.
"""

import asyncio
from datetime import timedelta
from typing import Protocol

from atoll import Application, Clock, Database, Entropy, Event, Service, Transaction, Value, contract, get, on, post
from tests.campaigns.crash.tables import ADD_EFFECT, ADD_SALE, COUNT, NEXT_OF_ACCOUNT

STUMBLES = "!"
"""What a mark ends with at whose event the ledger fails now and then."""

FAILS = 0.7
"""How often it does: so often that some are put aside and come back later."""


FETCH_S = 0.003
"""How long the ledger waits for what it would have to fetch: a process that is paused is mostly paused there."""


class Sale(Value):
    """What is sold; with a delay it is told so much later."""

    account: str
    mark: str
    delay_s: float = 0.0


class Receipt(Value):
    """Which sale of its account it was."""

    mark: str
    sequence: int


class Sold(Event, key="account"):
    """Something was sold."""

    account: str
    sequence: int
    mark: str


class Booked(Event, key="account"):
    """A sale was written down."""

    account: str
    sequence: int
    mark: str


@contract(version="1.0", publishes=(Sold,))
class Till(Protocol):
    """Sells."""

    @post("/sales")
    async def sell(self, sale: Sale) -> Receipt:
        """Sell something, and tell."""
        ...


@contract(version="1.0", publishes=(Booked,))
class Ledger(Protocol):
    """Writes down what was sold."""

    @get("/alive")
    async def alive(self) -> bool:
        """Whether it is."""
        ...


@contract(version="1.0")
class Archive(Protocol):
    """Keeps what was written down."""

    @get("/alive")
    async def alive(self) -> bool:
        """Whether it is."""
        ...


class TillService(Service, Till, owner="tests"):
    """A row, a count and an event, in one transaction."""

    db: Database
    clock: Clock

    async def sell(self, sale: Sale) -> Receipt:
        at = self.clock.now() + timedelta(seconds=sale.delay_s) if sale.delay_s else None
        async with self.db.transaction() as tx:
            sequence: int = (await tx.execute(NEXT_OF_ACCOUNT, {"account": sale.account})).scalar()
            await tx.execute(ADD_SALE, {"account": sale.account, "sequence": sequence, "mark": sale.mark})
            tx.publish(Sold(account=sale.account, sequence=sequence, mark=sale.mark), at=at)
        return Receipt(mark=sale.mark, sequence=sequence)


class LedgerService(Service, Ledger, owner="tests"):
    """A row that is only added, a counter that is overwritten, and an event, in one transaction."""

    db: Database
    entropy: Entropy

    async def alive(self) -> bool:
        return True

    @on(Sold, attempts_max=1_000)
    async def book(self, event: Sold, tx: Transaction) -> None:
        await asyncio.sleep(FETCH_S)
        await tell(event, tx)
        if event.mark.endswith(STUMBLES) and self.entropy.bits(16) < FAILS * 2**16:
            raise ValueError("it stumbles, as it was asked to")
        tx.publish(Booked(account=event.account, sequence=event.sequence, mark=event.mark))


class ArchiveService(Service, Archive, owner="tests"):
    """The far end."""

    db: Database

    async def alive(self) -> bool:
        return True

    @on(Booked, attempts_max=1_000)
    async def keep(self, event: Booked, tx: Transaction) -> None:
        await tell(event, tx)


async def tell(event: Sold | Booked, tx: Transaction) -> None:
    """The effects of an event."""
    said = {"account": event.account, "sequence": event.sequence}
    await tx.execute(ADD_EFFECT, said | {"mark": event.mark})
    await tx.execute(COUNT, said)


crash = Application("crash", services=[TillService, LedgerService, ArchiveService], edges=())
