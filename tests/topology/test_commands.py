"""Services that are commands: started, called, calling, replaced and ended like any other."""

import os
import signal

import psutil

from atoll.testing import running_processes
from tests.topology.mixed import Teller
from tests.topology.test_supervisor import names_of, statuses, until

MIXED = "tests.topology.mixed:mixed"


async def test_a_command_is_called_and_calls() -> None:
    """By HTTP both ways: its port is in PORT, the others' sockets are in ATOLL_SOCKET_..."""
    async with running_processes(MIXED) as application:
        told = await application.client(Teller).tell("hello")
        found = await statuses(application)

    assert told.path == "/api/told/hello"
    assert told.stock_pid == found["stock-1"].pid
    assert found["teller-1"].address.startswith("http://127.0.0.1:")
    assert not psutil.pid_exists(told.pid)


async def test_a_command_that_dies_is_started_again() -> None:
    """Its guard ends with it."""
    async with running_processes(MIXED) as application:
        first = await application.client(Teller).tell("hello")
        os.kill(first.pid, signal.SIGKILL)
        await until(application, "teller-2")
        second = await application.client(Teller).tell("hello")

    assert second.pid != first.pid


async def test_a_command_is_replaced_and_scaled() -> None:
    """Each has a port of its own."""
    async with running_processes(MIXED, drain_s=0.5) as application:
        steps = await names_of(application.supervisor.restart("teller"))
        await names_of(application.supervisor.scale("teller", 2))
        teller = application.client(Teller)
        pids = {(await teller.tell("hello")).pid for _ in range(40)}

    assert [step for step in steps if step.endswith("ready")] == ["teller-2 ready"]
    assert len(pids) == 2
