"""`atoll run`: an application in this process or in several, until it is told to end."""

import asyncio
import gc
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from atoll import (
    Config,
    Graph,
    World,
    configure_logging,
    describe,
    single,
)
from atoll.cli.banner import door, print_banner, print_stopped, started_event
from atoll.cli.project import (
    application_argument,
    config_of,
    config_option,
    drain_option,
    json_option,
    load,
    place_of,
    state_option,
)
from atoll.cli.refusals import Mistaken
from atoll.cli.starting import end_at_once_the_second_time, leave_signals_to_the_system, run_told
from atoll.cli.supervise import Wanted, supervise
from atoll.cli.terminal import is_terminal, print_json, screen
from atoll.gateway import connection

EXAMPLES = """\b
Examples:
  atoll run                             all services in this process
  atoll run --topology processes        a process for each service
  atoll run --topology processes --instances enrichment=3 --group capture,scoring
  atoll run --reload                    start again whenever the source changes
"""


@click.command(epilog=EXAMPLES)
@application_argument
@click.option(
    "--topology",
    type=click.Choice(["single", "processes"]),
    default="single",
    show_default=True,
    help="One process for all services, or one for each.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="A,B",
    help="Services that share a process (with --topology processes). Repeatable.",
)
@click.option(
    "--instances",
    multiple=True,
    metavar="SERVICE=COUNT",
    help="How many instances a service has (with --topology processes). Repeatable.",
)
@click.option("--reload", "reloads", is_flag=True, help="Start again whenever the source or the settings change.")
@state_option
@config_option
@drain_option
@json_option
@click.pass_context
def run(  # noqa: PLR0917  # a command has one argument for each of its options
    ctx: click.Context,
    app: str | None,
    topology: str,
    groups: tuple[str, ...],
    instances: tuple[str, ...],
    reloads: bool,
    state: Path,
    config_file: Path,
    drain_s: float,
    as_json: bool,
) -> None:
    """Start an application, in one process or in several.

    All of its services share this process (the topology `single`), or each has one of its own (`processes`), which
    this one starts, watches, and starts again. The environment and the settings file say what can be set:
    `port = 9000` under `[gateway]`, or SHOP_GATEWAY_PORT=9000 for an application called shop.

    Ctrl-C and SIGTERM let what is in progress end; the exit code is then 0. A second Ctrl-C ends it at once.

    With --json it prints one object a line: {"event": "started", ...} and {"event": "stopped", ...}.
    """
    if topology == "single" and (groups or instances):
        raise Mistaken(
            "--group and --instances are for several processes.",
            "Add --topology processes, or leave them out.",
            code="not_in_single",
        )
    application = load(app)
    config = config_of(ctx, config_file)
    configure_logging(json=as_json or not sys.stderr.isatty())
    graph = describe(application)
    if topology == "processes" or reloads:
        is_given = ctx.get_parameter_source("config_file") is not click.core.ParameterSource.DEFAULT
        wanted = Wanted(place_of(app), state, config_file if is_given else None, drain_s, as_json, reloads)
        supervise(graph, wanted, groups, instances, in_one=topology == "single")
        return
    _run_here(_Here(graph, state, config, drain_s, as_json))


@dataclass(frozen=True, slots=True)
class _Here:
    graph: Graph
    state: Path
    config: Config
    drain_s: float
    as_json: bool


def _run_here(here: _Here) -> None:
    async def work(stop: asyncio.Event) -> None:
        await _serve(here, stop)

    run_told(work)


async def _serve(here: _Here, stop: asyncio.Event) -> None:
    """Run until `stop` is set, and say when it has started and when it has ended."""
    end_at_once_the_second_time()
    graph, state = here.graph, here.state
    async with single(graph.application, world=World.real(state), config=here.config, drain_s=here.drain_s):
        reached = connection(state) if graph.edges else None
        opened = door(graph, reached, state) if reached else None
        if here.as_json:
            print_json(started_event(graph, opened), indent=0)
        else:
            print_banner(graph, opened, state=state)
        gc.freeze()  # what was made for the start is no garbage, and need not be looked at again
        await stop.wait()
        leave_signals_to_the_system()
        if not here.as_json and is_terminal():
            screen().print("\n[dim]Letting what is in progress end; Ctrl-C again ends it at once.[/]")
    print_stopped(graph.application.name, as_json=here.as_json)
