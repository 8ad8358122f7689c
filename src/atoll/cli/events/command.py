"""`atoll events`: a group of commands; without one of them it shows how subscriptions fare."""

import difflib

import click

from atoll.cli.events.audit import audit
from atoll.cli.events.dead import dead
from atoll.cli.events.erase import erase
from atoll.cli.events.letters import drop, replay
from atoll.cli.events.overview import show
from atoll.cli.events.subscriptions import lapse, rewind

EXAMPLES = """\b
Examples:
  atoll events                                     who follows whom, how far, and what is put aside
  atoll events dead --payload                      what could not be delivered, and why
  atoll events replay --service billing --all      try it once more
  atoll events drop --id 7 --reason "sent twice"   take one out for good
  atoll events rewind billing --to 2026-05-01      tell a subscription again
  atoll events erase lead-7 --dry-run              what is kept of somebody
"""


class Events(click.Group):
    """Commands about events. What is no command is meant for the first of them, which shows subscriptions."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        first = args[0] if args else ""
        if first not in self.commands and first != "--help":
            if first and not first.startswith("-") and ":" not in first:
                close = difflib.get_close_matches(first, self.commands, n=1)
                fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(self.commands)}."
                raise click.UsageError(f"There is no command `{first}`, and no application `{first}`. {fix}", ctx)
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.command(cls=Events, epilog=EXAMPLES, subcommand_metavar="[COMMAND] [ARGUMENTS]...")
def events() -> None:
    """Look after events: subscriptions, dead letters, rewind, erasure.

    Databases are reached directly, whether the application runs or not; instances that run notice what is changed by
    themselves. Every change is on record, with who made it and why: `atoll events audit`.
    """


for command in (show, dead, replay, drop, rewind, lapse, erase, audit):
    events.add_command(command)
