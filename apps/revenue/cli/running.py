"""Revenue running here: every service in a process of its own, or all of them in this one."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from atoll import Graph, Mistakes, World, describe, read_config, single
from atoll.processes import Grouping, Launch, parts_of, plan, supervising
from revenue.application import revenue

PLACE = "revenue.application:revenue"
SINGLE, PROCESSES = "single", "processes"
TOPOLOGIES = (PROCESSES, SINGLE)
DRAIN_S = 5.0


@asynccontextmanager
async def running_here(state: Path, topology: str) -> AsyncGenerator[None]:
    """Run the application until the block is left.

    Raises:
        AtollError: it cannot be started; it says why.
    """
    if topology == SINGLE:
        async with single(revenue, world=World.real(state), config=read_config(Path.cwd())):
            yield
        return
    graph = describe(revenue)
    plans, mistakes = plan(parts_of(graph), Grouping())
    if mistakes:
        raise Mistakes(mistakes)
    async with supervising(plans, _launch(graph, state)):
        yield


def _launch(graph: Graph, state: Path) -> Launch:
    environment = dict(os.environ)
    return Launch(PLACE, graph.manifest, state.absolute(), Path.cwd(), drain_s=DRAIN_S, environment=environment)
