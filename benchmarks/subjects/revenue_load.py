"""Leads sent to a running Revenue, and watched until they have come to the end of their way: `revenue_load PLACE`.

They are sent one by one to capture's HTTP operation, as a form does it, or as a file in pieces. The end is seen in the
database of the last service, which is read from outside every few milliseconds, alike for all stacks: so a lead takes
from when it was due until its row was there for everybody to read.
"""

import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import asynccontextmanager, closing
from typing import TypeVar, cast

import aiohttp
import msgspec

from benchmarks.measuring.load import LATE_S, quantile
from benchmarks.measuring.speaking import heard, run_program, say, say_ready
from benchmarks.subjects.revenue_leads import file_of, lead_body
from benchmarks.subjects.revenue_place import END, RevenuePlace

T = TypeVar("T")

STUCK_S = 60.0
"""So long no lead may come to the end while some are missing."""

CONNECTIONS_MAX = 200
BUSY = (429, 503)
AGAIN_S = 0.05
"""After so long a lead is sent again that was refused because there was too much to do; its time goes on meanwhile."""


class Offer(msgspec.Struct, frozen=True, tag=True):
    """Leads to send one by one, numbered from `first`.

    At a rate `per_s`, each at a random moment whatever becomes of those before (an open load). Without, `in_flight` at
    once, each as soon as one before it was accepted. Every `look_s` it is seen what has come to the end.
    """

    first: int
    count: int
    look_s: float
    in_flight: int = 16
    per_s: float | None = None


class Import(msgspec.Struct, frozen=True, tag=True):
    """Leads to send as a file, in pieces of so many rows, each as soon as the one before it was accepted."""

    first: int
    count: int
    look_s: float
    piece: int


class Passed(msgspec.Struct, frozen=True):
    """What became of leads: all were accepted, and all are at the end, once.

    It took `seconds` from the first that was sent until the last was at the end. Sent one by one, each took from when
    it was due until it was accepted, and until it was at the end; nothing is known of each in a file. So often
    something was `refused` because there was too much to do, and was sent again.
    """

    leads: int
    seconds: float
    refused: int
    accepted_p50_s: float = 0.0
    p50_s: float = 0.0
    p99_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Leads in a second, up to the end."""
        return self.leads / self.seconds


class _Lead(msgspec.Struct):
    id: str


class _Receipt(msgspec.Struct):
    """What both stacks answer to a lead, in as far as it is wanted."""

    lead: _Lead


class _Report(msgspec.Struct):
    """What is answered to a piece of a file."""

    accepted: int


class Watch:
    """Sees the leads that have come to the end, each once. Owns a connection that only reads."""

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None, timeout=LATE_S)
        self._position = 0
        self._new = f"SELECT rowid, lead_id FROM {END.table} WHERE rowid > ? ORDER BY rowid"

    async def until(self, count: int, look_s: float) -> dict[str, float]:
        """When each was seen, once there are so many new ones; fewer where no more come."""
        seen_at: dict[str, float] = {}
        moved_at = time.perf_counter()
        while len(seen_at) < count and time.perf_counter() - moved_at < STUCK_S:
            await asyncio.sleep(look_s)
            rows = self._connection.execute(self._new, (self._position,)).fetchall()
            if rows:
                moved_at = time.perf_counter()
                self._position = rows[-1][0]
                seen_at.update((lead_id, moved_at) for _, lead_id in rows)
        return seen_at

    def close(self) -> None:
        """Close its connection."""
        self._connection.close()


class Load:
    """Sends leads and sees them arrive. Owns what it has noted of them."""

    def __init__(self, session: aiohttp.ClientSession, place: RevenuePlace, watch: Watch) -> None:
        self._session = session
        self._place = place
        self._watch = watch
        self._due_at: dict[str, float] = {}
        self._accepted_s: list[float] = []
        self._refused = 0

    async def offer(self, offer: Offer) -> Passed:
        """Send leads one by one, and wait for all.

        Raises:
            RuntimeError: one was refused for good, or did not come to the end, or another one did.
        """
        self._due_at, self._accepted_s = {}, []
        sending = self._in_turns(offer) if offer.per_s is None else self._at_moments(offer, offer.per_s)
        began_at, seen_at = await self._watched(offer, sending)
        if seen_at.keys() != self._due_at.keys():
            lost, others = len(self._due_at.keys() - seen_at.keys()), len(seen_at.keys() - self._due_at.keys())
            raise RuntimeError(f"of {offer.count} leads {lost} did not come to the end, and {others} others did")
        accepted_s = sorted(self._accepted_s)
        passed_s = sorted(seen_at[lead] - due_at for lead, due_at in self._due_at.items())
        return Passed(
            leads=len(passed_s),
            seconds=max(seen_at.values()) - began_at,
            refused=self._refused,
            accepted_p50_s=quantile(accepted_s, 0.5),
            p50_s=quantile(passed_s, 0.5),
            p99_s=quantile(passed_s, 0.99),
        )

    async def import_file(self, asked: Import) -> Passed:
        """Send leads as a file, and wait for all.

        Raises:
            RuntimeError: a row was not taken, or not all came to the end.
        """
        began_at, seen_at = await self._watched(asked, self._in_pieces(asked))
        if len(seen_at) != asked.count:
            raise RuntimeError(f"of {asked.count} leads in a file {len(seen_at)} came to the end")
        return Passed(leads=len(seen_at), seconds=max(seen_at.values()) - began_at, refused=self._refused)

    async def _watched(
        self, asked: Offer | Import, sending: Coroutine[object, object, None]
    ) -> tuple[float, Mapping[str, float]]:
        """When the first was sent, and when each was seen at the end."""
        self._refused = 0
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch.until(asked.count, asked.look_s))
            began_at = time.perf_counter()
            tasks.create_task(sending)
        return began_at, watching.result()

    async def _in_turns(self, offer: Offer) -> None:
        numbers = iter(range(offer.first, offer.first + offer.count))

        async def sender() -> None:
            for number in numbers:
                await self._send(number, time.perf_counter())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(offer.in_flight, offer.count)):
                tasks.create_task(sender())

    async def _at_moments(self, offer: Offer, per_s: float) -> None:
        due_at = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(offer.first, offer.first + offer.count):
                due_at += random.expovariate(per_s)  # no secret
                await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
                tasks.create_task(self._send(number, due_at))

    async def _in_pieces(self, asked: Import) -> None:
        for first in range(asked.first, asked.first + asked.count, asked.piece):
            count = min(asked.piece, asked.first + asked.count - first)
            report = await self._asked(f"{self._place.url}/imports", file_of(first, count), _Report)
            if report.accepted != count:
                raise RuntimeError(f"of {count} rows {report.accepted} were accepted")

    async def _send(self, number: int, due_at: float) -> None:
        receipt = await self._asked(f"{self._place.url}/leads", lead_body(number), _Receipt)
        self._due_at[receipt.lead.id] = due_at
        self._accepted_s.append(time.perf_counter() - due_at)

    async def _asked(self, url: str, content: bytes, kind: type[T]) -> T:
        """The answer; asked again as long as there is too much to do."""
        while True:
            async with self._session.post(url, data=content) as response:
                body = await response.read()
            if response.status == 200:
                return msgspec.json.decode(body, type=kind)
            if response.status not in BUSY:
                raise RuntimeError(f"{url} answered with {response.status}: {body[:500]!r}")
            self._refused += 1
            await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def loading(place: RevenuePlace) -> AsyncGenerator[Load]:
    """A load for the Revenue at a place."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {place.key}"} if place.key else {})
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    timeout = aiohttp.ClientTimeout(total=LATE_S)
    with closing(Watch(place.database)) as watch:
        async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as session:
            yield Load(session, place, watch)


async def main(address: str) -> None:
    """Make each load that is asked for."""
    async with loading(msgspec.json.decode(address, type=RevenuePlace)) as load:
        say_ready()
        async for asked in heard(cast("type[Offer | Import]", Offer | Import)):
            say(await (load.offer(asked) if isinstance(asked, Offer) else load.import_file(asked)))


if __name__ == "__main__":
    run_program(main(sys.argv[1]))
