"""Events in the field's habit: SQLAlchemy and an outbox in PostgreSQL, FastStream on JetStream, an inbox in PostgreSQL.

Written as its own documents and templates write it, and tuned: statements of SQLAlchemy's Core that are built once,
transactions on kept connections over a Unix socket, a durable pull consumer with many handlers at once, no log line a
message, uvloop. The relay between outbox and stream, `events_faststream_relay`, is a process of its own.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import msgspec
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js.api import ConsumerConfig, StorageType
from pydantic import BaseModel
from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.measuring.stamps import Publish
from benchmarks.subjects.events_peer import lead_of, message_id
from benchmarks.subjects.events_place import Place
from benchmarks.subjects.leads_fastapi import Lead, lead

STREAM = JStream("leads", subjects=["leads.captured"], storage=StorageType.FILE)
SUBJECT, DURABLE = "leads.captured", "scoring"
MESSAGE_ID = "Nats-Msg-Id"
"""The header by which the broker knows a message that the relay has published already."""

WORKERS = 32
"""How many events a subscriber handles at once, each in its transaction."""

PULL_S = 600.0
"""How long a pull waits: longer than others have their turns. One for which nothing was there may end in an error of
nats-py's that FastStream does not expect: it tells of it at length, and begins again.
"""

CONNECTIONS = 32
"""How many connections each side keeps."""

TOLD = "outbox"
"""The channel on which the producer's transactions tell the relay that there is something."""

LOGGER = logging.getLogger("events")  # says warnings: a line a message would be the dearest part


class LeadCaptured(BaseModel):
    """The event: a lead of 300 bytes. Its identity is in its body: a header would cost its handler hops to a thread."""

    message_id: UUID
    lead: Lead


capture = MetaData()
leads = Table(
    "leads",
    capture,
    Column("id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("captured_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
outbox = Table(
    "outbox",
    capture,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
)
Index("outbox_waiting", outbox.c.position, postgresql_where=outbox.c.sent_at.is_(None))
TELL = f"""
create function tell() returns trigger language plpgsql as $$ begin perform pg_notify('{TOLD}', ''); return null; end $$
"""
TELLS = "create trigger tell after insert on outbox for each statement execute function tell()"
for statement in (TELL, TELLS):
    listen(outbox, "after_create", DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it open

scoring = MetaData()
inbox = Table(
    "inbox",
    scoring,
    Column("message_id", Uuid, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
scores = Table(
    "scores",
    scoring,
    Column("lead_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("events", Integer, nullable=False),
)

_lead = insert(leads).values(id=bindparam("id"), body=bindparam("body"))
CAPTURED = _lead.on_conflict_do_update(index_elements=["id"], set_={"body": _lead.excluded.body})
PUBLISHED = insert(outbox).values(message_id=bindparam("message_id"), subject=SUBJECT, body=bindparam("body"))
RECEIVED = insert(inbox).values(message_id=bindparam("message_id")).on_conflict_do_nothing()
_score = insert(scores).values(lead_id=bindparam("lead_id"), body=bindparam("body"), events=1)
SCORED = _score.on_conflict_do_update(
    index_elements=["lead_id"], set_={"body": _score.excluded.body, "events": scores.c.events + 1}
)
EFFECTS = select(func.coalesce(func.sum(scores.c.events), 0))


def broker_of(place: Place) -> NatsBroker:
    """FastStream's broker, which logs what is wrong and no more."""
    return NatsBroker(place.broker, logger=LOGGER)


@asynccontextmanager
async def database(place: Place, name: str, tables: MetaData) -> AsyncGenerator[AsyncEngine, None]:
    """A service's own database, made with its tables where there is none."""
    connection = await asyncpg.connect(host=place.folder, port=place.port, user=place.user, database="postgres")
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    engine = create_async_engine(
        f"postgresql+asyncpg://{place.user}@/{name}?host={place.folder}&port={place.port}",
        pool_size=CONNECTIONS,
        max_overflow=0,
    )
    try:
        async with engine.begin() as transaction:
            await transaction.run_sync(tables.create_all)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def producing(address: str) -> AsyncGenerator[Publish, None]:
    """Rows and event in one transaction."""
    place = msgspec.json.decode(address, type=Place)
    async with database(place, "capture", capture) as engine:
        captured = lead()

        async def publish(number: int) -> None:
            event = LeadCaptured(
                message_id=message_id(number), lead=captured.model_copy(update={"id": lead_of(number)})
            )
            async with engine.begin() as transaction:
                await transaction.execute(CAPTURED, {"id": event.lead.id, "body": event.lead.model_dump_json()})
                await transaction.execute(PUBLISHED, {"message_id": event.message_id, "body": event.model_dump_json()})

        yield publish


class _Subscribed:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def effects(self) -> int:
        async with self._engine.connect() as connection:
            return int((await connection.execute(EFFECTS)).scalar_one())


@asynccontextmanager
async def subscribing(address: str, committed: Callable[[int], None]) -> AsyncGenerator[_Subscribed, None]:
    """Inbox and rows in one transaction, then the acknowledgement."""
    place = msgspec.json.decode(address, type=Place)
    async with database(place, "scoring", scoring) as engine, broker_of(place) as broker:

        @broker.subscriber(
            SUBJECT,
            stream=STREAM,
            durable=DURABLE,
            config=ConsumerConfig(max_ack_pending=10 * WORKERS),
            # Handled all at once: cheaper than `max_workers`, and no slower.
            pull_sub=PullSub(batch_size=WORKERS, timeout=PULL_S),
            ack_policy=AckPolicy.NACK_ON_ERROR,
        )
        async def on_captured(event: LeadCaptured) -> None:
            async with engine.begin() as transaction:
                received = await transaction.execute(RECEIVED, {"message_id": event.message_id})
                if received.rowcount:
                    lead = event.lead
                    await transaction.execute(SCORED, {"lead_id": lead.id, "body": lead.model_dump_json()})
            if received.rowcount:
                committed(event.message_id.int)

        await broker.start()
        yield _Subscribed(engine)
