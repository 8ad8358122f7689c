"""Which instance of a subscriber has which partitions: leases that end by themselves, fenced by an epoch.

Whoever takes a partition counts its epoch up. A cursor moves only for the epoch that it is held under, in the
transaction of the effect, so that an instance which was paused beyond its lease changes nothing any more.
"""

import math
from dataclasses import dataclass

from atoll.data import Database, Row, Transaction
from atoll.events.pace import CLOCKS_APART_S
from atoll.events.ports import PARTITIONS, Batch
from atoll.events.statements import subscribing
from atoll.events.texts import TEXTS
from atoll.kernel import Clock


@dataclass(frozen=True, slots=True)
class Held:
    """A partition that is held: under which epoch, and where its cursor is.

    `is_orphaned` says that whoever had it before has not let go of it: he was paused, or has died, perhaps of what
    comes next.
    """

    partition: int
    epoch: int
    incarnation: str
    generation: int
    position: int
    is_orphaned: bool = False


class Leases:
    """The partitions of one subscription that one instance holds."""

    def __init__(
        self, subscription: str, publisher: str, instance: str, database: Database, clock: Clock, lease_s: float = 6.0
    ) -> None:
        self.lease_s = lease_s
        self._instance = instance
        self._database = database
        self._clock = clock
        self._of = {"of": subscription, "from_": publisher}
        self._whose = (subscription, publisher)
        self._named = {"subscription": subscription, "publisher": publisher}

    async def begin(self, first: Batch, *, is_from_now: bool) -> None:
        """Make cursors where there are none: from what is kept on, or from now on."""
        start = first.head if is_from_now else max(0, first.oldest - 1)
        rows = [
            self._named | {"partition": partition, "incarnation": first.incarnation, "position": start}
            for partition in range(PARTITIONS)
        ]
        async with self._database.transaction() as tx:
            await tx.execute(subscribing().add_cursor, rows)

    async def take(self) -> dict[int, Held]:
        """Renew what is held, take a fair share of what is free, let go of what is too much; what is held now."""
        now = self._clock.now().timestamp()
        latest = now + self.lease_s + CLOCKS_APART_S
        async with self._database.transaction() as tx:
            seen = self._named | {"instance": self._instance, "seen_until": now + self.lease_s}
            await tx.execute(subscribing().seen, seen)
            await tx.execute(subscribing().renew, self._of | {"by": self._instance, "until": now + self.lease_s})
            members = (await tx.execute(subscribing().members, self._of | {"now": now, "latest": latest})).scalar()
            rows = await tx.execute(subscribing().cursors, self._of)
            mine = {row.partition: _held(row) for row in rows if row.holder == self._instance}
            share = math.ceil(PARTITIONS / max(1, members))
            for partition in sorted(mine, reverse=True)[: max(0, len(mine) - share)]:
                await tx.execute(subscribing().release, self._of | {"which": partition, "by": self._instance})
                del mine[partition]
            free = [row for row in rows if row.holder is None or not now < row.held_until <= latest]
            for row in free[: max(0, share - len(mine))]:
                if (held := await self._hold(tx, row, now)) is not None:
                    mine[held.partition] = held
        return mine

    async def release(self, partitions: "list[int]") -> None:
        """Let others have these, and be a member no longer: this instance leaves."""
        now = self._clock.now().timestamp()
        async with self._database.transaction() as tx:
            await tx.execute(subscribing().gone, self._of | {"who": self._instance, "before": now - 60})
            for partition in partitions:
                await tx.execute(subscribing().release, self._of | {"which": partition, "by": self._instance})

    async def advance(self, tx: Transaction, held: Held, position: int) -> bool:
        """Move a cursor, as part of a transaction; False where somebody else has the partition by now."""
        arguments = (position, *self._whose, held.partition, held.epoch, position)
        _, changed = await tx.run(TEXTS[tx.dialect].advance, arguments)
        return changed == 1

    async def confirm(self, tx: Transaction, held: Held) -> bool:
        """Whether the partition is still held, at the end of a transaction."""
        rows = await tx.execute(subscribing().still_held, self._of | {"which": held.partition, "held": held.epoch})
        return rows.changed == 1

    async def fork(self, held: Held, incarnation: str, position: int) -> None:
        """Go on in another incarnation of the log."""
        async with self._database.transaction() as tx:
            change = {"which": held.partition, "held": held.epoch, "to": incarnation, "at": position}
            await tx.execute(subscribing().fork, self._of | change)

    async def _hold(self, tx: Transaction, row: Row, now: float) -> Held | None:
        change = {"which": row.partition, "seen": row.epoch, "holder": self._instance, "until": now + self.lease_s}
        if (await tx.execute(subscribing().hold, self._of | change)).changed != 1:
            return None
        is_orphaned = row.holder is not None
        return Held(row.partition, row.epoch + 1, row.incarnation, row.generation, row.position, is_orphaned)


def _held(row: Row) -> Held:
    return Held(row.partition, row.epoch, row.incarnation, row.generation, row.position)
