"""`atoll restart`: services are replaced, instance by instance, while they are called."""

import asyncio
from pathlib import Path

import click

from atoll.cli.noted import noted
from atoll.cli.project import json_option, state_option
from atoll.cli.steps import Told
from atoll.processes import State, Supervision, supervision


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@state_option
@json_option
def restart(services: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Replace the instances of services one by one, under load.

    A new instance, which runs the code and the settings of now, takes calls before the old one is told to end; what
    is in progress there ends first. Where the new one does not become ready, the old one stays. A service that owns a
    port, such as the gateway, ends before the new one starts. Without SERVICE, all are replaced, in the application's
    order.
    """
    asyncio.run(_restart(services, state, Told(as_json=as_json)))


async def _restart(services: tuple[str, ...], state: Path, told: Told) -> None:
    async with supervision(state) as supervisor:
        wanted = services or await _all(supervisor)
        for service in wanted:
            with noted(state, "restart", service):
                await told.follow(f"restart {service}", supervisor.restart(service))
    told.done(f"{', '.join(wanted)} restarted.")


async def _all(supervisor: Supervision) -> tuple[str, ...]:
    """A service of each kind of process, those last that the application lists last: the edges."""
    processes = await supervisor.processes()
    return tuple(dict.fromkeys(each.services[0].name for each in processes if each.state is not State.REMOTE))
