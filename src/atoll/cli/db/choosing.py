"""Which databases a command is about."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from atoll.cli.project import config_of, load
from atoll.cli.refusals import Mistaken
from atoll.databases import ServiceDatabase, databases_of

F = TypeVar("F", bound=Callable[..., Any])  # Any: commands of every signature


def app_option(command: F) -> F:
    """Let a command take `--app`, where its argument is a service."""
    return click.option("--app", metavar="APP", help="The application; by default that of this folder.")(command)


def services_option(command: F) -> F:
    """Let a command take `--service`, as often as it is given."""
    return click.option(
        "--service", "services", multiple=True, metavar="NAME", help="Only the database of this service. Repeatable."
    )(command)


def databases(
    ctx: click.Context, app: str | None, state: Path, config_file: Path, services: Sequence[str] = ()
) -> list[ServiceDatabase]:
    """The databases of an application, or those of some of its services.

    Raises:
        Mistaken: a service has none, or there is no such service.
        Mistakes: the application is not in order.
    """
    found = databases_of(load(app), state, config_of(ctx, config_file))
    known = {each.service: each for each in found}
    for name in services:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(known) or 'none'}."
            raise Mistaken(f"There is no service `{name}` with a database.", fix, code="no_such_service")
    return [known[name] for name in services] if services else found


def with_tables(chosen: Sequence[ServiceDatabase], asked: Sequence[str]) -> list[ServiceDatabase]:
    """Those whose tables and migrations can be read here.

    Raises:
        Mistaken: one that was asked for lives in an environment of its own.
    """
    for each in chosen:
        if each.tables is None and each.service in asked:
            raise Mistaken(
                f"`{each.service}` lives in an environment of its own, and its migrations with it.",
                "It migrates when it starts; or use the `atoll` of that environment.",
                code="lives_apart",
            )
    return [each for each in chosen if each.tables is not None]
