"""Messages that could not be delivered are put aside, with all later ones of their key, so that others go on.

A message is `waiting` for its next attempt; it is `dead` when it has had all of them, until somebody replays or drops
it; what comes later under its key is `behind` it, and is delivered after it, in its order.
"""

from dataclasses import dataclass

from atoll.data import Database, Row, Transaction
from atoll.events.envelope import Envelope
from atoll.events.pace import CLOCKS_APART_S
from atoll.events.ports import Message
from atoll.events.statements import subscribing
from atoll.kernel import AtollError

WAITING, DEAD, BEHIND = "waiting", "dead", "behind"

Key = tuple[str, str]
"""A tenant, and a key of its."""

ERROR_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a message, how often it has failed, and when it is tried again (None: no more)."""

    error: str
    attempts: int
    due_at: float | None


class Gone(AtollError):
    """A parked message that somebody has taken out in the meantime; what was done with it was undone."""

    code = "gone"


class Parking:
    """The messages of one subscription that were put aside."""

    def __init__(self, subscription: str, publisher: str, database: Database) -> None:
        self._database = database
        self._of = {"of": subscription, "from_": publisher}
        self._named = {"subscription": subscription, "publisher": publisher}

    async def keys(self) -> dict[int, set[Key]]:
        """The keys under which messages are parked, by partition; those without a key count as one of their own, ""."""
        found: dict[int, set[Key]] = {}
        for row in await self._database.read(subscribing().parked_keys, self._of):
            found.setdefault(row.partition, set()).add((row.tenant, row.key or ""))
        return found

    async def park(
        self, tx: Transaction, message: Message, envelope: Envelope, failure: Failure | None, now: float
    ) -> None:
        """Put a message aside; with no failure of its own, behind another one of its key.

        Where people have taken that out in the meantime, this one is due at once: no key waits for nobody.
        """
        state = BEHIND if failure is None else DEAD if failure.due_at is None else WAITING
        await tx.execute(
            subscribing().park,
            self._named
            | {
                "partition": message.partition,
                "position": message.position,
                "state": state,
                "type": envelope.type,
                "tenant": envelope.tenant,
                "subject": envelope.partitionkey,
                "key": envelope.partitionkey,
                "message_id": envelope.id,
                "attempts": failure.attempts if failure else 0,
                "error": _storable(failure.error) if failure else "",
                "parked_at": now,
                "tried_at": now,
                "due_at": (failure.due_at or 0.0) if failure else 0.0,
                "envelope": bytes(message.event),
            },
        )
        if failure is None:
            assert envelope.partitionkey is not None
            await self.free(tx, envelope.tenant, envelope.partitionkey, now)

    async def free(self, tx: Transaction, tenant: str, key: str, now: float) -> None:
        """Let the first message of a key be due where it stands behind nobody, as part of a transaction."""
        await tx.execute(subscribing().free, self._of | {"whose": tenant, "which": key, "at": now})

    async def due(self, now: float) -> list[Row]:
        """The messages whose next attempt is due; also those of which the last one was by a clock that was set back."""
        named = self._of | {"now": now, "latest": now + CLOCKS_APART_S}
        return list(await self._database.read(subscribing().waiting, named))

    async def behind(self, tenant: str, key: str) -> list[Row]:
        """What is parked under a key, oldest first."""
        return list(await self._database.read(subscribing().parked_of_key, self._of | {"whose": tenant, "which": key}))

    async def unpark(self, tx: Transaction, number: int) -> bool:
        """Take a message out, as part of a transaction; False where it is no longer there."""
        return (await tx.execute(subscribing().unpark, {"which": number})).changed == 1

    async def fail_again(self, tx: Transaction, number: int, failure: Failure, now: float) -> None:
        """Another attempt has failed."""
        change = {
            "which": number,
            "now_": DEAD if failure.due_at is None else WAITING,
            "tries": failure.attempts,
            "why": _storable(failure.error),
            "tried": now,
            "at": failure.due_at or 0.0,
        }
        await tx.execute(subscribing().repark, change)


def said(error: BaseException) -> str:
    """An error in the words under which a message that was put aside shows it."""
    return f"{type(error).__name__}: {error}"


def _storable(error: str) -> str:
    """The words of an error as every database takes them: what cannot be kept would be tried for ever."""
    said = error.replace("\0", "\\0").encode(errors="backslashreplace").decode()
    return said[:ERROR_CHARS_MAX]
