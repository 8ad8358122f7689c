"""`atoll scale`: more instances of a service, or fewer, while it is called."""

import asyncio
from pathlib import Path

import click

from atoll.cli.noted import noted
from atoll.cli.project import json_option, state_option
from atoll.cli.refusals import Mistaken
from atoll.cli.steps import Told
from atoll.processes import supervision


@click.command()
@click.argument("counts", nargs=-1, required=True, metavar="SERVICE=COUNT...")
@state_option
@json_option
def scale(counts: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Change how many instances services have, while they run.

    New instances are called once they are ready; those that go let what is in progress end. The number counts until
    the application stops.
    """
    wanted = dict(map(_count, counts))
    asyncio.run(_scale(wanted, state, Told(as_json=as_json)))


async def _scale(wanted: dict[str, int], state: Path, told: Told) -> None:
    async with supervision(state) as supervisor:
        for service, instances in wanted.items():
            with noted(state, "scale", service, f"to {instances}"):
                await told.follow(f"scale {service} to {instances}", supervisor.scale(service, instances))
    told.done(
        ", ".join(f"{service} has {count} instance{'s'[: count != 1]}" for service, count in wanted.items()) + "."
    )


def _count(given: str) -> tuple[str, int]:
    name, _, count = given.partition("=")
    if not name or not count.isascii() or not count.isdigit():
        raise Mistaken(f"`{given}` says no number.", "Write `atoll scale scoring=4`.", code="no_count")
    return name, int(count)
