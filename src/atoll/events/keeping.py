"""How long a log keeps what it has delivered: for a time, and never less than a live subscription still lacks."""

import asyncio
import logging
from dataclasses import dataclass

import msgspec

from atoll.data import Database
from atoll.events.log import OutboxLog, Reader
from atoll.events.outbox import Outbox
from atoll.events.ports import PARTITIONS
from atoll.events.statements import publishing
from atoll.kernel import AtollError, Clock, Tasks

_log = logging.getLogger("atoll.events")

SEEN_S = 60.0
"""How old the word may become of when a reader was seen last, while it says nothing new."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much a log keeps. Spans are in seconds.

    `keep_s` is for how long what was delivered stays, for subscriptions that are yet to come. With `undelivered_max`
    messages that some subscription lacks, nothing more is published until it has caught up or was lapsed. `answers_s`
    is for how long an idempotency key is known, `inbox_s` for how long an event that came from elsewhere is.
    """

    keep_s: float = 7 * 86_400.0
    answers_s: float = 7 * 86_400.0
    inbox_s: float = 30 * 86_400.0
    undelivered_max: int = 10_000_000
    look_s: float = 5.0


class Keeping:
    """Keeps what is known of a log's readers, and lets go of what nobody lacks. Owns its task."""

    def __init__(
        self, service: str, database: Database, log: OutboxLog, outbox: Outbox, clock: Clock, kept: Kept | None = None
    ) -> None:
        self._service = service
        self._database = database
        self._log = log
        self._outbox = outbox
        self._clock = clock
        self._kept = kept or Kept()
        self._tasks = Tasks(f"keeping/{service}")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = self._tasks.keep(self._keep, "keep")

    async def close(self) -> None:
        """Keep what was heard last, and end."""
        await self._tasks.close()
        try:
            await self.note_readers()
        except AtollError as error:
            _log.warning("%s: how far its readers are could not be kept: %s", self._service, error)

    async def note_readers(self) -> None:
        """Write down how far each reader is. One that was lapsed and reads again is live again."""
        heard = await self._heard()
        rows = [
            {
                "name": name,
                "partition": partition,
                "done": done,
                "types": msgspec.json.encode(reader.types).decode(),
                "seen_at": reader.seen_at,
            }
            for name, reader in heard.items()
            for partition, done in reader.done.items()
        ]
        for reader in heard.values():
            reader.is_new, reader.kept_at = False, reader.seen_at
        if not rows:
            return
        try:
            async with self._database.transaction() as tx:
                await tx.execute(publishing().subscribed, rows)
        except AtollError:
            for reader in heard.values():
                reader.is_new = True
            raise

    async def _heard(self) -> dict[str, Reader]:
        """The readers of whom there is something to write down."""
        if not self._log.readers:
            return {}
        rows = await self._database.read(publishing().subscriptions)
        lapsed = {row.name: row.lapsed_at for row in rows if row.lapsed_at is not None}
        return {
            name: reader
            for name, reader in self._log.readers.items()
            if reader.is_new
            or reader.seen_at >= reader.kept_at + SEEN_S
            or reader.seen_at > lapsed.get(name, reader.seen_at)
        }

    async def forget(self) -> int:
        """Remove what is older than it has to be, and lacked by nobody; how many rows those were, at most 1,000."""
        oldest, head = await self._log.bounds()
        live = [row for row in await self._database.read(publishing().subscriptions) if row.lapsed_at is None]
        floor = min((row.done if row.partitions == PARTITIONS else 0 for row in live), default=head)
        lacked = head - max(floor, oldest - 1)
        self._outbox.refusal = None
        if lacked >= self._kept.undelivered_max:
            slowest = min(live, key=lambda row: row.done).name
            self._outbox.refusal = (
                f"{lacked} messages wait for the subscription `{slowest}`: let it catch up, or let it go with "
                f"`atoll events lapse {slowest}`"
            )
        before = self._clock.now().timestamp() - self._kept.keep_s
        said = publishing()
        statement = said.forget_numbers if self._database.driver.dialect == "sqlite" else said.forget_positions
        async with self._database.transaction() as tx:
            rows = await tx.execute(statement, {"position": floor, "before": before})
        return rows.changed

    async def _forget_all(self) -> None:
        removed = 1_000
        while removed >= 1_000:
            removed = await self.forget()
            await asyncio.sleep(0)  # others write in between

    async def _keep(self) -> None:
        rounds, is_told = 0, False
        while True:
            await asyncio.sleep(self._kept.look_s)
            rounds += 1
            try:
                await self.note_readers()
                if rounds % 12 == 1:
                    await self._forget_all()
                if is_told:
                    is_told = False
                    _log.warning("%s: the log is looked after again", self._service)
            except AtollError as error:
                if not is_told:
                    is_told = True
                    _log.warning("%s: the log could not be looked after: %s", self._service, error)
