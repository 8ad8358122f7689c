"""The erasure of a data subject: what is personal goes from all that the platform keeps of its events and answers.

Positions, identifiers and sequences stay, so that readers go on. What was erased still fits its event where the types
let it, and is delivered; where nothing is left that fits, its data is null, and a subscriber passes it over. The actor
goes, too, since nobody can say whether that is the same person. Rows of a service's own tables are its own affair.

Instances hold some messages in memory that they have fetched and not delivered. Their partition is fenced, so that none
of those is committed or parked any more: they are fetched again, as they are by then. What a handler has been given
already it may still use in the attempt that is under way.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from atoll.contract import Event, blanked
from atoll.data import Database, Row, Transaction
from atoll.events.auditing import By, Doing, record
from atoll.events.envelope import Envelope, decode_envelope, encode_envelope, partition_of
from atoll.events.operating_statements import CHUNK, SPAN, Envelopes, changing, erasing

TIMEOUT_S = 30.0

NOTHING = b"null"

ERASED = "(erased)"
"""In the place of what an error has said."""

Classes = Mapping[str, type[Event]]
"""Events that are known, by their type."""


@dataclass(frozen=True, slots=True)
class Whose:
    """A data subject, which is by default the key of its events, in a tenant."""

    subject: str
    tenant: str = "main"


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were erased, or would be: events in the log, scheduled and parked ones, answers to calls.

    `whole` is how many of the events have no data left.
    """

    outbox: int = 0
    scheduled: int = 0
    parked: int = 0
    requests: int = 0
    whole: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.outbox + self.scheduled + self.parked + self.requests

    def __add__(self, other: "Erased") -> "Erased":
        """Those and these."""
        return Erased(
            self.outbox + other.outbox,
            self.scheduled + other.scheduled,
            self.parked + other.parked,
            self.requests + other.requests,
            self.whole + other.whole,
        )


async def erase(
    database: Database, whose: Whose, classes: Classes, by: By, now: float, *, is_trial: bool = False
) -> Erased:
    """Erase a data subject in one database; how many rows that were. With `is_trial` they are counted and stay.

    Where subscribers have databases of their own, do `erase_published` in all of them first, then `erase_received`:
    a subscriber that fetches again must find what is erased.
    """
    published = await erase_published(database, whose, classes, by, now, is_trial=is_trial)
    received = await erase_received(database, whose, classes, by, now, is_trial=is_trial)
    return published + received


async def erase_published(
    database: Database, whose: Whose, classes: Classes, by: By, now: float, *, is_trial: bool = False
) -> Erased:
    """Erase a data subject in what a service has published, and is about to publish."""
    said, work = erasing(), _Work(database, whose, classes, by, now, is_trial)
    scheduled, whole = await work.envelopes(said.scheduled)  # first: what is due meanwhile goes from here to the log
    outbox, more = await work.envelopes(said.outbox)
    return Erased(outbox=outbox, scheduled=scheduled, whole=whole + more)


async def erase_received(
    database: Database, whose: Whose, classes: Classes, by: By, now: float, *, is_trial: bool = False
) -> Erased:
    """Erase a data subject in what a service has put aside, and in its answers to calls with an idempotency key.

    A call that is made again under the key of such an answer is not done again: it is told that the answer was erased.
    """
    said, work = erasing(), _Work(database, whose, classes, by, now, is_trial)
    await work.fence()
    parked, whole = await work.envelopes(said.parked)
    return Erased(parked=parked, requests=await work.answers(), whole=whole)


class _Work:
    """One erasure in one database."""

    def __init__(self, database: Database, whose: Whose, classes: Classes, by: By, now: float, is_trial: bool) -> None:
        self._database = database
        self._whose = whose
        self._about = {"whose": whose.tenant, "about": whose.subject}
        self._classes = classes
        self._by = by
        self._now = now
        self._erased_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._is_trial = is_trial

    async def fence(self) -> None:
        """Let nothing be committed or parked any more that was fetched before."""
        if self._is_trial:
            return
        async with self._database.transaction(timeout_s=TIMEOUT_S) as tx:
            partition = partition_of(self._whose.tenant, self._whose.subject)
            await tx.execute(changing().fence, {"which": partition})

    async def envelopes(self, table: Envelopes) -> tuple[int, int]:
        """Erase the envelopes of a table, some hundred in a transaction; how many, and how many of them as a whole."""
        count = whole = 0
        async for numbers in self._numbers(table):
            wanted = {"numbers": numbers}
            if self._is_trial:
                changes, emptied = self._changes(await self._database.read(table.read, wanted))
            else:
                async with self._database.transaction(timeout_s=TIMEOUT_S) as tx:
                    await self._secure(tx)
                    changes, emptied = self._changes(await tx.execute(table.read, wanted))
                    if changes:
                        await tx.execute(table.write, changes)
                        await self._record(tx, table.name, len(changes))
            count += len(changes)
            whole += emptied
        return count, whole

    async def _numbers(self, table: Envelopes) -> AsyncIterator[list[int]]:
        """The numbers of the subject's rows, found without holding up those who write."""
        span = (await self._database.read(table.span)).one()
        for first in range(span.first or 0, (span.last or -1) + 1, SPAN):
            within = {"first": first, "end": first + SPAN}
            found: list[int] = (await self._database.read(table.find, self._about | within)).scalars()
            for start in range(0, len(found), CHUNK):
                yield found[start : start + CHUNK]

    async def answers(self) -> int:
        """Erase the stored answers; how many those were."""
        if self._is_trial:
            found: int = (await self._database.read(erasing().answers, self._about)).scalar()
            return found
        async with self._database.transaction(timeout_s=TIMEOUT_S) as tx:
            await self._secure(tx)
            count = (await tx.execute(erasing().erase_answers, self._about)).changed
            if count:
                await self._record(tx, "requests", count)
        return count

    def _changes(self, rows: Sequence[Row]) -> tuple[list[dict[str, object]], int]:
        """What is to be written, and how many of those have no data any more."""
        changes: list[dict[str, object]] = []
        whole = 0
        for row in rows:
            envelope = decode_envelope(bytes(row.envelope))
            erased = self._erased(envelope)
            said = getattr(row, "error", "")
            why = _without_words(said)
            if erased is None and why == said:
                continue
            whole += erased is not None and bytes(erased.data) == NOTHING
            change: dict[str, object] = {"which": row.number, "to": encode_envelope(erased or envelope)}
            changes.append(change | ({"why": why} if hasattr(row, "error") else {}))
        return changes, whole

    def _erased(self, envelope: Envelope) -> Envelope | None:
        """The envelope without what is personal; None where nothing in it is."""
        kind, data = self._classes.get(envelope.type), bytes(envelope.data)
        left = (blanked(kind, data) if kind is not None else None) or NOTHING
        if envelope.actor is None and _is_same(left, data):
            return None
        return msgspec.structs.replace(envelope, data=msgspec.Raw(left), actor=None, erasedat=self._erased_at)

    async def _secure(self, tx: Transaction) -> None:
        """Have SQLite overwrite what it deletes, instead of leaving it in the file until the place is needed."""
        if self._database.dialect == "sqlite":
            await tx.execute(changing().secure)

    async def _record(self, tx: Transaction, table: str, count: int) -> None:
        doing = Doing("erase", {"table": table, "rows": count}, self._whose.tenant, self._whose.subject)
        await record(tx, self._by, self._now, doing)


def _is_same(left: bytes, right: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(left) == msgspec.json.decode(right))
    except (ValueError, RecursionError):
        return False


def _without_words(error: str) -> str:
    """The kind of an error, without what it says: that may repeat anything.

    >>> _without_words("ValueError: ada@example.com is no address"), _without_words("")
    ('ValueError: (erased)', '')
    """
    if not error:
        return error
    kind = error.partition(":")[0]
    return f"{kind}: {ERASED}" if kind.isidentifier() else ERASED
