"""`atoll serve`: services of an application in this process, behind addresses that its peers know."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import click

from atoll import configure_logging
from atoll.cli.project import (
    application_argument,
    config_of,
    config_option,
    drain_option,
    json_option,
    place_of,
    state_option,
)
from atoll.cli.refusals import Mistaken
from atoll.cli.starting import end_at_once_the_second_time, run_told
from atoll.hosting import ByAuthority, BySupervisor, Hosting, Serving, directory_of, host, load_hosted, supervised

EXAMPLES = """\b
Examples:
  atoll serve --services scoring --listen http://127.0.0.1:7001
  ATOLL_PEER_SCORING=http://127.0.0.1:7001 \\
    atoll serve --services capture --listen http://127.0.0.1:7002
"""


@click.command(epilog=EXAMPLES)
@application_argument
@click.option("--services", metavar="A,B", help="The services to host; all of them by default.")
@click.option(
    "--listen",
    multiple=True,
    metavar="URL",
    help="Where to listen: unix:/PATH, http://HOST:PORT (port 0 takes any free one), https://HOST:PORT. Repeatable.",
)
@click.option(
    "--peers",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file that says where the others listen. Without it: ATOLL_PEERS, or ATOLL_PEER_{SERVICE}=URL,URL.",
)
@state_option
@click.option(
    "--authority",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The folder of the keys that vouch for this process, which all processes share. By default that of the state.",
)
@config_option
@click.option("--name", default="", help="The name of this process in its log.")
@click.option("--application", "whose", metavar="NAME", help="Whose service it is, where APP is a service's class.")
@drain_option
@json_option
@click.pass_context
def serve(  # noqa: PLR0917  # a command has one argument for each of its options
    ctx: click.Context,
    app: str | None,
    services: str | None,
    listen: tuple[str, ...],
    peers: Path | None,
    state: Path,
    authority: Path | None,
    config_file: Path,
    name: str,
    whose: str | None,
    drain_s: float,
    as_json: bool,
) -> None:
    """Host services of an application in this process.

    This is the unit of every topology with more than one process: a supervisor (`atoll run --topology processes`),
    systemd, Kubernetes or a person starts it. It waits for nobody; the order of starting does not matter.

    APP is an application, or the place of one service's class. SIGTERM and Ctrl-C let what is in progress end; SIGHUP
    reads the file of peers again, which also happens when a peer is not where it should be.
    """
    hosted = None if services is None else [part.strip() for part in services.split(",") if part.strip()]
    if hosted == []:
        raise Mistaken(
            "It would host nothing: --services names no service.",
            "Name some (--services scoring), or leave the option out for all of them.",
            code="no_service",
        )
    with supervised(drain_s) as parent:
        configure_logging(json=as_json or not sys.stderr.isatty(), name=name)
        hosting = Hosting(
            load_hosted(place_of(app), Path.cwd(), whose),
            hosted,
            listen,
            state,
            config_of(ctx, config_file),
            drain_s,
            BySupervisor.of(os.environ) or ByAuthority(authority or state),
            name,
        )
        if not listen and parent is None:
            raise Mistaken(
                "It would listen nowhere.",
                "Say where: --listen http://127.0.0.1:7001, or --listen unix:/run/scoring.sock.",
                code="no_address",
            )
        directory = directory_of(peers, os.environ)

        def listening(served: Serving) -> None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, served.look)
            if parent is None:
                _tell(served, as_json=as_json)

        async def work(stop: asyncio.Event) -> None:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, directory.look)
            end_at_once_the_second_time()
            await host(hosting, directory, stop, parent, listening)
            loop.remove_signal_handler(signal.SIGHUP)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # on its way out it needs no news, and shall not die of them

        run_told(work)


def _tell(served: Serving, *, as_json: bool) -> None:
    """Say what is served, and where."""
    from atoll.cli.terminal import print_json, screen  # noqa: PLC0415  # rich takes time, and the supervisor wants none

    hosted = list(served.running.instances)
    if as_json:
        print_json({"event": "started", "services": hosted, "addresses": list(served.addresses)}, indent=0)
    else:
        screen().print(f"[bold green]●[/] {', '.join(hosted)} at {', '.join(served.addresses)}", soft_wrap=True)
        sys.stdout.flush()
