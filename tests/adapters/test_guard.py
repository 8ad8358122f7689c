"""The guard of commands that are not Atoll's: nothing of them is left, whoever ends first."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from atoll.adapters import guard
from tests.patience import PATIENCE_S

# A command that starts another one, writes down both, and does not end by itself.
FAMILY = """
import os, signal, subprocess, sys, time
stubborn = "stubborn" in sys.argv[2]
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleeper, start_new_session="apart" in sys.argv[2])
with open(sys.argv[1] + ".part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(60)
"""


class Guarded:
    """A guard, what it guards, and the pipe whose end would be the supervisor's."""

    def __init__(self, process: subprocess.Popen[bytes], family: list[int], pipe: int) -> None:
        self.process = process
        self.family = family
        self.pipe = pipe

    def close(self) -> None:
        """End the pipe."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1

    def is_left(self) -> bool:
        """Whether anything of the family still runs, once it had time to end."""
        ends_at = time.monotonic() + PATIENCE_S
        while any(_runs(pid) for pid in self.family):
            if time.monotonic() > ends_at:
                return True
            time.sleep(0.02)
        return False


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def guarded(file: Path, manner: str = "", grace_s: float = 0.3) -> Generator[Guarded]:
    """A guard with a family of two."""
    reads, writes = os.pipe()
    command = [
        sys.executable,
        guard.__file__,
        str(reads),
        str(grace_s),
        sys.executable,
        "-c",
        FAMILY,
        str(file),
        manner,
    ]
    with subprocess.Popen(command, pass_fds=(reads,), start_new_session=True) as process:
        os.close(reads)
        ends_at = time.monotonic() + PATIENCE_S
        while not file.exists():
            assert time.monotonic() < ends_at
            time.sleep(0.02)
        made = Guarded(process, [int(word) for word in file.read_text(encoding="utf-8").split()], writes)
        try:
            yield made
        finally:
            made.close()
            process.wait(PATIENCE_S)


MANNERS = ["", "stubborn", "apart", "stubborn, apart"]
"""What the family is like: the second one in a session of its own, perhaps."""


@pytest.mark.parametrize("manner", MANNERS)
def test_it_is_told_to_stop(tmp_path: Path, manner: str) -> None:
    """The command is told, too, and killed where it does not listen."""
    with guarded(tmp_path / "pids", manner) as family:
        family.process.send_signal(signal.SIGTERM)
        family.process.wait(PATIENCE_S)

        assert not family.is_left()


@pytest.mark.parametrize("manner", MANNERS)
def test_the_supervisor_is_gone(tmp_path: Path, manner: str) -> None:
    """The end of the pipe is the end of all."""
    with guarded(tmp_path / "pids", manner) as family:
        family.close()
        family.process.wait(PATIENCE_S)

        assert not family.is_left()


def test_the_exit_code_is_the_commands() -> None:
    """Whoever looks at it wants to know how the command has ended."""
    reads, writes = os.pipe()
    command = [sys.executable, guard.__file__, str(reads), "1", sys.executable, "-c", "raise SystemExit(7)"]
    done = subprocess.run(command, pass_fds=(reads,), check=False, start_new_session=True, timeout=PATIENCE_S)
    os.close(reads)
    os.close(writes)

    assert done.returncode == 7


def test_a_command_that_does_not_exist_is_told() -> None:
    """As a shell would."""
    reads, writes = os.pipe()
    command = [sys.executable, guard.__file__, str(reads), "1", "/nowhere/node", "tax.js"]
    done = subprocess.run(
        command,
        pass_fds=(reads,),
        check=False,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=PATIENCE_S,
    )
    os.close(reads)
    os.close(writes)

    assert done.returncode == 127
    assert "/nowhere/node cannot be started: No such file or directory" in done.stderr
