"""Walks a Markdown page like its reader: writes the files it shows, runs its commands, compares what they print.

A Python or TOML block whose first line is a comment with a path is written to that file. In a `console` block, lines
after `$ ` are commands; what stands below one is what it prints, where `...` stands for anything and runs of blanks
count as one. `atoll run` goes on in the background until the next one, or the end of the page.
"""

import contextlib
import doctest
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Self

from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

TIMEOUT_S = 60.0
PORT = "8080"
TITLE = re.compile(r"# (?P<path>[\w./-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<expected>(?:(?!\$ ).*\n?)*)", re.MULTILINE)

_same = doctest.OutputChecker().check_output


class Walk:
    """One reader, in one folder. Owns the application that runs in the background."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: subprocess.Popen[str] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "COV"))}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = ours | {"PATH": programs, "PYTHONUNBUFFERED": "1", "SHOP_GATEWAY_PORT": self._port}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._stop()
        elif self._running is not None:  # what went wrong is told already
            self._running.kill()
            self._running.communicate(timeout=TIMEOUT_S)

    def page(self, path: Path) -> None:
        """Walk a whole page."""
        parsers = [CodeBlockParser(language, self._write) for language in ("py", "python", "toml")]
        document = Document.parse(str(path), *parsers, CodeBlockParser("console", self._type))
        for example in document.examples():
            example.evaluate()

    def _write(self, example: Example) -> None:
        if title := TITLE.match(example.parsed):
            (self._folder / title["path"]).write_text(example.parsed, encoding="utf-8")

    def _type(self, example: Example) -> None:
        for found in COMMAND.finditer(example.parsed):
            command, expected = found["command"], found["expected"]
            where = f"{example.path}:{example.line}: $ {command}"
            if command.startswith("cd "):
                self._folder /= command.removeprefix("cd ")
            elif command.startswith("atoll run"):
                self._start(command, expected, where)
            elif not command.startswith("curl ") or shutil.which("curl"):
                _compare(expected, self._run(command), where)

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command.replace(PORT, self._port)],
            cwd=self._folder,
            env=self._environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )
        return done.stdout.replace(self._port, PORT)

    def _start(self, command: str, expected: str, where: str) -> None:
        """Start it in the background, and wait until it has printed what is expected."""
        self._stop()
        self._running = subprocess.Popen(
            command.split(),
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._running.stdout is not None
        said = ""
        with _limit(self._running.kill):
            for line in self._running.stdout:
                said += line.replace(self._port, PORT)
                if _same(expected, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE):
                    return
        _compare(expected, said, where)

    def _stop(self) -> None:
        """Press Ctrl-C, and see that it ends in peace."""
        if self._running is None:
            return
        running, self._running = self._running, None
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=TIMEOUT_S)
        assert running.returncode == 0, f"after Ctrl-C it ended with {running.returncode}:\n{said}"


def _compare(expected: str, said: str, where: str) -> None:
    is_same = _same(expected, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert is_same, f"{where}\n--- the page says\n{expected}\n--- it printed\n{said}"


@contextlib.contextmanager
def _limit(end: Callable[[], None]) -> Generator[None]:
    """Call `end` when the block takes longer than is bearable."""
    timer = threading.Timer(TIMEOUT_S, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
