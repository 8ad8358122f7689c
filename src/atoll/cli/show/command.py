"""`atoll show`: its options, and which of the tables and pictures they ask for."""

from collections.abc import Collection, Sequence
from pathlib import Path

import click
from rich.console import Console, RenderableType

from atoll import describe
from atoll.cli.files import write
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.show.channels import Tangled
from atoll.cli.show.circles import without_circles
from atoll.cli.show.drawing import PUBLIC, drawn
from atoll.cli.show.mermaid import mermaid
from atoll.cli.show.summary import Summary, promises, summarise
from atoll.cli.show.svg import svg
from atoll.cli.show.tables import (
    calls_table,
    contract_tables,
    degradation_table,
    services_table,
    subscriptions_table,
    tree,
)
from atoll.cli.terminal import print_json, print_laid_out, screen

EXAMPLES = """\b
Examples:
  atoll show                  services, calls and events, and pictures of them
  atoll show --contracts      what each service promises
  atoll show --svg calls.svg  the picture for a document
  atoll show degradation      what each service promises when another one cannot answer
"""


class _Show(click.Command):
    """Takes the word `degradation` in front of the application for the option: it is what one asks to be shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] == ["degradation"]:
            args = ["--degradation", *args[1:]]
        return super().parse_args(ctx, args)


@click.command(epilog=EXAMPLES, cls=_Show)
@application_argument
@click.option("--degradation", is_flag=True, help="Show what becomes of each service without those that it calls.")
@click.option("--contracts", is_flag=True, help="Show each contract with its operations instead.")
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the pictures of who calls and who tells whom to this file.",
)
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print the pictures as one Mermaid flowchart.")
@json_option
def show(
    app: str | None, degradation: bool, contracts: bool, svg_file: Path | None, as_mermaid: bool, as_json: bool
) -> None:
    """Show the services of an application, and who calls whom.

    The pictures read from left to right: callers first, and of events those who publish them. Where the terminal is
    too narrow for them, there are trees.
    """
    summary = summarise(describe(load(app)))
    if svg_file is not None:
        write(svg_file, svg(summary))
    if degradation:
        if as_json:
            print_json(promises(summary))
        else:
            print_laid_out(degradation_table(summary), on=screen())
    elif as_json:
        print_json(summary)
    elif as_mermaid:
        click.echo(mermaid(summary))
    elif svg_file is not None:
        click.echo(f"Wrote {svg_file}.")
    elif contracts:
        console = screen()
        print_laid_out(*contract_tables(summary), on=console)
    else:
        _print_overview(summary, screen())


def _print_overview(summary: Summary, console: Console) -> None:
    headline = " · ".join(part for part in (summary.description, summary.owner and f"owner {summary.owner}") if part)
    console.print(f"[bold]{summary.name}[/] {summary.version}", end="  " if headline else "\n")
    if headline:
        console.print(headline, markup=False)
    print_laid_out(services_table(summary), on=console)
    if summary.calls:
        print_laid_out("", calls_table(summary), "", *_picture(summary, console), on=console)
    if summary.subscriptions:
        print_laid_out("", subscriptions_table(summary), "", *_events_picture(summary, console), on=console)


def _picture(summary: Summary, console: Console) -> list[RenderableType]:
    """The drawing where it fits, else a tree; below it what stands alone, and what the marks mean."""
    services = summary.drawn_services
    names = [service.name for service in services]
    public = {service.name for service in services if service.is_public}
    picture, fits = _drawn(names, summary.pairs, public, console)
    alone = [name for name in names if not any(name in pair for pair in summary.pairs)]
    legend = f"{PUBLIC} reachable from outside" if public and fits else ""
    without = f"without calls: {', '.join(alone)}" if alone else ""
    if legend or without:
        picture += ["", f"[dim]{'   '.join(part for part in (legend, without) if part)}[/]"]
    return picture


def _events_picture(summary: Summary, console: Console) -> list[RenderableType]:
    """Who is told by whom, in the same manner; what goes in a circle is said below it."""
    pairs, closing = without_circles(tuple(summary.followed))
    picture, _ = _drawn([service.name for service in summary.services], pairs, (), console)
    legend = ["lines lead from who publishes to who reacts"]
    legend += [f"and back from {publisher} to {subscriber}" for publisher, subscriber in closing]
    return [*picture, "", f"[dim]{'   '.join(legend)}[/]"]


def _drawn(
    names: Sequence[str], pairs: Sequence[tuple[str, str]], public: Collection[str], console: Console
) -> tuple[list[RenderableType], bool]:
    """The drawing, and whether there is room for it; else a tree."""
    try:
        lines = drawn(names, pairs, public)
        if all(line.cell_len <= console.width for line in lines):
            return [*lines], True
    except Tangled:
        pass
    return [tree(pairs, names)], False
