"""How long programs take from nothing to their first answers, and what they then occupy.

A program says on its standard output where it can be asked (`{"urls": [...], "key": ...}`), or an empty object when it
has answered itself, and ends at the end of its standard input.
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

import msgspec
import psutil

from benchmarks.measuring.cost import Cost
from benchmarks.measuring.machine import ROOT
from benchmarks.measuring.processor import cpu_s

TIMEOUT_S = 60.0
"""Of one start, all in all."""

PAUSE_S = 0.002
NOT_YET = (502, 503, 504)
"""What a gateway answers for a service that is not there yet."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A Python module to run and what to ask it for; it gets its arguments as they stand.

    Where it says one URL, all paths are asked for there; else each at a URL of its own.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    paths: tuple[str, ...] = ("/",)


@dataclass(frozen=True, slots=True)
class Start:
    """One launch, or what several have in common: wall time, CPU time, and memory after the first answers.

    All but the wall time are sums over the program and the programs that it has started. `rss` counts what a process
    maps, `uss` what would be free without it (shared libraries are not).
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
    urls: list[str] = []
    key: str = ""


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
            place = _said(launch, process.stdout.readline())
            for number, path in enumerate(launch.paths if place.urls else ()):
                _ask(place.urls[number % len(place.urls)], place.key, path, began_at + TIMEOUT_S)
            wall_s = time.perf_counter() - began_at
            taken_s = cpu_s(process.pid)
            rss, uss = _memory(process.pid)
            process.stdin.close()
            process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            limit.cancel()
    return wall_s, taken_s, rss, uss


def _memory(pid: int) -> tuple[float, float]:
    process = psutil.Process(pid)
    memory = [each.memory_full_info() for each in (process, *process.children(recursive=True))]
    return float(sum(each.rss for each in memory)), float(sum(each.uss for each in memory))


def _said(launch: Launch, line: bytes) -> _Place:
    try:
        return msgspec.json.decode(line, type=_Place)
    except msgspec.DecodeError as error:
        raise RuntimeError(
            f"{launch.name}: {launch.module} ended, or said {line!r}; what it wrote above may say why"
        ) from error


def _ask(url: str, key: str, path: str, until: float) -> None:
    """Ask until there is an answer: a service may still be starting behind a gateway that is there already."""
    while True:
        status, content = _answer(url, key, path)
        if status == 200:
            return
        if status not in NOT_YET or time.perf_counter() > until:
            raise RuntimeError(f"GET {path} was answered with {status}: {content[:500].decode(errors='replace')}")
        time.sleep(PAUSE_S)


def _answer(url: str, key: str, path: str) -> tuple[int, bytes]:
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
