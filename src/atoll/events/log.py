"""The log of one publisher, read from its own outbox: the embedded way, with no broker."""

import asyncio
from collections.abc import Sequence

import msgspec

from atoll.contract import Unavailable
from atoll.data import TIMEOUT_S, Database, Row, Transaction
from atoll.events.ports import Batch, Message, Wanted
from atoll.events.statements import publishing
from atoll.kernel import Clock, Entropy

LIMIT_MAX = 1_000
BATCH_BYTES_MAX = 8 * 1024 * 1024
"""A batch ends with the message that reaches this many bytes: an answer between processes has a limit, and who cannot
be given a batch asks for the same one for ever."""
WAIT_MAX_S = 30.0
LOOK_S = (0.02, 0.5)
"""How often a reader that waits looks for what other instances have committed: soon after news, later when there is
none."""


class OutboxLog:
    """Reads the outbox in a service's database. Fulfils `Log`. Owns what is known of its readers.

    `prepare` comes first. Readers that wait are woken by `committed`, called after each commit in this process;
    what other instances commit is looked for.
    """

    def __init__(self, name: str, database: Database, clock: Clock, entropy: Entropy) -> None:
        self.name = name
        self.readers: dict[str, Reader] = {}
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._is_numbered = database.driver.dialect == "sqlite"
        said = publishing()
        self._read = said.read_numbers if self._is_numbered else said.read_positions
        self._oldest = said.oldest_number if self._is_numbered else said.oldest_position
        self._incarnation = ""
        self._forks: tuple[tuple[str, int], ...] = ()
        self._waiting: set[asyncio.Future[None]] = set()
        self._placing: asyncio.Lock = asyncio.Lock()
        self._look_s = LOOK_S if database.driver.is_shared else (WAIT_MAX_S, WAIT_MAX_S)
        self._is_closed = False

    async def prepare(self) -> None:
        """Find out which log this is; a new database makes a new one."""
        async with self._database.transaction(timeout_s=30) as tx:
            for name, value in (("incarnation", str(self._entropy.uuid())), ("last_position", "0")):
                await tx.execute(publishing().add_meta, {"name": name, "value": value})
        meta = {row.name: row.value for row in await self._database.read(publishing().meta)}
        self._incarnation = meta["incarnation"]
        self._forks = msgspec.json.decode(meta.get("forked_at", "[]"), type=tuple[tuple[str, int], ...])

    def committed(self) -> None:
        """There is something new."""
        if self._waiting:
            waiting, self._waiting = self._waiting, set()
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def fetch(self, wanted: Wanted) -> Batch:
        """What comes behind a position; it waits as long as is wanted where there is nothing."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + min(wanted.wait_s, WAIT_MAX_S)
        look_s = self._look_s[0]
        after, head = wanted.after, wanted.after
        self._note(wanted)
        types, partitions = frozenset(wanted.types), frozenset(wanted.partitions)
        limit = min(wanted.limit, LIMIT_MAX)
        while True:
            self._refuse_closed()
            woken: asyncio.Future[None] = loop.create_future()
            self._waiting.add(woken)
            try:
                rows = await self._rows(after, limit)
                messages, until = _some([row for row in rows if row[2] in types and row[1] in partitions])
                head = until or (rows[-1][0] if rows else head)
                if messages or not limit or loop.time() >= ends_at:
                    return await self._batch(wanted.after, head, messages)
                if len(rows) == limit:
                    after = head
                    continue
                after = head
                await asyncio.wait([woken], timeout=min(look_s, ends_at - loop.time()))
                look_s = self._look_s[0] if woken.done() else min(look_s * 1.5, self._look_s[1])
            finally:
                self._waiting.discard(woken)

    async def place(self) -> None:
        """Give a position to what was committed since (PostgreSQL); one instance at a time does."""
        async with self._placing:
            if not (await self._database.read(publishing().are_unplaced)).scalar():
                return
            transaction = Transaction(self._database, TIMEOUT_S)
            try:
                await transaction.execute(publishing().lock_positions)
                await transaction.execute(publishing().give_positions)
                await transaction.commit()
            finally:
                await transaction.rollback()

    async def bounds(self) -> tuple[int, int]:
        """The oldest position that is kept (the next one where none is), and the last that there is."""
        if self._is_numbered:
            head = (await self._database.read(publishing().last_number)).scalar() or 0
        else:
            await self.place()
            meta = {row.name: row.value for row in await self._database.read(publishing().meta)}
            head = int(meta["last_position"])
        oldest = (await self._database.read(self._oldest)).scalar()
        return (head + 1 if oldest is None else oldest), head

    def close(self) -> None:
        """Let go of those who wait."""
        self._is_closed = True
        self.committed()

    async def _rows(self, after: int, limit: int) -> "list[Row]":
        if not limit:
            return []
        if not self._is_numbered:
            await self.place()
        return list(await self._database.read(self._read, {"after": after, "limit": limit}))

    async def _batch(self, after: int, until: int, messages: tuple[Message, ...]) -> Batch:
        oldest, head = 0, until
        if not messages:
            oldest, head = await self.bounds()
        return Batch(self._incarnation, after, until, oldest, head, messages, self._forks)

    def _note(self, wanted: Wanted) -> None:
        reader = self.readers.get(wanted.subscription)
        if reader is None:
            reader = self.readers[wanted.subscription] = Reader()
        reader.note(wanted, self._clock.now().timestamp())

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise Unavailable(service=self.name, reason="it is stopping")


def _some(rows: Sequence[Row]) -> tuple[tuple[Message, ...], int]:
    """The first messages, as many as fit into a batch; and where these end, or 0 where they are all."""
    messages: list[Message] = []
    size = 0
    for row in rows:
        messages.append(Message(row[0], row[1], msgspec.Raw(row[3])))
        size += len(row[3])
        if size >= BATCH_BYTES_MAX and row is not rows[-1]:
            return tuple(messages), row[0]
    return tuple(messages), 0


class Reader:
    """What is known of one subscription: which types it wants, and up to where each partition is done."""

    def __init__(self) -> None:
        self.types: tuple[str, ...] = ()
        self.done: dict[int, int] = {}
        self.seen_at = 0.0
        self.is_new = True
        """Whether it has said something since it was kept."""
        self.kept_at = 0.0

    def note(self, wanted: Wanted, now: float) -> None:
        """It asks for more, and says how far it is."""
        self.types = wanted.types
        self.seen_at = now
        if wanted.limit:
            for partition in wanted.partitions:
                if self.done.get(partition) != wanted.done:
                    self.done[partition] = wanted.done
                    self.is_new = True
