"""`atoll stop` and `atoll start`: services end and come back while the others go on."""

import asyncio
from pathlib import Path

import click

from atoll.cli.noted import noted
from atoll.cli.project import json_option, state_option
from atoll.cli.steps import Told
from atoll.processes import supervision


@click.command()
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@state_option
@json_option
def stop(services: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Stop services while the others go on.

    What is in progress there ends first. Calls of a service that is stopped are answered by fallbacks, or refused at
    once; events wait for it, and are caught up once it is started. It is stopped until `atoll start`, or until the
    application starts again.
    """
    asyncio.run(_stop(services, state, Told(as_json=as_json)))


@click.command()
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@state_option
@json_option
def start(services: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Start services that were stopped.

    Each has as many instances as before. Nothing happens to one that runs.
    """
    asyncio.run(_start(services, state, Told(as_json=as_json)))


async def _stop(services: tuple[str, ...], state: Path, told: Told) -> None:
    async with supervision(state) as supervisor:
        for service in services:
            with noted(state, "stop", service):
                await told.follow(f"stop {service}", supervisor.stop_service(service))
    told.done(f"{', '.join(services)} stopped.")


async def _start(services: tuple[str, ...], state: Path, told: Told) -> None:
    async with supervision(state) as supervisor:
        for service in services:
            with noted(state, "start", service):
                await told.follow(f"start {service}", supervisor.start_service(service))
    told.done(f"{', '.join(services)} started.")
