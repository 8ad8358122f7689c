"""`atoll top`: what an application does now, live."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from atoll.cli.project import json_option, state_option
from atoll.cli.see.asking import duration, now
from atoll.cli.see.drawing import colour_of, plain
from atoll.cli.terminal import is_terminal, print_json, print_laid_out, screen, table
from atoll.cli.words import moment
from atoll.seeing import Gauge, KeptTelemetry, Kind, ProcessFigures, Rate, Telemetry, rates

ROWS_MAX = 40
SILENT_S = 5.0
"""A process that has said nothing for so long does not run as it should."""

Look = Sequence[ProcessFigures]


@click.command()
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0.2),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", "is_once", is_flag=True, help="Look over one interval and end, as it does in a pipe.")
@click.option("--service", default="", metavar="S", help="Only what this service does.")
@state_option
@json_option
def top(*, interval_s: float, is_once: bool, service: str, state: Path, as_json: bool) -> None:
    """Show what an application does now: rates, errors, durations, lag.

    Operations stand first, then subscriptions that are behind, then processes. `p50` and `p99` are durations that
    half, and all but one in a hundred, did not exceed. Ctrl-C ends it.
    """
    telemetry = KeptTelemetry(state)
    before = telemetry.processes()
    if is_once or as_json or not is_terminal():
        time.sleep(interval_s)
        _print(before, telemetry.processes(), service, as_json=as_json)
        return
    with Live(_drawn(before, before, service), console=screen(), screen=True, auto_refresh=False) as live:
        _watch(telemetry, before, live, service, interval_s)


def _watch(telemetry: Telemetry, before: Look, live: Live, service: str, interval_s: float) -> None:
    """Until Ctrl-C."""
    try:
        while True:
            time.sleep(interval_s)
            after = telemetry.processes()
            live.update(_drawn(before, after, service), refresh=True)
            before = after
    except KeyboardInterrupt:
        return


def _print(before: Look, after: Look, service: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "operations": [_facts(each) for each in _of(rates(before, after), service)],
                "processes": [
                    {
                        "name": each.name,
                        "is_alive": each.is_alive,
                        "at": moment(each.sample.at),
                        "gauges": [_gauge(gauge) for gauge in each.sample.gauges],
                    }
                    for each in after
                ],
            }
        )
        return
    print_laid_out(*_parts(before, after, service), on=screen())


def _gauge(gauge: Gauge) -> dict[str, object]:
    return {"name": gauge.name, "of": gauge.of, "value": gauge.value}


def _facts(rate: Rate) -> dict[str, object]:
    counted = rate.counted
    return {
        "kind": counted.kind,
        "service": counted.service,
        "name": counted.name,
        "caller": counted.caller,
        "per_s": round(rate.per_s, 3),
        "failed_per_s": round(rate.failed_per_s, 3),
        "p50_ms": round(counted.quantile_s(0.5) * 1e3, 3),
        "p99_ms": round(counted.quantile_s(0.99) * 1e3, 3),
        "errors": counted.errors,
    }


def _of(found: list[Rate], service: str) -> list[Rate]:
    return [each for each in found if not service or each.counted.service == service]


def _drawn(before: Look, after: Look, service: str) -> Group:
    return Group(*_parts(before, after, service))


def _parts(before: Look, after: Look, service: str) -> list[Table | str]:
    if not any(each.is_alive for each in after):
        return ["Nothing runs with this state folder: `atoll run` starts an application."]
    return [_operations(_of(rates(before, after), service)), "", *_behind(after), _processes(after)]


def _operations(found: list[Rate]) -> Table:
    made = table("service", "what", "for", "/s", "failed/s", "p50", "p99", "errors")
    for column in made.columns:
        if column.header in ("/s", "failed/s", "p50", "p99"):
            column.justify = "right"
    for rate in found[:ROWS_MAX]:
        counted = rate.counted
        mark = {Kind.DELIVERY: "on ", Kind.PUBLISHED: "→ ", Kind.ASKED: "? ", Kind.TURN: "↻ "}.get(counted.kind, "")
        is_idle = not counted.count
        has_time = not is_idle and counted.kind is not Kind.PUBLISHED
        made.add_row(
            f"[{colour_of(counted.service)}]{escape(plain(counted.service))}[/]",
            f"{mark}{escape(plain(counted.name))}",
            escape(plain(counted.caller)) or "-",
            "-" if is_idle else f"{rate.per_s:.3g}",
            f"[bold red]{rate.failed_per_s:.3g}[/]" if rate.failed_per_s else "-",
            duration(counted.quantile_s(0.5)) if has_time else "-",
            duration(counted.quantile_s(0.99)) if has_time else "-",
            escape(", ".join(f"{code} {count}" for code, count in counted.errors.items())) or "-",
            style="dim" if is_idle else "",
        )
    return made


def _behind(after: Look) -> list[Table | str]:
    """Subscriptions that have not taken everything yet."""
    behind: dict[str, float] = {}
    for process in after:
        for gauge in process.sample.gauges if process.is_alive else ():
            if gauge.name == "events_behind":
                behind[gauge.of] = max(behind.get(gauge.of, 0.0), gauge.value)
    if not behind:
        return []
    made = table("subscriber", "follows", "behind")
    made.columns[2].justify = "right"
    for of, value in behind.items():
        subscriber, _, publisher = of.partition("<")
        made.add_row(escape(subscriber), escape(publisher), f"[yellow]{value:,.0f}[/]" if value else "-")
    return [made, ""]


def _processes(after: Look) -> Table:
    made = table("process", "state", "in progress", "loop lag", "memory", "threads")
    for column in made.columns[2:]:
        column.justify = "right"
    for each in after:
        gauges: dict[str, float] = {}
        for gauge in each.sample.gauges:
            gauges[gauge.name] = gauges.get(gauge.name, 0.0) + gauge.value
        is_silent = now() - each.sample.at > SILENT_S
        state = "[red]ended[/]" if not each.is_alive else "[yellow]silent[/]" if is_silent else "[green]runs[/]"
        made.add_row(
            f"[bold]{escape(plain(each.name))}[/]",
            state,
            f"{gauges.get('calls_in_progress', 0.0):.0f}",
            duration(gauges.get("loop_lag_seconds", 0.0)),
            f"{gauges.get('process_resident_memory_bytes', 0.0) / 2**20:.0f} MiB",
            f"{gauges.get('process_threads', 0.0):.0f}",
        )
    return made
