"""Blocking handlers: sync code that holds up nobody."""

import asyncio
import threading
from typing import Protocol

import pytest

from atoll import (
    Application,
    Context,
    DeadlineExceeded,
    Problem,
    Service,
    Unavailable,
    Value,
    blocking,
    context,
    contract,
    post,
    private,
)
from atoll.calls import Caller, LocalTransport, client
from atoll.kernel import Threads, current
from atoll.problems import InternalError
from atoll.service import Instance, declare
from atoll.testing import SeededEntropy, SimulatedLoop, fake, running
from tests.patience import PATIENCE_S
from tests.placements import Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated


class Refused(Problem, status=409):
    """A declared problem."""


class Told(Value):
    """What a thread sees."""

    thread: str
    user: str | None
    caller: str
    remaining_s: float | None


@contract(version="1.0")
class Mill(Protocol):
    """Works with its hands."""

    @post("/grind", timeout_s=3, raises=(Refused,))
    async def grind(self, name: str) -> Told:
        """Do blocking work."""
        ...


class _Gates:
    """Lets threads of a test wait for one another, without waiting for time."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.leave = threading.Event()


class _MillService(Service, Mill, owner="tests"):
    gates: _Gates = private(default_factory=_Gates)

    @blocking
    def grind(self, name: str) -> Told:
        match name:
            case "wait":
                self.gates.entered.release()
                self.gates.leave.wait(PATIENCE_S)
            case "refuse":
                raise Refused
            case "stop":
                next(iter(()))
            case "long":
                loop = _simulated_loop.get("loop")
                assert loop is not None
                loop.spend(8)
            case _:
                pass
        now = context()
        thread = threading.current_thread().name
        return Told(thread=thread, user=now.user, caller=now.caller, remaining_s=now.remaining_s)


_simulated_loop: dict[str, SimulatedLoop] = {}

MILL = Application("mill", services=[_MillService])


async def test_a_blocking_handler_runs_in_a_thread_with_its_call_s_context() -> None:
    """`context()` works there as on the loop."""
    async with running(MILL) as app:
        current.set(Context(user="ada"))
        told = await app.client(Mill).grind("x")

    assert told.thread.startswith("atoll-blocking")
    assert (told.user, told.caller) == ("ada", "")
    assert told.remaining_s is not None
    assert 2 < told.remaining_s <= 3


@on_every_topology
@simulated
async def test_a_blocking_handler_answers_as_any_other(placement: Topology) -> None:
    """Its problems travel, its failures do not."""
    async with placement.running(MILL) as app:
        with pytest.raises(Refused):
            await app.client(Mill).grind("refuse")
        with pytest.raises(InternalError):
            await app.client(Mill).grind("stop")


async def test_the_threads_end_with_the_instance() -> None:
    """Nothing outlives its service; each test of the house looks for threads, this one says so."""
    before = set(threading.enumerate())

    async with running(MILL) as app:
        await app.client(Mill).grind("x")
        during = set(threading.enumerate()) - before

    assert [thread.name for thread in during] == ["atoll-blocking_0"]


async def test_the_loop_turns_while_a_thread_works() -> None:
    """That is what threads are for."""
    async with running(MILL) as app:
        gates = _gates_of(app.instances["mill"])
        waiting = asyncio.ensure_future(app.client(Mill).grind("wait"))
        await asyncio.to_thread(gates.entered.acquire)
        others = [await app.client(Mill).grind("x") for _ in range(3)]
        gates.leave.set()
        await waiting

    assert len(others) == 3


async def test_after_its_deadline_the_caller_is_answered_while_the_thread_goes_on() -> None:
    """Nothing can interrupt a thread; nobody has to wait for it."""
    async with running(MILL) as app:
        instance = app.instances["mill"]
        gates = _gates_of(instance)
        current.set(Context(deadline_at=asyncio.get_running_loop().time() + 0.05))
        with pytest.raises(DeadlineExceeded):
            await app.client(Mill).grind("wait")
        current.set(Context())
        goes_on = instance.threads.taken
        gates.leave.set()

    assert goes_on == 1
    assert instance.threads.taken == 0


@on_every_placement
@simulated
async def test_a_slow_thread_is_answered_for_at_the_deadline(placement: Placement) -> None:
    """In virtual time, where threads are simulated."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    _simulated_loop["loop"] = loop

    async with placement.running(MILL) as app:
        with pytest.raises(DeadlineExceeded):
            await app.client(Mill).grind("long")
        ended_at = loop.time()

    assert ended_at == pytest.approx(3.0)
    assert loop.time() >= 8, "the instance has waited for its thread"


async def test_when_too_many_wait_a_call_is_refused_as_unavailable() -> None:
    """A queue without end is an outage that nobody sees."""
    declaration, mistakes = declare(_MillService)
    assert declaration is not None, mistakes
    service = _MillService()
    instance = Instance(declaration, service, Threads(threads_max=1, waiting_max=1), SeededEntropy())
    transport = LocalTransport()
    assert instance.dispatcher is not None
    transport.add(instance.dispatcher)
    mill = client(Mill, Caller("", transport, SeededEntropy()))

    working = asyncio.ensure_future(mill.grind("wait"))
    await asyncio.to_thread(service.gates.entered.acquire)
    waiting = asyncio.ensure_future(mill.grind("x"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="1 threads work and 1 calls wait"):
        await mill.grind("x")
    service.gates.leave.set()
    answers = await asyncio.gather(working, waiting)
    await instance.stop()

    assert len(answers) == 2


async def test_a_service_in_the_hands_of_a_test_needs_no_pool() -> None:
    """It is an ordinary object."""
    service = _MillService()

    told = await service.grind("x")

    assert told.thread.startswith("atoll-blocking")


async def test_a_fake_stands_for_a_blocking_handler_too() -> None:
    """Who calls it does not know."""
    told = Told(thread="none", user=None, caller="", remaining_s=None)

    assert await fake(Mill, grind=told).grind("x") == told


def test_a_blocking_handler_keeps_its_name_and_text() -> None:
    """Tools find what was written."""

    class Documented:
        @blocking
        def work(self, times: int) -> int:
            """Work."""
            return times

    assert Documented.work.__name__ == "work"
    assert Documented.work.__doc__ == "Work."


def _gates_of(instance: Instance) -> _Gates:
    assert isinstance(instance.service, _MillService)
    return instance.service.gates
