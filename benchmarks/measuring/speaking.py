"""The other side of `programs`: what a program that is measured says on its standard output, and hears."""

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Coroutine
from typing import TypeVar

import msgspec
import uvloop

from benchmarks.measuring.programs import Ready

T = TypeVar("T")

COLLECTED_AFTER = (10_000, 20, 50)
"""As in the processes of Atoll, which programs that are none need not load to be measured."""


def say(answer: msgspec.Struct) -> None:
    """One line, at once."""
    print(msgspec.json.encode(answer).decode(), flush=True)


def say_ready(address: str = "") -> None:
    """That whoever started this program may go on."""
    say(Ready(address))


async def heard(kind: type[T]) -> AsyncGenerator[T, None]:
    """Each question, until the end of the input."""
    while line := await _line():
        yield msgspec.json.decode(line, type=kind)


async def end_of_input() -> None:
    """Wait until this program is asked to end, or whoever started it has ended."""
    while await _line():
        pass


def run_program(main: Coroutine[object, object, None]) -> None:
    """Run a program on uvloop, as all that are measured do; garbage is looked for as seldom as in Atoll's processes."""
    gc.set_threshold(*COLLECTED_AFTER)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
