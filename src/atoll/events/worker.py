"""The work in lanes: each message to its end, which is its effect, or a place beside the road."""

import asyncio
import contextlib
import itertools
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from atoll.data import Database, Row, Transaction
from atoll.events.admission import Admission, Passage, asked_s, is_out_of_reach
from atoll.events.delivery import Deliverer, Effect, Fenced, Refused, Undeliverable, no_effect
from atoll.events.envelope import Envelope, read_envelope
from atoll.events.forms import BATCH_BYTES_MAX, BATCH_MAX
from atoll.events.lane import Lane
from atoll.events.leases import Leases
from atoll.events.pace import Pace
from atoll.events.parking import DEAD, WAITING, Failure, Gone, Parking, said
from atoll.events.ports import Message
from atoll.events.suspects import Suspects, turn
from atoll.kernel import AtollError, Clock

_log = logging.getLogger("atoll.events")
_at_once = contextlib.nullcontext()

TOLD_AGAIN_S = 30.0
ENDED = "the process ended while it was delivered"
"""What is said of a parked message while an attempt is made, where processes may have died of it."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What is subscribed to: the name of the subscription, whose log it is, and what is done with which events."""

    name: str
    publisher: str
    effects: Mapping[str, Effect]
    is_from_now: bool = False


class Owner(Protocol):
    """Whose lanes are worked on."""

    def lost(self, lane: Lane) -> None:
        """A lane is somebody else's by now."""
        ...

    def rested(self, lane: Lane) -> None:
        """A lane has nothing more to do."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a worker works with; `chance` is from 0 to 1."""

    database: Database
    leases: Leases
    parking: Parking
    deliverer: Deliverer
    clock: Clock
    chance: Callable[[], float]
    suspects: Suspects
    admission: Admission


class Worker:
    """Does the work of a subscription's lanes, and tells their owner of it."""

    def __init__(self, subscribed: Subscribed, means: Means, pace: Pace, owner: Owner) -> None:
        self._subscribed = subscribed
        self._database = means.database
        self._leases = means.leases
        self._parking = means.parking
        self._deliverer = means.deliverer
        self._clock = means.clock
        self._chance = means.chance
        self._pace = pace
        self._owner = owner
        self._suspects = means.suspects
        self._admission = means.admission
        self.many_max = max((effect.many_max for effect in subscribed.effects.values()), default=1)
        """So many messages are delivered at once, at most."""
        self.is_draining = False
        """Whether it takes nothing new."""
        self._told: dict[tuple[int, str, type[Exception]], float] = {}
        """When it was told last that messages of a type wait so long for something."""

    def drain(self) -> None:
        """Take nothing new. A lane that waits for an attempt goes on waiting until that is released."""
        self.is_draining = True

    async def work(self, lane: Lane) -> None:
        """Deliver what waits in a lane, until nothing does."""
        try:
            while not lane.is_lost and not self.is_draining and (lane.jobs or lane.queue):
                if lane.jobs:
                    await self._again(lane, lane.jobs.popleft())
                elif lane.suspects:
                    lane.suspects -= 1
                    await self._deliver(lane, lane.queue.popleft(), is_suspect=True)
                elif self.many_max > 1 and len(together := self._together(lane)) > 1:
                    await self._deliver_all(lane, together)
                else:
                    await self._deliver(lane, lane.queue.popleft())
                await asyncio.sleep(0)  # a delivery may have waited for nothing: calls have their turn, too
        except Fenced:
            self._owner.lost(lane)
            _log.warning("%s: of %s another instance has taken over partition %d", *self._names, lane.held.partition)
        except Exception:  # noqa: BLE001  # no message may be lost by a defect, of ours or of a driver's
            _log.exception("%s: the lane %d of %s begins anew", self._names[0], lane.held.partition, self._names[1])
            lane.begin_anew()
            await asyncio.sleep(self._pace.out_of_reach_s)
        finally:
            lane.is_working = False
            self._owner.rested(lane)

    async def _deliver(self, lane: Lane, message: Message, *, is_suspect: bool = False) -> bool:
        """See one message to its end: it took effect, or was put aside. False where the lane begins anew before."""
        envelope = self._envelope_of(message)
        key = (envelope.tenant, envelope.partitionkey) if envelope.partitionkey is not None else None
        if key is not None and key in lane.keys:
            await self._put_aside(lane, message, envelope, None)
            return True
        effect = self._effect_of(envelope).on((message.event,))
        attempts = waits = 0
        while True:
            if (passage := await self._passage(lane, effect.type)) is None:
                return False
            try:
                with passage:
                    is_again = is_suspect and await self._suspects.is_known(lane.held, message.position)
                    async with turn() if is_again else _at_once:
                        if is_suspect:
                            await self._suspects.count(lane.held, message.position, self._pace.ends_max)
                        is_suspect = False
                        await self._deliverer.deliver(
                            envelope,
                            effect,
                            lane.timer,
                            lambda tx: self._leases.advance(tx, lane.held, message.position),
                        )
                break
            except Fenced:
                raise
            except Exception as error:  # noqa: BLE001  # foreign code: the handler's own errors
                if is_out_of_reach(error):
                    waits += 1
                    self._tell_waiting(envelope, error, waits)
                else:
                    attempts += 1
                    failure = self._failed(envelope, effect, error, attempts)
                    if failure is not None:
                        await self._put_aside(lane, message, envelope, failure)
                        break
                if not await self._pause(lane, error, attempts + waits):
                    return False
        lane.done = message.position
        return True

    async def _pause(self, lane: Lane, error: Exception, attempts: int) -> bool:
        """Wait until the next attempt is due; False where none is made, since the lane begins anew.

        Raises:
            Fenced: somebody else has the partition by now.
        """
        most_s = self._pace.out_of_reach_s if is_out_of_reach(error) else None
        return await self._wait(lane, max(self._pace.pause_s(attempts, self._chance(), most_s), asked_s(error)))

    async def _passage(self, lane: Lane, event_type: str | None) -> Passage | None:
        """The way to one attempt, as soon as there is one; None where none is made, since the lane begins anew.

        Raises:
            Fenced: somebody else has the partition by now.
        """
        while (passage := self._admission.passage(event_type)) is None:
            if not await self._wait(lane, self._admission.wait_s()):
                return None
        return passage

    async def _wait(self, lane: Lane, seconds: float) -> bool:
        """Wait, unless the lane is released before; False where it begins anew, since the instance leaves.

        Raises:
            Fenced: somebody else has the partition by now.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await lane.released.wait()
        if lane.is_lost:
            raise Fenced
        if self.is_draining:
            lane.begin_anew()
        return not self.is_draining

    def _together(self, lane: Lane) -> list[Message]:
        """The next messages of a lane that one effect takes at once; they are taken out where there are several."""
        found: list[Message] = []
        first: Effect | None = None
        size = 0
        for message in itertools.islice(lane.queue, BATCH_MAX):
            envelope = self._envelope_of(message)
            effect = self._effect_of(envelope)
            first = first or effect
            size += len(bytes(message.event))
            fits = effect.many == first.many and len(found) < first.many_max and (not found or size <= BATCH_BYTES_MAX)
            if not fits or (envelope.tenant, envelope.partitionkey) in lane.keys:
                break
            found.append(message)
        for _ in found if len(found) > 1 else ():
            lane.queue.popleft()
        return found

    async def _deliver_all(self, lane: Lane, together: Sequence[Message]) -> None:
        """Deliver several messages at once. Where that fails, each goes alone, so that the one is found that fails."""
        envelope, last = self._envelope_of(together[0]), together[-1]
        effect = self._effect_of(envelope).on([message.event for message in together])
        waits = 0
        while True:
            if (passage := await self._passage(lane, None)) is None:
                return
            try:
                with passage:
                    await self._deliverer.deliver(
                        envelope, effect, lane.timer, lambda tx: self._leases.advance(tx, lane.held, last.position)
                    )
                break
            except Fenced:
                raise
            except Exception as error:  # noqa: BLE001  # foreign code: the handler's own errors
                if not is_out_of_reach(error):
                    _log.warning("%s: %d of %s go one by one: %s", self._names[0], len(together), self._names[1], error)
                    await self._deliver_each(lane, together)
                    return
                waits += 1
                self._tell_waiting(envelope, error, waits)
                if not await self._pause(lane, error, waits):
                    return
        lane.done = last.position

    async def _deliver_each(self, lane: Lane, several: Sequence[Message]) -> None:
        for message in several:
            if self.is_draining:
                lane.begin_anew()
            if lane.is_lost or self.is_draining or not await self._deliver(lane, message):
                return

    def _tell_waiting(self, envelope: Envelope, error: Exception, waits: int) -> None:
        told, now = (waits, envelope.type, type(error)), asyncio.get_running_loop().time()
        if waits in (1, 10) and now - self._told.get(told, -TOLD_AGAIN_S) >= TOLD_AGAIN_S:  # all lanes wait at once
            self._told[told] = now
            _log.warning("%s: %s of %s waits: %s", self._names[0], envelope.type, self._names[1], said(error))

    def _failed(self, envelope: Envelope, effect: Effect, error: Exception, attempts: int) -> Failure | None:
        """What becomes of a message that has failed so often; None where it is tried again at once, in its place."""
        _log.error("%s could not react to %s %s", self._names[0], envelope.type, envelope.id, exc_info=error)
        attempts_max = min(effect.attempts_max, error.attempts_max if isinstance(error, Refused) else math.inf)
        if isinstance(error, Undeliverable) or attempts >= attempts_max:
            return Failure(said(error), attempts, None)
        if attempts >= self._pace.here_max:
            pause_s = self._pace.pause_s(attempts, self._chance())
            return Failure(said(error), attempts, self._clock.now().timestamp() + pause_s)
        return None

    async def _put_aside(self, lane: Lane, message: Message, envelope: Envelope, failure: Failure | None) -> None:
        now = self._clock.now().timestamp()

        async def write(tx: Transaction) -> bool:
            if not await self._leases.advance(tx, lane.held, message.position):  # first: it keeps operators out
                return False
            await self._parking.park(tx, message, envelope, failure, now)
            return True

        await self._recorded(lane, write)
        lane.keys.add((envelope.tenant, envelope.partitionkey or ""))
        lane.done = message.position

    async def _recorded(self, lane: Lane, write: "Writing") -> None:
        """Commit something about a lane, however long it takes; only a fence ends that."""
        attempts = 0
        while True:
            transaction = Transaction(self._database, 5.0)
            try:
                if not await write(transaction):
                    raise Fenced
                await transaction.commit()
                return
            except Fenced:
                raise
            except AtollError as error:
                attempts += 1
                _log.warning("%s: what became of a message cannot be kept: %s", self._names[0], error)
                await asyncio.sleep(self._pace.pause_s(attempts, self._chance(), self._pace.out_of_reach_s))
                if lane.is_lost:
                    raise Fenced from None
            finally:
                await transaction.rollback()

    async def _again(self, lane: Lane, row: Row) -> None:
        """Another attempt of a parked message, then of those behind it."""
        rows = [row] if row.key is None else await self._parking.behind(row.tenant, row.key)
        for each in rows:
            if each.state == DEAD or (each.state == WAITING and each.number != row.number):
                return
            if not await self._attempt_parked(lane, each):
                return
        if row.key is not None and not await self._parking.behind(row.tenant, row.key):
            lane.keys.discard((row.tenant, row.key))

    async def _attempt_parked(self, lane: Lane, row: Row) -> bool:
        """Whether a parked message is out of the way: it took effect, or is there no longer."""
        envelope = read_envelope(bytes(row.envelope), row.message_id)
        effect = self._effect_of(envelope).on((bytes(row.envelope),))
        if (passage := await self._passage(lane, effect.type)) is None:
            return False
        try:
            with passage:
                async with turn() if row.error == ENDED else _at_once:
                    if lane.held.is_orphaned and not await self._survives(lane, row, effect):
                        passage.is_used = False
                        return False
                    await self._deliver_parked(lane, row, envelope, effect)
        except Fenced:
            raise
        except Gone:
            return True
        except Exception as error:  # noqa: BLE001  # foreign code: the handler's own errors
            failure = self._failed_again(row, envelope, effect, error)

            async def write(tx: Transaction) -> bool:
                if not await self._leases.confirm(tx, lane.held):
                    return False
                await self._parking.fail_again(tx, row.number, failure, self._clock.now().timestamp())
                return True

            await self._recorded(lane, write)
            return False
        return True

    async def _deliver_parked(self, lane: Lane, row: Row, envelope: Envelope, effect: Effect) -> None:
        async def record(tx: Transaction) -> bool:
            if not await self._leases.confirm(tx, lane.held):
                return False
            if not await self._parking.unpark(tx, row.number):
                raise Gone
            if row.key is not None:  # the next one is due, whoever delivers it: this process may end before
                await self._parking.free(tx, row.tenant, row.key, self._clock.now().timestamp())
            return True

        await self._deliverer.deliver(envelope, effect, lane.timer, record)

    async def _survives(self, lane: Lane, row: Row, effect: Effect) -> bool:
        """Count an attempt at a parked message before it is made; False where it has ended the process too often."""
        is_dead = row.attempts > effect.attempts_max  # once more is for whoever replays it
        now = self._clock.now().timestamp()
        pause_s = self._pace.pause_s(row.attempts + 1, self._chance())
        failure = Failure(ENDED, row.attempts + (not is_dead), None if is_dead else now + pause_s)

        async def write(tx: Transaction) -> bool:
            if not await self._leases.confirm(tx, lane.held):
                return False
            await self._parking.fail_again(tx, row.number, failure, now)
            return True

        await self._recorded(lane, write)
        return not is_dead

    def _failed_again(self, row: Row, envelope: Envelope, effect: Effect, error: Exception) -> Failure:
        """What becomes of a parked message after an error: that nobody was there counts for nothing."""
        attempts: int = row.attempts
        if is_out_of_reach(error):
            pause_s = self._pace.out_of_reach_s * (0.5 + self._chance() / 2)
        else:
            attempts += 1
            found = self._failed(envelope, effect, error, attempts)
            if found is not None and found.due_at is None:
                return found
            pause_s = self._pace.pause_s(attempts, self._chance())
        return Failure(said(error), attempts, self._clock.now().timestamp() + max(pause_s, asked_s(error)))

    def _envelope_of(self, message: Message) -> Envelope:
        return read_envelope(message.event, f"{self._names[1]}:{message.position}")

    def _effect_of(self, envelope: Envelope) -> Effect:
        """What is done with an event; one that nobody can read, or reacts to any more, cannot be delivered."""
        return self._subscribed.effects.get(envelope.type) or no_effect(envelope.type)

    @property
    def _names(self) -> tuple[str, str]:
        return self._subscribed.name, self._subscribed.publisher


class Writing(Protocol):
    """Writes something into a transaction; False where the partition is somebody else's."""

    async def __call__(self, tx: Transaction, /) -> bool:
        """Write it."""
        ...
