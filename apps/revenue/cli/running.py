"""Revenue running here: every service in a process of its own, or all of them in this one."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from atoll import Config, Graph, Mistakes, World, describe, read_config, single
from atoll.processes import Grouping, Launch, parts_of, plan, supervising
from revenue.application import revenue

PLACE = "revenue.application:revenue"
SINGLE = "single"
DRAIN_S = 5.0
SETTING = "sample_vendors"


@asynccontextmanager
async def running_here(state: Path, topology: str, *, sample_vendors: bool = False) -> AsyncGenerator[None]:
    """Run the application until the block is left; with `sample_vendors` these are on, unless somebody has said it.

    Raises:
        AtollError: it cannot be started; it says why.
    """
    found = read_config(Path.cwd())
    environment = {**(_with_vendors(found) if sample_vendors else {}), **os.environ}
    if topology == SINGLE:
        config = Config(environment, found.file, found.text)
        async with single(revenue, world=World.real(state), config=config):
            yield
        return
    graph = describe(revenue)
    plans, mistakes = plan(parts_of(graph), Grouping())
    if mistakes:
        raise Mistakes(mistakes)
    async with supervising(plans, _launch(graph, state, environment)):
        yield


def _with_vendors(config: Config) -> dict[str, str]:
    tables, _ = config.tables()
    return {} if SETTING in tables.get("enrichment", {}) else {f"REVENUE_ENRICHMENT_{SETTING.upper()}": "true"}


def _launch(graph: Graph, state: Path, environment: Mapping[str, str]) -> Launch:
    return Launch(PLACE, graph.manifest, state.absolute(), Path.cwd(), drain_s=DRAIN_S, environment=environment)
