"""Crash points: a process dies of SIGKILL before or after something that it does with its database or its network.

They are ports that stand between the services and the real ones, in the campaign's own processes: nothing in the
platform knows of them.
"""

import asyncio
import dataclasses
import os
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from atoll import World
from atoll.calls import LocalTransport, Request, Response
from atoll.contract import Contract
from atoll.data import Announcing, Driver, Raw, Session
from atoll.events import Kept, Pace
from atoll.kernel import Trace
from atoll.telemetry import Kind, Span, Track
from atoll.topology.world import Carrier, Storage, bare
from tests.passing import PassingDriver, PassingSession

STATEMENTS = (
    ("sale", "INSERT INTO sales"),
    ("count of sales", "INSERT INTO accounts"),
    ("effect", "INSERT INTO effects"),
    ("count of effects", "INSERT INTO counters"),
    ("answer kept", "INSERT INTO atoll_requests"),
    ("sequence", "INSERT INTO atoll_sequences"),
    ("outbox", "INSERT INTO atoll_outbox|WITH next AS"),
    ("schedule", "INSERT INTO atoll_scheduled"),
    ("unschedule", "DELETE FROM atoll_scheduled"),
    ("place", "WITH fresh AS"),
    ("member", "INSERT INTO atoll_members"),
    ("lease taken", r"UPDATE atoll_cursors SET holder ?= ?\S+ epoch"),
    ("lease renewed", "UPDATE atoll_cursors SET held_until"),
    ("lease released", "UPDATE atoll_cursors SET holder"),
    ("cursor", "UPDATE atoll_cursors SET position"),
    ("parked", "INSERT INTO atoll_parked"),
    ("tried again", "UPDATE atoll_parked"),
    ("unparked", "DELETE FROM atoll_parked"),
    ("readers", "INSERT INTO atoll_subscriptions"),
)
"""Kinds of statements, and how they begin."""


def kind_of(text: str) -> str | None:
    """The kind of a statement; None where it is of none that is watched.

    >>> kind_of("INSERT INTO sales (account) VALUES (?)"), kind_of("SELECT 1")
    ('sale', None)
    """
    return next((kind for kind, beginning in STATEMENTS if re.match(beginning, text)), None)


POINTS = {
    "till": (
        *("before begin", "after begin", "before sale", "after sale", "after count of sales"),
        *("before outbox", "after outbox", "after answer kept"),
        *("after schedule", "after unschedule", "before commit", "after commit", "before sync", "after sync"),
        *("before answer", "after answer", "before read", "after read", "before readers", "after readers"),
    ),
    "ledger": (
        *("before fetch", "after fetch", "before begin", "after begin", "before effect", "after effect"),
        *("before count of effects", "after count of effects", "before outbox", "after outbox"),
        *("before cursor", "after cursor", "before commit", "after commit"),
        *("before sync", "after sync", "before read", "after read", "before parked", "after parked"),
        *("after tried again", "after unparked", "before member", "after member", "before lease taken"),
        *("after lease taken", "before lease renewed", "after lease renewed", "before rollback", "after rollback"),
        *("before lease released", "after lease released"),
    ),
    "archive": ("after fetch", "after effect", "after cursor", "after commit", "before sync", "after lease taken"),
}
"""The crash points of each service that the campaign goes through; a driver has some more."""

SQLITE_POINTS = {
    "till": ("before sequence", "after sequence"),
    "ledger": ("before sequence", "after sequence"),
    "archive": (),
}
"""Those that there are on SQLite alone, where the number of an event is a statement of its own."""

POSTGRES_POINTS = {"till": ("before place", "after place"), "ledger": ("before place", "after place"), "archive": ()}
"""Those that there are on PostgreSQL alone, where positions are given after the commit."""

LEAVING = frozenset({"before lease released", "after lease released"})
"""Points that a process gets to when it is asked to end."""

PACE = Pace(
    lease_s=1.0, wait_s=5.0, first_s=0.02, last_s=0.3, here_max=2, out_of_reach_s=0.3, look_s=0.1, ends_max=10**6
)
KEPT = Kept(look_s=0.3)
"""Everything as always, and quicker."""


class Doom:
    """The death that awaits this process: at one point, at the `nth` time that it gets there. Fulfils `Recorder`."""

    def __init__(self, point: str, nth: int, last_words: Callable[[str], None]) -> None:
        self._point = point
        self._left = nth
        self._last_words = last_words

    def reached(self, point: str) -> None:
        """It got to a point, and may not survive that."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                self.die()

    def die(self) -> NoReturn:
        """End as a crash does."""
        self._last_words(self._point)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives that")

    def now(self) -> float:
        """This moment on the loop's clock."""
        return asyncio.get_running_loop().time()

    def record(self, span: Span) -> None:
        """A call was answered: its answer leaves within the next turns of the loop."""
        if span.name == "till.sell":
            self.reached("before answer")
            asyncio.get_running_loop().call_later(0.002, self.reached, "after answer")

    def track(self, kind: Kind, service: str, name: str, caller: str) -> Track | None:
        """None: it wants to hear of each call."""
        del kind, service, name, caller
        return None

    def record_plain(self, track: Track, trace: Trace, begun_at: float, duration_s: float, key: str) -> None:
        """Nobody has a track."""


class DoomedSession(PassingSession):
    """A transaction that may not live to its end."""

    def __init__(self, driver: Driver, session: Session, doom: Doom) -> None:
        super().__init__(driver, session)
        self._reached = doom.reached

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed."""
        kind = kind_of(text)
        self._reached(f"before {kind}")
        answer = await super().execute(text, arguments)
        self._reached(f"after {kind}")
        return answer

    async def execute_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> int:  # Any: as above
        """How many rows were changed in all."""
        kind = kind_of(text)
        self._reached(f"before {kind}")
        changed = await super().execute_many(text, arguments)
        self._reached(f"after {kind}")
        return changed

    async def commit(self) -> int:
        """Commit."""
        self._reached("before commit")
        ticket = await super().commit()
        self._reached("after commit")
        return ticket

    async def rollback(self) -> None:
        """Undo everything."""
        self._reached("before rollback")
        await super().rollback()
        self._reached("after rollback")


class DoomedDriver(PassingDriver):
    """A database whose user may die at any moment."""

    def __init__(self, driver: Driver, doom: Doom) -> None:
        super().__init__(driver)
        self._doom = doom
        self._reached = doom.reached

    async def begin(self, ends_at: float) -> Session:
        """A transaction."""
        self._reached("before begin")
        session = await super().begin(ends_at)
        self._reached("after begin")
        return DoomedSession(self.driver, session, self._doom)

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement."""
        self._reached("before read")
        rows = await super().read(text, arguments)
        self._reached("after read")
        return rows

    async def synced(self, ticket: int) -> None:
        """Wait until it is durable."""
        self._reached("before sync")
        await super().synced(ticket)
        self._reached("after sync")


class DoomedSharedDriver(DoomedDriver):
    """The same for one that tells other instances of commits. Fulfils `Announcing`, too."""

    def __init__(self, driver: Driver, announcing: Announcing, doom: Doom) -> None:
        super().__init__(driver, doom)
        self.announce = announcing.announce
        self.on_change = announcing.on_change


class DoomedNetwork:
    """Carries what leaves the process, which may die before it is sent, and when it has come back."""

    def __init__(self, answering: LocalTransport, doom: Doom) -> None:
        self._answering = answering
        self._reached = doom.reached

    async def send(self, request: Request) -> Response:
        """The answer."""
        self._reached("before fetch")
        response = await self._answering.send(request)
        self._reached("after fetch")
        return response

    async def close(self) -> None:
        """Nothing is held here."""


def world_of(state: Path, lease_s: float, doom: Doom | None, under: Storage = bare) -> World:
    """The machine's own world, with a death in it where one is wanted; `under` is what stands below that."""
    pace = dataclasses.replace(PACE, lease_s=lease_s)
    world = dataclasses.replace(World.real(state, watchdog_s=None), pace=pace, kept=KEPT, storage=under)
    if doom is None:
        return world

    def network(answering: LocalTransport, contracts: Sequence[Contract]) -> Carrier:
        return DoomedNetwork(answering, doom)

    def storage(service: str, driver: Driver) -> Driver:
        driver = under(service, driver)
        if isinstance(driver, Announcing):
            return DoomedSharedDriver(driver, driver, doom)
        return DoomedDriver(driver, doom)

    return dataclasses.replace(world, network=network, storage=storage)
