"""`atoll ps`: the processes of a running application."""

import asyncio
from pathlib import Path

import click

from atoll.cli.processes_table import processes_table
from atoll.cli.project import json_option, state_option
from atoll.cli.terminal import print_json, print_laid_out, screen
from atoll.processes import ProcessStatus, supervision


@click.command()
@state_option
@json_option
def ps(state: Path, as_json: bool) -> None:
    """Show the processes of a running application.

    Their services with versions and owners, where they listen, how they fare by their own word, how often they were
    started again and why, their memory, and the calls that they answer each second.
    """
    processes = asyncio.run(_processes(state))
    if as_json:
        print_json(processes)
    else:
        print_laid_out(processes_table(processes, fully=True), on=screen())


async def _processes(state: Path) -> list[ProcessStatus]:
    async with supervision(state) as supervisor:
        return await supervisor.processes()
