"""`atoll traces`: which work was done, the last first."""

from pathlib import Path

import click
from rich.markup import escape

from atoll.cli.project import LIMIT, json_option, state_option
from atoll.cli.see.asking import duration, shown_id, since_option, trace_facts
from atoll.cli.see.drawing import clock, plain
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import counted
from atoll.seeing import KeptTelemetry, Lost, TraceSearch, TraceSummary

SLOW_S = 1.0
"""What `--slow` means unless it is said."""


@click.command()
@click.option("--errors", "is_failed", is_flag=True, help="Only traces in which something failed.")
@click.option("--outcome", default="", metavar="CODE", help="Only traces in which something came to this problem.")
@click.option("--slow", "is_slow", is_flag=True, help=f"Only traces with work of at least {SLOW_S:g} s.")
@click.option("--min-ms", type=click.FloatRange(min=0), metavar="MS", help="Only traces with work of at least so long.")
@click.option("--service", default="", metavar="S", help="Only traces that this service has part in.")
@click.option("--operation", "name", default="", metavar="NAME", help="Only with this operation, event or handler.")
@click.option("--key", default="", metavar="KEY", help="Only traces about this key, a lead's id for instance.")
@since_option
@click.option("--turns", "with_turns", is_flag=True, help="Also what services do again and again, and nothing came of.")
@click.option("--limit", type=LIMIT, default=30, show_default=True, help="The last so many.")
@state_option
@json_option
def traces(
    *,
    is_failed: bool,
    outcome: str,
    is_slow: bool,
    min_ms: float | None,
    service: str,
    name: str,
    key: str,
    since: float | None,
    with_turns: bool,
    limit: int,
    state: Path,
    as_json: bool,
) -> None:
    """Show what was done, the last first: failed, slow, by key.

    A line is a trace: when it began, how long it took, what it was about, and which services had part in it. All
    that is said holds for one piece of work in the trace. `atoll trace ID` shows one of them whole.
    """
    least_s = min_ms / 1e3 if min_ms is not None else SLOW_S if is_slow else 0.0
    search = TraceSearch(
        service, name, key, outcome, is_failed, least_s, since or 0.0, limit=limit, with_turns=with_turns
    )
    telemetry = KeptTelemetry(state)
    found = telemetry.traces(search)
    if as_json:
        print_json([trace_facts(each) for each in found])
    else:
        _print(list(found), telemetry.lost(), is_everything=search == TraceSearch(limit=limit))


def _print(found: list[TraceSummary], lost: Lost, *, is_everything: bool) -> None:
    console = screen()
    if not found:
        said = "Nothing was done yet: `atoll run` starts an application, `atoll call` asks it something."
        console.print(said if is_everything else "No trace is like that.", markup=False)
        return
    made = table("began", "trace", "took", "what", "about", "spans", "errors", "services")
    for column in made.columns:
        if column.header in ("took", "spans", "errors"):
            column.justify = "right"
    for each in found:
        is_well = each.outcome == "ok"
        made.add_row(
            clock(each.started_at),
            shown_id(each.trace_id),
            duration(each.duration_s),
            escape(plain(each.name)) + ("" if is_well else f" [bold red]{escape(plain(each.outcome))}[/]"),
            escape(plain(each.key)) or "-",
            str(each.spans),
            f"[bold red]{each.errors}[/]" if each.errors else "-",
            escape(", ".join(each.services)),
        )
    print_laid_out(made, on=console)
    if lost.traces:
        console.print(f"[dim]{counted(lost.traces, 'trace')} went well and were left out: there were too many.[/]")
