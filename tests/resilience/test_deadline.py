"""A wait that ends at its deadline, and what it does to the task that it shares with others."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from atoll import DeadlineExceeded
from atoll.resilience import Timer, within
from tests.simulated import simulated


def cancelling() -> int:
    """How many cancellations the current task has open."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def slept(seconds: float) -> str:
    """Sleeps, and says so."""
    await asyncio.sleep(seconds)
    return "slept"


def in_s(seconds: float) -> float:
    """A moment from now."""
    return asyncio.get_running_loop().time() + seconds


@simulated
async def test_what_is_in_time_is_the_result() -> None:
    """And nothing is left of the timer."""
    assert await within(in_s(2), slept(1), "it") == "slept"

    await asyncio.sleep(3)
    assert cancelling() == 0


@simulated
async def test_what_is_late_is_cut_at_the_deadline() -> None:
    """At the moment itself, and the task can go on."""
    with pytest.raises(DeadlineExceeded, match="it did not answer"):
        await within(in_s(1), slept(2), "it")

    assert asyncio.get_running_loop().time() == pytest.approx(1)
    assert cancelling() == 0
    await asyncio.sleep(1)


async def swallowing(result: object) -> object:
    """Work that takes its cancellation for nothing; it returns, or raises, after that."""
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        if isinstance(result, Exception):
            raise result from None
    return result


@simulated
async def test_a_late_result_is_no_result() -> None:
    """Over a network nobody would be there to take it."""
    with pytest.raises(DeadlineExceeded):
        await within(in_s(1), swallowing("late"), "it")

    assert cancelling() == 0


@simulated
async def test_an_error_of_its_own_at_the_deadline_leaves_the_task_as_it_was() -> None:
    """A task that went on with an open cancellation would be refused its next timeout."""
    with pytest.raises(KeyError):
        await within(in_s(1), swallowing(KeyError("own")), "it")

    assert cancelling() == 0


@simulated
async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    """Also when it comes at the very moment of the deadline: whoever asked the task to stop is obeyed."""

    async def work() -> None:
        await within(in_s(1), slept(5), "it")

    task = asyncio.ensure_future(work())
    asyncio.get_running_loop().call_at(in_s(1), task.cancel)
    await asyncio.wait([task])

    assert task.cancelled()


@simulated
async def test_one_timer_serves_wait_after_wait() -> None:
    """It moves on when it fires early, and fires for the wait that is too long."""
    timer = Timer()

    async def wait(limit_s: float, work: Coroutine[Any, Any, str]) -> str:  # Any: a coroutine's own send types
        return await timer.wait(in_s(limit_s), work, "it")

    said = [await wait(2, slept(1.5)) for _ in range(4)]
    nearer = await wait(0.5, slept(0.1))
    await asyncio.sleep(10)
    with pytest.raises(DeadlineExceeded):
        await wait(1, slept(2))
    timer.close()

    assert (said, nearer) == (["slept"] * 4, "slept")
    assert asyncio.get_running_loop().time() == pytest.approx(17.1)


@simulated
async def test_a_closed_timer_fires_no_more() -> None:
    """The task is somebody else's by then."""
    timer = Timer()
    await timer.wait(in_s(1), slept(0.5), "it")

    timer.close()
    await asyncio.sleep(2)

    assert cancelling() == 0
