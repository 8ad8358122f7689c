"""`atoll access`: a group of commands; without one of them it shows who may call what."""

import difflib

import click

from atoll.cli.access.explaining import explain
from atoll.cli.access.showing import show

EXAMPLES = """\b
Examples:
  atoll access                                   who may call what, and which line says so
  atoll access --json | jq '.grants[].caller'    the same as data
  atoll access explain capture scoring.score     whether one call may be made, and why
"""


class Permissions(click.Group):
    """Commands about permissions. What is no command is meant for the first of them, which shows them."""

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


@click.command(cls=Permissions, epilog=EXAMPLES, subcommand_metavar="[COMMAND] [ARGUMENTS]...")
def access() -> None:
    """Show who may call what, and explain why a call is refused.

    A service may call what it declares, react to what it declares, and nothing else; an operation may narrow its
    callers further. There is no other list: to grant something, write the line that `explain` names.
    """


for command in (show, explain):
    access.add_command(command)
