"""How long a program takes from nothing to its first answer, and what it then occupies.

The program says on its standard output where it can be asked (`{"url": ..., "key": ...}`), or an empty object when it
has answered itself. At the end of its standard input it says how much CPU time it took (`{"cpu_s": ...}`) and ends.
"""

import http.client
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from benchmarks.measuring.cost import Cost

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Launch:
    """A Python program and what to ask it for; it gets its arguments as they stand."""

    name: str
    program: Path
    arguments: tuple[str, ...] = ()
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Start:
    """One launch, or what several have in common: wall time, CPU time, and memory after the first answer.

    `rss` counts what the process maps, `uss` what would be free without it (shared libraries are not).
    """

    wall_s: Cost
    cpu_s: Cost
    rss_bytes: Cost
    uss_bytes: Cost


class _Place(msgspec.Struct):
    url: str = ""
    key: str = ""


class _End(msgspec.Struct):
    cpu_s: float


def launched(launches: Sequence[Launch], rounds: int, on_launch: Callable[[], None]) -> dict[str, Start]:
    """Each program started `rounds` times in turn, after one start that only writes bytecode; by its name."""
    found: dict[str, list[tuple[float, float, float, float]]] = {launch.name: [] for launch in launches}
    for number in range(rounds + 1):
        for launch in launches:
            sample = _launch(launch)
            if number:
                found[launch.name].append(sample)
            on_launch()
    return {name: Start(*(Cost(column) for column in zip(*samples, strict=True))) for name, samples in found.items()}


def _launch(launch: Launch) -> tuple[float, float, float, float]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(launch.program), *launch.arguments]
    began_at = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            place = msgspec.json.decode(process.stdout.readline() or b"null", type=_Place)
            if place.url:
                _ask(place, launch.path)
            wall_s = time.perf_counter() - began_at
            memory = psutil.Process(process.pid).memory_full_info()
            process.stdin.close()
            end = msgspec.json.decode(process.stdout.readline() or b"null", type=_End)
            process.wait(TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
    return wall_s, end.cpu_s, float(memory.rss), float(memory.uss)


def _ask(place: _Place, path: str) -> None:
    address = urllib.parse.urlsplit(place.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {place.key}"} if place.key else {})
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise RuntimeError(f"GET {path} was answered with {response.status}: {content[:500].decode(errors='replace')}")
