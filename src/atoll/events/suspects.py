"""Messages that may end the process: a handler that crashes it, or takes all of its memory, raises nothing.

Where an instance has gone without a word, what was first in its partitions is suspect. Attempts at suspects are counted
before they are made. From the second on a process makes one at a time, so that the count of the one that ends it goes
up and no other one's: what has done so several times is put aside as a dead letter. All others cost nothing.
"""

import asyncio
from weakref import WeakKeyDictionary

from atoll.data import Database, Transaction
from atoll.events.delivery import Fenced, Undeliverable
from atoll.events.leases import Held, Leases
from atoll.events.statements import subscribing

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def turn() -> asyncio.Lock:
    """The turn of suspects: one for all subscriptions of a process, since that is what they end."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


class Deadly(Undeliverable):
    """Processes have died each time while a message was delivered."""

    code = "deadly"

    def __init__(self, times: int) -> None:
        super().__init__(times)
        self.times = times

    def __str__(self) -> str:
        return f"{self.times} times the process ended while it was delivered: it is tried no more until it is replayed"


class Suspects:
    """Counts the attempts at suspects of one subscription."""

    def __init__(self, subscription: str, publisher: str, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._of = {"of": subscription, "from_": publisher}
        self._named = {"subscription": subscription, "publisher": publisher}

    async def is_known(self, held: Held, position: int) -> bool:
        """Whether an attempt at a message was counted before."""
        rows = await self._database.read(subscribing().suspected, self._of | {"which": held.partition})
        known: int | None = rows.scalar()
        return known == position

    async def count(self, held: Held, position: int, ends_max: int) -> None:
        """Count an attempt that is about to be made.

        Raises:
            Deadly: it has ended the process `ends_max` times.
            Fenced: the partition is somebody else's by now.
        """
        transaction = Transaction(self._database, 5.0)
        try:
            if not await self._leases.confirm(transaction, held):
                raise Fenced
            said = self._named | {"partition": held.partition, "position": position}
            tries: int = (await transaction.execute(subscribing().suspect, said)).scalar()
            if tries > ends_max:  # counted anew when somebody has it replayed
                await transaction.execute(subscribing().acquit, self._of | {"which": held.partition})
            await transaction.commit()
        finally:
            await transaction.rollback()
        if tries > ends_max:
            raise Deadly(tries - 1)
