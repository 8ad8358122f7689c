"""Tests in virtual time: hours pass in milliseconds, and nothing may be left when they are over.

A test that is given processes of their own (`placement`) runs in real time.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

import uvloop

from atoll.testing import simulate
from tests.patience import PATIENCE_S
from tests.placements import Processes

P = ParamSpec("P")

GRACE_S = 1.0
"""In virtual seconds: what is on its way out has this long to leave."""


def simulated(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:  # Any: a coroutine's own send types
    """Run an async test in a simulated world, and fail it when it leaves a task behind."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def work() -> None:
            await test(*args, **kwargs)
            await asyncio.sleep(GRACE_S)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"the test left tasks behind: {left}"

        if isinstance(kwargs.get("placement"), Processes):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(asyncio.wait_for(test(*args, **kwargs), PATIENCE_S))
        else:
            simulate(work)

    return run
