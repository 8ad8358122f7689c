"""How long a program takes from nothing to its first answer, and what it then occupies.

The program says on its standard output where it can be asked (`{"url": ..., "key": ...}`), or an empty object when it
has answered itself. At the end of its standard input it says how much CPU time it took (`{"cpu_s": ...}`) and ends.
"""

import http.client
import os
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import psutil

from benchmarks.measuring.cost import Cost
from benchmarks.measuring.machine import ROOT

T = TypeVar("T")

TIMEOUT_S = 60.0
"""Of one start, all in all."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A Python module to run and what to ask it for; it gets its arguments as they stand."""

    name: str
    module: str
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

    def minus(self, other: "Start") -> "Start":
        """How much more it is than another, taken within each round."""
        return Start(
            self.wall_s.minus(other.wall_s),
            self.cpu_s.minus(other.cpu_s),
            self.rss_bytes.minus(other.rss_bytes),
            self.uss_bytes.minus(other.uss_bytes),
        )

    def each(self, count: int) -> "Start":
        """The part of one among `count`."""
        return Start(
            self.wall_s.each(count), self.cpu_s.each(count), self.rss_bytes.each(count), self.uss_bytes.each(count)
        )


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
    command = [sys.executable, "-m", launch.module, *launch.arguments]
    pipe = subprocess.PIPE
    began_at = time.perf_counter()
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        limit = threading.Timer(TIMEOUT_S, process.kill)
        limit.start()
        try:
            place = _said(launch, process.stdout.readline(), _Place)
            if place.url:
                _ask(place, launch.path)
            wall_s = time.perf_counter() - began_at
            memory = psutil.Process(process.pid).memory_full_info()
            process.stdin.close()
            end = _said(launch, process.stdout.readline(), _End)
        except BaseException:
            process.kill()
            raise
        finally:
            limit.cancel()
    return wall_s, end.cpu_s, float(memory.rss), float(memory.uss)


def _said(launch: Launch, line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise RuntimeError(
            f"{launch.name}: {launch.module} ended, or said {line!r}; what it wrote above may say why"
        ) from error


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
