"""`atoll audit`: what people have changed about an application."""

from pathlib import Path

import click
import msgspec
from rich.markup import escape

from atoll.cli.project import LIMIT, json_option, state_option
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import at, moment
from atoll.operating import Change, changes_in


@click.command()
@click.option("--limit", type=LIMIT, default=50, show_default=True, help="The last so many.")
@state_option
@json_option
def audit(limit: int, state: Path, as_json: bool) -> None:
    """Show what people have changed: who, what, by which way, and how it ended.

    Services that were stopped, started, restarted or scaled, and keys, here and in the console; the last first. What
    was done to events is in their databases: `atoll events audit`.
    """
    found = changes_in(state, limit)
    if as_json:
        print_json([msgspec.to_builtins(each) | {"at": moment(each.at)} for each in found])
    elif not found:
        screen().print("Nobody has changed anything: `atoll scale`, `atoll stop` and others are written down here.")
    else:
        _print(found)


def _print(found: list[Change]) -> None:
    made = table("when", "who", "by", "what", "of", "", "outcome")
    for each in found:
        made.add_row(
            at(each.at),
            escape(each.actor),
            each.via,
            f"[bold]{escape(each.action)}[/]",
            escape(each.subject),
            escape(each.detail),
            escape(each.outcome) if each.outcome == "done" else f"[red]{escape(each.outcome)}[/]",
        )
    print_laid_out(made, on=screen())
