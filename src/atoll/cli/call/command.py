"""`atoll call`: a group of commands that are made from the running application's OpenAPI document."""

import difflib
from pathlib import Path

import click
import msgspec

from atoll.cli.call.exchange import Gateway, Target
from atoll.cli.call.operation import Manner, operation_command
from atoll.cli.document import Document
from atoll.cli.project import STATE, json_option, place_of, state_option
from atoll.cli.refusals import Mistaken, SaidNo
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.gateway import connection

EXAMPLES = """\b
Examples:
  atoll call                                  what can be called
  atoll call scoring.latest --help            what one of them takes
  atoll call scoring.latest --lead-id 7       a call
  atoll call scoring.score --body @lead.json  the whole body from a file
  atoll call scoring.scores --all             all pages of a long list
"""


class Operations(click.Group):
    """The operations of a running application; they are read from it when one is asked for."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of one operation.

        Raises:
            SaidNo: no application answers.
            Mistaken: it has no such operation.
        """
        target = _target(ctx.params["url"], ctx.params["key"], ctx.params["state"])
        with Gateway(target) as gateway:
            document = gateway.document()
        operation = next((each for each in document.operations if each.id == cmd_name), None)
        if operation is None:
            raise _unknown(cmd_name, document)
        return operation_command(operation, document, target, Manner(ctx.params["as_json"], ctx.params["deadline"]))


@click.command(
    cls=Operations, epilog=EXAMPLES, invoke_without_command=True, subcommand_metavar="[OPERATION [ARGUMENTS]...]"
)
@state_option
@click.option("--url", envvar="ATOLL_URL", show_envvar=True, help="The address of a gateway elsewhere.")
@click.option("--key", envvar="ATOLL_KEY", show_envvar=True, help="The API key to show there.")
@click.option(
    "--deadline", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Wait no longer for the answer."
)
@json_option
@click.pass_context
def call(
    ctx: click.Context, url: str | None, key: str | None, state: Path, deadline: float | None, as_json: bool
) -> None:
    """Call an operation of a running application through its gateway.

    Without an operation it lists those that there are. Options of `atoll call` itself stand before the operation's
    name; behind it stand the operation's own, one for each argument and for each field of its body.

    Results go to standard output: for people on a terminal, as JSON when piped. Problems go to standard error, with a
    pointer to each fault; the exit code is then 1.
    """
    if ctx.invoked_subcommand is not None:
        return
    with Gateway(_target(url, key, state), deadline) as gateway:
        document = gateway.document()
    if as_json:
        print_json(
            [
                {
                    "operation": each.id,
                    "method": each.method,
                    "path": each.path,
                    "summary": each.summary,
                    "streamed": each.streamed,
                    "paged": each.paged,
                    "deprecated": each.deprecation is not None,
                }
                for each in document.operations
            ]
        )
        return
    console = screen()
    listed = table("operation", "arguments", "what it does")
    for each in document.operations:
        names = [parameter.name for parameter in each.parameters] + list(document.fields(each))
        given = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "") or ("a body" if each.body else "-")
        gone = " [dim](deprecated)[/]" if each.deprecation is not None else ""
        listed.add_row(f"[bold]{each.id}[/]", given, f"{each.summary}{gone}")
    console.print(f"[bold]{document.title}[/] {document.version}")
    print_laid_out(listed, on=console)
    console.print("[dim]atoll call OPERATION --help says what one of them takes.[/]")


def _target(url: str | None, key: str | None, state: Path) -> Target:
    """Where to call: the address that was given, else that of the application that keeps its state here.

    Raises:
        SaidNo: no application has its state here.
    """
    try:
        local = connection(state)
    except (OSError, msgspec.DecodeError) as error:
        raise SaidNo(
            f"{state} cannot be read: {error}", "Name another folder with --state.", code="nothing_runs"
        ) from None
    if url is not None:
        url = url.rstrip("/")
        key = key or (local.key if local and local.url == url else None)
        return Target(url, key, "Check the address, and that the application runs there.", is_local=False)
    start = _start(state)
    if local is None:
        raise SaidNo(f"No application runs with the state folder {state}.", start, code="nothing_runs")
    return Target(local.url, key or local.key, start, is_local=True)


def _start(state: Path) -> str:
    """How the application that is meant is started."""
    try:
        place_of(None)
        app = ""
    except Mistaken:
        app = " package.module:attribute"
    folder = f" --state {state}" if state != STATE else ""
    return f"Start it in another terminal: `atoll run{app}{folder}`."


def _unknown(name: str, document: Document) -> Mistaken:
    """That there is no such operation, and which was probably meant."""
    ids = [operation.id for operation in document.operations]
    of_service = [each for each in ids if each.rpartition(".")[0] == name]
    close = difflib.get_close_matches(name, ids, n=1) or [each for each in ids if each.rpartition(".")[2] == name]
    if of_service:
        return Mistaken(f"`{name}` is a service.", f"It offers {', '.join(of_service)}.", code="no_such_operation")
    fix = f"Did you mean `{close[0]}`?" if close else "`atoll call` lists what can be called."
    return Mistaken(f"There is no operation `{name}`.", fix, code="no_such_operation")
