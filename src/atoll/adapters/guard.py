"""Stands between the supervisor and a command that is not Atoll's: nothing of it outlives either of them.

A program of its own, run by its path, that needs nothing but the standard library:

    python guard.py DESCRIPTOR SECONDS COMMAND ...

It is the leader of the group in which the command runs. When it is told to stop (SIGTERM), or when the pipe at
DESCRIPTOR ends because the supervisor is gone, the group is told to stop, too, and killed after so many seconds. Its
exit code is the command's. What the command has started in a session of its own, and left behind, ends with it as well
where the system is Linux, which hands it to the guard.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

POLL_S = 0.05
PR_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl(2): orphans among one's descendants become one's own children."""


def main(descriptor: int, grace_s: float, command: list[str]) -> int:
    """Run the command; its exit code, once it has ended."""
    os.set_inheritable(descriptor, False)  # a positional-only argument
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    _adopt_orphans()
    try:
        process = subprocess.Popen(command)  # noqa: S603  # what the application lists
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror or error}\n")
        return 127
    pipe = select.poll()
    pipe.register(descriptor, select.POLLHUP)
    is_gone = False
    while process.poll() is None and not is_gone and signal.SIGTERM not in asked and signal.SIGINT not in asked:
        is_gone = bool(pipe.poll(POLL_S * 1000))
        _bury_orphans(process.pid)
    if process.poll() is None:
        os.killpg(0, signal.SIGTERM)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            _kill_family()
            os.killpg(0, signal.SIGKILL)
    code = process.wait()
    _kill_family()
    if is_gone:
        os.killpg(0, signal.SIGKILL)  # nobody else is left who would end what the command has left behind
    return code if code >= 0 else 128 - code


def _adopt_orphans() -> None:
    """Be the parent of whoever loses its own, in whichever session it is."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _bury_orphans(command: int) -> None:
    """Let go of adopted children that have ended; how the command has ended is for others to ask."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(ChildProcessError):
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while (ended := os.waitid(os.P_ALL, 0, options)) is not None and ended.si_pid != command:
            os.waitpid(ended.si_pid, 0)


def _kill_family() -> None:
    """Kill all descendants: whoever loses its parent becomes a child, and is next."""
    while killed := [child for child in _children() if _is_killed(child)]:
        for child in killed:
            os.waitpid(child, 0)


def _is_killed(child: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
        return True
    return False


def _children() -> list[int]:
    """Those whose parent this process is, as Linux tells; elsewhere none."""
    if sys.platform != "linux":
        return []
    found: list[int] = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = file.read_bytes().rpartition(b")")[2].split()[1]  # behind the name, which may hold anything
            if int(parent) == os.getpid():
                found.append(int(file.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
