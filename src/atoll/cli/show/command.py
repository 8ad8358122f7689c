"""`atoll show`: its options, and which of the tables and pictures they ask for."""

from pathlib import Path

import click
from rich.console import Console, RenderableType

from atoll import describe
from atoll.cli.files import write
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.show.channels import Tangled
from atoll.cli.show.drawing import PUBLIC, drawn
from atoll.cli.show.mermaid import mermaid
from atoll.cli.show.summary import Summary, summarise
from atoll.cli.show.svg import svg
from atoll.cli.show.tables import calls_table, calls_tree, contract_tables, services_table
from atoll.cli.terminal import print_json, print_laid_out, screen

EXAMPLES = """\b
Examples:
  atoll show                  services, calls, and a picture of them
  atoll show --contracts      what each service promises
  atoll show --svg calls.svg  the picture for a document
"""


@click.command(epilog=EXAMPLES)
@application_argument
@click.option("--contracts", is_flag=True, help="Show each contract with its operations instead.")
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the picture of who calls whom to this file.",
)
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print the picture as a Mermaid flowchart.")
@json_option
def show(app: str | None, contracts: bool, svg_file: Path | None, as_mermaid: bool, as_json: bool) -> None:
    """Show the services of an application, and who calls whom.

    The picture reads from left to right: callers first. Where the terminal is too narrow for it, there is a tree.
    """
    summary = summarise(describe(load(app)))
    if svg_file is not None:
        write(svg_file, svg(summary))
    if as_json:
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


def _picture(summary: Summary, console: Console) -> list[RenderableType]:
    """The drawing where it fits, else a tree; below it what stands alone, and what the marks mean."""
    services = summary.drawn_services
    names = [service.name for service in services]
    public = {service.name for service in services if service.is_public}
    try:
        lines = drawn(names, summary.pairs, public)
        fits = all(line.cell_len <= console.width for line in lines)
    except Tangled:
        lines, fits = [], False
    picture: list[RenderableType] = [*lines] if fits else [calls_tree(summary, names)]
    alone = [name for name in names if not any(name in pair for pair in summary.pairs)]
    legend = f"{PUBLIC} reachable from outside" if public and fits else ""
    without = f"without calls: {', '.join(alone)}" if alone else ""
    if legend or without:
        picture += ["", f"[dim]{'   '.join(part for part in (legend, without) if part)}[/]"]
    return picture
