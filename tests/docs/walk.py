"""Walks a Markdown page like its reader: writes the files it shows, runs its commands, compares what they print.

A Python, TOML or YAML block whose first line is a comment with a path is written to that file; a `diff` block changes
the file that is there. In a `console` block, lines after `$ ` are commands; what stands below one is what it prints,
where `...` stands for anything and runs of blanks count as one. `atoll run` goes on in the background until the next
one, or the end of the page. Calls are made again for a while, until they print it: what is told by events arrives a
little later.
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
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Self

from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

from tests.patience import PATIENCE_S

TIMEOUT_S = 60.0
CALLS = ("atoll call", "curl", "revenue lead show", "revenue plan")
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
        ports = {"SHOP_GATEWAY_PORT": self._port, "REVENUE_GATEWAY_PORT": self._port}
        self._environment = ours | ports | {"PATH": programs, "PYTHONUNBUFFERED": "1"}

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
        parsers = [CodeBlockParser(language, self._write) for language in ("py", "python", "toml", "yaml")]
        parsers += [CodeBlockParser("diff", self._change), CodeBlockParser("console", self._type)]
        document = Document.parse(str(path), *parsers)
        for example in document.examples():
            example.evaluate()

    def _write(self, example: Example) -> None:
        if title := TITLE.match(example.parsed):
            (self._folder / title["path"]).write_text(example.parsed, encoding="utf-8")

    def _change(self, example: Example) -> None:
        """Put what it says instead of what was there, which has to stand in the file once."""
        title = TITLE.match(example.parsed)
        assert title, f"{example.path}:{example.line}: the first line of a `diff` block names its file"
        path = self._folder / title["path"]
        lines = example.parsed[title.end() :].splitlines(keepends=True)
        before, after = ("".join(line[1:] for line in lines if line[0] in marks) for marks in (" -", " +"))
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{example.path}:{example.line}: not once in {title['path']}:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def _type(self, example: Example) -> None:
        for found in COMMAND.finditer(example.parsed):
            command, expected = found["command"], found["expected"]
            where = f"{example.path}:{example.line}: $ {command}"
            if command.startswith("cd "):
                self._folder /= command.removeprefix("cd ")
            elif command.startswith("atoll run"):
                self._start(command, expected, where)
            elif not command.startswith("curl ") or shutil.which("curl"):
                _compare(expected, self._seen(command, expected), where)

    def _seen(self, command: str, expected: str) -> str:
        """What it prints; of calls, as soon as that is what is expected."""
        until = time.monotonic() + (PATIENCE_S if command.startswith(CALLS) else 0.0)
        while not _is_same(expected, said := self._run(command)) and time.monotonic() < until:
            pass
        return said

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
                if _is_same(expected, said):
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


def _is_same(expected: str, said: str) -> bool:
    return _same(expected, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)


def _compare(expected: str, said: str, where: str) -> None:
    assert _is_same(expected, said), f"{where}\n--- the page says\n{expected}\n--- it printed\n{said}"


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
