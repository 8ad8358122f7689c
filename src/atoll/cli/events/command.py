"""`atoll events`: a group of commands; without one of them it shows how subscriptions fare."""

import click

from atoll.cli.events.audit import audit
from atoll.cli.events.dead import dead
from atoll.cli.events.erase import erase
from atoll.cli.events.letters import drop, replay
from atoll.cli.events.overview import show
from atoll.cli.events.subscriptions import lapse, rewind
from atoll.cli.groups import Shown

EXAMPLES = """\b
Examples:
  atoll events                                     who follows whom, how far, and what is put aside
  atoll events dead --payload                      what could not be delivered, and why
  atoll events replay --service billing --all      try it once more
  atoll events drop --id 7 --reason "sent twice"   take one out for good
  atoll events rewind billing --to 2026-05-01      tell a subscription again
  atoll events erase lead-7 --dry-run              what is kept of somebody
"""


@click.command(cls=Shown, epilog=EXAMPLES, subcommand_metavar="[COMMAND] [ARGUMENTS]...")
def events() -> None:
    """Look after events: subscriptions, dead letters, rewind, erasure.

    Databases are reached directly, whether the application runs or not; instances that run notice what is changed by
    themselves. Every change is on record, with who made it and why: `atoll events audit`.
    """


for command in (show, dead, replay, drop, rewind, lapse, erase, audit):
    events.add_command(command)
