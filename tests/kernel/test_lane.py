"""Lanes: pieces of work that begin at once, in one task, and what cancels which of them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
import uvloop

from atoll.kernel import Lane, Tasks
from tests.patience import PATIENCE_S

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def on(new_loop: NewLoop, work: Callable[[Lane, list[str]], Awaitable[None]]) -> list[str]:
    """What is said while `work` has a lane."""
    said: list[str] = []

    async def main() -> None:
        tasks = Tasks("test")
        lane = Lane(tasks, "lane", lambda: said.append("ended"))
        lane.make_ready()
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await work(lane, said)
        lane.cancel()
        await tasks.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    return said


async def idle(lane: Lane) -> None:
    """Wait until nothing is in progress."""
    while lane.is_busy:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)


@LOOPS
def test_work_begins_at_once(new_loop: NewLoop) -> None:
    """And where it never waits, it has ended by then."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def piece() -> None:
            said.append("begun")

        lane.begin(piece())
        said.append("behind")

    assert on(new_loop, work) == ["begun", "ended", "behind"]


@LOOPS
def test_work_that_waits_goes_on_in_the_task_in_which_it_began(new_loop: NewLoop) -> None:
    """So that a timeout, a cancellation and a group of tasks find it."""
    tasks: list[asyncio.Task[Any] | None] = []  # Any: tasks of all kinds

    async def work(lane: Lane, said: list[str]) -> None:
        async def piece() -> None:
            tasks.append(asyncio.current_task())
            await asyncio.sleep(0.001)
            async with asyncio.timeout(1):
                await asyncio.sleep(0)
            tasks.append(asyncio.current_task())

        lane.begin(piece())
        tasks.append(asyncio.current_task())
        await idle(lane)

    on(new_loop, work)

    first, outside, later = tasks
    assert first is later
    assert first is not outside


@LOOPS
def test_pieces_come_one_after_the_other(new_loop: NewLoop) -> None:
    """Also where each is begun as the one before ends."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def piece(number: int) -> None:
            await asyncio.sleep(0)
            said.append(str(number))

        for number in range(3):
            lane.begin(piece(number))
            await idle(lane)

    assert on(new_loop, work) == ["0", "ended", "1", "ended", "2", "ended"]


def waits_for_a_task(child: asyncio.Task[None]) -> Coroutine[Any, Any, None]:  # Any: see Lane
    """The work awaits a task of its own."""

    async def piece() -> None:
        await child

    return piece()


def waits_for_a_group(child: asyncio.Task[None]) -> Coroutine[Any, Any, None]:  # Any: see Lane
    """The work awaits several at once."""

    async def piece() -> None:
        await asyncio.gather(child, asyncio.sleep(10))

    return piece()


@LOOPS
@pytest.mark.parametrize("made", [waits_for_a_task, waits_for_a_group])
def test_a_cancellation_before_the_task_has_taken_over_cancels_what_is_waited_for(
    new_loop: NewLoop,
    made: Callable[[asyncio.Task[None]], Coroutine[Any, Any, None]],  # Any: see Lane
) -> None:
    """As it would in a task: nothing may run on for nobody."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def child() -> None:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                said.append("cancelled")
                raise

        running = asyncio.ensure_future(child())
        await asyncio.sleep(0)
        lane.begin(made(running))
        lane.cancel()
        await asyncio.wait([running])
        await idle(lane)

    assert on(new_loop, work) == ["cancelled", "ended"]


@LOOPS
def test_a_cancellation_that_work_has_left_behind_does_not_end_the_lane(new_loop: NewLoop) -> None:
    """Only its owner does; the next piece of work finds it as it was."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def careless() -> None:
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().call_later(0.001, task.cancel)

        async def next_piece() -> None:
            await asyncio.sleep(0.001)
            said.append("answered")

        lane.begin(careless())
        await asyncio.sleep(0.01)
        lane.begin(next_piece())
        await idle(lane)

    assert on(new_loop, work) == ["ended", "answered", "ended"]


@LOOPS
def test_work_that_is_handed_to_a_lane_that_is_over_is_closed(new_loop: NewLoop) -> None:
    """Its owner is about to go."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def piece() -> None:
            said.append("begun")

        lane.cancel()
        await asyncio.sleep(0)
        lane.begin(piece())
        assert not lane.is_busy

    assert on(new_loop, work) == []


@LOOPS
@pytest.mark.parametrize("waits", [False, True])
def test_an_error_of_the_work_ends_the_work_alone(
    new_loop: NewLoop, waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, for nobody awaits it."""

    async def work(lane: Lane, said: list[str]) -> None:
        async def piece() -> None:
            if waits:
                await asyncio.sleep(0)
            raise KeyError("x")

        lane.begin(piece())
        await idle(lane)

    assert on(new_loop, work) == ["ended"]
    assert "KeyError" in caplog.text


@LOOPS
def test_a_lane_that_is_over_before_its_task_has_started_closes_its_work(new_loop: NewLoop) -> None:
    """The connection has gone with the first request still unread."""
    said: list[str] = []

    async def main() -> None:
        tasks = Tasks("test")
        lane = Lane(tasks, "lane", lambda: said.append("ended"))

        async def piece() -> None:
            said.append("begun")

        lane.begin(piece())
        lane.cancel()
        await tasks.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    assert said == ["ended"]


@LOOPS
def test_work_that_is_handed_to_a_lane_whose_task_has_not_started_is_begun_by_it(new_loop: NewLoop) -> None:
    """Whatever that work does to the task, cancelling it for instance, finds one that runs."""
    said: list[str] = []

    async def main() -> None:
        tasks = Tasks("test")
        lane = Lane(tasks, "lane", lambda: said.append("ended"))

        async def piece() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                said.append("cancelled")
                task.uncancel()

        lane.begin(piece())
        await idle(lane)
        lane.cancel()
        await tasks.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    assert said == ["cancelled", "ended"]
