"""Tests with real sockets, each on uvloop and on asyncio's own loop."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import pytest
import uvloop

from tests.patience import PATIENCE_S

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., object])

Test = Callable[P, Coroutine[Any, Any, None]]  # Any: a coroutine's own send types


def on_uvloop(test: Test[P]) -> Callable[P, None]:
    """Run an async test in real time on a loop of its own, and fail it when it leaves a task behind."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        _run(uvloop.new_event_loop, test(*args, **kwargs))

    return run


def on_each_loop(test: Test[P]) -> Callable[..., None]:
    """As `on_uvloop`, on both loops."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        loop_factory: Any = kwargs.pop("loop_factory")  # Any: a fixture that the test does not know
        _run(loop_factory, test(*args, **kwargs))

    functools.update_wrapper(run, test)
    signature = inspect.signature(test)
    asked = [*signature.parameters.values(), inspect.Parameter("loop_factory", inspect.Parameter.KEYWORD_ONLY)]
    run.__dict__["__signature__"] = signature.replace(parameters=asked)
    return pytest.mark.parametrize(
        "loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"]
    )(run)


def _run(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    test: Coroutine[Any, Any, None],  # Any: see Test
) -> None:
    async def work() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await test
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            _, left = await asyncio.wait(left, timeout=1)
        assert not left, f"the test left tasks behind: {left}"

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work())
