"""Alarms: one timer for all of a millisecond, and nothing of what is far away."""

import asyncio
import gc
import weakref
from typing import Any, cast

import pytest

from atoll.contract import DeadlineExceeded
from atoll.resilience import within
from tests.simulated import simulated


async def _answer() -> int:
    await asyncio.sleep(0)
    return 1


@simulated
async def test_finished_waits_leave_few_timers_however_far_their_deadlines_are() -> None:
    """Ten thousand calls with an hour left must not leave ten thousand timers."""
    loop = asyncio.get_running_loop()

    for number in range(10_000):
        await within(loop.time() + 3_600 + number / 1_000, _answer(), "test")

    timers = cast(Any, loop)._scheduled  # Any: no other way to see them
    armed = [handle for handle in timers if not handle.cancelled()]
    assert len(armed) < 10


@simulated
async def test_a_far_deadline_is_met_all_the_same() -> None:
    """It is approached in steps."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()

    with pytest.raises(DeadlineExceeded):
        await within(began_at + 100.25, asyncio.Event().wait(), "test")

    assert 100.25 <= loop.time() - began_at < 100.252


def test_a_loop_that_is_closed_is_let_go() -> None:
    """A test suite makes thousands of them."""
    held: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        held.append(weakref.ref(loop))
        assert await within(loop.time() + 1, _answer(), "test") == 1

    for _ in range(3):
        asyncio.run(work())
    gc.collect()

    assert [each() for each in held] == [None] * 3
