"""`atoll logs`: what all services have logged, merged."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from atoll.cli.project import LIMIT, json_option, state_option
from atoll.cli.see.asking import TraceId, line_facts, since_option
from atoll.cli.see.drawing import logged
from atoll.cli.terminal import print_json, screen
from atoll.seeing import LEVELS, KeptLine, KeptTelemetry, LogSearch, Telemetry

LOOK_S = 0.5
"""How often `--follow` looks for more."""


@click.command()
@click.option("--follow", "follows", is_flag=True, help="Go on with what is logged from now on, until Ctrl-C.")
@click.option("--service", default="", metavar="S", help="Only what this service has logged.")
@click.option("--trace", "trace_id", type=TraceId(), default="0", metavar="ID", help="Only of this trace.")
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", show_default=True, help="From this one on.")
@click.option("--text", default="", metavar="TEXT", help="Only lines with this text in the message or the error.")
@since_option
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="The last so many.")
@state_option
@json_option
def logs(
    *,
    follows: bool,
    service: str,
    trace_id: int,
    level: str,
    text: str,
    since: float | None,
    limit: int,
    state: Path,
    as_json: bool,
) -> None:
    """Show what all services have logged, merged; follow it.

    The last line is at the end. With --json each line is an object of its own.
    """
    search = LogSearch(service, LEVELS[level], trace_id, text, since or 0.0, limit=limit)
    telemetry = KeptTelemetry(state)
    found = list(reversed(telemetry.logs(search)))
    _print(found, as_json=as_json)
    if not found and not follows and not as_json:
        screen().print("Nothing like that was logged.", markup=False)
    if follows:
        _follow(telemetry, search, _reached(found) if found else _last(telemetry), as_json=as_json)


def _last(telemetry: Telemetry) -> int:
    """The number of the last line that is kept, whatever it is about."""
    return next((each.number for each in telemetry.logs(LogSearch(limit=1))), 0)


def _follow(telemetry: Telemetry, search: LogSearch, after: int, *, as_json: bool) -> None:
    while True:
        more = LogSearch(search.service, search.level, search.trace_id, search.text, after=after, limit=1_000)
        found = telemetry.logs(more)
        _print(found, as_json=as_json)
        if found:
            after = _reached(found)
        else:
            time.sleep(LOOK_S)


def _reached(found: Sequence[KeptLine]) -> int:
    return max(each.number for each in found)


def _print(found: Sequence[KeptLine], *, as_json: bool) -> None:
    """In the order of their moments: lines are numbered as they are collected, from one process after the other."""
    console = screen()
    for each in sorted(found, key=lambda kept: (kept.line.at, kept.number)):
        if as_json:
            print_json(line_facts(each), indent=0)
        else:
            console.print(logged(each), soft_wrap=True)
