"""An application in which letters are sent, kept and paid for, for the tests of what its operator does."""

from typing import Protocol

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from atoll import Application, Database, Event, Personal, Service, contract, get, on, post
from atoll.data import Transaction

metadata = MetaData()
KEPT = Table(
    "kept",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", String, nullable=False),
    Column("number", Integer, nullable=False),
)
MENDED = Table("mended", metadata, Column("id", Integer, primary_key=True))

KEEP = insert(KEPT)
ALL = select(KEPT.c.address, KEPT.c.number).order_by(KEPT.c.id)
MEND = insert(MENDED)
IS_MENDED = select(MENDED.c.id).limit(1)


class LetterSent(Event, key="address"):
    """A letter is on its way."""

    address: str
    number: int
    sender: Personal[str] = ""


@contract(version="1.0", publishes=(LetterSent,))
class Post(Protocol):
    """Sends letters."""

    @post("/letters", public=True)
    async def send(self, address: str, number: int, sender: str = "") -> None: ...


@contract(version="1.0")
class Archive(Protocol):
    """Keeps letters."""

    @get("/letters", public=True)
    async def letters(self) -> list[tuple[str, int]]: ...

    @post("/mended", public=True)
    async def mend(self) -> None: ...


class PostService(Service, Post, owner="mail"):
    db: Database

    async def send(self, address: str, number: int, sender: str = "") -> None:
        async with self.db.transaction() as tx:
            tx.publish(LetterSent(address=address, number=number, sender=sender))


class ArchiveService(Service, Archive, owner="library"):
    db: Database

    async def letters(self) -> list[tuple[str, int]]:
        return [(row.address, row.number) for row in await self.db.read(ALL)]

    async def mend(self) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(MEND, {})

    @on(LetterSent, replayable=True, attempts_max=2)
    async def keep(self, event: LetterSent, tx: Transaction) -> None:
        if event.number < 0 and not (await tx.execute(IS_MENDED)).first():
            raise ValueError(f"a letter has no number {event.number}")
        await tx.execute(KEEP, {"address": event.address, "number": event.number})


class PaymentService(Service, owner="mail"):
    """Takes money for letters, and never twice."""

    db: Database

    @on(LetterSent)
    async def charge(self, event: LetterSent, tx: Transaction) -> None: ...


office = Application("office", owner="mail", services=[PostService, ArchiveService, PaymentService])
