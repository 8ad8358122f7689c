"""Events in Atoll: Capture keeps leads and says that it did, Scoring keeps a score for each, by a handler of its own.

A transaction has one upsert on either side. `Capture` has beside the operation that is measured its parts, for whoever
wants to know what publishing adds: `keep` publishes nothing, `tell` keeps nothing. `Idle` subscribes as `Scoring` does,
and keeps nothing: what is left then is the platform's own work, which moves its cursor durably.
"""

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, func, select, text

from atoll import Application, Database, Event, Service, Transaction, Value, contract, get, on, post, upsert
from benchmarks.subjects.events_noting import handled
from benchmarks.subjects.leads import LEAD, Visit

NAME = "events"
CAPTURE = "capture"
"""The names of the application and of the service that publishes."""

metadata = MetaData()
LEADS = Table("leads", metadata, Column("id", Text, primary_key=True), Column("body", Text, nullable=False))
SCORES = Table(
    "scores",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
)
KEEP_LEAD = upsert(LEADS, "id")
KEEP_SCORE = upsert(SCORES, "lead_id")
SCORED = select(func.count(), func.coalesce(func.sum(SCORES.c.number), 0)).select_from(SCORES)
REACHED = text("SELECT max(position) FROM atoll_cursors WHERE subscription = :name").bindparams(bindparam("name"))

_json = msgspec.json.Encoder().encode


class LeadCaptured(Event, key="id"):
    """A lead of 300 bytes was captured; `number` counts the events of a run."""

    number: int
    id: str
    email: str
    name: str
    company: str
    country: str
    employees: int
    revenue: float
    visits: tuple[Visit, ...]


_LEAD = msgspec.convert({**msgspec.to_builtins(LEAD), "number": 0}, LeadCaptured)


def lead_of(number: int, keys: int) -> str:
    """The lead to which an event belongs, of so many that come in turns: 36 characters."""
    return str(UUID(int=number % keys))


class Seen(Value):
    """A lead that somebody saw, and the number of the event that it makes."""

    number: int
    lead_id: str


def seen(number: int, keys: int) -> Seen:
    """What makes the event with a number, of so many leads that come in turns."""
    return Seen(number=number, lead_id=lead_of(number, keys))


def captured(seen: Seen) -> LeadCaptured:
    """The event."""
    return msgspec.structs.replace(_LEAD, id=seen.lead_id, number=seen.number)


@contract(version="1.0", publishes=(LeadCaptured,))
class Capture(Protocol):
    """Takes leads in."""

    @post("/leads")
    async def capture(self, seen: Seen) -> None:
        """Keep a lead, and say so: what is measured."""
        ...

    @post("/kept")
    async def keep(self, seen: Seen) -> None:
        """Keep a lead, and tell nobody."""
        ...

    @post("/told")
    async def tell(self, seen: Seen) -> None:
        """Say that a lead was captured, and keep nothing."""
        ...

    @post("/many")
    async def capture_many(self, first: int, count: int, keys: int) -> None:
        """Say so of many leads in one transaction: the quick way to a long log."""
        ...


class CaptureService(Service, Capture, owner="benchmarks"):
    """Publishes."""

    db: Database

    async def capture(self, seen: Seen) -> None:
        """One transaction: the row and the event."""
        event = captured(seen)
        async with self.db.transaction() as tx:
            await tx.execute(KEEP_LEAD, {"id": seen.lead_id, "body": _json(event).decode()})
            tx.publish(event)

    async def keep(self, seen: Seen) -> None:
        """The row alone. The event is made all the same: what is wanted is the cost of publishing it."""
        event = captured(seen)
        async with self.db.transaction() as tx:
            await tx.execute(KEEP_LEAD, {"id": seen.lead_id, "body": _json(event).decode()})

    async def tell(self, seen: Seen) -> None:
        """The event alone."""
        async with self.db.transaction() as tx:
            tx.publish(captured(seen))

    async def capture_many(self, first: int, count: int, keys: int) -> None:
        """Many events."""
        async with self.db.transaction() as tx:
            for number in range(first, first + count):
                tx.publish(captured(seen(number, keys)))


class Standing(Value):
    """What a subscriber's database says of its effects.

    `position` is how far its cursors are in the log, `leads` how many rows it has, and `numbers` the sum of the events'
    numbers that these have seen last.
    """

    position: int
    leads: int = 0
    numbers: int = 0


class Subscriber(Protocol):
    """What every subscriber can be asked."""

    async def standing(self) -> Standing:
        """How far it is."""
        ...


async def _position(db: Database, name: str) -> int:
    return (await db.read(REACHED, {"name": name})).scalar() or 0


Told = Callable[..., Subscriber]
"""A contract of a subscriber."""


def scoring(number: int) -> tuple[Told, type[Service]]:
    """The contract and the service of a subscriber; those with other numbers do the same for themselves."""
    name = f"scoring_{number}"

    @contract(version="1.0", id=name)
    class Scoring(Subscriber, Protocol):
        """Scores leads."""

        @get("/standing")
        async def standing(self) -> Standing:
            """As `Subscriber`."""
            ...

    class ScoringService(Service, Scoring, owner="benchmarks"):
        """Keeps a score of each lead."""

        db: Database

        @on(LeadCaptured)
        async def score(self, event: LeadCaptured, tx: Transaction) -> None:
            """One upsert."""
            handled(event.id, event.number)
            row = {"lead_id": event.id, "body": _json(event).decode(), "number": event.number}
            await tx.execute(KEEP_SCORE, row)

        async def standing(self) -> Standing:
            """From its rows and cursors."""
            leads, numbers = (await self.db.read(SCORED)).one()
            return Standing(position=await _position(self.db, name), leads=leads, numbers=int(numbers))

    return Scoring, ScoringService


@contract(version="1.0")
class Idle(Subscriber, Protocol):
    """Is told, and keeps nothing."""

    @get("/standing")
    async def standing(self) -> Standing:
        """As `Subscriber`."""
        ...


class IdleService(Service, Idle, owner="benchmarks"):
    """Has no effect but that it was told."""

    db: Database

    @on(LeadCaptured)
    async def pass_over(self, event: LeadCaptured, tx: Transaction) -> None:
        """Nothing."""
        handled(event.id, event.number)

    async def standing(self) -> Standing:
        """From its cursors; it has no rows."""
        return Standing(position=await _position(self.db, "idle"))


def application(subscribers: Mapping[Told, type[Service]]) -> Application:
    """Capture, and these subscribers."""
    return Application(NAME, services=[CaptureService, *subscribers.values()], edges=())
