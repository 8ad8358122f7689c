"""A fleet that is supervised as any application is: by `atoll run --topology processes`, which can die itself."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from atoll.hosting import Directory, Peers
from atoll.kernel import AtollError
from atoll.processes import State, supervision
from tests.campaigns.crash.fleet import SERVICES, Death
from tests.campaigns.crash.keeper import Spec
from tests.cli.programs import ATOLL, environment
from tests.house.checkout import ROOT
from tests.topology.processes import peers_of_run, processes_of

PATIENCE_S = 60.0
APPLICATION = "tests.campaigns.crash.application:crash"


def end_with_parent() -> None:
    """In the child: do not outlive whoever runs the campaign, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@dataclass
class SupervisedFleet:
    """Owns the supervisor, and through it all processes. Fulfils `Fleet`."""

    spec: Spec
    log: IO[bytes]
    deaths: list[Death] = field(default_factory=list[Death])
    armed: dict[int, str] = field(default_factory=dict[int, str])
    _process: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> Directory:
        """Where its services listen: in another file after each start of the supervisor."""
        return Directory(self._peers() or Peers(), self._peers)

    def pids(self, services: Sequence[str]) -> list[int]:
        """The living processes of some services."""
        running = processes_of(Path(self.spec.state))
        return [pid for name, pid in running.items() if name.partition("-")[0] in services]

    def kill(self, pid: int) -> None:
        """Kill one of them."""
        service = next((each for each in SERVICES if pid in self.pids([each])), None)
        if service is not None:
            self._kill(pid, service)

    async def kill_supervisor(self) -> None:
        """Kill the supervisor, and start another one, which waits until all that the old one has started has gone."""
        assert self._process is not None
        self._kill(self._process.pid, "supervisor")
        self._process.wait(PATIENCE_S)
        self.start()
        await self.listening()

    def start(self) -> None:
        """Start a supervisor."""
        spec = self.spec
        counts = [f"{service}={list(spec.places.values()).count(service)}" for service in SERVICES]
        instances = [part for count in counts for part in ("--instances", count)]
        run = [str(ATOLL), "run", APPLICATION, "--topology", "processes", "--state", spec.state, "--drain", "0.5"]
        self._process = subprocess.Popen(
            [*run, *instances, "--json"],
            cwd=ROOT,
            env=environment(spec.settings),
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  # there are no threads that matter to it
        )

    async def listening(self) -> None:
        """Wait until all of them are ready."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + PATIENCE_S
        while not await self._are_ready():
            assert self._process is not None
            is_over = self._process.poll() is not None or loop.time() > ends_at
            assert not is_over, f"the application is not ready: {self.log.name} says why"
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        """Ask the supervisor to end, and wait for that."""
        assert self._process is not None
        self._process.terminate()
        await asyncio.get_running_loop().run_in_executor(None, self._process.wait, PATIENCE_S)

    async def _are_ready(self) -> bool:
        try:
            async with supervision(Path(self.spec.state)) as supervisor:
                processes = await supervisor.processes()
        except (AtollError, OSError):  # it is about to begin, or to end
            return False
        return len(processes) == len(self.spec.places) and all(each.state is State.READY for each in processes)

    def _kill(self, pid: int, service: str) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.deaths.append(Death(asyncio.get_running_loop().time(), service))

    def _peers(self) -> Peers | None:
        with suppress(OSError, ValueError, KeyError):
            return Peers(services=json.loads(peers_of_run(Path(self.spec.state)).read_bytes())["services"])
        return None


@asynccontextmanager
async def supervised_fleet(spec: Spec) -> AsyncGenerator[SupervisedFleet]:
    """An application under a supervisor until the block is left, which it does not outlive."""
    with (Path(spec.state) / "log").open("ab") as log:
        made = SupervisedFleet(spec, log)
        made.start()
        try:
            yield made
        finally:
            await made.end()
        assert not processes_of(Path(spec.state)), "something is left"
