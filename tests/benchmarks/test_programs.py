"""Programs that are measured: what they say is heard, what goes wrong is told, and none is left."""

import asyncio

import psutil
import pytest

from benchmarks.measuring import Batch, Programs
from benchmarks.measuring.load import LATE_S, Load, closed_loop

NOTHING = "benchmarks.subjects.start_nothing"


def test_a_program_that_ends_before_it_is_ready_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever reads it needs to know which of twenty programs it was."""
    with Programs() as programs:
        program = programs.start("a broken program", "benchmarks.subjects.nowhere")

        with pytest.raises(RuntimeError, match="a broken program: it ended"):
            program.ready()

    assert "nowhere" in capfd.readouterr().err


def test_no_program_is_left_when_a_measurement_is_interrupted() -> None:
    """Nor what it has started: the next measurement would share the machine with it."""
    before = set(psutil.Process().children(recursive=True))

    def interrupted() -> None:
        with Programs() as programs:
            programs.start("one", NOTHING).ready()
            programs.start("another", NOTHING)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert set(psutil.Process().children(recursive=True)) <= before


def test_what_a_program_has_taken_is_its_processor_time() -> None:
    """Of its start at least, which takes some milliseconds."""
    with Programs() as programs:
        program = programs.start("one", NOTHING)
        program.ready()

        assert 0.001 < program.cpu_s() < 30


async def test_so_many_callers_call_at_once_and_again() -> None:
    """A closed loop: as many calls are in flight as were asked for, and no more."""
    at_once: list[int] = []
    under_way = 0

    async def call() -> None:
        nonlocal under_way
        under_way += 1
        at_once.append(under_way)
        await asyncio.sleep(0)
        under_way -= 1

    load = await closed_loop(call, Batch(in_flight=5, seconds=0.01))

    assert max(at_once) == 5
    assert load.calls == len(at_once) > 5
    assert 0 < load.p50_s <= load.p99_s


async def test_a_call_that_fails_fails_the_measurement() -> None:
    """An error is answered sooner than a result, and would look like speed."""

    async def call() -> None:
        raise ConnectionResetError

    with pytest.raises(ExceptionGroup, match="unhandled errors") as raised:
        await closed_loop(call, Batch(in_flight=1, seconds=1.0))

    assert raised.group_contains(ConnectionResetError)


def test_a_late_answer_fails_the_measurement() -> None:
    """Somebody would have given up."""
    with pytest.raises(RuntimeError, match="late"):
        Load.of([0.001, LATE_S + 0.1], 11.0, 0.1)


def test_quantiles_are_those_of_all_calls() -> None:
    """One of a hundred takes long: the 99th percentile is the one that shows it."""
    load = Load.of([0.001] * 99 + [0.5], 1.0, 0.1)

    assert (load.p50_s, load.p99_s) == (0.001, 0.5)
