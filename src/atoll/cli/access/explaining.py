"""`atoll access explain`: whether one call may be made, and why."""

import difflib
from collections.abc import Sequence

import click
from rich.markup import escape

from atoll.cli.project import application_argument, json_option, load
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json, screen
from atoll.operating import Access, permissions


@click.command(name="explain")
@click.argument("caller")
@click.argument("operation", metavar="SERVICE.OPERATION")
@application_argument
@json_option
def explain(caller: str, operation: str, app: str | None, as_json: bool) -> None:
    """Say whether CALLER may call SERVICE.OPERATION, why, and what to write where it may not.

    Exit code 0 where it may, 1 where it may not.
    """
    access = permissions(load(app))
    asked = _asked(access, caller, operation)
    refused = access.refusal(*asked)
    why = refused or access.granted.get(asked) or "its declarations are not known here: it is refused where they are"
    if as_json:
        print_json({"caller": caller, "operation": operation, "granted": refused is None, "why": why})
    elif refused is None:
        screen().print(f"[bold green]✓[/] {caller} may call {operation}: {escape(why)}", soft_wrap=True)
    else:
        screen().print(f"[bold red]✗[/] {caller} may not call {operation}: {escape(why)}", soft_wrap=True)
    if refused is not None:
        click.get_current_context().exit(1)


def _asked(access: Access, caller: str, operation: str) -> tuple[str, str, int, str]:
    """What is asked, as the rules know it.

    Raises:
        Mistaken: there is no such service, or no such operation.
    """
    members = [member.name for member in access.manifest.members]
    if caller not in members:
        raise Mistaken(f"There is no service `{caller}`.", _meant(caller, members), code="no_service")
    service, _, name = operation.rpartition(".")
    offers = {each.service: each for member in access.manifest.members for each in member.offers}
    if service not in offers:
        raise Mistaken(
            f"Nobody offers `{operation}`.",
            _meant(service, list(offers)) + " Write SERVICE.OPERATION, as in scoring.score.",
            code="no_operation",
        )
    offered = offers[service]
    names = [each.name for each in offered.operations]
    if name not in names:
        raise Mistaken(f"{service} has no operation `{name}`.", _meant(name, names), code="no_operation")
    return caller, offered.id, offered.major, name


def _meant(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(known) or 'none'}."
