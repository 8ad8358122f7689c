"""`atoll contract wheel`: a contract as a small distribution, for services that live elsewhere."""

import difflib
from pathlib import Path

import click

from atoll import describe
from atoll.cli.files import write_bytes
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json
from atoll.processes import contract_wheel

EXAMPLES = """\b
Examples:
  atoll contract wheel --service scoring
  atoll contract wheel --service scoring --out dist --json
"""


@click.command(epilog=EXAMPLES)
@application_argument
@click.option("--service", metavar="NAME", required=True, help="The service whose contract it holds.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("contracts"),
    show_default=True,
    help="The folder to write it to.",
)
@json_option
def wheel(app: str | None, service: str, out: Path, as_json: bool) -> None:
    """Write a contract as a wheel, which whoever calls the service installs instead of the service.

    It holds the contract's module and the modules that it imports. The same source makes the same bytes.
    """
    graph = describe(load(app))
    offered = [each.name for each in graph.services if each.contract is not None]
    if service not in offered:
        close = difflib.get_close_matches(service, offered, n=1)
        fix = f"Did you mean `{close[0]}`?" if close else f"It has {', '.join(offered) or 'none'}."
        what = f"{graph.application.name} has no service `{service}` with a contract."
        raise Mistaken(what, fix, code="no_such_service")
    made = contract_wheel(graph, service)
    write_bytes(out / made.file, made.content)
    if as_json:
        print_json({"written": str(out / made.file), "modules": made.modules, "requires": made.requires})
    else:
        click.echo(f"Wrote {out / made.file} with {', '.join(made.modules)}.")
