"""What a caller is told when a handler fails: what the contract says, and nothing more."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from atoll import DeadlineExceeded, Forbidden, InvalidInput, Problem, Unavailable
from atoll.calls import Request, Response, Transport
from atoll.problems import BrokenContract, InternalError
from atoll.testing import running, test_world
from atoll.topology import World
from tests.calls.probe import Note, Probe, Refused, Undeclared, probe
from tests.placements import Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated

CANARY = "canary-7d1f"
NOTE = Note(words=["sent"])


class Canary(Exception):
    """An error of foreign code, full of what nobody outside may see."""

    def __init__(self) -> None:
        super().__init__(CANARY, {"password": CANARY})


def raising(error: Callable[[], BaseException]) -> Callable[[Note], Any]:  # Any: never returns
    """A handler that raises."""

    async def run(note: Note) -> Note:
        raise error()

    return run


@on_every_topology
@simulated
async def test_an_undeclared_exception_is_an_internal_error_without_internals(placement: Topology) -> None:
    """What went wrong inside is nobody's business outside."""
    async with placement.running(probe(raising(Canary))) as app:
        with pytest.raises(InternalError) as caught:
            await app.client(Probe).run(NOTE)

    assert caught.value.operation == "probe.run"
    assert CANARY not in f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
    assert caught.value.__cause__ is None
    assert caught.value.trace_id


@simulated
async def test_no_byte_of_the_answer_tells_about_an_undeclared_exception() -> None:
    """Not in the body, not in a stream, not by the class of the error."""
    answers: list[Response] = []

    async def items() -> AsyncIterator[int]:
        yield 1
        raise Canary

    world = listening(answers)
    async with running(probe(raising(Canary), items=items), world=world) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).run(NOTE)
        with pytest.raises(InternalError):
            assert [item async for item in app.client(Probe).items()] == [1]

    said = b"".join(answer.body for answer in answers)
    assert said
    assert CANARY.encode() not in said
    assert b"Canary" not in said
    assert __file__.encode() not in said


def listening(answers: list[Response]) -> World:
    """A world in which every answer is written down."""

    class Listening:
        def __init__(self, answering: Transport) -> None:
            self._answering = answering

        async def send(self, request: Request) -> Response:
            answers.append(await self._answering.send(request))
            return answers[-1]

        async def close(self) -> None:
            """Nothing is held."""

    ordinary = test_world()
    return World(ordinary.clock, ordinary.entropy, ordinary.disk, lambda answering, _: Listening(answering))


@on_every_topology
@simulated
async def test_an_undeclared_problem_is_an_internal_error(placement: Topology) -> None:
    """A caller can only handle what it was promised."""
    async with placement.running(probe(raising(lambda: Undeclared(secret=CANARY)))) as app:
        with pytest.raises(InternalError) as caught:
            await app.client(Probe).run(NOTE)

    assert CANARY not in str(caught.value)


@on_every_topology
@simulated
async def test_a_declared_problem_arrives_as_its_class_with_equal_fields(placement: Topology) -> None:
    """Errors are part of the contract."""
    async with placement.running(probe(raising(lambda: Refused(reason="no")))) as app:
        with pytest.raises(Refused) as caught:
            await app.client(Probe).run(NOTE)

    assert caught.value == Refused(reason="no")
    assert caught.value.trace_id


@pytest.mark.parametrize(
    "problem",
    [
        Forbidden(reason="not yours"),
        InvalidInput(errors=()),
        Unavailable(service="disk", reason="full"),
        DeadlineExceeded(operation="elsewhere"),
    ],
    ids=lambda problem: problem.code,
)
@on_every_topology
@simulated
async def test_a_problem_of_the_platform_that_the_handler_raises_travels(placement: Topology, problem: Problem) -> None:
    """Every contract promises these."""
    async with placement.running(probe(raising(lambda: problem))) as app:
        with pytest.raises(type(problem)) as caught:
            await app.client(Probe).run(NOTE)

    assert caught.value == problem


@on_every_placement
@simulated
async def test_a_failure_is_logged_once_under_its_trace(placement: Placement, caplog: pytest.LogCaptureFixture) -> None:
    """The caller's trace id leads to the one record that says why."""
    async with placement.running(probe(raising(Canary))) as app:
        with caplog.at_level(logging.INFO), pytest.raises(InternalError) as caught:
            await app.client(Probe).run(NOTE)

    (record,) = [record for record in caplog.records if record.exc_info]
    assert getattr(record, "trace_id", "") == caught.value.trace_id
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Canary)


@on_every_topology
@simulated
async def test_a_declared_problem_is_not_logged(placement: Topology, caplog: pytest.LogCaptureFixture) -> None:
    """It is an answer, not a failure."""
    async with placement.running(probe(raising(lambda: Refused(reason="no")))) as app:
        with caplog.at_level(logging.INFO), pytest.raises(Refused):
            await app.client(Probe).run(NOTE)

    assert not caplog.records


@on_every_topology
@simulated
async def test_a_result_of_a_wrong_type_is_a_broken_contract(placement: Topology) -> None:
    """The caller never holds a value that its type denies."""

    async def run(note: Note) -> Note:
        return Note(words=cast(list[str], [1]))

    async with placement.running(probe(run)) as app:
        with pytest.raises(BrokenContract) as caught:
            await app.client(Probe).run(NOTE)

    assert caught.value.operation == "probe.run"
    assert [fault.pointer for fault in caught.value.errors] == ["/words/0"]


@on_every_topology
@simulated
async def test_a_result_that_cannot_be_sent_is_an_internal_error(placement: Topology) -> None:
    """The service failed to say it."""

    async def run(note: Note) -> Note:
        return Note(words=cast(list[str], [object()]))

    async with placement.running(probe(run)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).run(NOTE)


@pytest.mark.parametrize("reason", [object(), "\ud800", {"not", "text"}], ids=["object", "surrogate", "set"])
@on_every_topology
@simulated
async def test_a_problem_that_cannot_be_sent_is_an_internal_error(placement: Topology, reason: object) -> None:
    """A handler can build one with anything in it."""
    async with placement.running(probe(raising(lambda: Refused(reason=cast(str, reason))))) as app:
        with pytest.raises(Problem) as caught:
            await app.client(Probe).run(NOTE)

    assert caught.value.code in ("internal_error", "unknown_problem")


@on_every_topology
@simulated
async def test_an_argument_of_a_wrong_type_is_refused_before_the_handler(placement: Topology) -> None:
    """A handler never sees what its annotations deny."""
    calls: list[Note] = []

    async def run(note: Note) -> Note:
        calls.append(note)
        return note

    async with placement.running(probe(run)) as app:
        with pytest.raises(InvalidInput) as caught:
            await app.client(Probe).run(Note(words=cast(list[str], [1])))

    assert [fault.pointer for fault in caught.value.errors] == ["/words/0"]
    assert not calls


@on_every_topology
@simulated
async def test_a_call_that_does_not_fit_the_signature_is_a_type_error(placement: Topology) -> None:
    """As for every Python function, and before anything is sent."""
    async with placement.running(probe()) as app:
        client = cast(Any, app.client(Probe))  # Any: the checkers would refuse these calls
        with pytest.raises(TypeError, match="note"):
            await client.run()
        with pytest.raises(TypeError, match="nonsense"):
            await client.run(NOTE, nonsense=1)


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
@on_every_topology
@simulated
async def test_an_error_that_python_uses_for_itself_is_a_failure_all_the_same(
    placement: Topology, error: type[BaseException]
) -> None:
    """An exhausted iterator inside a handler must not look like a good end."""

    async def order() -> None:
        raise error

    async with placement.running(probe(order=order)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).order()


@on_every_topology
@simulated
async def test_a_handler_that_gives_up_by_itself_has_failed(placement: Topology) -> None:
    """Its caller was not cancelled by anybody."""

    async def order() -> None:
        raise asyncio.CancelledError

    async with placement.running(probe(order=order)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).order()


@on_every_topology
@simulated
async def test_a_handler_that_awaits_a_cancelled_task_has_failed(placement: Topology) -> None:
    """The cancellation of something else is not the caller's."""

    async def order() -> None:
        waiting = asyncio.ensure_future(asyncio.sleep(10))
        waiting.cancel()
        await waiting

    async with placement.running(probe(order=order)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).order()


@on_every_topology
@simulated
@pytest.mark.parametrize("waits", [False, True])
async def test_a_handler_that_wants_to_end_the_process_has_failed(placement: Topology, waits: bool) -> None:
    """Libraries of command lines raise SystemExit; a service goes on."""

    async def order() -> None:
        if waits:
            await asyncio.sleep(0)
        sys.exit(3)

    async with placement.running(probe(order=order)) as app:
        for _ in range(2):
            with pytest.raises(InternalError):
                await app.client(Probe).order()


@on_every_topology
@simulated
async def test_a_handler_that_cancels_its_own_task_has_failed(placement: Topology) -> None:
    """Over a network it could not reach the caller's task; here it must not."""

    async def order() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    async with placement.running(probe(order=order)) as app:
        with pytest.raises(InternalError):
            await app.client(Probe).order()

    assert not cast(Any, asyncio.current_task()).cancelling()  # Any: a task that runs, so not None


@on_every_topology
@simulated
async def test_what_a_handler_passes_wrongly_is_its_own_failure(placement: Topology) -> None:
    """Its caller's input was right: a 422 would send them to look for a fault that is not theirs."""

    async def run(note: Note) -> Note:
        return await inner.run(Note(words=["\ud800"]))

    async with placement.running(probe(run)) as app:
        inner = app.client(Probe)
        with pytest.raises(InternalError):
            await app.client(Probe).run(NOTE)


@on_every_topology
@simulated
async def test_an_answer_that_breaks_its_contract_is_told_of_in_the_log(
    placement: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever gets it has done nothing wrong; whoever is to mend it has to learn which operation it was."""

    async def run(note: Note) -> Note:
        return Note(words=cast(list[str], "not a list"))

    async with placement.running(probe(run)) as app:
        with pytest.raises(BrokenContract):
            await app.client(Probe).run(NOTE)

    assert any("probe.run" in line and "/words" in line for line in caplog.messages)
