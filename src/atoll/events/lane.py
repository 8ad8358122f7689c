"""A lane: the messages of one partition that wait for their delivery, one after the other."""

import asyncio
from collections import deque

from atoll.data import Row
from atoll.events.leases import Held
from atoll.events.parking import Key
from atoll.events.ports import Batch, Message
from atoll.resilience import Timer

QUEUED_MAX = 200
"""So many messages wait in one lane; those behind them are fetched again when there is room."""


class Lane:
    """One partition that this instance holds.

    `fetched` is up to where its messages have been queued or passed over, `done` up to where they have taken effect.
    The next `suspects` messages may be of those that end the process.
    """

    __slots__ = (
        "done",
        "fetched",
        "held",
        "is_lost",
        "is_working",
        "jobs",
        "keys",
        "queue",
        "released",
        "suspects",
        "timer",
    )

    def __init__(self, held: Held, keys: set[Key], suspects: int = 0) -> None:
        self.held = held
        self.suspects = suspects
        self.done = self.fetched = held.position
        self.queue: deque[Message] = deque()
        self.jobs: deque[Row] = deque()
        """Parked messages whose next attempt is due."""
        self.keys = keys
        """The keys under which messages of this partition are parked."""
        self.is_working = False
        self.is_lost = False
        self.released = asyncio.Event()
        """Set when there is nothing to wait for any more: it is lost, or its instance leaves."""
        self.timer = Timer()

    @property
    def reported(self) -> int:
        """Up to where nothing is left to do."""
        return self.done if self.queue or self.is_working else max(self.done, self.fetched)

    @property
    def has_room(self) -> bool:
        """Whether a good part of a batch would find place."""
        return len(self.queue) <= QUEUED_MAX // 2

    def take(self, batch: Batch, messages: "list[Message]") -> None:
        """Queue what is new of a batch; one that begins behind where the lane is leaves a gap, and is passed over."""
        if batch.after > self.fetched:
            return
        for message in messages:
            if message.position <= self.fetched:
                continue
            if len(self.queue) >= QUEUED_MAX:
                return
            self.queue.append(message)
            self.fetched = message.position
        self.fetched = max(self.fetched, batch.until)

    def begin_anew(self) -> None:
        """Fetch again what is not done."""
        self.queue.clear()
        self.jobs.clear()
        self.fetched = self.done

    def release(self, *, is_lost: bool = False) -> None:
        """Begin nothing more: what waits for an attempt waits no longer. Lost is what is somebody else's by now."""
        self.is_lost = self.is_lost or is_lost
        self.begin_anew()
        self.released.set()

    def move(self, held: Held) -> None:
        """Begin anew from where the cursor is."""
        self.held = held
        self.queue.clear()
        self.done = self.fetched = held.position
