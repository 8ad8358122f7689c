"""`atoll access`: a group of commands; without one of them it shows who may call what."""

import click

from atoll.cli.access.explaining import explain
from atoll.cli.access.refused import refused
from atoll.cli.access.showing import show
from atoll.cli.groups import Shown

EXAMPLES = """\b
Examples:
  atoll access                                   who may call what, and which line says so
  atoll access --json | jq '.grants[].caller'    the same as data
  atoll access explain capture scoring.score     whether one call may be made, and why
  atoll access refused                           who was not let in
"""


@click.command(cls=Shown, epilog=EXAMPLES, subcommand_metavar="[COMMAND] [ARGUMENTS]...")
def access() -> None:
    """Show who may call what, and explain why a call is refused.

    A service may call what it declares, react to what it declares, and nothing else; an operation may narrow its
    callers further. There is no other list: to grant something, write the line that `explain` names.
    """


for command in (show, explain, refused):
    access.add_command(command)
