"""Open load: requests at random moments of a rate, whatever becomes of those before: `open_load URL`.

Whoever waits longer than his patience goes, and his connection with him. Nobody asks twice. Each request is counted by
the moment at which it was due, so that a slow server, or a slow client, hides nothing (no coordinated omission).
"""

import asyncio
import random
import sys
import time
import urllib.parse

import msgspec

from benchmarks.measuring.load import quantile
from benchmarks.measuring.speaking import heard, run_program, say, say_ready

CONNECTIONS_MAX = 2_000


class Offer(msgspec.Struct, frozen=True):
    """So many requests a second, for so long, each with so much patience."""

    per_s: float
    seconds: float
    patience_s: float


class Taken(msgspec.Struct, frozen=True):
    """What became of them: a second each of `good` (200 within the patience), and all that were not good."""

    made: int
    good: int
    refused: int
    late: int
    good_each_s: list[int]
    made_each_s: list[int]
    p50_s: float
    p99_s: float


class OpenLoad:
    """Asks one URL. Owns its connections."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._request = f"GET {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode()
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._open = 0

    async def offer(self, offer: Offer) -> Taken:
        """Make them, and say what became of them."""
        span = int(offer.seconds) + 1
        good, made = [0] * span, [0] * span
        taken_s: list[float] = []
        refused = 0
        began_at = at = time.perf_counter()

        async def one(due_at: float) -> None:
            nonlocal refused
            second = int(due_at - began_at)
            made[second] += 1
            try:
                async with asyncio.timeout(max(0.0, due_at + offer.patience_s - time.perf_counter())):
                    status = await self._ask()
            except (TimeoutError, OSError, EOFError):
                return
            if status == 200:
                good[second] += 1
                taken_s.append(time.perf_counter() - due_at)
            else:
                refused += 1

        async with asyncio.TaskGroup() as tasks:
            while (at := at + random.expovariate(offer.per_s)) < began_at + offer.seconds:  # no secret
                if at > (now := time.perf_counter()):
                    await asyncio.sleep(at - now)
                tasks.create_task(one(at))
        taken_s.sort()
        p50_s, p99_s = (quantile(taken_s, part) if taken_s else offer.patience_s for part in (0.5, 0.99))
        all_made, all_good = sum(made), sum(good)
        return Taken(all_made, all_good, refused, all_made - all_good - refused, good, made, p50_s, p99_s)

    async def _ask(self) -> int:
        """The status of an answer; a connection that is not free in the end is closed."""
        if not self._free and self._open >= CONNECTIONS_MAX:
            raise OSError("too many connections")
        self._open += 1
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(self._host, self._port)
        is_whole = False
        try:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, rest = head.lower().partition(b"content-length:")
            await reader.readexactly(int(rest.partition(b"\r\n")[0]))
            is_whole = b"connection: close" not in head.lower()
            return int(head[9:12])
        finally:
            self._open -= 1
            if is_whole:
                self._free.append((reader, writer))
            else:
                writer.transport.abort()


async def main(url: str) -> None:
    """Make each load that is asked for."""
    load = OpenLoad(url)
    say_ready()
    async for offer in heard(Offer):
        say(await load.offer(offer))


if __name__ == "__main__":
    run_program(main(sys.argv[1]))
