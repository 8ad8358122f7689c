"""Owners of concurrency: nothing outlives them."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from atoll.kernel import Context, Tasks, Threads, ThreadsBusy, context, current
from tests.patience import PATIENCE_S


async def test_a_task_carries_its_owner_in_its_name() -> None:
    """A list of tasks says whose they are."""
    tasks = Tasks("scoring")

    task = tasks.spawn(asyncio.sleep(0, "done"), "tidy")

    assert task.get_name() == "scoring/tidy"
    assert await task == "done"
    await tasks.close()


async def test_closing_cancels_what_runs_and_waits_for_its_end() -> None:
    """Also for what it does on its way out."""
    tasks = Tasks("scoring")
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("ended")

    task = tasks.spawn(work(), "work")
    await asyncio.sleep(0)
    await tasks.close()

    assert task.cancelled()
    assert seen == ["ended"]


async def test_closing_ends_what_a_task_spawns_on_its_way_out() -> None:
    """Nothing gets away."""
    tasks = Tasks("scoring")
    late: list[asyncio.Task[bool]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            late.append(tasks.spawn(asyncio.Event().wait(), "late"))

    first = tasks.spawn(work(), "work")
    await asyncio.sleep(0)
    await tasks.close()

    assert first.cancelled()
    assert [task.cancelled() for task in late] == [True]


async def test_a_task_may_close_its_own_owner() -> None:
    """It does not wait for itself."""
    tasks = Tasks("scoring")
    other = tasks.spawn(asyncio.Event().wait(), "other")

    await asyncio.wait_for(tasks.spawn(tasks.close(), "closer"), PATIENCE_S)

    assert other.cancelled()


async def test_a_task_that_fails_is_logged_by_name_and_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody awaits it, so that nobody else would tell."""
    tasks = Tasks("scoring")
    gate = asyncio.Event()

    async def fail() -> None:
        raise KeyError("boom")

    other = tasks.spawn(gate.wait(), "other")
    with caplog.at_level(logging.ERROR, "atoll.tasks"):
        await asyncio.wait([tasks.spawn(fail(), "failing")])
        await asyncio.sleep(0)
    gate.set()

    assert await other
    assert [record.getMessage() for record in caplog.records] == ["task scoring/failing ended with an error"]
    assert caplog.records[0].exc_info is not None
    await tasks.close()


async def test_work_that_is_kept_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever ends it; and it is told of."""
    tasks = Tasks("scoring")
    begun: list[int] = []
    goes_on = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise KeyError(begun)
        goes_on.set()
        await asyncio.Event().wait()

    _ = tasks.keep(work, "follow", again_s=0.0)
    await goes_on.wait()
    await tasks.close()

    assert begun == [0, 1, 2]
    said = [record.getMessage() for record in caplog.records]
    assert said == ["task scoring/follow ended with an error, and begins again"] * 2


async def test_the_error_of_a_task_that_is_awaited_is_told_there_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once is enough."""
    tasks = Tasks("scoring")

    async def fail() -> None:
        raise KeyError("boom")

    with caplog.at_level(logging.ERROR, "atoll.tasks"), pytest.raises(KeyError, match="boom"):
        await tasks.spawn(fail(), "failing", awaited=True)

    assert caplog.records == []
    await tasks.close()


async def test_a_task_runs_in_the_context_that_it_is_given() -> None:
    """By default in a copy of its maker's."""
    tasks = Tasks("scoring")
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("ours")
    empty = contextvars.Context()

    async def read() -> str:
        return variable.get()

    assert await tasks.spawn(read(), "copy") == "ours"
    assert await tasks.spawn(read(), "given", variables=empty) == "unset"
    await tasks.close()


class Gate:
    """Lets a function in a thread wait for a test, and a test for it."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.leave = threading.Event()
        self.left = 0
        self._loop = asyncio.get_running_loop()

    def work(self) -> str:
        """What runs in the thread."""
        self._loop.call_soon_threadsafe(self.entered.set)
        assert self.leave.wait(PATIENCE_S)
        self.left += 1
        return "worked"


@asynccontextmanager
async def opened(threads_max: int = 2, waiting_max: int = 1) -> AsyncGenerator[tuple[Threads, Gate]]:
    """Threads and a gate, which opens at the end."""
    threads, gate = Threads(threads_max, waiting_max), Gate()
    try:
        yield threads, gate
    finally:
        gate.leave.set()
        await threads.close()


async def test_blocking_work_runs_in_a_thread_of_the_pool_with_its_arguments() -> None:
    """And gives its result."""
    async with opened() as (threads, _):

        def work(*words: str, end: str) -> str:
            return f"{' '.join(words)}{end} in {threading.current_thread().name}"

        said = await threads.run(work, "hello", "there", end="!")

    assert said.startswith("hello there! in atoll-blocking")


async def test_an_exception_in_a_thread_is_the_callers() -> None:
    """As it was raised."""
    async with opened() as (threads, _):

        def fail() -> None:
            raise KeyError("boom")

        with pytest.raises(KeyError, match="boom"):
            await threads.run(fail)

        assert threads.taken == 0


async def test_a_stop_iteration_in_a_thread_is_an_error_and_no_endless_wait() -> None:
    """A future cannot carry one: see PEP 479."""
    async with opened() as (threads, _):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(threads.run(next, iter(())), PATIENCE_S)


async def test_a_thread_sees_the_callers_context_and_cannot_change_it() -> None:
    """It works in a copy."""
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("ours")

    def work() -> str:
        before = variable.get()
        variable.set("theirs")
        return before

    async with opened() as (threads, _):
        seen = await threads.run(work)

    assert (seen, variable.get()) == ("ours", "ours")


async def test_when_all_threads_work_and_as_many_wait_as_may_a_call_is_refused() -> None:
    """Every queue has a limit."""
    async with opened(threads_max=2, waiting_max=1) as (threads, gate):
        calls = [asyncio.create_task(threads.run(gate.work)) for _ in range(3)]
        await gate.entered.wait()

        with pytest.raises(ThreadsBusy, match="2 threads work and 1 calls wait"):
            await threads.run(gate.work)

        assert threads.taken == 3
        gate.leave.set()
        assert await asyncio.gather(*calls) == ["worked"] * 3
        assert threads.taken == 0


async def test_a_cancelled_wait_is_answered_at_once_while_the_thread_goes_on() -> None:
    """Nothing can interrupt a thread, and its place is taken until it returns."""
    async with opened() as (threads, gate):
        call = asyncio.create_task(threads.run(gate.work))
        await gate.entered.wait()

        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        assert (threads.taken, gate.left) == (1, 0)
        gate.leave.set()
        await threads.close()
        assert (threads.taken, gate.left) == (0, 1)


async def test_what_has_not_begun_does_not_begin_for_a_caller_who_has_gone() -> None:
    """Its place is given back, and nothing is done in vain."""
    async with opened(threads_max=1, waiting_max=1) as (threads, gate):
        running = asyncio.create_task(threads.run(gate.work))
        await gate.entered.wait()
        begun: list[str] = []
        waiting = asyncio.create_task(threads.run(begun.append, "begun"))
        await asyncio.sleep(0)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.leave.set()
        await running
        assert await threads.run(str, "next") == "next"

    assert begun == []


async def test_a_thread_knows_how_much_of_the_deadline_is_left() -> None:
    """Although it has no loop, whose clock deadlines are read from."""
    token = current.set(Context(deadline_at=asyncio.get_running_loop().time() + 100))
    async with opened() as (threads, _):
        left_s = await threads.run(lambda: context().remaining_s)
    current.reset(token)

    assert left_s is not None
    assert 0 < left_s <= 100


async def test_closing_waits_for_threads_that_work() -> None:
    """And leaves none behind."""
    async with opened() as (threads, gate):
        call = asyncio.create_task(threads.run(gate.work))
        await gate.entered.wait()
        closing = asyncio.create_task(threads.close())
        await asyncio.sleep(0)
        assert not closing.done()

        gate.leave.set()
        await closing

    assert await call == "worked"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("atoll-blocking")]


async def test_closing_refuses_what_has_not_begun() -> None:
    """Its caller hears that, and is not cancelled itself."""
    async with opened(threads_max=1, waiting_max=1) as (threads, gate):
        running = asyncio.create_task(threads.run(gate.work))
        await gate.entered.wait()
        waiting = asyncio.create_task(threads.run(gate.work))
        await asyncio.sleep(0)
        closing = asyncio.create_task(threads.close())

        with pytest.raises(ThreadsBusy, match="closed"):
            await waiting

        gate.leave.set()
        await closing
        assert await running == "worked"


async def test_a_caller_that_is_cancelled_while_the_pool_closes_is_cancelled() -> None:
    """The refusal does not swallow it."""
    async with opened(threads_max=1, waiting_max=1) as (threads, gate):
        running = asyncio.create_task(threads.run(gate.work))
        await gate.entered.wait()
        waiting = asyncio.create_task(threads.run(gate.work))
        await asyncio.sleep(0)
        closing = asyncio.create_task(threads.close())
        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await waiting

        gate.leave.set()
        await closing
        await running


async def test_a_closed_pool_stays_closed() -> None:
    """A late call makes no threads that nobody would end."""
    threads = Threads()
    await threads.close()

    with pytest.raises(ThreadsBusy, match="closed"):
        await threads.run(int)

    await threads.close()
