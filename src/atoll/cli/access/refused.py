"""`atoll access refused`: who was not let in."""

from pathlib import Path

import click
import msgspec
from rich.markup import escape

from atoll.cli.project import LIMIT, json_option, state_option
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import at, moment
from atoll.operating import Refusal, refusals_in


@click.command(name="refused")
@click.option("--caller", metavar="NAME", help="Only what this service was refused.")
@click.option("--limit", type=LIMIT, default=50, show_default=True, help="The last so many.")
@state_option
@json_option
def refused(caller: str | None, limit: int, state: Path, as_json: bool) -> None:
    """Show who was not let in, the last first: by a service, by permissions, or by the gateway.

    What was the same within a minute is one line, with how often it was. The application may run meanwhile, or not.
    """
    found = [each for each in refusals_in(state) if caller is None or each.caller == caller][-limit:][::-1]
    if as_json:
        print_json([_facts(each) for each in found])
        return
    if not found:
        screen().print("Nobody was refused anything.")
        return
    made = table("when", "times", "caller", "user", "operation", "why", "trace")
    for each in found:
        made.add_row(
            at(each.at),
            str(each.count),
            escape(each.caller or "-"),
            escape(each.user or "-"),
            escape(each.operation or "-"),
            escape(each.reason),
            each.trace_id or "-",
        )
    print_laid_out(made, on=screen())


def _facts(refusal: Refusal) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(refusal)
    return facts | {"at": moment(refusal.at)}
