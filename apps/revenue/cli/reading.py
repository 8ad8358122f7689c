"""The folder of rules as verbs read it: right, or with all that is wrong."""

from pathlib import Path

import click

from atoll import Mistakes
from revenue.playbook.contract import TeamRules
from revenue.routing.doubts import doubts

from .gtm import FOLDER as GTM
from .gtm import read_folder
from .options import FOLDER

with_folder = click.option(
    "--rules", "folder", type=FOLDER, default=Path(GTM), show_default=True, help="The folder of the team's rules."
)


def read_rules(folder: Path) -> TeamRules:
    """The rules in a folder. What is no mistake in them, and hardly what was meant, is told on stderr.

    Raises:
        ClickException: something is wrong with them.
    """
    try:
        rules = read_folder(folder)
    except Mistakes as mistakes:
        raise click.ClickException(str(mistakes)) from None
    for doubt in doubts(rules.routing):
        click.echo(f"Warning: {doubt}.", err=True)
    return rules
