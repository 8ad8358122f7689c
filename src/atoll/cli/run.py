"""`atoll run`: an application in this process, until it is told to end."""

import asyncio
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import click

from atoll import (
    Application,
    AtollError,
    Config,
    Graph,
    World,
    configure_logging,
    describe,
    read_config,
    run_process,
    single,
)
from atoll.cli.banner import Door, door, print_banner
from atoll.cli.project import application_argument, json_option, load, state_option
from atoll.cli.refusals import Mistaken, SaidNo
from atoll.cli.terminal import is_terminal, print_json, screen
from atoll.gateway import connection

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@application_argument
@state_option
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=Path("atoll.toml"),
    show_default=True,
    help="The file with settings: a table for each service.",
)
@json_option
@click.pass_context
def run(ctx: click.Context, app: str | None, state: Path, config_file: Path, as_json: bool) -> None:
    """Start an application in this process.

    All of its services share one process (the topology `single`). The environment and the settings file say what can
    be set: `port = 9000` under `[gateway]`, or SHOP_GATEWAY_PORT=9000 for an application called shop.

    Ctrl-C and SIGTERM let what is in progress end; the exit code is then 0. A second Ctrl-C ends it at once.

    With --json it prints one object a line: {"event": "started", ...} and {"event": "stopped", ...}.
    """
    application = load(app)
    graph = describe(application)
    given = ctx.get_parameter_source("config_file") is not click.core.ParameterSource.DEFAULT
    if given and not config_file.is_file():
        raise Mistaken(f"There is no file {config_file}.", "Name a TOML file with --config.", code="no_config")
    config = read_config(config_file.parent, config_file.name)
    configure_logging(json=as_json or not sys.stderr.isatty())

    async def work(stop: asyncio.Event) -> None:
        await _serve(application, graph, state, config, stop, as_json=as_json)

    try:
        run_process(work)
    except AtollError:
        raise
    except Exception as error:  # foreign code: what a service raises when it starts
        if not (notes := getattr(error, "__notes__", ())):
            raise  # not a service's, but ours
        raise _failed(error, notes) from error


async def _serve(
    application: Application, graph: Graph, state: Path, config: Config, stop: asyncio.Event, *, as_json: bool
) -> None:
    """Run until `stop` is set, and say when it has started and when it has ended."""
    _end_at_once_the_second_time()
    async with single(application, world=World.real(state), config=config):
        reached = connection(state) if graph.edges else None
        opened = door(graph, reached, state) if reached else None
        if as_json:
            print_json(_started(graph, opened), indent=0)
        else:
            print_banner(graph, opened)
        await stop.wait()
        _leave_signals_to_the_system()
        if not as_json and is_terminal():
            screen().print("\n[dim]Letting what is in progress end; Ctrl-C again ends it at once.[/]")
    if as_json:
        print_json({"event": "stopped", "application": application.name}, indent=0)
    else:
        screen().print(f"{application.name} has stopped.")


def _failed(error: Exception, notes: Sequence[str]) -> SaidNo:
    """That a service did not start: what it raised, and the last line of the application that ran."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path.cwd())]
    last = (own or frames)[-1]
    return SaidNo(
        f"{' '.join(notes)} {type(error).__name__}: {error}",
        f"Look at {last.filename}:{last.lineno}, in {last.name}.",
        code="service_failed",
    )


def _end_at_once_the_second_time() -> None:
    """Let a second signal end the process even where a handler blocks its loop.

    The loop learns of the first one beside this handler, through the descriptor that it set for signals.
    """

    def first(_number: int, _frame: FrameType | None) -> None:
        _leave_signals_to_the_system()

    for number in SIGNALS:
        signal.signal(number, first)


def _leave_signals_to_the_system() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _started(graph: Graph, opened: Door | None) -> dict[str, object]:
    reached = asdict(opened) if opened else {}
    return {
        "event": "started",
        "application": graph.application.name,
        "version": graph.application.version,
        "services": [service.name for service in graph.services],
        **{name: str(value) if isinstance(value, Path) else value for name, value in reached.items()},
    }
