"""The program `atoll` as a process of its own, and waiting for what it says with an end to patience."""

import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.patience import PATIENCE_S

ATOLL = Path(sys.executable).with_name("atoll")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a person who has just opened a terminal, with the programs of this environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "COV_", "ATOLL_", "MARKET_", "SHOP_", "FORCE_COLOR"))
    }
    return kept | {"PATH": f"{ATOLL.parent}{os.pathsep}{kept.get('PATH', '')}"} | dict(extra or {})


def finished(
    *command: str | Path, folder: Path, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a program said until its end."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment(extra),
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


class Started:
    """A program that runs, and what it says, line by line."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes], errors: IO[bytes]) -> None:
        self.process = process
        self._output = output
        self._errors = errors
        self._rest = b""

    def line(self) -> str:
        """The next line of its output; empty when it has ended."""
        while b"\n" not in self._rest:
            piece = self._piece()
            if not piece:
                break
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def until(self, words: str) -> str:
        """All that it says until these words are among it."""
        while words.encode() not in self._rest:
            piece = self._piece()
            assert piece, f"it ended without saying {words!r}:\n{self.said()}"
            self._rest += piece
        return self._rest.decode()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def type(self, text: str) -> None:
        """Type something, where it runs on a terminal."""
        os.write(self._output.fileno(), text.encode())

    def code(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(PATIENCE_S)

    def _piece(self) -> bytes:
        end = time.monotonic() + PATIENCE_S
        ready, _, _ = select.select([self._output], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"it has been silent for {PATIENCE_S:g} s after:\n{self.said()}"
        try:
            return os.read(self._output.fileno(), 65536)
        except OSError:  # the other end of a terminal is closed
            return b""

    def said(self) -> str:
        """Everything that may tell why a test fails."""
        self._errors.seek(0)
        return f"{self._rest.decode()}\n{self._errors.read().decode()}"


@contextmanager
def started(*arguments: str, folder: Path, extra: Mapping[str, str] | None = None) -> Generator[Started]:
    """`atoll` with these arguments, ended at the latest when the block is left."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(ATOLL), *arguments], cwd=folder, env=environment(extra), stdout=subprocess.PIPE, stderr=errors
        )
        assert process.stdout is not None
        with process.stdout:
            yield from _until_left(process, process.stdout, errors)


@contextmanager
def on_terminal(*arguments: str, folder: Path, extra: Mapping[str, str] | None = None) -> Generator[Started]:
    """The same on a terminal of its own, which shows both its streams."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [str(ATOLL), *arguments],
        cwd=folder,
        env=environment(extra) | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as output:
        yield from _until_left(process, output, io.BytesIO())


def _until_left(process: subprocess.Popen[bytes], output: IO[bytes], errors: IO[bytes]) -> Generator[Started]:
    try:
        yield Started(process, output, errors)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)
