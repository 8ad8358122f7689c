"""Programs that run while something is measured: started with a handshake, spoken to in lines of JSON, always ended.

Each says in a line on its standard output that it is ready, answers each line on its standard input by one, and ends
at the end of its input: so it ends even when whoever started it was killed.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Self, TypeVar

import msgspec

from benchmarks.measuring.machine import ROOT
from benchmarks.measuring.processor import cpu_s, pin

T = TypeVar("T")

TIMEOUT_S = 60.0
"""Of a start, and of an answer beyond the time that was asked for."""

GRACE_S = 5.0
"""How long a program may take to end by itself."""


class Ready(msgspec.Struct, frozen=True):
    """The first line of every program: where it can be asked, where anybody asks it."""

    address: str = ""


class Program:
    """One program. Owns its process; made by `Programs`."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], core: int | None) -> None:
        self.name = name
        self._core = core
        self._ready: Ready | None = None
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=pipe,
            stdout=pipe,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # an interrupt is ours to handle: it ends the programs in order
        )

    @property
    def pid(self) -> int:
        """The number of its process, which may have started others."""
        return self._process.pid

    def ready(self) -> str:
        """Wait until it is, and hold it on its core from then on; its address."""
        if self._ready is None:
            self._ready = self._hear(Ready, TIMEOUT_S)
            pin(self._process.pid, self._core)
        return self._ready.address

    def ask(self, question: msgspec.Struct, kind: type[T], within_s: float = 0.0) -> T:
        """Its answer, for which it may take so long."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: what it did not say tells so
            self._process.stdin.write(msgspec.json.encode(question) + b"\n")
            self._process.stdin.flush()
        return self._hear(kind, within_s + TIMEOUT_S)

    def cpu_s(self) -> float:
        """Processor time of it and its children up to now."""
        return cpu_s(self._process.pid)

    def leave(self) -> None:
        """Ask it to end."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def end(self) -> None:
        """See that it has ended, and everything that it started."""
        assert self._process.stdout is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        with suppress(ProcessLookupError):  # a session is a group of processes: what was started is in it, too
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()

    def _hear(self, kind: type[T], within_s: float) -> T:
        assert self._process.stdout is not None
        limit = threading.Timer(within_s, self._process.kill)
        limit.start()
        try:
            line = self._process.stdout.readline()
        finally:
            limit.cancel()
            limit.join()
        try:
            return msgspec.json.decode(line, type=kind)
        except msgspec.DecodeError as error:
            raise RuntimeError(
                f"{self.name}: it ended, or was silent for {within_s:.0f} s, or said {line[:200]!r}; "
                "what it wrote above may say why"
            ) from error


class Programs:
    """All programs of a measurement. At the end of its block none is left, whatever ended it."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs:
            program.leave()
        for program in self._programs:
            program.end()

    def start(self, name: str, module: str, *arguments: str, core: int | None = None) -> Program:
        """Start a module with these arguments; where a core is given, it is held there once it is ready."""
        program = Program(name, module, arguments, core)
        self._programs.append(program)
        return program
