"""A call shares nothing with its caller but what its contract says, however near the two are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Generator
from contextvars import ContextVar
from typing import TypeVar

import pytest

from atoll import Context, context
from atoll.kernel import current
from tests.calls.probe import Note, Probe, probe
from tests.placements import Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated

T = TypeVar("T")

colour: ContextVar[str] = ContextVar("colour", default="none")


@on_every_topology
@simulated
async def test_a_mutable_argument_is_copied(placement: Topology) -> None:
    """What the handler changes, its caller does not see."""
    sent = Note(words=["sent"])

    async def run(note: Note) -> Note:
        note.words.append("changed")
        return note

    async with placement.running(probe(run)) as app:
        result = await app.client(Probe).run(sent)

    assert result.words == ["sent", "changed"]
    assert sent.words == ["sent"]


@on_every_topology
@simulated
async def test_a_mutable_result_is_copied(placement: Topology) -> None:
    """What the caller changes, the service does not see."""
    kept = Note(words=["kept"])

    async def run(note: Note) -> Note:
        return kept

    async with placement.running(probe(run)) as app:
        result = await app.client(Probe).run(Note(words=[]))
        result.words.append("changed")

    assert kept.words == ["kept"]


@on_every_placement
@simulated
async def test_context_variables_of_the_caller_do_not_reach_the_handler(placement: Placement) -> None:
    """Over a network they could not."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        seen.append(colour.get())
        return note

    async with placement.running(probe(run)) as app:
        with _set(colour, "red"):
            await app.client(Probe).run(Note(words=[]))

    assert seen == ["none"]


@on_every_placement
@simulated
async def test_context_variables_of_the_handler_do_not_reach_the_caller(placement: Placement) -> None:
    """Nor the next call."""
    seen: list[str] = []

    async def run(note: Note) -> Note:
        seen.append(colour.get())
        colour.set("blue")
        await asyncio.sleep(1)
        seen.append(colour.get())
        return note

    async with placement.running(probe(run)) as app:
        with _set(colour, "red"):
            await app.client(Probe).run(Note(words=[]))
            await app.client(Probe).run(Note(words=[]))
            after = colour.get()

    assert seen == ["none", "blue", "none", "blue"]
    assert after == "red"


@on_every_topology
@simulated
async def test_a_stream_keeps_its_own_context_variables_between_items(placement: Topology) -> None:
    """A generator that is resumed by its reader must not see the reader's variables."""

    async def items() -> AsyncIterator[int]:
        assert colour.get() == "none"
        colour.set("blue")
        yield 1
        assert colour.get() == "blue"
        assert context().caller == ""
        yield 2

    async with placement.running(probe(items=items)) as app:
        with _set(colour, "red"):
            seen = [(item, colour.get()) async for item in app.client(Probe).items()]

    assert seen == [(1, "red"), (2, "red")]


@on_every_placement
@simulated
async def test_a_call_carries_its_context_and_only_that(placement: Placement) -> None:
    """On whose behalf, whose data, how urgent: the same in every placement."""
    seen: list[Context] = []

    async def run(note: Note) -> Note:
        seen.append(context())
        return note

    async with placement.running(probe(run)) as app:
        with _set(current, Context(user="ada@example.com; é\r\n", tenant="acme", deadline_at=100.0)):
            await app.client(Probe).run(Note(words=[]))
            after = context()

    (inside,) = seen
    assert (inside.user, inside.tenant) == ("ada@example.com; é\r\n", "acme")
    assert inside.deadline_at == pytest.approx(5.0)
    assert (after.user, after.deadline_at) == ("ada@example.com; é\r\n", 100.0)


@on_every_topology
@simulated
async def test_calls_at_once_do_not_see_each_other(placement: Topology) -> None:
    """Each has a context of its own, also while it waits."""

    async def run(note: Note) -> Note:
        colour.set(note.words[0])
        await asyncio.sleep(1)
        return Note(words=[colour.get()])

    async with placement.running(probe(run)) as app:
        client = app.client(Probe)
        results = await asyncio.gather(*(client.run(Note(words=[f"{number}"])) for number in range(50)))

    assert [result.words for result in results] == [[f"{number}"] for number in range(50)]


@contextlib.contextmanager
def _set(variable: ContextVar[T], value: T) -> Generator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
