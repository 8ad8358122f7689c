"""The relay of `events_faststream` as a program: what is in the outbox goes to the stream, and is marked as sent.

It takes up to a hundred rows at once, publishes them all before it waits for their acknowledgements, marks them, and
goes on at once where there was something. Where there was nothing, it waits until a transaction tells of more.
"""

import asyncio
import sys
from contextlib import suppress

import msgspec
from faststream.nats import NatsBroker
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from benchmarks.measuring.speaking import end_of_input, run_program, say_ready
from benchmarks.subjects.events_faststream import (
    MESSAGE_ID,
    STREAM,
    TOLD,
    broker_of,
    capture,
    database,
    outbox,
)
from benchmarks.subjects.events_place import Place

BATCH = 100
POLL_S = 1.0
"""How long a row may wait of which nothing was heard."""

PATIENCE_S = 5.0
"""How long the broker may take to acknowledge."""

WAITING = (
    select(outbox.c.position, outbox.c.message_id, outbox.c.subject, outbox.c.body)
    .where(outbox.c.sent_at.is_(None))
    .order_by(outbox.c.position)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
SENT = update(outbox).where(outbox.c.position == func.any(bindparam("positions"))).values(sent_at=func.now())


async def relay(engine: AsyncEngine, broker: NatsBroker, told: asyncio.Event) -> None:
    """Relay until cancelled."""
    while True:
        told.clear()
        async with engine.begin() as transaction:
            count = await _relayed(transaction, broker)
        if not count:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await told.wait()


async def _relayed(transaction: AsyncConnection, broker: NatsBroker) -> int:
    rows = (await transaction.execute(WAITING)).all()
    if rows:
        await asyncio.gather(
            *(
                broker.publish(
                    row.body.encode(),
                    row.subject,
                    headers={MESSAGE_ID: str(row.message_id), "content-type": "application/json"},
                    stream=STREAM.name,
                    timeout=PATIENCE_S,
                )
                for row in rows
            )
        )
        await transaction.execute(SENT, {"positions": [row.position for row in rows]})
    return len(rows)


async def main(address: str) -> None:
    """Relay until whoever started this program has ended it."""
    place = msgspec.json.decode(address, type=Place)
    told = asyncio.Event()

    def told_by(*_: object) -> None:
        told.set()

    async with database(place, "capture", capture) as engine, broker_of(place) as broker, engine.connect() as listening:
        driver = (await listening.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.add_listener(TOLD, told_by)
        relaying = asyncio.create_task(relay(engine, broker, told))
        say_ready()
        await end_of_input()
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying


if __name__ == "__main__":
    run_program(main(sys.argv[1]))
