"""`atoll db`: a group of commands about the databases of services."""

import click

from atoll.cli.db.backups import backup, restore
from atoll.cli.db.migrations import migrate, revision
from atoll.cli.db.shell import shell
from atoll.cli.db.status import show

EXAMPLES = """\b
Examples:
  atoll db show                                where each database is, and how it fares
  atoll db revision capture -m "an owner"      write a migration
  atoll db migrate                             run those that are missing, as a start does
  atoll db backup --to backups/monday          copy all databases while they are in use
  atoll db shell capture -- "select count(*) from leads"
"""


@click.group(epilog=EXAMPLES)
def db() -> None:
    """Look after the databases of services: migrations, backups, statements."""


for command in (show, migrate, revision, backup, restore, shell):
    db.add_command(command)
