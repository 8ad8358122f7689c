"""`atoll run --topology processes`, and `--reload`: this process as a supervisor."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.markup import escape

from atoll import Graph, Mistake, Mistakes, run_process
from atoll.cli.banner import door, print_banner, print_stopped, started_event
from atoll.cli.processes_table import processes_table
from atoll.cli.starting import end_at_once_the_second_time, leave_signals_to_the_system
from atoll.cli.terminal import is_terminal, print_json, screen
from atoll.edge import Tasks
from atoll.gateway import connection
from atoll.hosting import directory_of
from atoll.processes import (
    Apart,
    Grouping,
    Launch,
    ProcessPlan,
    Supervisor,
    parts_of,
    plan,
    reloading,
    supervising,
    watching,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an application is to be run. `config` is a settings file that was asked for."""

    place: str
    state: Path
    config: Path | None
    drain_s: float
    as_json: bool
    reloads: bool


def supervise(
    graph: Graph, wanted: Wanted, groups: tuple[str, ...], instances: tuple[str, ...], *, in_one: bool
) -> None:
    """Run an application as processes, until this one is told to end; `in_one` puts all services into one.

    Raises:
        Mistakes: everything that is wrong with what was asked for.
        AlreadySupervised: another supervisor has the state folder.
        NotStarted: a process does not become ready.
    """
    parts = parts_of(graph)
    grouping = _grouping(groups, instances)
    if in_one:
        grouping = Grouping((tuple(part.name for part in parts),))
    plans, mistakes = plan(parts, grouping)
    if mistakes:
        raise Mistakes(mistakes)
    steps = screen(sys.stderr)
    state = wanted.state.absolute()
    apart = Apart(
        plans, state, Path.cwd(), lambda service, what: steps.print(f"[dim]{service} {escape(what)}[/]", soft_wrap=True)
    )
    apart.build()
    launch = Launch(
        wanted.place,
        graph.manifest,
        state,
        Path.cwd(),
        wanted.config,
        wanted.drain_s,
        wanted.as_json,
        os.environ,
        apart.pythons,
        apart,
    )
    shown = _Shown(graph, wanted, plans, launch)

    async def work(stop: asyncio.Event) -> None:
        await shown.run(stop)

    try:
        run_process(work)
    finally:
        apart.stop()


class _Shown:
    """A run, and what is said about it."""

    def __init__(self, graph: Graph, wanted: Wanted, plans: list[ProcessPlan], launch: Launch) -> None:
        self._graph = graph
        self._wanted = wanted
        self._plans = plans
        self._launch = launch
        self._tasks = Tasks("run")
        self._reloading: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; what has not started yet by then is not waited for."""
        end_at_once_the_second_time()
        is_up = asyncio.Event()
        running = self._tasks.spawn(self._supervise(stop, is_up), "supervise", awaited=True)
        stopped = self._tasks.spawn(stop.wait(), "stop", awaited=True)
        try:
            await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not is_up.is_set():
                running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        finally:
            await self._tasks.close()
        print_stopped(self._graph.application.name, as_json=self._wanted.as_json)

    async def _supervise(self, stop: asyncio.Event, is_up: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            changed: asyncio.Queue[Path] | None = None
            if self._wanted.reloads:
                changed = await stack.enter_async_context(watching(self._graph, self._launch))
            elsewhere = directory_of(None, os.environ).peers
            supervisor = await stack.enter_async_context(supervising(self._plans, self._launch, elsewhere=elsewhere))
            is_up.set()
            if changed is not None:
                self._reloading = self._tasks.spawn(reloading(supervisor, self._launch, changed), "reload")
            await self._print(supervisor)
            await stop.wait()
            if self._reloading is not None:
                self._reloading.cancel()
            leave_signals_to_the_system()
            if not self._wanted.as_json and is_terminal():
                screen().print("\n[dim]Letting what is in progress end; Ctrl-C again ends it at once.[/]")

    async def _print(self, supervisor: Supervisor) -> None:
        graph, state = self._graph, self._wanted.state
        reached = connection(state) if graph.edges else None
        opened = door(graph, reached, state) if reached else None
        processes = await supervisor.processes()
        if self._wanted.as_json:
            event = started_event(graph, opened) | {"processes": msgspec.to_builtins(processes)}
            print_json(event, indent=0)
        else:
            print_banner(graph, opened, processes_table(processes), state=self._wanted.state)


def _grouping(groups: tuple[str, ...], instances: tuple[str, ...]) -> Grouping:
    """What `--group` and `--instances` ask for.

    Raises:
        Mistakes: a number is none.
    """
    counts: dict[str, int] = {}
    mistakes: list[Mistake] = []
    for given in instances:
        name, _, count = given.partition("=")
        if count.isascii() and count.isdigit():
            counts[name.strip()] = int(count)
        else:
            mistakes.append(Mistake(None, f"--instances {given} says no number", "write --instances scoring=3"))
    if mistakes:
        raise Mistakes(mistakes)
    split = (tuple(part.strip() for part in group.split(",") if part.strip()) for group in groups)
    return Grouping(tuple(split), counts)
