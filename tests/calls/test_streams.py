"""Streams: items one at a time, problems before the first and between two, and backpressure."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Protocol, cast

import pytest

from atoll import Application, Problem, Service, contract, get
from atoll.problems import BrokenContract, InternalError
from atoll.telemetry import MemoryRecorder
from tests.calls.probe import Note, Probe, Refused, probe, read
from tests.placements import SINGLE, Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated


@on_every_topology
@simulated
async def test_items_come_in_their_order_and_then_the_end(placement: Topology) -> None:
    """However many."""

    async def items() -> AsyncIterator[int]:
        for number in range(1_000):
            yield number

    async with placement.running(probe(items=items)) as app:
        numbers = [number async for number in app.client(Probe).items()]

    assert numbers == list(range(1_000))


@on_every_topology
@simulated
async def test_a_stream_may_be_empty(placement: Topology) -> None:
    """An end is no problem."""
    async with placement.running(probe()) as app:
        assert [number async for number in app.client(Probe).items()] == []


@pytest.mark.parametrize("before", [0, 1, 3])
@on_every_topology
@simulated
async def test_a_declared_problem_ends_a_stream_where_it_was_raised(placement: Topology, before: int) -> None:
    """What came before it counts."""

    async def items() -> AsyncIterator[int]:
        for number in range(before):
            yield number
        raise Refused(reason="enough")

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        with pytest.raises(Refused) as caught:
            await read(app.client(Probe).items(), seen)

    assert caught.value == Refused(reason="enough")
    assert caught.value.trace_id
    assert seen == list(range(before))


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize(
    ("item", "told"),
    [("text", BrokenContract), (None, BrokenContract), (object(), InternalError), ("\ud800", InternalError)],
    ids=["wrong type", "none", "no json", "surrogate"],
)
@on_every_topology
@simulated
async def test_an_item_that_breaks_the_contract_ends_a_stream(
    placement: Topology, item: object, told: type[Problem], before: int
) -> None:
    """A wrong one at the reader, one that cannot be sent where it was made."""

    async def items() -> AsyncIterator[int]:
        for number in range(before):
            yield number
        yield cast(int, item)
        yield 99

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        with pytest.raises(told):
            await read(app.client(Probe).items(), seen)
        await asyncio.sleep(1)

    assert seen == list(range(before))


@on_every_placement
@simulated
async def test_a_producer_does_not_run_ahead_of_its_reader(placement: Placement) -> None:
    """A list of millions must not pile up anywhere; what a connection holds is bounded in bytes."""
    made = 0

    async def items() -> AsyncIterator[int]:
        nonlocal made
        for number in range(1_000_000):
            made += 1
            yield number

    ahead: list[int] = []
    async with placement.running(probe(items=items)) as app:
        opened = cast(AsyncGenerator[int], app.client(Probe).items())
        async with aclosing(opened) as stream:
            async for number in stream:
                await asyncio.sleep(1)
                ahead.append(made - 1 - number)
                if number == 20:
                    break

    assert max(ahead) <= (2 if placement is SINGLE else 50_000)


@on_every_placement
@simulated
async def test_a_stream_is_recorded_from_its_call_to_its_end(placement: Placement) -> None:
    """With how it ended."""
    recorder = MemoryRecorder()

    async def items() -> AsyncIterator[int]:
        await asyncio.sleep(1)
        yield 1
        await asyncio.sleep(2)
        raise Refused(reason="enough")

    async with placement.running(probe(items=items), recorder=recorder) as app:
        with pytest.raises(Refused):
            await read(app.client(Probe).items(), [])

    (record,) = recorder.records
    assert (record.name, record.outcome) == ("probe.items", "refused")
    assert record.started_at == pytest.approx(0.0)
    assert record.duration_s == pytest.approx(3.0)


@on_every_topology
@simulated
async def test_many_streams_of_one_service_do_not_disturb_each_other(placement: Topology) -> None:
    """Each has a generator and a context of its own."""

    async def items() -> AsyncIterator[int]:
        for number in range(10):
            await asyncio.sleep(0.1)
            yield number

    async with placement.running(probe(items=items)) as app:
        seen: list[list[int]] = [[] for _ in range(20)]
        await asyncio.gather(*(read(app.client(Probe).items(), into) for into in seen))

    assert seen == [list(range(10))] * 20


@on_every_placement
@simulated
async def test_a_producer_that_fails_while_it_is_closed_does_not_trouble_its_reader(
    placement: Placement, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader has what it wanted; the log has the rest."""

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            raise OSError("the file is gone")

    async def first() -> int:
        async for number in app.client(Probe).items():
            return number
        return 0

    async with placement.running(probe(items=items)) as app:
        number = await first()
        await asyncio.sleep(1)

    assert number == 1
    assert "the file is gone" in caplog.text


@on_every_topology
@simulated
async def test_a_timeout_inside_a_stream_does_not_cancel_its_reader(placement: Topology) -> None:
    """The handler has left it running at its `yield`; it is the handler's affair when it fires."""

    async def items() -> AsyncIterator[int]:
        async with asyncio.timeout(0.05):
            yield 1
            yield 2

    async with placement.running(probe(items=items)) as app:
        stream = app.client(Probe).items()
        first = await anext(stream)
        await asyncio.sleep(1)  # the reader is busy with something else
        with suppress(InternalError, StopAsyncIteration):  # over a wire the items may have been on their way before
            while True:
                await anext(stream)

    assert first == 1
    here = asyncio.current_task()
    assert here is not None
    assert not here.cancelling()


@on_every_topology
@simulated
async def test_a_cancellation_inside_a_stream_is_the_handlers_own(placement: Topology) -> None:
    """It has awaited something that was cancelled; nobody has cancelled the reader."""

    async def items() -> AsyncIterator[int]:
        yield 1
        waiting = asyncio.ensure_future(asyncio.sleep(1))
        waiting.cancel()
        await waiting

    async with placement.running(probe(items=items)) as app:
        with pytest.raises(InternalError):
            assert [item async for item in app.client(Probe).items()] == [1]


@on_every_topology
@simulated
@pytest.mark.parametrize("before", [0, 1])
async def test_a_stream_that_wants_to_end_the_process_has_failed(placement: Topology, before: int) -> None:
    """As a call that does: all services of one process would end with it."""

    async def items() -> AsyncIterator[int]:
        for number in range(before):
            yield number
        sys.exit(3)

    async def read_all() -> list[int]:
        return [item async for item in app.client(Probe).items()]

    async with placement.running(probe(items=items)) as app:
        for _ in range(2):
            with pytest.raises(InternalError):
                await read_all()


@on_every_placement
@simulated
async def test_a_group_of_exceptions_is_a_failure_as_any_other(placement: Placement) -> None:
    """Also one that is no `Exception`: its caller is answered, and the call is counted as ended."""

    async def run(note: Note) -> Note:
        raise BaseExceptionGroup("several", [asyncio.CancelledError()])

    async with placement.running(probe(run)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).run(Note(words=[]))
        dispatcher = app.instances["probe"].dispatcher

    assert dispatcher is not None
    assert dispatcher.active == 0


@contract(version="1.0")
class Clockwork(Protocol):
    """Streams by itself: what is thrown into a generator does not reach one that it reads from."""

    @get("/ticks")
    def ticks(self) -> AsyncIterator[int]: ...


class ClockworkService(Service, Clockwork, owner="tests"):
    async def ticks(self) -> AsyncIterator[int]:
        try:
            async with asyncio.timeout(0.05):
                yield 1
        except TimeoutError:
            yield 2


@simulated
async def test_a_timeout_that_ends_between_two_items_is_the_generators_to_handle() -> None:
    """It left the timeout open at its `yield`: it may turn what comes into an item."""
    async with SINGLE.running(Application("clock", services=[ClockworkService])) as app:
        stream = app.client(Clockwork).ticks()
        first = await anext(stream)
        await asyncio.sleep(1)
        rest = [number async for number in stream]

    assert [first, *rest] == [1, 2]


class QuittingService(Service, Clockwork, owner="tests"):
    async def ticks(self) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            sys.exit(3)


@on_every_topology
@simulated
async def test_a_stream_that_wants_to_end_the_process_as_it_is_closed_does_not(placement: Topology) -> None:
    """Its reader has what it wanted."""
    async with placement.running(Application("clocks", services=[QuittingService], edges=())) as app:
        for _ in range(2):
            async with aclosing(cast(AsyncGenerator[int], app.client(Clockwork).ticks())) as stream:
                assert await anext(stream) == 1
