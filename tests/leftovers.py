"""A test fails when it leaves something behind: a task, a thread, a socket or a child process.

What was there before the test (a browser, a running application of the whole module) may stay. What is on its way out
gets `GRACE_S` to leave: a closing transport needs a turn of its loop, an ended thread a moment.
"""

import asyncio
import os
import stat
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import pytest
from pytest_asyncio import is_async_test

GRACE_S = 1.0
POLL_S = 0.01

# Threads of a loop's default executor belong to the loop, which ends them when it closes, after the last fixture.
OWNED_BY_THE_LOOP = "asyncio_"


@dataclass(frozen=True)
class Snapshot:
    """What exists at one moment, each with an identity that is not used twice."""

    tasks: frozenset[asyncio.Task[object]]
    threads: frozenset[threading.Thread]
    sockets: frozenset[int]
    children: frozenset[int]

    @classmethod
    def now(cls, loop: asyncio.AbstractEventLoop | None = None) -> Self:
        """What exists now; the tasks are those of `loop`."""
        return cls(
            tasks=frozenset(asyncio.all_tasks(loop)) if loop else frozenset(),
            threads=frozenset(thread for thread in threading.enumerate() if _is_ours(thread)),
            sockets=frozenset(_sockets()),
            children=frozenset(_children()),
        )

    def left_since(self, before: "Snapshot") -> list[str]:
        """A line for each thing that is here and was not there before."""
        return [
            *(f"task {task.get_name()}: {task.get_coro()}" for task in self.tasks - before.tasks),
            *(f"thread {thread.name}" for thread in self.threads - before.threads),
            *(f"socket with inode {inode}" for inode in self.sockets - before.sockets),
            *(f"child process {_command(pid)}" for pid in self.children - before.children),
        ]


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    if is_async_test(request.node):
        request.getfixturevalue("_nothing_is_left_on_the_loop")
        yield
        return
    before = Snapshot.now()
    yield
    deadline = time.monotonic() + GRACE_S
    while (left := Snapshot.now().left_since(before)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    _refuse(left)


@pytest.fixture
async def _nothing_is_left_on_the_loop() -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    before = Snapshot.now(loop)
    yield
    here = asyncio.current_task()
    assert here is not None
    before = Snapshot(before.tasks | {here}, before.threads, before.sockets, before.children)
    deadline = time.monotonic() + GRACE_S
    while (left := Snapshot.now(loop).left_since(before)) and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(POLL_S)
    _refuse(left)


def _refuse(left: list[str]) -> None:
    if left:
        pytest.fail("The test left behind:\n  " + "\n  ".join(sorted(left)), pytrace=False)


def _is_ours(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith(OWNED_BY_THE_LOOP)


def _sockets() -> Iterator[int]:
    for descriptor in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(descriptor.name))
        except OSError:  # the descriptor that listed the folder
            continue
        if stat.S_ISSOCK(status.st_mode):
            yield status.st_ino


def _children() -> Iterator[int]:
    threads = Path("/proc/self/task")
    if not threads.exists():
        yield from (child.pid for child in psutil.Process().children())
        return
    for thread in threads.iterdir():
        try:
            yield from map(int, (thread / "children").read_text().split())
        except FileNotFoundError:  # the thread has just ended
            continue


def _command(pid: int) -> str:
    try:
        return f"{pid}: {' '.join(psutil.Process(pid).cmdline()) or 'ended, and nobody waited for it'}"
    except psutil.NoSuchProcess:
        return f"{pid}: ended just now"
