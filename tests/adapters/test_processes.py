"""Processes of the machine: what is told of their end, and that nothing of them is left."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from atoll.adapters.processes import Child, NotStarted, ending, free_port, is_accepting, start
from tests.patience import PATIENCE_S


def begun(program: str, *arguments: str) -> Child:
    """A Python program that was started."""
    return start("it", [sys.executable, "-c", program, *arguments], environment=os.environ, folder=Path.cwd())


def written(file: Path) -> int:
    """The number in a file."""
    return int(file.read_text(encoding="utf-8"))


async def test_its_end_is_told_with_its_exit_code() -> None:
    """As soon as it has ended."""
    child = begun("raise SystemExit(7)")

    async with asyncio.timeout(PATIENCE_S):
        assert await child.ended == 7


async def test_its_end_is_noticed_where_the_system_does_not_tell() -> None:
    """Not every system has descriptors of processes."""
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    process = subprocess.Popen(command, start_new_session=True)  # noqa: ASYNC220 - as the driver does

    async with asyncio.timeout(PATIENCE_S):
        assert await Child(process, is_told=False).ended == 7


async def test_its_end_is_noticed_where_no_descriptor_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that was started is never without an owner."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", full)
    child = begun("raise SystemExit(7)")

    async with asyncio.timeout(PATIENCE_S):
        assert await child.ended == 7


@pytest.mark.parametrize("is_told", [True, False])
async def test_nothing_is_signalled_once_it_is_reaped(monkeypatch: pytest.MonkeyPatch, is_told: bool) -> None:
    """Its number may be somebody else's by then."""
    signalled: list[bool] = []

    def noted(pid: int, _: int) -> None:
        signalled.append(psutil.pid_exists(pid))

    monkeypatch.setattr(os, "killpg", noted)
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)  # noqa: ASYNC220 - as the driver does
    child = Child(process, is_told=is_told)
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)  # noqa: ASYNC251 - so that the loop does not hear of its end

    child.send(signal.SIGHUP)
    async with asyncio.timeout(PATIENCE_S):
        await child.ended

    assert signalled == [True]


async def test_what_it_has_started_ends_with_it(tmp_path: Path) -> None:
    """Whether it is killed, or ends by itself."""
    starts = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, file=open(sys.argv[1], 'w'))"
    child = begun(starts, str(tmp_path / "pid"))
    async with asyncio.timeout(PATIENCE_S):
        code = await child.ended
        pid = written(tmp_path / "pid")
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - it is no child of ours
            await asyncio.sleep(0.01)

    assert code == 0


async def test_it_is_killed_with_its_group() -> None:
    """Even where it does not listen."""
    child = begun("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")
    child.kill()

    async with asyncio.timeout(PATIENCE_S):
        assert ending(await child.ended) == "SIGKILL"
    child.send(signal.SIGTERM)
    child.kill()
    assert child.memory_bytes(with_children=True) == 0


async def test_it_is_killed_with_what_it_has_started_in_a_session_of_its_own(tmp_path: Path) -> None:
    """Such a one is in no group of its: it would be left, and hold what it has."""
    program = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(child.pid))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""
    child = begun(program, str(tmp_path / "pid"))
    async with asyncio.timeout(PATIENCE_S):
        while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        pid = written(tmp_path / "pid")
        child.kill()
        await child.ended
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - it is no child of ours
            await asyncio.sleep(0.01)


async def test_what_cannot_be_started_is_told() -> None:
    """With the program that is not there."""
    with pytest.raises(NotStarted, match="it did not start: /nowhere/python: No such file"):
        start("it", ["/nowhere/python"], environment={}, folder=Path.cwd())


async def test_a_port_that_the_system_does_not_give_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when too many files are open: whoever starts a process tries again later."""

    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "create_server", full)

    with pytest.raises(NotStarted, match="tax-1 did not start: there is no free port: Too many open files"):
        free_port("tax-1")


async def test_a_free_port_is_free(tmp_path: Path) -> None:
    """Nobody accepts connections there, nor where there is no socket."""
    assert not await is_accepting(free_port("it"))
    assert not await is_accepting(str(tmp_path / "nobody.sock"))
