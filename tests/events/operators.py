"""What the tests of operators share: a handler that is mended, and waiting for what is seen."""

import time

from atoll import Transaction
from atoll.data import Database
from atoll.events import Keeping
from atoll.events.auditing import By
from atoll.events.operating import Follower, followers_of
from tests.events.coast import (
    CLOCK,
    Counted,
    Shore,
    Sold,
    note,
    parked,
    until,
)

ANN = By("ann", "it was mended")


class Mending:
    """A handler that refuses what is marked as bad, until it is mended."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)

    async def __call__(self, event: Sold | Counted, tx: Transaction) -> None:
        if event.count in self.bad:
            raise ValueError(f"{event.count} is refused")
        await note(event, tx)


async def note_readers(shop: Shore) -> None:
    """Write down what the log has heard, as its keeper does every few seconds."""
    await Keeping("shop", shop.database, shop.log, shop.outbox, CLOCK).note_readers()


async def until_heard(shop: Shore, *, lag: int) -> Follower:
    """The only follower, once the publisher has heard that it is so far."""

    async def is_heard() -> bool:
        await note_readers(shop)
        found = await followers_of(shop.database, time.time())
        return bool(found) and found[0].lag == lag

    await until(is_heard)
    return (await followers_of(shop.database, time.time()))[0]


async def stands(database: Database, *states: str) -> bool:
    """Whether these are the states of what is parked."""
    return sorted(row.state for row in await parked(database)) == sorted(states)
