"""A subscription at work: one instance's share of the messages of one publisher.

Three loops: one keeps the leases, one follows the log and hands messages to lanes, one catches up for lanes that were
full. Each lane with work has a task; what fails in one lane holds up no other.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Sequence

from atoll.data import Database
from atoll.events.admission import Admission
from atoll.events.delivery import Deliverer
from atoll.events.lane import Lane
from atoll.events.leases import Held, Leases
from atoll.events.pace import Pace
from atoll.events.parking import Parking
from atoll.events.ports import PARTITIONS, Batch, Log, Message, Wanted, forked_at
from atoll.events.suspects import Suspects
from atoll.events.worker import Means, Subscribed, Worker
from atoll.kernel import AtollError, Clock, Entropy, Tasks
from atoll.resilience import Break, Breaker, Doorkeeper, Shedding, Switch
from atoll.telemetry import Recorder

_log = logging.getLogger("atoll.events")

TOLD = (5, 50, 500)
"""After so many failures in a row they are told: a publisher that is started again is missed for a moment."""


class Subscription:
    """Owns the leases, lanes and tasks of one subscription in one instance."""

    def __init__(
        self,
        subscribed: Subscribed,
        log: Log,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        pace: Pace | None = None,
        leases: type[Leases] = Leases,
        recorder: Recorder | None = None,
        *,
        doorkeeper: Doorkeeper | None = None,
        breaker: Switch | None = None,
    ) -> None:
        self.subscribed = subscribed
        self.lanes: dict[int, Lane] = {}
        self._log = log
        self._database = database
        self._clock = clock
        self._pace = pace or Pace()
        self._chance = entropy.random().random
        name, publisher = subscribed.name, subscribed.publisher
        instance = str(entropy.uuid())
        self._leases = leases(name, publisher, instance, database, clock, self._pace.lease_s)
        self._parking = Parking(name, publisher, database)
        self._types = tuple(sorted(subscribed.effects))
        self._tasks = Tasks(f"events/{name}/{publisher}")
        deliverer = Deliverer(name, publisher, database, entropy, recorder)
        suspects = Suspects(name, publisher, database, self._leases)
        # What is out of reach is not left alone for longer than each message would leave it alone.
        made = breaker or Breaker(self._chance, Break(open_max_s=self._pace.out_of_reach_s))
        self._admission = Admission((name, publisher), made, doorkeeper or Shedding(self._chance), self._chance)
        means = Means(database, self._leases, self._parking, deliverer, clock, self._chance, suspects, self._admission)
        self._worker = Worker(subscribed, means, self._pace, self)
        self._incarnation = ""
        self._edge = 0
        """Up to where the log has been followed; lanes that are behind catch up by themselves."""
        self._asking: asyncio.Task[Batch] | None = None
        """The request of whoever follows the log."""
        self._room = asyncio.Event()
        self._has_lanes = asyncio.Event()
        self._idle = asyncio.Event()
        self.head = 0

    def start(self) -> None:
        """Begin; whoever cannot be reached yet is waited for."""
        loops = {
            "leases": self._keep_leases,
            "follow": self._follow,
            "catch-up": self._catch_up,
            "parked": self._parked,
        }
        self._loops = [self._tasks.keep(work, name) for name, work in loops.items()]

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new, let deliveries in progress end, and let others have the partitions."""
        self._worker.drain()
        for lane in self.lanes.values():
            lane.release()  # so that what was fetched and is not done is not told to be done
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while any(lane.is_working for lane in self.lanes.values()):
                    self._idle.clear()
                    await self._idle.wait()
        await self._tasks.close()
        with contextlib.suppress(AtollError):  # the leases end by themselves
            await self._leases.release(list(range(PARTITIONS)))  # also those that were taken a moment ago
        for lane in self.lanes.values():
            lane.timer.close()
        self.lanes.clear()

    @property
    def lag(self) -> int:
        """How many positions of the log have not taken effect yet, as far as this instance knows."""
        return max((self.head - lane.reported for lane in self.lanes.values()), default=0)

    @property
    def openness(self) -> float:
        """How far its breaker is open, from 0 to 1: what its handlers need is out of reach."""
        return self._admission.openness

    # --- leases ------------------------------------------------------------------------------------------------------

    async def _keep_leases(self) -> None:
        failures = 0
        while True:
            try:
                if not self._incarnation:
                    await self._begin()
                await self._look_at_leases()
                failures = 0
                await asyncio.sleep(self._pace.lease_s / 3)
            except (AtollError, OSError) as error:
                failures += 1
                if failures in TOLD:
                    _log.warning("%s: the subscription to %s waits: %s", *self._names, error)
                await asyncio.sleep(self._pace.pause_s(failures, self._chance(), self._pace.lease_s / 3))

    async def _begin(self) -> None:
        """Learn which log this is, and have a cursor in each partition."""
        first = await self._log.fetch(Wanted(self.subscribed.name, self._types, (), 0, 0, 0, 0.0))
        await self._leases.begin(first, is_from_now=self.subscribed.is_from_now)
        self._incarnation, self.head = first.incarnation, first.head

    async def _look_at_leases(self) -> None:
        held = await self._leases.take()
        new = [each for partition, each in held.items() if not self._is_known(partition, each)]
        for partition in [each for each in self.lanes if each not in held]:
            self.lost(self.lanes[partition])
        if new:
            keys = await self._parking.keys()
            for each in new:
                if each.partition in self.lanes:
                    self.lost(self.lanes[each.partition])
                self.lanes[each.partition] = Lane(
                    each, keys.get(each.partition, set()), self._worker.many_max if each.is_orphaned else 0
                )
            # Of another log it begins anew. Else it stays, also where lanes were set back: they catch up by themselves.
            edge = self._edge if all(each.incarnation == self._incarnation for each in new) else 0
            self._edge = max(edge, *(lane.fetched for lane in self.lanes.values()))
            self._room.set()
            if self._asking is not None:  # which waits for what others are told
                self._asking.cancel()
        if self.lanes:
            self._has_lanes.set()
        else:
            self._has_lanes.clear()

    def _is_known(self, partition: int, held: Held) -> bool:
        lane = self.lanes.get(partition)
        return lane is not None and lane.held.epoch == held.epoch and lane.held.generation == held.generation

    def lost(self, lane: Lane) -> None:
        """The partition is somebody else's by now."""
        lane.release(is_lost=True)
        if self.lanes.get(lane.held.partition) is lane:
            del self.lanes[lane.held.partition]

    # --- the log -----------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Ask for what comes behind the edge, and wait there, until there are other lanes to ask for."""
        failures = 0
        while not self._worker.is_draining:
            await self._has_lanes.wait()
            try:
                asked = list(self.lanes.values())
                fetching = self._fetch(asked, self._edge, 500, self._pace.wait_s)
                self._asking = asking = self._tasks.spawn(fetching, "ask", awaited=True)
                asking.add_done_callback(_look_at)  # nobody does when this one is cancelled
                await asyncio.wait([asking])
                if asking.cancelled():
                    continue
                batch = asking.result()
                if await self._take(batch, asked):
                    self._edge = max(self._edge, batch.until)
                if self._behind():  # lanes that were not asked for, because they are new
                    self._room.set()
                failures = 0
            except (AtollError, OSError) as error:
                failures += 1
                if failures in TOLD:
                    _log.warning("%s: the log of %s cannot be read: %s", *self._names, error)
                await asyncio.sleep(self._pace.pause_s(failures, self._chance(), 2.0))

    async def _catch_up(self) -> None:
        """Ask again for what lanes that were full have passed over."""
        failures = 0
        while True:
            await self._room.wait()
            self._room.clear()
            try:
                while behind := self._behind():
                    batch = await self._fetch(behind, behind[0].fetched, 500, 0.0)
                    if not await self._take(batch, behind) or batch.until <= batch.after:
                        break
                failures = 0
            except (AtollError, OSError):
                failures += 1
                await asyncio.sleep(self._pace.pause_s(failures, self._chance(), 2.0))
                self._room.set()

    def _behind(self) -> list[Lane]:
        """The lanes that are furthest behind the edge and have room, all at one place."""
        found = [lane for lane in self.lanes.values() if lane.fetched < self._edge and lane.has_room]
        first = min((lane.fetched for lane in found), default=0)
        return [lane for lane in found if lane.fetched == first]

    async def _fetch(self, lanes: Sequence[Lane], after: int, limit: int, wait_s: float) -> Batch:
        partitions = tuple(lane.held.partition for lane in lanes)
        done = min((lane.reported for lane in lanes), default=after)
        await self._database.durable(self._database.driver.written)  # what is told to be done
        return await self._log.fetch(Wanted(self.subscribed.name, self._types, partitions, after, done, limit, wait_s))

    async def _take(self, batch: Batch, asked: Sequence[Lane]) -> bool:
        """Hand the messages of a batch to the lanes that it was asked for, as far as they are still held.

        False where it is of another incarnation than the lanes, which then begin anew. While it drains, none is handed
        out: the lanes' queues were emptied, and what comes now would be taken for the next in order.
        """
        if self._worker.is_draining:
            return False
        self.head = max(self.head, batch.head) if batch.incarnation == self._incarnation else batch.head
        if any(lane.held.incarnation != batch.incarnation for lane in self.lanes.values()):
            await self._fork(batch)
            return False
        messages: dict[int, list[Message]] = {}
        for message in batch.messages:
            messages.setdefault(message.partition, []).append(message)
        for lane in asked:
            if not lane.is_lost:
                lane.take(batch, messages.get(lane.held.partition, []))
            if lane.queue:
                self._work(lane)
        return True

    async def _fork(self, batch: Batch) -> None:
        """The publisher's database was restored from a backup: go on from where both logs are the same."""
        for lane in list(self.lanes.values()):
            if lane.held.incarnation == batch.incarnation:
                continue
            position = forked_at(batch, lane.held.incarnation, lane.held.position)
            await self._leases.fork(lane.held, batch.incarnation, position)
            lane.move(dataclasses.replace(lane.held, incarnation=batch.incarnation, position=position))
        _log.warning("%s: the log of %s is another one, from a backup: going on where both are the same", *self._names)
        self._incarnation = batch.incarnation
        self._edge = min((lane.fetched for lane in self.lanes.values()), default=0)

    # --- lanes -------------------------------------------------------------------------------------------------------

    def _work(self, lane: Lane) -> None:
        if not lane.is_working and not self._worker.is_draining:
            lane.is_working = True
            _ = self._tasks.spawn(self._worker.work(lane), f"lane-{lane.held.partition}")

    def rested(self, lane: Lane) -> None:
        """A lane has nothing more to do."""
        self._idle.set()
        if lane.fetched < self._edge:
            self._room.set()

    # --- what was put aside ------------------------------------------------------------------------------------------

    async def _parked(self) -> None:
        """Look for parked messages whose next attempt is due, and for keys that people have set free."""
        while True:
            await asyncio.sleep(self._pace.look_s)
            if not any(lane.keys for lane in self.lanes.values()) and self._chance() > 0.1:
                continue  # nothing is parked, as far as is known here; a look now and then costs nothing
            try:
                for row in await self._parking.due(self._clock.now().timestamp()):
                    lane = self.lanes.get(row.partition)
                    if lane is not None and all(job.number != row.number for job in lane.jobs):
                        lane.jobs.append(row)
                        self._work(lane)
                seen = {partition: set(lane.keys) for partition, lane in self.lanes.items()}
                keys = await self._parking.keys()
                for partition, lane in self.lanes.items():
                    if not lane.is_working and lane.keys == seen.get(partition):  # else it knows better by now
                        lane.keys = keys.get(partition, set())
            except AtollError as error:
                _log.warning("%s: parked messages cannot be looked for: %s", self._names[0], error)

    @property
    def _names(self) -> tuple[str, str]:
        return self.subscribed.name, self.subscribed.publisher


def _look_at(task: asyncio.Task[Batch]) -> None:
    """See a task's error, so that it is not told of as one that nobody has seen."""
    if not task.cancelled():
        task.exception()
