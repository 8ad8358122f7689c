"""kill -9 of whatever runs: what others notice, and that nothing is left."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.processes import supervision
from tests.campaigns.killing import killing
from tests.cli.programs import finished, started
from tests.house.checkout import ROOT
from tests.load import Schedule, clients
from tests.patience import PATIENCE_S
from tests.topology.busy import Orders, Stock
from tests.topology.processes import BUSY, processes_of, run_folder, supervised_program

SCHEDULE = Schedule(requests=1_000, per_s=400)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait, with an end to patience."""
    ends_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends_at, "it did not happen"
        time.sleep(0.02)


def kill_supervisor(pid: int, state: Path) -> None:
    """Kill it with -9, and wait until all that it has started has gone."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(state))


async def test_idempotent_calls_survive_the_death_of_instances(tmp_path: Path) -> None:
    """Whoever was asked by the dead one is asked again elsewhere, also where another service stands between."""
    with supervised_program(tmp_path, "--instances", "stock=3"):
        found = await killing(tmp_path, SCHEDULE, is_mixed=False)

    assert found.done
    assert found.outcome.failed == 0, found.outcome


async def test_other_calls_succeed_or_say_that_nobody_knows(tmp_path: Path) -> None:
    """What may have been done is not done again behind the caller's back."""
    with supervised_program(tmp_path, "--instances", "stock=3"):
        found = await killing(tmp_path, SCHEDULE, is_mixed=True)

    assert found.done
    assert found.outcome.failures.keys() <= {"unavailable"}
    assert found.outcome.failed <= 20 * found.done, found.outcome


async def test_calls_between_services_outlive_the_supervisor(tmp_path: Path) -> None:
    """It is on the path of no call: one that is in progress ends as it would have ended."""
    with supervised_program(tmp_path) as program:
        async with clients(tmp_path) as application:
            asking = asyncio.gather(application.client(Orders).order_patiently(1.5))
            await asyncio.sleep(0.3)
            program.send(signal.SIGKILL)
            (served,) = await asking
        await asyncio.to_thread(wait_until, lambda: not processes_of(tmp_path))

    assert served.pid


def test_nothing_outlives_the_supervisor(tmp_path: Path) -> None:
    """What nobody calls any more goes; the next start finds nothing in its way."""
    with supervised_program(tmp_path, is_tidy=False) as program:
        old = run_folder(tmp_path)
        kill_supervisor(program.process.pid, tmp_path)
    with supervised_program(tmp_path):
        new = run_folder(tmp_path)
        sockets = {each.stem for each in new.glob("*.sock")}

    assert sockets == {"orders-1", "stock-1", "orders", "stock", "supervisor"}
    assert not new.exists()
    assert not old.exists()


def test_the_next_start_waits_for_what_is_on_its_way_out(tmp_path: Path) -> None:
    """Two applications never share a state folder, not even for a moment."""
    with supervised_program(tmp_path) as program:
        program.send(signal.SIGKILL)
        program.code()
        before = processes_of(tmp_path)
        with supervised_program(tmp_path):
            after = processes_of(tmp_path)

    assert before
    assert not set(before.values()) & set(after.values())


def test_a_stuck_process_does_not_outlive_the_supervisor(tmp_path: Path) -> None:
    """A thread of it listens, too, and ends it where its loop does not turn."""
    with supervised_program(tmp_path, drain_s=0.2) as program:
        asyncio.run(get_stuck(tmp_path))
        os.kill(program.process.pid, signal.SIGKILL)
        wait_until(lambda: not processes_of(tmp_path))


async def get_stuck(state: Path) -> None:
    """Hold up the loop of Stock for a minute."""
    async with clients(state) as application:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await application.client(Stock).get_stuck(60)


def test_two_supervisors_do_not_share_a_state_folder(tmp_path: Path) -> None:
    """The second is told who runs there."""
    with supervised_program(tmp_path) as program:
        done = finished(*("atoll", "run", BUSY, "--topology", "processes", "--state", tmp_path), folder=ROOT)

    assert done.returncode == 1
    assert f"busy (process {program.process.pid}) runs already with the state folder {tmp_path}" in done.stderr


async def test_the_gateway_is_started_again(tmp_path: Path) -> None:
    """Calls between services go on without it."""
    arguments = ("run", "tests.cli.market:market", "--topology", "processes", "--state", str(tmp_path), "--json")
    with started(*arguments, folder=ROOT, extra={"MARKET_GATEWAY_PORT": "0"}) as program:
        beginning = json.loads(program.line())
        async with supervision(tmp_path) as supervisor:
            os.kill(processes_of(tmp_path)["gateway-1"], signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                while not any(  # noqa: ASYNC110 - nothing tells
                    each.name == "gateway-2" and each.state == "ready" for each in await supervisor.processes()
                ):
                    await asyncio.sleep(0.05)
        program.send(signal.SIGTERM)
        code = await asyncio.to_thread(program.code)

    assert beginning["services"] == ["goods", "rates", "gateway"]
    assert code == 0
