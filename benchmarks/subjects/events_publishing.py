"""What publishing adds to a transaction on SQLite: the same service in this process, with and without `tx.publish`.

Thirty-two transactions are under way at once, so that they share the waits for the disk as they do under load. Beside
it runs what SQLite itself takes for the same statements, by Python's `sqlite3` and nothing else, waiting for no disk:
nobody who keeps an event in a table can do it for less.
"""

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from atoll import World, single
from benchmarks.measuring import Subject, Work
from benchmarks.subjects.events_application import Capture, Seen, application, captured, seen

AT_ONCE = 32
KEYS = 1000

KEPT, CAPTURED = "a transaction with one upsert", "the same, with one event"
KEPT_BY_HAND, CAPTURED_BY_HAND = "one upsert by sqlite3 alone", "the same, with the rows of one event"
EFFECT_BY_HAND = "its effect by sqlite3 alone, with a cursor"
"""The names of the subjects."""

_json = msgspec.json.Encoder().encode


@asynccontextmanager
async def publishing(folder: Path) -> AsyncGenerator[Sequence[Subject]]:
    """Both, on one database, and both by hand. Nobody subscribes, and nobody watches the loop."""
    world = World.real(folder / "publishing", watchdog_s=None)
    async with single(application({}), world=world) as running:
        client = running.client(Capture)
        with _by_hand(folder / "by_hand.db") as by_hand:
            yield Subject(KEPT, _work(client.keep)), Subject(CAPTURED, _work(client.capture)), *by_hand


@contextlib.contextmanager
def _by_hand(file: Path) -> Generator[Sequence[Subject]]:
    """The statements that the service and the platform make, in tables of the same columns."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.executescript(_TABLES)

        def transaction(number: int, *, has_event: bool) -> None:
            lead = seen(number, KEYS)
            event = captured(lead)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_KEEP, (lead.lead_id, _json(event).decode()))
            if has_event:
                (last,) = connection.execute(_COUNT, ("main", lead.lead_id)).fetchone()
                row = (number % 32, "LeadCaptured", "main", lead.lead_id, last, 0.0, _json(event))
                connection.execute(_APPEND, row)
            connection.execute("COMMIT")

        def effect(number: int) -> None:
            event = captured(seen(number, KEYS))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCORE, (event.id, _json(event).decode(), number))
            connection.execute(_ADVANCE, (number, number % 32))
            connection.execute("COMMIT")

        yield (
            Subject(KEPT_BY_HAND, _in_turn(functools.partial(transaction, has_event=False))),
            Subject(CAPTURED_BY_HAND, _in_turn(functools.partial(transaction, has_event=True))),
            Subject(EFFECT_BY_HAND, _in_turn(effect)),
        )


def _in_turn(once: Callable[[int], None]) -> Work:
    async def work(count: int) -> None:
        for number in range(count):
            once(number)

    return work


_TABLES = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE leads (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE sequences (tenant TEXT, key TEXT, last INTEGER NOT NULL, PRIMARY KEY (tenant, key)) WITHOUT ROWID;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY, partition INTEGER, type TEXT, tenant TEXT, subject TEXT, sequence INTEGER,
    published_at REAL, envelope BLOB
);
CREATE TABLE scores (lead_id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE cursors (partition INTEGER PRIMARY KEY, position INTEGER NOT NULL);
WITH RECURSIVE partitions (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM partitions WHERE number < 31)
INSERT INTO cursors SELECT number, 0 FROM partitions;
"""
_KEEP = "INSERT INTO leads VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
_SCORE = "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)"
_ADVANCE = "UPDATE cursors SET position = ? WHERE partition = ?"
_COUNT = "INSERT INTO sequences VALUES (?, ?, 1) ON CONFLICT (tenant, key) DO UPDATE SET last = last + 1 RETURNING last"
_APPEND = "INSERT INTO outbox VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"


def _work(call: Callable[[Seen], Awaitable[None]]) -> Work:
    async def work(count: int) -> None:
        numbers = iter(range(count))

        async def some() -> None:
            for number in numbers:
                await call(seen(number, KEYS))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, count)):
                tasks.create_task(some())

    return work
