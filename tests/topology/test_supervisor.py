"""The supervisor with real processes, from inside: what is started, replaced, scaled, and what becomes of the dead."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from atoll.problems import Unavailable
from atoll.processes import Did, NoSuchService, NotPossible, NotStarted, ProcessStatus, State
from atoll.testing import RunningProcesses, running_processes
from tests.patience import PATIENCE_S
from tests.topology.busy import Eager, Order, Orders, Stock

BUSY = "tests.topology.busy:busy"


async def statuses(application: RunningProcesses) -> dict[str, ProcessStatus]:
    """Each process as it is now, by name."""
    return {each.name: each for each in await application.supervisor.processes()}


async def until(application: RunningProcesses, name: str, state: State = State.READY) -> ProcessStatus:
    """The process of this name, once it is in this state."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := (await statuses(application)).get(name)) is None or found.state is not state:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
    return found


def peers_of(application: RunningProcesses) -> str:
    """What is said about where everybody listens."""
    return Path(application.supervisor.peers_file).read_text(encoding="utf-8")


async def names_of(steps: AsyncIterator[object]) -> list[str]:
    """Steps in words."""
    return [f"{getattr(step, 'process', '')} {getattr(step, 'did', '')}" async for step in steps]


async def test_services_in_processes_call_each_other() -> None:
    """Orders asks Stock, which runs in another process."""
    async with running_processes(BUSY) as application:
        served = await application.client(Orders).order(Order(item="hat"))
        found = await statuses(application)

    assert served.pid == found["stock-1"].pid
    assert found["orders-1"].pid not in (served.pid, os.getpid())


async def test_a_state_folder_is_kept_and_taken_up_again(tmp_path: Path) -> None:
    """For tests of what outlives processes."""
    for _ in range(2):
        async with running_processes(BUSY, state=tmp_path / "state") as application:
            served = await application.client(Orders).order(Order(item="hat"))

        assert served.pid
        assert list((tmp_path / "state").iterdir())


async def test_a_group_shares_a_process() -> None:
    """Its calls stay inside."""
    async with running_processes(BUSY, groups=[("orders", "stock")]) as application:
        served = await application.client(Orders).order(Order(item="hat"))
        found = await statuses(application)

    assert {name: process.pid for name, process in found.items()} == {"orders+stock-1": served.pid}


async def test_calls_go_to_all_instances() -> None:
    """What is started is used."""
    async with running_processes(BUSY, instances={"stock": 3}) as application:
        stock = application.client(Stock)
        pids = {(await stock.level("hat")).pid for _ in range(60)}

    assert len(pids) == 3


async def test_what_dies_is_started_again_under_another_number() -> None:
    """And says how its predecessor ended; a number is never used twice."""
    async with running_processes(BUSY) as application:
        with pytest.raises(Unavailable):
            await application.client(Stock).end(7)
        found = await until(application, "stock-2")
        served = await application.client(Orders).order(Order(item="hat"))

    assert (found.restarts, found.last_exit) == (1, "exit code 7")
    assert served.pid == found.pid


async def test_the_dead_are_taken_from_the_peers_at_once() -> None:
    """Nobody is sent where nobody is."""
    async with running_processes(BUSY) as application:
        os.kill((await statuses(application))["stock-1"].pid, signal.SIGKILL)
        await until(application, "stock", State.BACKING_OFF)
        without = peers_of(application)
        await until(application, "stock-2")
        again = peers_of(application)

    assert "stock-1" not in without
    assert "stock-2" in again


async def test_a_restart_replaces_instances_one_by_one() -> None:
    """The new one takes calls before the old one leaves."""
    async with running_processes(BUSY, instances={"stock": 2}) as application:
        steps = await names_of(application.supervisor.restart("stock"))
        after = await statuses(application)

    assert steps == [
        *("stock-3 started", "stock-3 ready", "stock-1 draining", "stock-1 ended"),
        *("stock-4 started", "stock-4 ready", "stock-2 draining", "stock-2 ended"),
    ]
    assert {"stock-3", "stock-4"} <= after.keys()


async def test_scaling_starts_and_ends_instances() -> None:
    """While the others go on."""
    async with running_processes(BUSY) as application:
        up = await names_of(application.supervisor.scale("stock", 3))
        down = await names_of(application.supervisor.scale("stock", 1))
        served = await application.client(Orders).order(Order(item="hat"))
        after = await statuses(application)

    assert [step for step in up if "ready" in step] == ["stock-2 ready", "stock-3 ready"]
    assert [step for step in down if "ended" in step] == ["stock-3 ended", "stock-2 ended"]
    assert served.pid == after["stock-1"].pid


async def test_what_cannot_be_done_is_said() -> None:
    """With the name that was probably meant."""
    async with running_processes(BUSY) as application:
        with pytest.raises(NoSuchService, match="did you mean `stock`"):
            await names_of(application.supervisor.restart("stok"))
        with pytest.raises(NotPossible, match="cannot have 0 instances"):
            await names_of(application.supervisor.scale("stock", 0))


async def test_processes_say_how_they_fare() -> None:
    """Services, versions, owners, memory and calls, from their own mouth."""
    async with running_processes(BUSY) as application:
        stock = application.client(Stock)
        async with asyncio.timeout(PATIENCE_S):
            while not (found := (await statuses(application))["stock-1"]).calls_per_s or not found.memory_bytes:
                await stock.level("hat")

    assert [(each.name, each.version, each.owner) for each in found.services] == [("stock", "1.0", "warehouse")]
    assert found.memory_bytes > 10_000_000
    assert found.health == "well"


async def test_who_does_not_answer_is_called_silent() -> None:
    """It runs, and that is all that is known."""
    async with running_processes(BUSY) as application:
        pid = (await statuses(application))["stock-1"].pid
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_S):
            while (await statuses(application))["stock-1"].health != "silent":  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGCONT)


async def test_who_does_not_drain_is_killed() -> None:
    """A loop that does not turn does not hear that it shall end."""
    async with running_processes(BUSY, drain_s=0.2) as application:
        pid = (await statuses(application))["stock-1"].pid
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await application.client(Stock).get_stuck(60)

    assert not psutil.pid_exists(pid)


async def test_calls_in_progress_end_before_their_process() -> None:
    """A restart is not noticed by who is being answered."""
    async with running_processes(BUSY) as application:
        before = (await statuses(application))["stock-1"].pid
        slow = asyncio.get_running_loop().create_task(_slow(application.client(Stock), 1.0))
        await asyncio.sleep(0.1)
        steps = await names_of(application.supervisor.restart("stock"))
        served = await slow

    assert served == before
    assert steps[-1] == f"stock-1 {Did.ENDED}"


async def _slow(stock: Stock, seconds: float) -> int:
    return (await stock.slow(seconds)).pid


async def test_the_order_of_starting_does_not_matter() -> None:
    """Who asks too early, at its own start, is started again."""
    async with running_processes("tests.topology.busy:eager") as application:
        served = await application.client(Eager).first()
        found = await statuses(application)

    assert served.pid in [each.pid for each in found.values()]


async def test_who_cannot_start_ends_the_start_of_all() -> None:
    """After some attempts: what it needs may have been late."""
    with pytest.raises(NotStarted, match="exit code 1"):
        async with running_processes("tests.cli.market:failing"):
            raise AssertionError("it has started")


async def test_settings_that_are_wrong_end_the_start() -> None:
    """No retry can help: it is said once, by the process itself."""
    with pytest.raises(NotStarted, match="exit code 2"):
        async with running_processes(BUSY, settings={"BUSY_STOCK_NAP_S": "long"}):
            raise AssertionError("it has started")


async def test_a_service_is_stopped_while_the_others_go_on_and_started_again() -> None:
    """With as many instances as before; what calls it is refused at once, and not kept waiting."""
    async with running_processes(BUSY, instances={"stock": 2}) as application:
        orders, supervisor = application.client(Orders), application.supervisor
        before = (await orders.status("hat")).pid

        stopped = [step async for step in supervisor.stop_service("stock")]
        again = [step async for step in supervisor.stop_service("stock")]
        while_stopped = await statuses(application)
        with pytest.raises(Unavailable):
            await orders.status("hat")
        with pytest.raises(NotPossible, match="atoll start stock"):
            _ = [step async for step in supervisor.restart("stock")]
        started = [step async for step in supervisor.start_service("stock")]
        nothing = [step async for step in supervisor.start_service("stock")]

        assert (await orders.status("hat")).pid != before
        names = set(await statuses(application))
    assert sum(step.did is Did.ENDED for step in stopped) == 2
    assert again == nothing == []
    assert while_stopped["stock"].state is State.STOPPED
    assert while_stopped["orders-1"].state is State.READY
    assert sum(step.did is Did.READY for step in started) == 2
    assert names == {"orders-1", "stock-3", "stock-4"}


async def test_scaling_starts_what_was_stopped() -> None:
    """With as many as were asked for."""
    async with running_processes(BUSY) as application:
        _ = [step async for step in application.supervisor.stop_service("stock")]
        _ = [step async for step in application.supervisor.scale("stock", 2)]

        found = await statuses(application)
    assert sorted(found) == ["orders-1", "stock-2", "stock-3"]
    assert {status.state for status in found.values()} == {State.READY}
