"""Keeps the processes of an application running: forks one for each place, and another one as soon as it has died.

    python -m tests.campaigns.crash.keeper SPEC

It stands in for the supervisor where a campaign wants hundreds of deaths a minute: a fork takes a hundredth of what an
interpreter needs to start. What it does is told on its output, a line of JSON each, also by its children: which crash
point was reached is written just before the end. It ends with whoever holds the other end of its input.
"""

import asyncio
import ctypes
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import msgspec
import uvloop

from atoll import Config
from atoll.hosting import Directory, Peers, serving
from atoll.topology.single import single
from tests.campaigns.crash.application import crash
from tests.campaigns.crash.points import Doom, world_of
from tests.campaigns.crash.sabotage import SABOTAGES

POLL_S = 0.004
FIRST_S, MOST_S = 0.005, 1.0
"""How long it waits before it forks again: for ones that die at once longer and longer."""
WELL_S = 0.3


class Armed(msgspec.Struct, frozen=True):
    """At which crash point a process dies, and at the how manieth time that it gets there."""

    point: str
    nth: int = 1


class Spec(msgspec.Struct, frozen=True):
    """What is kept: which service runs in each place, and the deaths that await those of each service, in turn."""

    state: str
    places: dict[str, str]
    settings: dict[str, str] = {}
    lease_s: float = 1.0
    deaths: dict[str, list[Armed]] = {}
    sabotage: str = ""
    """Which safeguard is taken away; none by default."""

    @property
    def peers(self) -> Peers:
        """Where each of them listens."""
        found: dict[str, tuple[str, ...]] = {}
        for place, service in self.places.items():
            found[service] = (*found.get(service, ()), f"unix:{self.state}/{place}.sock")
        return Peers(found)


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has happened to a process: `started` (perhaps to die at a point), `reached` that point, or `ended`."""

    did: str
    place: str
    pid: int
    point: str = ""
    nth: int = 0
    code: int = 0


class Keeper:
    """Owns the processes. One thread, no loop: what it forks begins with a clean slate."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._deaths: dict[str, Iterator[Armed]] = {
            name: iter(spec.deaths.get(name, [])) for name in spec.peers.services
        }
        self._running: dict[int, str] = {}
        self._due: dict[str, float] = dict.fromkeys(spec.places, 0.0)
        self._waits: dict[str, float] = {}
        self._since: dict[str, float] = {}
        self._is_leaving = False

    def keep(self) -> None:
        """Until the input ends, or says so."""
        words = b""
        while not self._is_leaving:
            self._reap()
            self._fork_due()
            if select.select([0], [], [], POLL_S)[0]:
                piece = os.read(0, 4096)
                if not piece:
                    break
                *lines, words = (words + piece).split(b"\n")
                for line in lines:
                    self._obey(line.decode())
        self._end_all()

    def _obey(self, line: str) -> None:
        verb, _, place = line.partition(" ")
        if verb == "leave":
            self._is_leaving = True
        elif verb == "end":
            for pid, each in self._running.items():
                if each == place:
                    os.kill(pid, signal.SIGTERM)

    def _fork_due(self) -> None:
        now = clock()
        for place in [each for each, at in self._due.items() if at <= now]:
            del self._due[place]
            armed = next(self._deaths[self._spec.places[place]], None)
            pid = os.fork()
            if pid == 0:
                _serve(self._spec, place, armed)
            self._running[pid], self._since[place] = place, now
            tell(Told("started", place, pid, point=armed.point if armed else "", nth=armed.nth if armed else 0))

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            place = self._running.pop(pid)
            tell(Told("ended", place, pid, code=os.waitstatus_to_exitcode(status)))
            now = clock()
            is_well = now - self._since[place] > WELL_S
            wait_s = FIRST_S if is_well else min(MOST_S, 2 * self._waits.get(place, FIRST_S))
            self._waits[place], self._due[place] = wait_s, now + wait_s

    def _end_all(self) -> None:
        """Ask them to end; kill what does not."""
        ends_at = clock() + 10
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._running:
                os.kill(pid, number)
            while self._running and (clock() < ends_at or number == signal.SIGKILL):
                self._reap()
                select.select([], [], [], POLL_S)


def clock() -> float:
    """Seconds that only grow."""
    return time.monotonic()


def tell(told: Told) -> None:
    """A line on the output: short enough that those of several processes do not mix."""
    os.write(1, msgspec.json.encode(told) + b"\n")


def _serve(spec: Spec, place: str, armed: Armed | None) -> NoReturn:
    code = 1
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive its keeper
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_told(spec, place, armed))
        code = 0
    except BaseException:  # noqa: BLE001  # the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)


async def _until_told(spec: Spec, place: str, armed: Armed | None) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def last_words(point: str) -> None:
        tell(Told("reached", place, os.getpid(), point=point))

    doom = Doom(armed.point, armed.nth, last_words) if armed else None
    async with serving(
        crash,
        world=world_of(Path(spec.state), spec.lease_s, doom, SABOTAGES[spec.sabotage]),
        directory=Directory(spec.peers),
        listen=[f"unix:{spec.state}/{place}.sock"],
        services=[spec.places[place]],
        config=Config(spec.settings),
        recorder=doom,
        drain_s=1.0,
    ):
        await stop.wait()


async def _warmed_up() -> None:
    """Once everything here, so that what is forked has loaded, compiled and cached it."""
    with tempfile.TemporaryDirectory() as folder:
        async with single(crash, world=world_of(Path(folder), 1.0, None)):
            pass


def main() -> int:
    """Keep what the command line says."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_warmed_up())
    Keeper(msgspec.json.decode(sys.argv[1], type=Spec)).keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
