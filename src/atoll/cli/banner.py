"""What a running application says about itself: its services, where it answers, and a call that works."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import RenderableType
from rich.markup import escape

from atoll import Graph, openapi
from atoll.cli.document import Document, RemoteOperation
from atoll.cli.examples import example_body, example_of
from atoll.cli.project import STATE
from atoll.cli.show import summarise
from atoll.cli.terminal import is_terminal, print_json, print_laid_out, screen, table
from atoll.console import address, login_link
from atoll.gateway import Connection


@dataclass(frozen=True, slots=True)
class Door:
    """How a running application is reached from outside."""

    url: str
    reference: str
    liveness: str
    readiness: str
    key_file: Path | None
    curl: str | None
    call: str | None
    """The same call with `atoll call`."""


def door(graph: Graph, reached: Connection, state: Path) -> Door:
    """The door of an application whose gateway is reached there."""
    document = _document(graph)
    operation = first_to_try(document)
    key_file = _key_file(reached, state)
    return Door(
        url=reached.url,
        reference=f"{reached.url}/reference/",
        liveness=f"{reached.url}/livez",
        readiness=f"{reached.url}/readyz",
        key_file=key_file,
        curl=curl_line(operation, document, reached.url, key_file) if operation and key_file else None,
        call=call_line(operation, document, state) if operation else None,
    )


def print_banner(
    graph: Graph, opened: Door | None, processes: RenderableType | None = None, *, state: Path = STATE
) -> None:
    """Tell a person what runs; `processes` shows where, when there are several."""
    summary, console = summarise(graph), screen()
    console.print(f"\n[bold green]●[/] [bold]{summary.name}[/] {summary.version} is running\n")
    services = table("service", "version", "owner", "what it is for")
    for service in summary.services:
        services.add_row(
            f"[bold]{service.name}[/]", service.version or "-", escape(service.owner), escape(service.description)
        )
    parts: list[RenderableType] = [services]
    page = live_page(state) if "console" in graph.edges else None
    if processes is not None:
        parts += ["", processes]
    if opened is not None:
        places = table("", "")
        places.show_header = False
        for name, place in (
            *([("live page", page)] if page else []),
            ("gateway", opened.url),
            ("reference", opened.reference),
            ("health", f"{opened.liveness}  {opened.readiness}"),
            ("key", str(opened.key_file or "-")),
        ):
            places.add_row(f"[dim]{name}[/]", place)
        parts += ["", places]
    print_laid_out(*parts, on=console)
    if opened is not None and opened.curl:
        console.print("\n[dim]In a second terminal:[/]")
        for line in (opened.curl, opened.call):
            if line:
                console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print("\n[dim]Ctrl-C ends it.[/]")
    console.file.flush()


def live_page(state: Path) -> str | None:
    """Where the console is, for people: on a terminal a link that logs in once, elsewhere its address alone.

    A link is a secret, and what is piped is kept.
    """
    return login_link(state) if is_terminal() else address(state)


def first_to_try(document: Document) -> RemoteOperation | None:
    """The first operation that answers when nothing is there yet: one without path arguments, if there is one."""
    plain = [
        each for each in document.operations if not any(parameter.place == "path" for parameter in each.parameters)
    ]
    return next(iter(plain or document.operations), None)


def curl_line(operation: RemoteOperation, document: Document, url: str, key_file: Path) -> str:
    """A curl command that calls an operation with example arguments, for a POSIX shell. The key stays in its file."""
    arguments = _example_arguments(operation, document)
    path = operation.path
    for name, value in arguments["path"].items():
        path = path.replace(f"{{{name}}}", str(value))
    query = "&".join(f"{name}={value}" for name, value in arguments["query"].items())
    parts = ["curl", "-sS"]
    if operation.method != "GET" and not (operation.method == "POST" and operation.body is not None):
        parts += ["-X", operation.method]
    parts += [shlex.quote(f"{url}{path}{'?' if query else ''}{query}")]
    parts += ["-H", f'"Authorization: Bearer $(cat {shlex.quote(str(key_file))})"']
    if operation.body is not None:
        body = msgspec.json.encode(example_body(operation, document)).decode()
        parts += ["-H", "'content-type: application/json'", "-d", shlex.quote(body)]
    return " ".join(parts)


def call_line(operation: RemoteOperation, document: Document, state: Path) -> str:
    """The same call with `atoll call`."""
    arguments = _example_arguments(operation, document)
    parts = ["atoll", "call", *(["--state", shlex.quote(str(state))] if state != STATE else []), operation.id]
    given = {**arguments["path"], **arguments["query"]}
    if operation.body is not None:
        body = msgspec.json.encode(example_body(operation, document))
        try:
            given |= msgspec.json.decode(body, type=dict[str, str | bool | int | float])
        except msgspec.ValidationError:  # not a flat record
            parts += ["--body", shlex.quote(body.decode())]
    for name, value in given.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            parts.append(flag if value else f"--no-{flag[2:]}")
        else:
            parts += [flag, shlex.quote(str(value))]
    return " ".join(parts)


def _example_arguments(operation: RemoteOperation, document: Document) -> Mapping[str, dict[str, object]]:
    """Example values for what is required in path and query."""
    return {
        place: {
            parameter.name: example_of(parameter.name, parameter.schema, document)
            for parameter in operation.parameters
            if parameter.place == place and parameter.required
        }
        for place in ("path", "query")
    }


def _document(graph: Graph) -> Document:
    contracts = [service.contract for service in graph.services if service.contract]
    application = graph.application
    return Document(openapi(contracts, title=application.name, version=application.version, public_only=True))


def _key_file(reached: Connection, state: Path) -> Path | None:
    """The file that holds the development key."""
    return next(
        (file for file in state.glob("*/*.key") if file.read_text(errors="replace").strip() == reached.key), None
    )


def started_event(graph: Graph, opened: Door | None) -> dict[str, object]:
    """That it has started, as data."""
    reached = asdict(opened) if opened else {}
    return {
        "event": "started",
        "application": graph.application.name,
        "version": graph.application.version,
        "services": [service.name for service in graph.services],
        **{name: str(value) if isinstance(value, Path) else value for name, value in reached.items()},
    }


def print_stopped(name: str, *, as_json: bool) -> None:
    """Say that it has ended."""
    if as_json:
        print_json({"event": "stopped", "application": name}, indent=0)
    else:
        screen().print(f"{name} has stopped.")
