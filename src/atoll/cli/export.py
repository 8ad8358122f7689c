"""`atoll contract export`: contracts as documents that other tools read. Its neighbour is `atoll contract wheel`."""

import difflib
from pathlib import Path
from typing import Any

import click
import msgspec

from atoll import Graph, describe, openapi
from atoll.cli.contract_wheel import wheel
from atoll.cli.files import write
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json

EXAMPLES = """\b
Examples:
  atoll contract export --public --out openapi.json
  atoll contract export --service scoring
"""


@click.group()
def contract() -> None:
    """Export contracts as OpenAPI 3.1, or as wheels."""


@contract.command(epilog=EXAMPLES)
@application_argument
@click.option("--service", metavar="NAME", help="Only the contract of this service.")
@click.option("--public", is_flag=True, help="Only what is reachable from outside, with the key it asks for.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of printing.")
@json_option
def export(app: str | None, service: str | None, public: bool, out: Path | None, as_json: bool) -> None:
    """Write an OpenAPI 3.1 document of the whole application, or of one service."""
    document = document_of(describe(load(app)), service, public_only=public)
    if out is None:
        print_json(document)
        return
    write(out, msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    count = sum(len(path) for path in document["paths"].values())
    if as_json:
        print_json({"written": str(out), "operations": count})
    else:
        click.echo(f"Wrote {out} with {count} operations.")


contract.add_command(wheel)


def document_of(graph: Graph, service: str | None, *, public_only: bool) -> dict[str, Any]:  # Any: a JSON document
    """The OpenAPI document of an application, or of one of its services.

    Raises:
        Mistaken: it has no such service, or the service has no contract.
    """
    application = graph.application
    offered = {each.name: each for each in graph.services if each.contract is not None}
    if service is None:
        chosen, title, version, description = (
            list(offered.values()),
            application.name,
            application.version,
            application.description,
        )
    elif service in offered:
        chosen = [offered[service]]
        found = offered[service].contract
        assert found is not None
        title, version, description = found.id, found.version, offered[service].description
    else:
        close = difflib.get_close_matches(service, offered, n=1)
        fix = f"Did you mean `{close[0]}`?" if close else f"It has {', '.join(offered) or 'none'}."
        raise Mistaken(f"{application.name} has no service `{service}` with a contract.", fix, code="no_such_service")
    return openapi(
        [each.contract for each in chosen if each.contract],
        title=title,
        version=version,
        description=description,
        owners={each.contract.id: each.owner for each in chosen if each.contract},
        public_only=public_only,
    )
