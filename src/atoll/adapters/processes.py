"""Processes of the machine: started, signalled, reaped, and never left behind.

Each is the leader of a session of its own, so that a terminal's Ctrl-C does not reach it, and so that whatever it has
started can be ended with it.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from atoll.kernel import AtollError

POLL_S = 0.02
"""How often a child is looked at where the system does not tell of its end."""

CONNECT_S = 0.5


class NotStarted(AtollError):
    """A process cannot be started, or ended before it was ready."""

    code = "not_started"
    retryable = True

    def __init__(self, name: str, reason: str, exit_code: int | None = None) -> None:
        super().__init__(name, reason, exit_code)
        self.name, self.reason, self.exit_code = name, reason, exit_code

    def __str__(self) -> str:
        return f"{self.name} did not start: {self.reason}"


class Lifeline:
    """A pipe whose one end is held by this process alone: whoever holds the other end learns when it is gone."""

    def __init__(self) -> None:
        self.descriptor, self._held = os.pipe()

    def close(self) -> None:
        """Let go of it, as the end of this process would."""
        os.close(self.descriptor)
        os.close(self._held)


class Child:
    """A process that was started here. Owns it until it has ended and was reaped.

    `is_told` says whether the system tells of its end, where it can.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, is_told: bool = True) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self.pid = process.pid
        self.ended: asyncio.Future[int] = self._loop.create_future()
        """Its exit code, once it has ended; minus the signal's number where a signal ended it."""
        self._watched: int | None = None
        if not (is_told and self._watch()):
            self._polling = self._loop.call_later(POLL_S, self._poll)

    def send(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        if not self.ended.done():  # then it was not reaped, and its number is its own: `Popen` might reap it here
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        if not self.ended.done():
            family = _family(self.pid)
            _kill_group(self.pid)
            self.send(signal.SIGKILL)
            for process in family:  # in groups of their own
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def memory_bytes(self, *, with_children: bool) -> int:
        """How much memory it has; with what it has started, which takes time to find out. 0 where it has ended."""
        try:
            process = psutil.Process(self.pid)
            children = process.children(recursive=True) if with_children else []
            return sum(each.memory_info().rss for each in (process, *children))
        except psutil.Error:
            return 0

    def _watch(self) -> bool:
        """Whether the system tells of its end from now on."""
        if sys.platform != "linux":
            return False
        try:
            watched = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # an old kernel, a Python that was built on one, or no descriptor is left
            return False
        try:
            self._loop.add_reader(watched, self._reap)
        except OSError:
            os.close(watched)
            return False
        self._watched = watched
        return True

    def _poll(self) -> None:
        if _is_running(self.pid):
            self._polling = self._loop.call_later(POLL_S, self._poll)
        else:
            self._reap()

    def _reap(self) -> None:
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None
        _kill_group(self.pid)  # what it has started and left behind; before it is reaped and its number is free
        code = self._process.wait()
        if not self.ended.done():
            self.ended.set_result(code)


def own_memory_bytes() -> int:
    """How much memory this process has."""
    return psutil.Process().memory_info().rss


def start(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    keeps: Sequence[int] = (),
    is_silent: bool = False,
) -> Child:
    """Start a process, which keeps the descriptors in `keeps` open.

    What it prints goes to standard error, or nowhere where it `is_silent`; what it says there is said here.

    Raises:
        NotStarted: the system cannot start it.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  # what the application's plan says
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_silent else 2,
            pass_fds=tuple(keeps),
            start_new_session=True,
        )
    except OSError as error:
        raise NotStarted(name, f"{command[0]}: {error.strerror or error}") from None
    return Child(process)


def ending(code: int) -> str:
    """How a process ended, in words.

    >>> ending(2), ending(-9)
    ('exit code 2', 'SIGKILL')
    """
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def free_port(name: str) -> int:
    """A port of the loopback address that nobody listens on now, for a process of this name.

    Raises:
        NotStarted: the system has none to give.
    """
    try:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise NotStarted(name, f"there is no free port: {error.strerror or error}") from None


async def is_accepting(path_or_port: str | int) -> bool:
    """Whether somebody accepts connections at a Unix socket, or at a port of this machine."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            if isinstance(path_or_port, str):
                transport, _ = await loop.create_unix_connection(asyncio.Protocol, path_or_port)
            else:
                transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", path_or_port)
    except (OSError, TimeoutError):
        return False
    transport.abort()
    await asyncio.sleep(0)  # a closed transport leaves on the loop's next turn
    return True


def _is_running(pid: int) -> bool:
    """Whether a child still runs. It is not reaped by that."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _family(pid: int) -> list[psutil.Process]:
    """All descendants of a process, as they are now."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
