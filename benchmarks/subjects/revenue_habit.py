"""What the field's habit has instead of a platform: SQLAlchemy with aiosqlite, an outbox, FastStream, an inbox.

Written as its own documents write it, and tuned: statements of SQLAlchemy's Core that are built once, transactions on
one kept connection (SQLite has one writer; more of them wait for each other in loops), two more to read, a durable pull
consumer with many handlers at once, no injection of arguments, no log line a message, uvloop. SQLite is as durable as
Atoll's: a commit is on the disk (`synchronous=FULL`) before anybody hears of it.

Events are published by an outbox and a relay, as in `events_faststream`: whoever commits and then publishes loses what
he has promised when his process ends in between, and would do less than is compared. A file has one writer, so the
relay is no process of its own but a task of the service, which is told of what is there by its own transactions.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

import msgspec
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js.api import ConsumerConfig, StorageType
from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text, bindparam, insert, select, update
from sqlalchemy import types as sql_types
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from atoll import Event, Rows
from atoll.data.dialect_sqlite import Moments

E = TypeVar("E", bound=Event)

STREAM = JStream("revenue", subjects=["revenue.*"], storage=StorageType.FILE)
MESSAGE_ID = "Nats-Msg-Id"
"""The header by which the broker knows a message that the relay has published already."""

WORKERS = 32
"""How many events a subscriber handles at once."""
PULL_S = 600.0
"""As in `events_faststream`."""
BATCH = 100
"""So many rows at most does the relay publish at once, before it waits for all their acknowledgements."""
POLL_S = 1.0
"""How long a row may wait of which nothing was heard."""
PATIENCE_S = 5.0
"""How long the broker may take to acknowledge."""

LOGGER = logging.getLogger("revenue")  # says warnings: a line a message would be the dearest part

tables = MetaData()
outbox = Table(
    "outbox",
    tables,
    Column("position", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("sent_at", Float),
)
Index("outbox_waiting", outbox.c.due_at, sqlite_where=outbox.c.sent_at.is_(None))
inbox = Table(
    "inbox",
    tables,
    Column("message_id", Text, primary_key=True),
    Column("received_at", Float, nullable=False),
)
PUBLISHED = insert(outbox)
WAITING = (
    select(outbox.c.position, outbox.c.message_id, outbox.c.subject, outbox.c.body)
    .where(outbox.c.sent_at.is_(None), outbox.c.due_at <= bindparam("now"))
    .order_by(outbox.c.position)
    .limit(BATCH)
)
SENT = (
    update(outbox).where(outbox.c.position.in_(bindparam("positions", expanding=True))).values(sent_at=bindparam("now"))
)
RECEIVED = sqlite_insert(inbox).on_conflict_do_nothing()


class Message(msgspec.Struct, Generic[E], frozen=True):
    """An event on its way. Its identity is in its body, as in `events_faststream`."""

    id: str
    event: E


class Transaction:
    """What handlers use of a transaction: statements, and events that are published if it is committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._messages: list[dict[str, object]] = []

    async def execute(self, statement: Any, parameters: Any = None) -> Rows:  # Any: as SQLAlchemy's
        """The rows of a statement."""
        return _rows(await self._connection.execute(statement, parameters))

    def publish(self, event: Event, *, at: datetime | None = None) -> None:
        """Publish an event, not before a moment where there is one."""
        message = Message(uuid4().hex, event)
        now = time.time()
        self._messages.append(
            {
                "message_id": message.id,
                "subject": subject_of(type(event)),
                "body": msgspec.json.encode(message).decode(),
                "due_at": now if at is None else max(now, at.timestamp()),
            }
        )

    def concerns(self, subject: str) -> None:
        """Whose data it is: nobody here keeps that."""

    async def flush(self) -> bool:
        """Write the events into the outbox; whether there are some."""
        if self._messages:
            await self._connection.execute(PUBLISHED, self._messages)
        return bool(self._messages)


Handler = Callable[[Any, Any], Awaitable[None]]  # Any: an event of the kind that it is for, and a Transaction


class Habit:
    """One service's database and its way to the others. Owns both. Stands in for a service's `db`."""

    def __init__(self, name: str, engine: AsyncEngine, reading: AsyncEngine, broker: NatsBroker) -> None:
        self._name = name
        self._engine = engine
        self._reading = reading
        self._broker = broker
        self._told = asyncio.Event()

    @asynccontextmanager
    async def transaction(self, *, timeout_s: float = PATIENCE_S) -> AsyncGenerator[Transaction]:
        """A transaction: committed with its events when its block is left without an error."""
        async with asyncio.timeout(timeout_s), self._engine.begin() as connection:
            transaction = Transaction(connection)
            yield transaction
            has_events = await transaction.flush()
        if has_events:
            self._told.set()

    async def read(self, statement: Any, parameters: Any = None) -> Rows:  # Any: as SQLAlchemy's
        """The rows of a statement that only reads, of what is committed."""
        async with self._reading.connect() as connection:
            return _rows(await connection.execute(statement, parameters))

    def subscribe(self, kind: type[E], handler: Handler) -> None:
        """Hand each event to a handler, in a transaction that keeps it in the inbox, too; then acknowledge it."""
        decoder = msgspec.json.Decoder(Message[kind])  # type: ignore[valid-type]  # a class that is known when it runs
        subject = subject_of(kind)

        @self._broker.subscriber(
            subject,
            stream=STREAM,
            durable=f"{self._name}-{subject.partition('.')[2]}",
            config=ConsumerConfig(max_ack_pending=10 * WORKERS),
            # Handled all at once: cheaper than `max_workers`, and no slower.
            pull_sub=PullSub(batch_size=WORKERS, timeout=PULL_S),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            decoder=_undecoded,
        )
        async def on_event(body: bytes) -> None:
            message = decoder.decode(body)
            async with self.transaction() as transaction:
                received = await transaction.execute(RECEIVED, {"message_id": message.id, "received_at": time.time()})
                if received.changed:
                    await handler(message.event, transaction)

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Handle events and relay them while the block is entered."""
        await self._broker.start()
        relaying = asyncio.create_task(self._relay())
        try:
            yield
        finally:
            relaying.cancel()
            with suppress(asyncio.CancelledError):
                await relaying

    async def _relay(self) -> None:
        """Publish what the outbox has, at once where there was something."""
        while True:
            self._told.clear()
            if not await self._relayed():
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._told.wait()

    async def _relayed(self) -> int:
        """Publish some rows and mark them, in two transactions: nobody waits for the broker with a lock in hand."""
        rows = await self.read(WAITING, {"now": time.time()})
        if rows:
            await asyncio.gather(
                *(
                    self._broker.publish(
                        row.body.encode(),
                        row.subject,
                        headers={MESSAGE_ID: row.message_id},
                        stream=STREAM.name,
                        timeout=PATIENCE_S,
                    )
                    for row in rows
                )
            )
            async with self._engine.begin() as connection:
                await connection.execute(SENT, {"positions": [row.position for row in rows], "now": time.time()})
        return len(rows)


@asynccontextmanager
async def habit(name: str, database: str, broker_url: str, kept: MetaData) -> AsyncGenerator[Habit]:
    """A service's own database file, made with its tables, and its connection to the broker."""
    engine, reading = _engine(database, connections=1), _engine(database, connections=2)
    listen(engine.sync_engine, "begin", _begun)
    try:
        async with engine.begin() as connection:
            for metadata in (tables, kept):
                await connection.run_sync(metadata.create_all)
        async with NatsBroker(broker_url, logger=LOGGER, apply_types=False) as broker:
            yield Habit(name, engine, reading, broker)
    finally:
        await reading.dispose()
        await engine.dispose()


def subject_of(kind: type[Event]) -> str:
    """The subject of a kind of event."""
    return f"revenue.{kind.__name__}"


def _rows(result: Any) -> Rows:  # Any: SQLAlchemy's CursorResult, of any columns
    return Rows(result.all() if result.returns_rows else (), result.rowcount)


def _engine(database: str, *, connections: int) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}", pool_size=connections, max_overflow=0)
    engine.dialect.colspecs = {**engine.dialect.colspecs, sql_types.DateTime: Moments}  # moments keep their zone
    listen(engine.sync_engine, "connect", _prepared)
    return engine


def _prepared(connection: Any, _: object) -> None:  # Any: what SQLAlchemy has around aiosqlite's connection
    """As SQLAlchemy's documents say for SQLite: transactions are begun where they begin."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begun(connection: Any) -> None:  # Any: a connection of SQLAlchemy's
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _undecoded(message: Any) -> bytes:  # Any: FastStream's message, of any kind
    body: bytes = message.body
    return body
