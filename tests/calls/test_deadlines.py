"""Deadlines: a call is answered in time, and nothing starts too late. All of it in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol, cast

import pytest

from atoll import Application, Context, DeadlineExceeded, Service, context, contract, depends, get
from atoll.calls import Request
from atoll.kernel import current
from atoll.problems import InternalError
from atoll.telemetry import Kind, MemoryRecorder
from atoll.testing import SimulatedLoop
from tests.calls.probe import Note, Probe, Run, probe, read
from tests.placements import SINGLE, Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated

NOTE = Note(words=[])


def now() -> float:
    """Virtual time."""
    return asyncio.get_running_loop().time()


@on_every_placement
@simulated
async def test_a_dependency_that_hangs_is_answered_at_the_deadline(placement: Placement) -> None:
    """Exactly then, and its work is cancelled."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cancelled")
        return note

    async with placement.running(probe(run)) as app:
        with pytest.raises(DeadlineExceeded) as caught:
            await app.client(Probe).run(NOTE)
        ended_at = now()
        await asyncio.sleep(0.1)

    assert ended_at == pytest.approx(5.0)
    assert caught.value.operation == "probe.run"
    assert seen == ["cancelled"]


@on_every_placement
@simulated
async def test_a_handler_that_ignores_its_cancellation_cannot_answer_after_the_deadline(placement: Placement) -> None:
    """Late is late."""

    async def run(note: Note) -> Note:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return note

    async with placement.running(probe(run)) as app:
        with pytest.raises(DeadlineExceeded):
            await app.client(Probe).run(NOTE)


@on_every_placement
@simulated
async def test_the_nearer_deadline_wins(placement: Placement) -> None:
    """That of the operation, or that of whoever is in a hurry."""
    seen: list[float | None] = []

    async def run(note: Note) -> Note:
        seen.append(context().remaining_s)
        await asyncio.Event().wait()
        return note

    async with placement.running(probe(run)) as app:
        for deadline_at in (now() + 2.0, now() + 100.0):
            current.set(Context(deadline_at=deadline_at))
            with pytest.raises(DeadlineExceeded):
                await app.client(Probe).run(NOTE)

    assert seen == [pytest.approx(2.0), pytest.approx(5.0)]
    assert now() == pytest.approx(7.0)


@on_every_topology
@simulated
async def test_nothing_starts_after_the_deadline(placement: Topology) -> None:
    """Not even the work of encoding it for somebody."""
    seen: list[Note] = []

    async def run(note: Note) -> Note:
        seen.append(note)
        return note

    async with placement.running(probe(run)) as app:
        current.set(Context(deadline_at=now()))
        with pytest.raises(DeadlineExceeded):
            await app.client(Probe).run(NOTE)

    assert not seen


@contract(version="1.0")
class Chain(Protocol):
    """Calls a probe in one way or another."""

    @get("/slow", timeout_s=3)
    async def slow(self) -> None:
        """Call a probe that hangs."""
        ...

    @get("/late", timeout_s=3)
    async def late(self) -> None:
        """Compute for too long, then call."""
        ...

    @get("/together", timeout_s=60)
    async def together(self) -> list[str]:
        """Call in tasks of its own, each in time."""
        ...

    @get("/patient", timeout_s=20)
    async def patient(self) -> str:
        """Call, give up, and answer."""
        ...


class _ChainService(Service, Chain, owner="tests"):
    """Calls a probe."""

    probe: Probe = depends(timeout_s=4)

    async def slow(self) -> None:
        await self.probe.run(NOTE)

    async def late(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        loop.spend(10)
        await self.probe.run(NOTE)

    async def together(self) -> list[str]:
        outcomes = await asyncio.gather(self._tried(), self._tried(), asyncio.create_task(self._tried()))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._tried()) for _ in range(2)]
        return [*outcomes, *(task.result() for task in tasks)]

    async def _tried(self) -> str:
        try:
            await self.probe.run(NOTE)
        except DeadlineExceeded as error:
            return f"{error.operation} at {now():g}"
        return "answered"

    async def patient(self) -> str:
        return await self._tried()


def chained(run: Run) -> Application:
    """The probe and who calls it."""
    return Application("chained", services=[*probe(run).services, _ChainService])


async def hang(note: Note) -> Note:
    """Never answer."""
    await asyncio.Event().wait()
    return note


@on_every_placement
@simulated
async def test_the_deadline_of_the_first_call_holds_for_all_below_it(placement: Placement) -> None:
    """The outermost caller is answered when it is its time, not the sum of theirs."""
    async with placement.running(chained(hang)) as app:
        with pytest.raises(DeadlineExceeded) as caught:
            await app.client(Chain).slow()

    assert now() == pytest.approx(3.0)
    assert caught.value.operation in ("chain.slow", "probe.run")


@on_every_placement
@simulated
async def test_a_call_within_another_one_has_its_own_nearer_deadline(placement: Placement) -> None:
    """Its caller may give up on it, and still answer in time."""
    async with placement.running(chained(hang)) as app:
        answer = await app.client(Chain).patient()

    assert answer == "probe.run at 4"


@on_every_placement
@simulated
async def test_a_call_that_was_too_late_is_recorded_as_such(placement: Placement) -> None:
    """Wherever the timer was: one who looks for what is slow looks for this, and not for callers who have gone."""
    recorder = MemoryRecorder()

    async with placement.running(chained(hang), recorder=recorder) as app:
        await app.client(Chain).patient()
        with pytest.raises(DeadlineExceeded):
            await app.client(Chain).slow()
        await asyncio.sleep(0.1)

    calls = [(record.name, record.outcome) for record in recorder.records if record.kind is Kind.CALL]
    assert sorted(calls) == [
        ("chain.patient", "ok"),
        ("chain.slow", "deadline_exceeded"),
        ("probe.run", "deadline_exceeded"),
        ("probe.run", "deadline_exceeded"),
    ]


@on_every_placement
@simulated
async def test_calls_in_tasks_of_a_handler_s_own_are_each_in_time(placement: Placement) -> None:
    """A timer watches one task: calls from others have their own."""
    async with placement.running(chained(hang)) as app:
        outcomes = await app.client(Chain).together()

    assert outcomes == ["probe.run at 4"] * 3 + ["probe.run at 8"] * 2


@on_every_placement
@simulated
async def test_a_handler_that_computes_past_its_deadline_starts_no_call(placement: Placement) -> None:
    """The loop had no time to tell it: the call itself looks."""
    seen: list[Note] = []

    async def run(note: Note) -> Note:
        seen.append(note)
        return note

    async with placement.running(chained(run)) as app:
        with pytest.raises(DeadlineExceeded):
            await app.client(Chain).late()

    assert not seen


@on_every_placement
@simulated
async def test_a_stream_may_last_longer_than_its_timeout_which_is_that_of_each_item(placement: Placement) -> None:
    """A long result is not a slow one."""

    async def items() -> AsyncIterator[int]:
        for number in range(10):
            await asyncio.sleep(4)
            yield number
        await asyncio.sleep(6)
        yield 10

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        with pytest.raises(DeadlineExceeded):
            await read(app.client(Probe).items(), seen)
        await asyncio.sleep(1)

    assert seen == list(range(10))


@on_every_placement
@simulated
async def test_the_caller_s_own_deadline_bounds_a_whole_stream(placement: Placement) -> None:
    """Whoever asked wants an answer by then."""

    async def items() -> AsyncIterator[int]:
        for number in range(10):
            await asyncio.sleep(4)
            yield number

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        current.set(Context(deadline_at=10.0))
        with pytest.raises(DeadlineExceeded):
            await read(app.client(Probe).items(), seen)

    assert seen == [0, 1]
    assert now() == pytest.approx(11.0, abs=1.5)


@on_every_placement
@simulated
async def test_a_slow_reader_is_not_a_slow_stream(placement: Placement) -> None:
    """Time counts while an item is awaited, not between."""

    async def items() -> AsyncIterator[int]:
        yield 1
        yield 2

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        async for item in app.client(Probe).items():
            seen.append(item)
            await asyncio.sleep(60)

    assert seen == [1, 2]


@on_every_topology
@simulated
async def test_a_timeout_error_of_the_handler_is_not_the_deadline(placement: Topology) -> None:
    """`TimeoutError` has many causes."""

    async def run(note: Note) -> Note:
        raise TimeoutError("a database")

    async with placement.running(probe(run)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).run(NOTE)


@on_every_placement
@simulated
async def test_the_cleaning_up_of_a_cancelled_handler_may_still_call(placement: Placement) -> None:
    """A compensation is a call, too, while the deadline is still ahead."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        seen.extend(note.words)
        return note

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await app.client(Probe).run(Note(words=["released"]))
            seen.append("answered")

    async with placement.running(probe(run)) as app:
        working = asyncio.ensure_future(work())
        await asyncio.sleep(1)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

    assert seen == ["released", "answered"]


@on_every_placement
@simulated
async def test_no_timer_is_left_behind_by_a_call_that_was_answered(placement: Placement) -> None:
    """A thousand calls a second must not leave thousands of timers."""
    async with placement.running(probe()) as app:
        for _ in range(100):
            await app.client(Probe).run(NOTE)
        loop = cast(Any, asyncio.get_running_loop())  # Any: no other way to see its timers
        armed = [handle for handle in loop._scheduled if not handle.cancelled()]

    assert len(armed) <= 3  # of a connection, and of those who look after connections; none of a call


@simulated
async def test_a_request_that_arrives_too_late_starts_nothing() -> None:
    """Its caller has looked at the clock before it was sent; on the way time has passed."""
    started: list[Note] = []

    async def run(note: Note) -> Note:
        started.append(note)
        return note

    async with SINGLE.running(probe(run)) as app:
        dispatcher = app.instances["probe"].dispatcher
        assert dispatcher is not None
        operation = dispatcher.contract.operation("run")
        _, _, body = operation.encode_call((NOTE,), {})
        late = await dispatcher.dispatch(Request(operation, (), (), body, Context(deadline_at=now())))
        in_time = await dispatcher.dispatch(Request(operation, (), (), body, Context(deadline_at=now() + 1)))

    assert (late.status, in_time.status) == (504, 200)
    assert started == [NOTE]
