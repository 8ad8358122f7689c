"""Processes of the machine: what is told of their end, and that nothing of them is left."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from atoll.adapters.processes import Child, NotStarted, ending, free_port, is_accepting, start

PATIENCE_S = 10.0


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


async def test_what_cannot_be_started_is_told() -> None:
    """With the program that is not there."""
    with pytest.raises(NotStarted, match="it did not start: /nowhere/python: No such file"):
        start("it", ["/nowhere/python"], environment={}, folder=Path.cwd())


async def test_a_free_port_is_free(tmp_path: Path) -> None:
    """Nobody accepts connections there, nor where there is no socket."""
    assert not await is_accepting(free_port())
    assert not await is_accepting(str(tmp_path / "nobody.sock"))
