"""A caller that goes away ends the work that was done for it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import cast

import anyio
import pytest

from atoll.problems import InternalError
from atoll.telemetry import MemoryRecorder
from tests.calls.probe import Note, Probe, Refused, Run, probe, read
from tests.placements import Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated

NOTE = Note(words=[])


@on_every_placement
@simulated
async def test_a_cancelled_caller_cancels_the_handler_which_may_clean_up(placement: Placement) -> None:
    """Nobody works for somebody who is gone."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        try:
            await asyncio.sleep(4)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0.1)
            seen.append("cleaned up")
        return note

    async with placement.running(probe(run)) as app:
        calling = asyncio.ensure_future(app.client(Probe).run(NOTE))
        await asyncio.sleep(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await asyncio.sleep(1)

    assert seen == ["cancelled", "cleaned up"]


@on_every_placement
@simulated
async def test_a_cancellation_passes_through_a_timeout_of_the_caller_s_own(placement: Placement) -> None:
    """`asyncio.timeout` around a call works as around anything else."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        try:
            await asyncio.sleep(4)
        finally:
            seen.append("cleaned up")
        return note

    async with placement.running(probe(run)) as app:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await app.client(Probe).run(NOTE)
        await asyncio.sleep(0)

    assert asyncio.get_running_loop().time() < 2
    assert seen == ["cleaned up"]


@on_every_topology
@simulated
async def test_a_timeout_of_the_handler_s_own_is_its_own_affair(placement: Topology) -> None:
    """It may catch it, and answer."""

    async def run(note: Note) -> Note:
        try:
            async with asyncio.timeout(1):
                await asyncio.sleep(3)
        except TimeoutError:
            return Note(words=["too slow"])
        return note

    async with placement.running(probe(run)) as app:
        result = await app.client(Probe).run(NOTE)

    assert result.words == ["too slow"]


@on_every_topology
@simulated
async def test_a_timeout_of_the_handler_s_own_that_it_does_not_catch_is_a_failure(placement: Topology) -> None:
    """It is not the deadline of the call."""

    async def run(note: Note) -> Note:
        async with asyncio.timeout(1):
            await asyncio.sleep(3)
        return note

    async with placement.running(probe(run)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).run(NOTE)


@on_every_placement
@simulated
async def test_a_task_group_in_a_handler_ends_with_its_caller(placement: Placement) -> None:
    """Structured concurrency holds across a call."""
    seen: list[str] = []

    async def part(name: str) -> None:
        try:
            await asyncio.sleep(4)
        finally:
            seen.append(name)

    async def run(note: Note) -> Note:
        async with asyncio.TaskGroup() as group:
            group.create_task(part("a"))
            group.create_task(part("b"))
        return note

    async with placement.running(probe(run)) as app:
        calling = asyncio.ensure_future(app.client(Probe).run(NOTE))
        await asyncio.sleep(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await asyncio.sleep(0.1)

    assert sorted(seen) == ["a", "b"]


@on_every_topology
@simulated
async def test_a_handler_that_turns_its_cancellation_into_an_answer_does_not_keep_its_caller(
    placement: Topology,
) -> None:
    """Who was cancelled stays cancelled, whatever somebody else says."""

    async def run(note: Note) -> Note:
        try:
            await asyncio.sleep(4)
        except asyncio.CancelledError:
            raise Refused(reason="I would rather not stop") from None
        return note

    async with placement.running(probe(run)) as app:
        calling = asyncio.ensure_future(app.client(Probe).run(NOTE))
        await asyncio.sleep(1)
        calling.cancel()
        await asyncio.wait([calling])
        await asyncio.sleep(0.1)

    assert calling.cancelled()


@on_every_topology
@simulated
async def test_a_call_while_cleaning_up_after_a_cancellation_fails_by_itself(placement: Topology) -> None:
    """That its caller was cancelled before does not make the handler's failure a cancellation."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        raise asyncio.CancelledError

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            with pytest.raises(InternalError):
                await app.client(Probe).run(NOTE)
            seen.append("told")

    async with placement.running(probe(run)) as app:
        working = asyncio.ensure_future(work())
        await asyncio.sleep(1)
        working.cancel()
        await asyncio.wait([working])

    assert seen == ["told"]


@on_every_placement
@simulated
async def test_a_stream_that_is_closed_early_closes_its_producer(placement: Placement) -> None:
    """Its `finally` runs, and it makes no more items."""
    seen: list[object] = []

    async def items() -> AsyncIterator[int]:
        try:
            for number in range(1_000):
                seen.append(number)
                yield number
                await asyncio.sleep(0.01)
        finally:
            seen.append("closed")

    async with placement.running(probe(items=items)) as app:
        async with aclosing(_generator(app.client(Probe).items())) as stream:
            async for item in stream:
                if item == 2:
                    break
        await asyncio.sleep(1)

    assert seen[:3] == [0, 1, 2]
    assert seen[-1] == "closed"
    assert len(seen) <= 5, "a network may have made one more, not many"


@on_every_placement
@simulated
async def test_a_stream_that_nobody_reads_to_its_end_is_closed_when_it_is_forgotten(placement: Placement) -> None:
    """`break` is enough."""
    seen: list[str] = []

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append("closed")

    async def first() -> int:
        async for item in app.client(Probe).items():
            return item
        return 0

    async with placement.running(probe(items=items)) as app:
        assert await first() == 1
        await asyncio.sleep(1)

    assert seen == ["closed"]


@on_every_placement
@simulated
async def test_a_stream_that_was_never_read_never_began(placement: Placement) -> None:
    """Calling a generator function does nothing, over a call as elsewhere."""
    seen: list[str] = []

    async def items() -> AsyncIterator[int]:
        seen.append("began")
        yield 1

    async with placement.running(probe(items=items)) as app, aclosing(_generator(app.client(Probe).items())):
        await asyncio.sleep(1)

    assert not seen


@on_every_placement
@simulated
async def test_a_reader_that_is_cancelled_ends_the_stream(placement: Placement) -> None:
    """While it waits for an item."""
    seen: list[str] = []

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(4)
            yield 2
        finally:
            seen.append("closed")

    async def read() -> None:
        async for _ in app.client(Probe).items():
            pass

    async with placement.running(probe(items=items)) as app:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await asyncio.sleep(1)

    assert seen == ["closed"]


@on_every_placement
@simulated
async def test_a_cancelled_call_is_recorded_as_such(placement: Placement) -> None:
    """It is neither a success nor a failure."""
    recorder = MemoryRecorder()

    async def run(note: Note) -> Note:
        await asyncio.sleep(4)
        return note

    async with placement.running(probe(run), recorder=recorder) as app:
        calling = asyncio.ensure_future(app.client(Probe).run(NOTE))
        await asyncio.sleep(1)
        calling.cancel()
        await asyncio.wait([calling])
        await asyncio.sleep(0.1)

    assert [record.outcome for record in recorder.records] == ["cancelled"]


async def _anyio_timeout(note: Note) -> Note:
    with anyio.move_on_after(1):
        await anyio.sleep(100)
    return note


async def _anyio_scope(note: Note) -> Note:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await anyio.sleep(1)
    return note


async def _anyio_group(note: Note) -> Note:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 100)
        await anyio.sleep(1)
        group.cancel_scope.cancel()
    return note


async def _asyncio_group(note: Note) -> Note:
    async def fail() -> None:
        raise KeyError

    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.sleep(100)
    return note


@pytest.mark.parametrize("run", [_anyio_timeout, _anyio_scope, _anyio_group, _asyncio_group])
@on_every_topology
@simulated
async def test_what_a_handler_cancels_and_takes_back_is_its_own_affair(placement: Topology, run: Run) -> None:
    """Scopes and groups of libraries cancel the task that they run in, and mean themselves."""
    async with placement.running(probe(run)) as app:
        assert await app.client(Probe).run(NOTE) == NOTE
        await asyncio.sleep(1)


@on_every_topology
@simulated
async def test_a_stream_that_cancels_its_own_task_fails_and_its_reader_goes_on(placement: Topology) -> None:
    """As a handler that answers once."""

    async def items() -> AsyncIterator[int]:
        yield 1
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)
        yield 2

    seen: list[int] = []
    async with placement.running(probe(items=items)) as app:
        with pytest.raises(InternalError):
            await read(app.client(Probe).items(), seen)
        await asyncio.sleep(1)

    assert seen == [1]


def _generator(items: AsyncIterator[int]) -> AsyncGenerator[int]:
    """A client's stream is a generator, although its contract promises less."""
    return cast(AsyncGenerator[int], items)
