"""A fleet whose processes are forked by a keeper, which tells of each of their deaths."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from atoll.hosting import Directory
from tests.campaigns.crash.fleet import Death, is_listening
from tests.campaigns.crash.keeper import Spec, Told
from tests.campaigns.crash.points import LEAVING
from tests.house.checkout import ROOT

PATIENCE_S = 120.0
LEAVES_S = 1.5
"""When a process that is to die on its way out is asked to end: it has leases by then."""


@dataclass
class ForkedFleet:
    """Owns the keeper, and through it all processes. Fulfils `Fleet`."""

    spec: Spec
    log: IO[bytes]
    process: subprocess.Popen[bytes]
    living: dict[str, int] = field(default_factory=dict[str, int])
    """The processes, by place."""
    deaths: list[Death] = field(default_factory=list[Death])
    armed: dict[int, str] = field(default_factory=dict[int, str])
    """The points at which processes are to die that have not yet."""
    _reached: dict[int, str] = field(default_factory=dict[int, str])
    _rest: bytes = b""

    @property
    def directory(self) -> Directory:
        """Where its services listen."""
        return Directory(self.spec.peers)

    def pids(self, services: Sequence[str]) -> list[int]:
        """The living processes of some services."""
        return [pid for place, pid in self.living.items() if self.spec.places[place] in services]

    def kill(self, pid: int) -> None:
        """Kill one of them; the keeper tells of its death."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def say(self, words: str) -> None:
        """Tell the keeper what to do."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(f"{words}\n".encode())
            self.process.stdin.flush()

    async def listening(self) -> None:
        """Wait until all places listen."""
        ends_at = asyncio.get_running_loop().time() + PATIENCE_S
        for place in self.spec.places:
            while not await is_listening(f"{self.spec.state}/{place}.sock"):
                is_over = self.process.poll() is not None or asyncio.get_running_loop().time() > ends_at
                assert not is_over, f"{place} does not listen: {self.log.name} says why"
                await asyncio.sleep(0.01)

    def heard(self) -> None:
        """Read what the keeper and its children have said."""
        assert self.process.stdout is not None
        with suppress(BlockingIOError):
            while piece := os.read(self.process.stdout.fileno(), 65536):
                self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._note(msgspec.json.decode(line, type=Told))

    def _note(self, told: Told) -> None:
        loop = asyncio.get_running_loop()
        service = self.spec.places[told.place]
        if told.did == "started":
            self.living[told.place] = told.pid
            if told.point:
                self.armed[told.pid] = told.point
            if told.point in LEAVING:
                loop.call_later(LEAVES_S, self.say, f"end {told.place}")
        elif told.did == "reached":
            self._reached[told.pid] = told.point
        else:
            if self.living.get(told.place) == told.pid:
                del self.living[told.place]
            self.armed.pop(told.pid, None)
            point = self._reached.pop(told.pid, "")
            self.deaths.append(Death(loop.time(), service, point, told.code))


@asynccontextmanager
async def forked_fleet(spec: Spec) -> AsyncGenerator[ForkedFleet]:
    """An application in processes of their own until the block is left, which they do not outlive."""
    loop = asyncio.get_running_loop()
    command = [sys.executable, "-m", "tests.campaigns.crash.keeper", msgspec.json.encode(spec).decode()]
    with (Path(spec.state) / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  # it is started in a moment
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        assert process.stdout is not None
        assert process.stdin is not None
        os.set_blocking(process.stdout.fileno(), False)
        made = ForkedFleet(spec, log, process)
        loop.add_reader(process.stdout.fileno(), made.heard)
        try:
            yield made
        finally:
            loop.remove_reader(process.stdout.fileno())
            with suppress(BrokenPipeError):
                process.stdin.close()
            os.set_blocking(process.stdout.fileno(), True)
            await loop.run_in_executor(None, process.stdout.read)
            process.wait(PATIENCE_S)
            process.stdout.close()
