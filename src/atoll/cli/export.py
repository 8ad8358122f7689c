"""`atoll contract export`: contracts as documents that other tools read. Its neighbour is `atoll contract wheel`."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from atoll import Contract, Graph, Subscriber, asyncapi, describe, openapi
from atoll.cli.contract_wheel import wheel
from atoll.cli.files import write
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json

EXAMPLES = """\b
Examples:
  atoll contract export --public --out openapi.json
  atoll contract export --service scoring
  atoll contract export --format asyncapi --out asyncapi.json
"""


@click.group()
def contract() -> None:
    """Export contracts as OpenAPI or AsyncAPI, or as wheels."""


@contract.command(epilog=EXAMPLES)
@application_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["openapi", "asyncapi"]),
    default="openapi",
    show_default=True,
    help="openapi: operations, over HTTP. asyncapi: events, who publishes them and who subscribes.",
)
@click.option("--service", metavar="NAME", help="Only the contract of this service.")
@click.option("--public", is_flag=True, help="Only what is reachable from outside, with the key it asks for.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of printing.")
@json_option
def export(app: str | None, form: str, service: str | None, public: bool, out: Path | None, as_json: bool) -> None:
    """Write a document of the whole application, or of one service: OpenAPI 3.1, or AsyncAPI 3.0."""
    is_events = form == "asyncapi"
    if is_events and public:
        what = "--public is for operations: no event is reachable from outside."
        raise Mistaken(what, "Leave it out, or export OpenAPI.", code="events_not_public")
    graph = describe(load(app))
    document = events_of(graph, service) if is_events else operations_of(graph, service, public_only=public)
    if out is None:
        print_json(document)
        return
    write(out, msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    parts = document["channels"].values() if is_events else document["paths"].values()
    count = sum(len(part["messages"] if is_events else part) for part in parts)
    counted = "events" if is_events else "operations"
    if as_json:
        print_json({"written": str(out), counted: count})
    else:
        click.echo(f"Wrote {out} with {count} {counted}.")


contract.add_command(wheel)


def operations_of(graph: Graph, service: str | None, *, public_only: bool) -> dict[str, Any]:  # Any: a JSON document
    """The OpenAPI document of an application, or of one of its services.

    Raises:
        Mistaken: it has no such service, or the service has no contract.
    """
    of = _chosen(graph, service)
    return openapi(
        of.contracts,
        title=of.title,
        version=of.version,
        description=of.description,
        owners=of.owners,
        public_only=public_only,
    )


def events_of(graph: Graph, service: str | None) -> dict[str, Any]:  # Any: a JSON document
    """The AsyncAPI document of an application, or of one of its services.

    Raises:
        Mistaken: it has no such service, or the service has no contract, or there are no events.
    """
    of, subscribers = _chosen(graph, service), tuple(_subscribers(graph, service))
    if not subscribers and not any(each.publishes for each in of.contracts):
        what = f"{service or graph.application.name} publishes no events, and subscribes to none."
        fix = 'List them in a contract, as in `@contract(version="1.0", publishes=(LeadScored,))`.'
        raise Mistaken(what, fix, code="no_events")
    return asyncapi(
        of.contracts,
        application=graph.application.name,
        title=of.title,
        version=of.version,
        description=of.description,
        owners=of.owners,
        subscribers=subscribers,
    )


def _subscribers(graph: Graph, service: str | None) -> Iterator[Subscriber]:
    """Who reacts to what: all services, or the one."""
    publishers = [each.contract for each in graph.services if each.contract is not None]
    for each in graph.services:
        if service in (None, each.name):
            for reaction in each.reactions:
                for publisher in publishers:
                    if reaction.event in publisher.publishes:
                        yield Subscriber(each.name, publisher, reaction.event)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a document is of, and what stands at its head."""

    contracts: tuple[Contract, ...]
    owners: dict[str, str]
    title: str
    version: str
    description: str


def _chosen(graph: Graph, service: str | None) -> _Chosen:
    """The whole application, or the one service.

    Raises:
        Mistaken: there is no such service, or it has no contract.
    """
    application = graph.application
    offered = {each.name: (each.contract, each) for each in graph.services if each.contract is not None}
    if service is None:
        contracts = tuple(found for found, _ in offered.values())
        owners = {found.id: declared.owner for found, declared in offered.values()}
        return _Chosen(contracts, owners, application.name, application.version, application.description)
    if service not in offered:
        close = difflib.get_close_matches(service, offered, n=1)
        fix = f"Did you mean `{close[0]}`?" if close else f"It has {', '.join(offered) or 'none'}."
        raise Mistaken(f"{application.name} has no service `{service}` with a contract.", fix, code="no_such_service")
    found, declared = offered[service]
    return _Chosen((found,), {found.id: declared.owner}, found.id, found.version, declared.description)
