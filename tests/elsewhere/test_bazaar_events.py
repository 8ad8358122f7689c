"""Events between services from everywhere: Node and FastAPI are told and tell, killed in the middle or not."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from atoll import Config, Context, World, describe, single
from atoll.kernel import Tasks, current
from atoll.processes import State
from atoll.testing import running_processes
from atoll.testing.processes import RunningProcesses
from tests.amount import of_the_whole
from tests.elsewhere.bazaar.application import NODE, bazaar
from tests.elsewhere.bazaar.contracts import Entry, Ledger, Orders
from tests.elsewhere.test_bazaar import PLACE, at, environment
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

__all__ = ["environment"]  # a fixture
pytestmark = pytest.mark.slow

PLACED, PAID, SENT = "orders.order_placed.v1", "orders.order_paid.v1", "orders.order_sent.v1"
FORMS = {PLACED: "structured", PAID: "binary", SENT: "batch"}
ORDERS = 6


@asynccontextmanager
async def market(state: Path, **instances: int) -> AsyncGenerator[RunningProcesses]:
    """The bazaar, in processes. Nobody calls the API of others here."""
    settings = {"BAZAAR_GEO_KEY": "none"}
    async with running_processes(PLACE, folder=ROOT, state=state, settings=settings, instances=instances) as app:
        yield app


async def entries(app: RunningProcesses, count: int, within_s: float = 60.0) -> list[Entry]:
    """What the ledger has written down, once it is so much."""
    ledger = app.client(Ledger)
    async with asyncio.timeout(within_s):
        while len(found := await ledger.entries()) < count:  # noqa: ASYNC110  # another process writes
            await asyncio.sleep(0.05)
    return found


def numbers(found: list[Entry], heard_of: str, order_id: str) -> list[int]:
    """What was heard of one order, in the order in which it was written down."""
    return [entry.number for entry in found if entry.heard_of == heard_of and entry.order_id == order_id]


async def test_node_is_told_in_each_form_and_what_it_publishes_is_reacted_to(tmp_path: Path) -> None:
    """Structured, binary and in batches; FastAPI is told, too. Each once, in the order of its key."""
    async with market(tmp_path) as app:
        current.set(Context(tenant="east"))
        for order in range(ORDERS):
            await app.client(Orders).place(f"örder {order}", events=5)
        current.set(Context())
        found = await entries(app, ORDERS * 5 * 4)

    assert Counter(entry.heard_of for entry in found) == dict.fromkeys([*FORMS, "seen"], ORDERS * 5)
    assert {entry.heard_of: entry.form for entry in found} == FORMS | {"seen": ""}
    for order in range(ORDERS):
        for heard_of in (*FORMS, "seen"):
            assert numbers(found, heard_of, f"örder {order}") == list(range(5))
    for entry in found:
        if entry.form:
            said = entry.attributes
            assert (said["source"], said["specversion"], said["tenant"]) == ("/bazaar/orders", "1.0", "east")
            assert said["partitionkey"] == entry.order_id
            assert said["http"].split("-")[1] == said["traceparent"].split("-")[1]


@of_the_whole
async def test_several_of_each_share_the_work_and_keep_the_order(tmp_path: Path) -> None:
    """Publishers under leases, Node and FastAPI behind several addresses, two who keep one log."""
    twice = {"orders": 2, "tax": 2, "tax.events": 2, "quotes": 2}
    async with market(tmp_path, **twice) as app:
        for order in range(12):
            await app.client(Orders).place(f"order-{order}", events=5)
        found = await entries(app, 12 * 5 * 4)

    assert Counter(entry.heard_of for entry in found) == dict.fromkeys([*FORMS, "seen"], 60)
    for order in range(12):
        for heard_of in (*FORMS, "seen"):
            assert numbers(found, heard_of, f"order-{order}") == list(range(5))


async def test_nothing_is_lost_when_node_is_killed_in_the_middle(tmp_path: Path) -> None:
    """Without a warning: what it had not acknowledged it is told again, and what it posts again is known."""
    killed = 0

    async def kill() -> None:
        nonlocal killed
        while True:
            for process in [each for each in psutil.Process().children(recursive=True) if is_tax(each)]:
                process.send_signal(signal.SIGKILL)
                killed += 1
            await asyncio.sleep(0.7)

    tasks = Tasks("test")
    async with market(tmp_path) as app:
        killing = tasks.spawn(kill(), "kill")
        for order in range(30):
            await app.client(Orders).place(f"order-{order % ORDERS}-{order}", events=10)
            await asyncio.sleep(0.1)
        async with asyncio.timeout(PATIENCE_S):
            while killed < 3:  # noqa: ASYNC110  # a slow machine starts Node more slowly, and nothing tells
                await asyncio.sleep(0.05)
        killing.cancel()
        found = await entries(app, 30 * 10 * 4)
        await asyncio.sleep(0.5)
        after = await app.client(Ledger).entries()
    await tasks.close()

    assert killed >= 3
    assert after == found
    assert Counter(entry.heard_of for entry in found) == dict.fromkeys([*FORMS, "seen"], 300)
    for order in range(30):
        for heard_of in (*FORMS, "seen"):
            assert numbers(found, heard_of, f"order-{order % ORDERS}-{order}") == list(range(10))


async def test_nothing_is_lost_when_who_keeps_its_log_is_killed(tmp_path: Path) -> None:
    """What Node was not told is taken it posts again, on another connection; also what was taken, which is known."""
    async with market(tmp_path) as app:
        for order in range(20):
            await app.client(Orders).place(f"order-{order}", events=3)
            if order in (5, 15):
                os.kill(await _pid_of(app, "tax.events"), signal.SIGKILL)
        found = await entries(app, 20 * 3 * 4)

    assert Counter(entry.heard_of for entry in found) == dict.fromkeys([*FORMS, "seen"], 60)
    for order in range(20):
        for heard_of in FORMS:
            assert numbers(found, heard_of, f"order-{order}") == [0, 1, 2]


@of_the_whole
async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    """The place of each subscription is in a database of the publisher's, and so is the log of who is elsewhere."""
    async with market(tmp_path) as app:
        await app.client(Orders).place("order-1", events=4)
        await entries(app, 16)
    async with market(tmp_path) as app:
        await app.client(Orders).place("order-2", events=4)
        found = await entries(app, 32)

    assert (tmp_path / "tax" / "tax.db").exists()
    assert (tmp_path / "quotes" / "quotes.db").exists()
    assert [entry.order_id for entry in found if entry.heard_of == PLACED] == ["order-1"] * 4 + ["order-2"] * 4


@of_the_whole
async def test_a_rolling_restart_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Of Node, and of who keeps its log, while events are on their way."""
    async with market(tmp_path) as app:
        tasks = Tasks("test")

        async def place() -> None:
            for order in range(30):
                await app.client(Orders).place(f"order-{order}", events=2)
                await asyncio.sleep(0.05)

        placing = tasks.spawn(place(), "place", awaited=True)
        for service in ("tax", "tax.events", "orders"):
            _ = [step async for step in app.supervisor.restart(service)]
        await placing
        found = await entries(app, 30 * 2 * 4)
        await tasks.close()

    assert Counter(entry.heard_of for entry in found) == dict.fromkeys([*FORMS, "seen"], 60)


async def test_mounted_and_remote_services_are_told_in_one_process(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    """An API that others run is told of the event, and of nobody's tenant and name."""
    url = environment["BAZAAR_GEO"]
    config, services = Config(environment), ["quotes", "rates", "orders", "ledger"]

    async with single(at(url), world=World.real(tmp_path), config=config, services=services) as app:
        current.set(Context(tenant="east", user="ada"))
        await app.client(Orders).place("order-1", events=3)
        current.set(Context())

        async def told() -> bool:
            return len(await app.client(Ledger).entries("seen")) == 3 and len(_heard(url)) == 3

        await _comes_true(told)

    heard = _heard(url)
    assert [each["body"]["data"]["number"] for each in heard] == [0, 1, 2]
    assert all(each["key"] == environment["BAZAAR_GEO_KEY"] for each in heard)
    for each in heard:
        assert not {name for name in each["headers"] if name.startswith("atoll-")} - {"atoll-timeout"}
        assert not {"tenant", "actor"} & each["body"].keys()
        assert "idempotency-key" not in each["headers"]
        assert each["headers"]["traceparent"].split("-")[1] == each["body"]["traceparent"].split("-")[1]


def test_who_is_told_of_what_stands_in_the_graph() -> None:
    """Publishers and subscribers from elsewhere, as all others."""
    events = describe(bazaar).events

    assert {(PLACED, "tax"), (PAID, "tax"), (SENT, "tax"), (PLACED, "quotes"), (PAID, "geo")} <= {
        (event, subscriber) for _, event, subscriber in events
    }
    assert ("tax", "tax.tax_rated.v1", "ledger") in events
    assert ("quotes", "quotes.price_seen.v1", "ledger") in events


def _heard(url: str) -> Any:  # Any: JSON
    """What somebody else's API was told."""
    return httpx.get(f"{url}/heard", timeout=PATIENCE_S).json()


async def _pid_of(app: RunningProcesses, service: str) -> int:
    """The process of a service, once one takes calls."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for each in await app.supervisor.processes():
                if each.name.startswith(f"{service}-") and each.state is State.READY:
                    return each.pid
            await asyncio.sleep(0.05)


def is_tax(process: psutil.Process) -> bool:
    """Whether a process is Node's."""
    try:
        return process.cmdline()[:1] == [NODE] and "bazaar" in process.cmdline()[1]
    except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
        return False


async def _comes_true(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await claim():  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.02)
