"""A publisher of what is personal, and who hears of it: what the tests of erasure work with."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import msgspec
from sqlalchemy import insert, select

from atoll import Event, Personal, Transaction, contract, contract_of
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.contract import codec_of
from atoll.data import Database
from atoll.data.tables import REQUESTS
from atoll.events import (
    Effect,
    Outbox,
    OutboxLog,
    Subscribed,
    Subscription,
    effect_of,
)
from tests.events.coast import CLOCK, PACE, Shore, parked, until

CANARY = "canary-7f3a@example.com"


class Captured(Event, key="lead"):
    """A lead came in."""

    lead: str
    step: int
    email: Personal[str]
    phone: Personal[str] | None = None


class Measured(Event, key="lead"):
    """Something that cannot be blanked: nobody is zero centimetres tall."""

    lead: str
    step: int
    height_cm: Personal[int]


@contract(version="1.0", publishes=(Captured, Measured))
class Leads(Protocol):
    """Takes leads in."""


LEADS = contract_of(Leads)


CLASSES: dict[str, type[Event]] = {LEADS.event_type(event): event for event in LEADS.publishes}


async def publisher(database: Database) -> Shore:
    """A publisher on a database."""
    outbox = Outbox("/coast/leads", LEADS, CLOCK, SystemEntropy())
    database.publisher = outbox
    log = OutboxLog("leads", database, CLOCK, SystemEntropy())
    outbox.when_committed(log.committed)
    await log.prepare()
    return Shore(database, outbox, log)


class Heard:
    """A handler that remembers, and refuses what it is told to."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.events: list[Captured | Measured] = []

    async def __call__(self, event: Captured | Measured, tx: Transaction) -> None:
        if event.step in self.bad:
            raise ValueError(f"{event} is refused: {getattr(event, 'email', '')}")
        await tx.execute(select(REQUESTS.c.key))
        self.events.append(event)

    async def until(self, count: int) -> None:
        """Wait for so many."""
        await until(lambda: self._has(count))

    async def _has(self, count: int) -> bool:
        return len(self.events) >= count


def subscription_of(database: Database, log: OutboxLog, heard: Heard) -> Subscription:
    """A subscriber."""
    effects: dict[str, Effect] = {}
    for event in LEADS.publishes:

        async def run(event: Event, tx: Transaction) -> None:
            assert isinstance(event, Captured | Measured)
            await heard(event, tx)

        kind = LEADS.event_type(event)
        effects[kind] = effect_of(kind, codec_of(event), run, 2, 5.0)
    return Subscription(Subscribed("scoring", "leads", effects), log, database, SystemClock(), SystemEntropy(), PACE)


def captured(step: int, lead: str = "lead-7") -> Captured:
    """A lead, with what nobody should find later."""
    return Captured(lead=lead, step=step, email=CANARY, phone=CANARY)


def bytes_of(folder: Path) -> bytes:
    """All bytes in a folder, read by a program of its own: to close a file here would end SQLite's locks on it."""
    code = "import pathlib, sys; [sys.stdout.buffer.write(f.read_bytes()) for f in pathlib.Path(sys.argv[1]).iterdir()]"
    return subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True).stdout


def forget_insecurely(path: Path) -> None:
    """Delete rows as SQLite does by itself: their bytes stay in the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("DELETE FROM atoll_outbox WHERE number % 3 = 0")
    connection.commit()
    connection.close()


async def keep_answer(database: Database) -> None:
    """An answer to a call, as it is kept with its transaction."""
    row = {
        "tenant": "main",
        "key": "ada key-1",
        "digest": "0123",
        "status": 200,
        "body": msgspec.json.encode({"email": CANARY}),
        "subject": "lead-7",
        "kept_at": 1.0,
    }
    async with database.transaction() as tx:
        await tx.execute(insert(REQUESTS), row)


async def are(database: Database, *states: str) -> bool:
    """Whether these are the states of what is parked."""
    return sorted(row.state for row in await parked(database)) == sorted(states)
