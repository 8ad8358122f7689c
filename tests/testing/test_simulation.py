"""The simulated world: virtual time, simulated threads, no outside; a seed repeats it."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import pytest

from atoll import context
from atoll.testing import Deadlock, LoopClock, OutsideWorld, SimulatedLoop, simulate

HOURS = 3_600.0


def loop() -> SimulatedLoop:
    """The loop that runs."""
    running = asyncio.get_running_loop()
    assert isinstance(running, SimulatedLoop)
    return running


def test_hours_pass_in_no_time() -> None:
    """Nothing waits."""

    async def night() -> float:
        await asyncio.sleep(8 * HOURS)
        return loop().time()

    began = time.monotonic()
    assert simulate(night) == pytest.approx(8 * HOURS)
    assert time.monotonic() - began < 1


def test_time_begins_at_zero_and_only_timers_move_it() -> None:
    """Work takes none, unless it says so."""

    async def work() -> list[float]:
        times = [loop().time()]
        for _ in range(100):
            await asyncio.sleep(0)
        times.append(loop().time())
        loop().spend(2.5)
        times.append(loop().time())
        await asyncio.sleep(1)
        return [*times, loop().time()]

    assert simulate(work) == pytest.approx([0.0, 0.0, 2.5, 3.5])


def test_timers_come_in_their_order() -> None:
    """Also those that were set late."""

    async def work() -> list[str]:
        seen: list[str] = []

        async def later(name: str, delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            seen.append(f"{name} at {loop().time():g}")

        async with asyncio.TaskGroup() as group:
            for name, delay_s in (("c", 3), ("a", 1), ("b", 2)):
                group.create_task(later(name, delay_s))
        return seen

    assert simulate(work) == ["a at 1", "b at 2", "c at 3"]


def test_a_clock_follows_virtual_time() -> None:
    """So that a service sees the hours pass, in a thread, too."""

    async def work() -> list[str]:
        clock = LoopClock()
        times = [clock.now()]
        await asyncio.sleep(HOURS)
        times.append(clock.now())
        times.append(await loop().run_in_executor(None, clock.now))
        return [f"{moment:%H:%M}" for moment in times]

    assert simulate(work) == ["00:00", "01:00", "01:00"]


def test_what_waits_for_ever_is_told_with_its_line() -> None:
    """Instead of a test that hangs."""

    async def wait() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        task = asyncio.create_task(wait(), name="the waiter")
        await task

    with pytest.raises(Deadlock) as caught:
        simulate(work)

    assert "every task waits, and no timer is set" in str(caught.value)
    line = wait.__code__.co_firstlineno + 1
    assert f"the waiter waits at {__file__}:{line}" in str(caught.value)


def test_work_that_comes_to_no_end_is_told() -> None:
    """A heart that beats for ever keeps no test alive."""

    async def work() -> None:
        while True:  # noqa: ASYNC110  # nothing will ever happen: that is the point
            await asyncio.sleep(60)

    with pytest.raises(Deadlock, match="no end within 3600 virtual seconds"):
        simulate(work, limit_s=HOURS)


def test_who_is_given_up_may_clean_up() -> None:
    """In time of its own."""
    seen: list[float] = []

    async def work() -> None:
        try:
            await asyncio.sleep(2 * HOURS)
        finally:
            await asyncio.sleep(10)
            seen.append(loop().time())

    with pytest.raises(Deadlock):
        simulate(work, limit_s=HOURS)

    assert seen == [pytest.approx(10.0)]


colour: ContextVar[str] = ContextVar("colour", default="none")


def test_blocking_work_runs_without_a_thread_and_without_a_loop() -> None:
    """As it would in a thread, except that there is none."""

    def block(word: str) -> tuple[str, int, bool]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return word, threading.get_ident(), True
        return word, threading.get_ident(), False

    async def work() -> tuple[str, int, bool]:
        return await loop().run_in_executor(None, block, "hello")

    assert simulate(work) == ("hello", threading.get_ident(), True)


def test_blocking_work_takes_the_time_that_it_says_and_holds_up_nobody() -> None:
    """That is what threads are for."""

    async def work() -> list[str]:
        seen: list[str] = []

        async def tick() -> None:
            for _ in range(3):
                await asyncio.sleep(1)
                seen.append(f"tick at {loop().time():.0f}")

        ticking = asyncio.create_task(tick())
        spend = loop().spend
        await loop().run_in_executor(None, spend, 2.5)
        seen.append(f"done at {loop().time():.1f}")
        await ticking
        return seen

    assert simulate(work) == ["tick at 1", "tick at 2", "done at 2.5", "tick at 3"]


def test_errors_of_blocking_work_reach_who_waits_for_it() -> None:
    """As from a thread."""

    def block() -> None:
        raise KeyError("x")

    async def work() -> None:
        await loop().run_in_executor(None, block)

    with pytest.raises(KeyError):
        simulate(work)


def test_blocking_work_that_was_cancelled_before_it_began_does_not_run() -> None:
    """Nobody wants it any more."""
    seen: list[str] = []

    async def work() -> None:
        loop().run_in_executor(None, seen.append, "ran").cancel()
        await asyncio.sleep(1)

    simulate(work)

    assert not seen


def test_a_seed_repeats_the_order_of_blocking_work_and_another_one_changes_it() -> None:
    """It is the one thing here that chance decides."""

    async def work() -> list[int]:
        seen: list[int] = []
        await asyncio.gather(*(loop().run_in_executor(None, seen.append, number) for number in range(20)))
        return seen

    orders = [simulate(work, seed) for seed in (1, 1, 2)]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_threadsafe_calls_are_calls() -> None:
    """Signals and libraries make them on the loop's own thread."""

    async def work() -> str:
        future: asyncio.Future[str] = loop().create_future()
        loop().call_soon_threadsafe(future.set_result, "called")
        return await future

    assert simulate(work) == "called"


def test_a_real_thread_cannot_call_into_a_simulated_world() -> None:
    """When it would do so, no seed could repeat."""
    errors: list[BaseException] = []

    def intrude(into: SimulatedLoop) -> None:
        try:
            into.call_soon_threadsafe(print)
        except OutsideWorld as error:
            errors.append(error)

    async def work() -> None:
        thread = threading.Thread(target=intrude, args=(loop(),), name="intruder")
        thread.start()
        thread.join()

    simulate(work)

    (error,) = errors
    assert str(error) == "the thread intruder calls into a simulated world: run blocking work with @blocking"


def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Nobody connects."""


OUTSIDE: dict[str, Callable[[], Awaitable[object] | object]] = {
    "open_connection": lambda: asyncio.open_connection("localhost", 80),
    "start_server": lambda: asyncio.start_server(_connected, "localhost", 0),
    "open_unix_connection": lambda: asyncio.open_unix_connection("a.socket"),
    "getaddrinfo": lambda: loop().getaddrinfo("localhost", 80),
    "create_datagram_endpoint": lambda: loop().create_datagram_endpoint(asyncio.DatagramProtocol),
    "add_reader": lambda: loop().add_reader(0, print),
    "add_signal_handler": lambda: loop().add_signal_handler(2, print),
    "subprocess": lambda: asyncio.create_subprocess_exec("true"),
}


@pytest.mark.parametrize("way", OUTSIDE)
def test_what_reaches_out_is_refused(way: str) -> None:
    """A simulated world has no network, and says so instead of using the real one."""

    async def work() -> None:
        reached = OUTSIDE[way]()
        if isinstance(reached, Awaitable):
            await reached

    with pytest.raises(OutsideWorld, match="reaches out of a simulated world: use a fake, or a transport in memory"):
        simulate(work)


def test_a_default_executor_is_never_needed() -> None:
    """So that its end waits for no thread."""

    async def work() -> str:
        first = await asyncio.to_thread(lambda: "first")
        await loop().shutdown_default_executor()
        return first + await asyncio.to_thread(lambda: " second")

    before = threading.active_count()
    assert simulate(work) == "first second"
    assert threading.active_count() == before


def test_context_variables_pass_into_blocking_work_by_to_thread() -> None:
    """`asyncio.to_thread` copies them, in a simulated world, too."""

    async def work() -> str:
        colour.set("red")
        return await asyncio.to_thread(colour.get)

    assert simulate(work) == "red"


def test_a_timeout_ends_what_takes_too_long() -> None:
    """The loop's own means work in virtual time."""

    async def work() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(HOURS)
        return loop().time()

    assert simulate(work) == pytest.approx(5.0)


def test_an_error_that_nobody_awaited_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """As on any loop."""

    async def fail() -> None:
        raise KeyError("x")

    async def work() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task

    with caplog.at_level(logging.ERROR):
        simulate(work)

    assert "never retrieved" in caplog.text


def test_a_world_leaves_nothing_behind() -> None:
    """Loops of tests are many."""
    simulate(_nothing)

    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert context().deadline_at is None


async def _nothing() -> None: ...
