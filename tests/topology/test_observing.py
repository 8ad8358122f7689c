"""What processes record outlives them, and is collected in one place."""

import asyncio
import dataclasses
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from atoll import Application, Config, Database, Service, Transaction, World, every, single
from atoll.seeing import KeptTelemetry, Kind, LogSearch, Span, TraceSearch
from atoll.testing import running_processes
from tests.patience import PATIENCE_S
from tests.topology.busy import Orders, busy
from tests.topology.processes import processes_of, supervised_program
from tests.topology.test_supervisor import until

BUSY = "tests.topology.busy:busy"


async def found(ask: Callable[[], bool]) -> None:
    """Wait until something is kept: who collects looks a few times a second."""
    async with asyncio.timeout(PATIENCE_S):
        while not ask():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


def answered(telemetry: KeptTelemetry, key: str, service: str) -> list[Span]:
    """The calls about a key that a service has answered."""
    return [span for span in telemetry.story(key).spans if span.service == service and span.kind is Kind.CALL]


@pytest.mark.slow
async def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path) -> None:
    """SIGKILL right behind the last answer: the records of all calls are kept, of the killed process, too."""
    telemetry = KeptTelemetry(tmp_path)
    keys = [f"hat-{number}" for number in range(50)]

    async with running_processes(BUSY, state=tmp_path) as application:
        orders = application.client(Orders)
        for key in keys:
            await orders.status(key)
        os.kill((await until(application, "stock-1")).pid, signal.SIGKILL)
        await found(lambda: all(answered(telemetry, key, "stock") for key in keys))
        await until(application, "stock-2")
        await found(lambda: {"stock-2", "orders-1"} <= {each.name for each in telemetry.processes() if each.is_alive})

    spans = [span for key in keys for span in answered(telemetry, key, "stock")]
    assert len(spans) == len(keys)
    assert {span.caller for span in spans} == {"orders"}
    said = telemetry.logs(LogSearch(text="SIGKILL", service="stock"))
    assert [line.process for line in said] == ["supervisor"]
    assert not list((tmp_path / "telemetry" / "rings").iterdir())


@pytest.mark.slow
def test_what_was_recorded_without_a_collector_is_collected_by_the_next_one(tmp_path: Path) -> None:
    """All processes are killed at once, the supervisor first: what they had recorded is in their rings."""
    with supervised_program(tmp_path) as program:
        os.kill(program.process.pid, signal.SIGSTOP)  # it collects nothing from now on
        asyncio.run(_ask(tmp_path))
        killed = [psutil.Process(pid) for pid in (program.process.pid, *processes_of(tmp_path).values())]
        for process in killed:
            process.kill()
        program.process.wait()
        psutil.wait_procs(killed, timeout=PATIENCE_S)
    telemetry = KeptTelemetry(tmp_path)
    before = [key for key in KEYS if answered(telemetry, key, "stock")]

    with supervised_program(tmp_path):
        asyncio.run(found(lambda: all(answered(telemetry, key, "stock") for key in KEYS)))

    assert len(before) < len(KEYS)  # the control: they were not collected while it was stopped


KEYS = [f"scarf-{number}" for number in range(20)]


async def _ask(state: Path) -> None:
    """Ask for each key by a script, which calls as the operator."""
    from atoll.elsewhere import Operator, connect  # noqa: PLC0415  # as a script would
    from tests.topology.processes import run_folder  # noqa: PLC0415  # as above

    async with connect(f"unix:{run_folder(state) / 'orders.sock'}", operator=Operator("busy", state)) as connected:
        for key in KEYS:
            await connected.client(Orders).status(key)


async def test_a_store_that_cannot_be_written_stops_nobody_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder is a file: calls go on, and the log has one line about it."""
    (tmp_path / "telemetry").write_text("in the way")
    application = dataclasses.replace(busy, edges=())

    with caplog.at_level(logging.WARNING, "atoll.telemetry"):
        async with single(application, world=World.real(tmp_path), config=Config({})) as app:
            served = await app.client(Orders).status("hat")

    assert served.pid == os.getpid()
    said = [record.getMessage() for record in caplog.records if record.name == "atoll.telemetry"]
    assert len(said) == 2, said  # by who records, and by who collects
    assert all("telemetry" in each for each in said)


class Talkative(Service):
    async def start(self) -> None:
        logging.getLogger("shop").warning("it starts")

    async def stop(self) -> None:
        logging.getLogger("shop").warning("it stops")


class LeftService(Talkative, owner="shop"):
    """Has something to do again and again."""

    db: Database

    @every(seconds=0.05)
    async def tidy(self, tx: Transaction) -> None:
        """It has come to this before, and will."""
        raise ValueError("nothing is in its place")


class RightService(Talkative, owner="shop"):
    """Has nothing to do."""


async def test_what_a_service_logs_outside_of_its_handlers_is_found_by_its_name(tmp_path: Path) -> None:
    """As it starts, in what goes on beside it, and as it stops; also where several share a process."""
    telemetry = KeptTelemetry(tmp_path)
    pair = Application("pair", services=[LeftService, RightService], edges=())

    async with single(pair, world=World.real(tmp_path), config=Config({})):
        await found(lambda: bool(telemetry.logs(LogSearch(text="tidy"))))

    by = {name: [each.line.message for each in telemetry.logs(LogSearch(service=name))] for name in ("left", "right")}
    assert by["right"] == ["it stops", "it starts"]
    assert {"it starts", "it stops", "left: `tidy` failed and is due again"} <= set(by["left"])


async def test_one_collects_of_those_that_share_a_folder(tmp_path: Path) -> None:
    """Two applications in one state folder: the work of both is kept, once."""
    telemetry = KeptTelemetry(tmp_path)
    application = dataclasses.replace(busy, edges=())

    async with (
        single(application, world=World.real(tmp_path), config=Config({})) as one,
        single(application, world=World.real(tmp_path), config=Config({})) as other,
    ):
        await one.client(Orders).status("one")
        await other.client(Orders).status("other")
        await found(lambda: bool(answered(telemetry, "one", "stock") and answered(telemetry, "other", "stock")))

    assert len(telemetry.traces(TraceSearch(name="orders.status"))) == 2


async def test_nothing_is_recorded_where_nobody_is_to_know(tmp_path: Path) -> None:
    """A world without a watch leaves nothing on the disk."""
    application = dataclasses.replace(busy, edges=())

    async with single(application, world=World.real(tmp_path, watch=None), config=Config({})) as app:
        await app.client(Orders).status("hat")

    assert not (tmp_path / "telemetry").exists()
    assert KeptTelemetry(tmp_path).traces(TraceSearch()) == []


@pytest.mark.slow
async def test_pools_are_among_the_gauges(tmp_path: Path) -> None:
    """How many connections lead to whom, of the process that calls."""
    telemetry = KeptTelemetry(tmp_path)

    async with running_processes(BUSY, state=tmp_path) as application:
        await application.client(Orders).status("hat")
        await found(lambda: _gauge(telemetry, "orders-1", "http_connections") >= 1)

    assert _gauge(telemetry, "stock-1", "http_connections") == 0  # it calls nobody


def _gauge(telemetry: KeptTelemetry, process: str, name: str) -> float:
    samples = [each.sample for each in telemetry.processes() if each.name == process]
    return sum(gauge.value for sample in samples for gauge in sample.gauges if gauge.name == name)
