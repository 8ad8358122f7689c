"""A handler that holds up the loop is named, once, with the line at which it does.

These tests block for real. On a busy machine the loop may be held up by others, too: what is said of them is passed
over.
"""

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from atoll import Application, Service, Unavailable, World, contract, depends, get, single
from atoll.testing import running

LIMIT_S = 0.05
BLOCK_S = 0.2


@contract(version="1.0")
class Mine(Protocol):
    """Digs."""

    @get("/dig")
    async def dig(self) -> None:
        """Block the loop."""
        ...

    @get("/rest")
    async def rest(self) -> None:
        """Wait, as one should."""
        ...


@contract(version="1.0")
class Town(Protocol):
    """Wants what is dug."""

    @get("/build")
    async def build(self) -> None:
        """Have it dug."""
        ...


def hard_work() -> None:
    """Hold up whoever calls."""
    time.sleep(BLOCK_S)


class _MineService(Service, Mine, owner="tests"):
    async def dig(self) -> None:
        hard_work()

    async def rest(self) -> None:
        await asyncio.sleep(BLOCK_S)


class _Spade:
    async def dig(self) -> None:
        hard_work()

    async def rest(self) -> None:
        """Nothing."""


class _TownService(Service, Town, owner="tests"):
    mine: Mine = depends(fallback=_Spade)

    async def build(self) -> None:
        await self.mine.dig()


TOWN = Application("town", services=[_TownService, _MineService], edges=())


@pytest.fixture
def real(tmp_path: Path) -> World:
    """The machine's own world, with a watchdog that is in a hurry."""
    return World.real(tmp_path, watchdog_s=LIMIT_S)


def line_of(function: Callable[..., object], text: str) -> str:
    """Where a text stands in a function: file and line."""
    lines, first = inspect.getsourcelines(function)
    return f"{inspect.getsourcefile(function)}:{first + next(i for i, line in enumerate(lines) if text in line)}"


async def test_a_handler_that_blocks_is_named_with_its_line_once_each_time(
    real: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Service, operation, the handler's line, and where that went."""
    async with single(TOWN, world=real) as app:
        for _ in range(2):
            await app.client(Town).build()
            await asyncio.sleep(LIMIT_S)

    first, second = messages(caplog, "mine.dig has held up the loop for 0.")
    for told in (first, second):
        assert f"at {line_of(_MineService, 'hard_work()')} (in {line_of(hard_work, 'time.sleep')})" in told
        assert told.endswith("; mark a handler that blocks @blocking")


async def test_what_blocks_in_a_fallback_or_elsewhere_is_named_too(
    real: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Not everything is a handler."""
    async with single(TOWN, world=real, services=["town"]) as app:
        await app.client(Town).build()
        await asyncio.sleep(LIMIT_S)
        hard_work()
        await asyncio.sleep(LIMIT_S)

    assert messages(caplog, "town, in its fallback for mine.dig, has held up the loop")
    others = messages(caplog, "something that is no handler has held up the loop")
    assert any(other.endswith(f"at {line_of(hard_work, 'time.sleep')}") for other in others)


async def test_who_waits_as_one_should_is_not_named(real: World, caplog: pytest.LogCaptureFixture) -> None:
    """The control: a slow operation does not hold up anybody."""
    async with single(TOWN, world=real) as app:
        await app.client(Mine).rest()

    assert messages(caplog, "mine.rest") == []


async def test_the_watchdog_ends_with_its_application(real: World) -> None:
    """Also with one that does not start."""
    async with single(TOWN, world=real):
        during = list(watchdogs())

    class _BrokenService(Service, Town, owner="tests"):
        async def start(self) -> None:
            raise Unavailable(service="town", reason="a test")

        async def build(self) -> None: ...

    with pytest.raises(Unavailable):
        async with single(Application("broken", services=[_BrokenService], edges=()), world=real):
            pass

    assert len(during) == 1
    assert list(watchdogs()) == []


async def test_nobody_watches_a_world_for_tests() -> None:
    """Its time is not the machine's."""
    async with running(TOWN):
        assert list(watchdogs()) == []


def watchdogs() -> Iterator[threading.Thread]:
    """The threads that watch a loop now."""
    return (thread for thread in threading.enumerate() if thread.name == "atoll-watchdog")


def messages(caplog: pytest.LogCaptureFixture, beginning: str) -> list[str]:
    """What watchdogs have said that begins like this."""
    said = [record for record in caplog.records if record.name == "atoll.watchdog"]
    assert all(record.levelno == logging.WARNING for record in said)
    return [record.message for record in said if record.message.startswith(beginning)]
