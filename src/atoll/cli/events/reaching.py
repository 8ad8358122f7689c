"""What the commands about events share: how they reach the databases, who asks, and whether he is sure."""

import asyncio
import functools
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.markup import escape

from atoll.cli.project import config_of, config_option, json_option, load, state_option
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import is_terminal, screen
from atoll.operating import By, NotMeant, Operated, operated

F = TypeVar("F", bound=Callable[..., Any])  # Any: commands of every signature
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reaching:
    """Which application a command is about, where its databases are, and how the command speaks."""

    ctx: click.Context
    app: str | None
    state: Path
    config_file: Path
    as_json: bool

    def run(self, work: Callable[[Operated], Awaitable[T]]) -> T:
        """What some work with the application's databases answers.

        Raises:
            Mistaken: a service or a subscription is asked for that is not there.
        """
        application, config = load(self.app), config_of(self.ctx, self.config_file)

        async def with_databases() -> T:
            async with operated(application, self.state, config) as found:
                return await work(found)

        try:
            return asyncio.run(with_databases())
        except NotMeant as error:
            raise Mistaken(error.what, error.fix, code=error.code) from None


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes something and why, and whether he was sure beforehand."""

    by: By
    is_sure: bool
    as_json: bool

    def confirm(self, what: str) -> None:
        """Go on where somebody is sure.

        Raises:
            Mistaken: nobody can be asked, or says no.
        """
        if self.is_sure:
            return
        if self.as_json or not is_terminal() or not sys.stdin.isatty():
            raise Mistaken(f"{what} Nothing was changed so far.", "Say --yes to do it.", code="not_sure")
        if not click.confirm(f"{what} Go on?"):
            raise Mistaken("Nothing was changed.", code="not_sure")


def app_option(command: F) -> F:
    """Let a command take `--app`, where its argument is something else."""
    return click.option("--app", metavar="APP", help="The application; by default that of this folder.")(command)


def service_option(command: F) -> F:
    """Let a command take `--service`: whose database it is about."""
    return click.option("--service", metavar="NAME", help="Only what is in the database of this service.")(command)


def reaching(command: F) -> F:
    """Give a command a `Reaching` as its first argument, from the options for it."""

    @click.pass_context
    @functools.wraps(command)
    def with_reaching(
        ctx: click.Context,
        /,
        *,
        app: str | None,
        state: Path,
        config_file: Path,
        as_json: bool,
        **more: Any,  # Any: the command's own options
    ) -> Any:  # Any: what commands return
        return command(Reaching(ctx, app, state, config_file, as_json), **more)

    return cast(F, state_option(config_option(json_option(with_reaching))))


def changing(*, asks: bool = True, needs_reason: bool = False) -> Callable[[F], F]:
    """Give a command a `Change`, as `change`, from the options for it; one that `asks` takes `--yes`."""

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def with_change(
            where: Reaching,
            /,
            *,
            reason: str,
            actor: str | None,
            is_sure: bool = True,
            **more: Any,  # Any: as above
        ) -> Any:  # Any: as above
            if needs_reason and not reason.strip():
                raise Mistaken("--reason is empty.", "Say why: somebody will ask.", code="no_reason")
            return command(where, change=Change(By(actor or _user(), reason), is_sure, where.as_json), **more)

        why = click.option("--reason", default="", metavar="TEXT", help="Why. It is kept on record.")
        who = click.option(
            "--actor", metavar="NAME", help="Who asks; by default the user of this system. On record, too."
        )
        sure = click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
        decorated = why(who(with_change))
        return cast(F, sure(decorated) if asks else decorated)

    return decorate


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # the system has no name for it
        return f"user {os.getuid()}"


def warn_of_unreached(operations: Operated) -> None:
    """Say on standard error which databases were not reached."""
    for service, why in operations.unreached.items():
        screen(sys.stderr).print(f"[bold red]✗[/] {service} is not reached: {escape(why)}", soft_wrap=True)
