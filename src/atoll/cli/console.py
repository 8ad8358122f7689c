"""`atoll console`: where the console of a running application is, and a link that logs in."""

from pathlib import Path

import click

from atoll.cli.project import json_option, state_option
from atoll.cli.refusals import SaidNo
from atoll.cli.terminal import print_json, screen
from atoll.console import login_link


@click.command()
@click.option("--read-only", "is_viewer", is_flag=True, help="For somebody who may look, and change nothing.")
@state_option
@json_option
def console(*, is_viewer: bool, state: Path, as_json: bool) -> None:
    """Print a link to the live page of a running application.

    The link logs in once, within ten minutes. Whoever has it is let in: it is a secret.
    """
    link = login_link(state, role="viewer" if is_viewer else "operator")
    if link is None:
        raise SaidNo(
            "No console runs with this state folder.",
            "Start the application with `atoll run`. If it runs, it lists no console: write it beside the gateway, "
            '`edges=("atoll.gateway.service:GatewayService", "atoll.console.service:ConsoleService")`.',
            code="no_console",
        )
    if as_json:
        print_json({"url": link, "role": "viewer" if is_viewer else "operator"})
    else:
        screen().print(link, soft_wrap=True, markup=False)
