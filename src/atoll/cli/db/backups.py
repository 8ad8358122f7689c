"""`atoll db backup` and `atoll db restore`."""

from pathlib import Path

import click
from rich.markup import escape

from atoll.cli.db.choosing import databases, services_option
from atoll.cli.noted import noted
from atoll.cli.project import application_argument, config_option, json_option, state_option
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import is_terminal, print_json, screen
from atoll.databases import back_up, put_back


@click.command()
@application_argument
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder to copy them into, a new one.",
)
@services_option
@state_option
@config_option
@json_option
@click.pass_context
def backup(
    ctx: click.Context,
    app: str | None,
    to: Path,
    services: tuple[str, ...],
    state: Path,
    config_file: Path,
    as_json: bool,
) -> None:
    """Copy databases into a folder, while their services run.

    Each copy is of one moment, checked, and on the disk when the command ends; `backup.json` beside them has their
    digests. Databases are copied one after the other: what one service has told another between two copies is known to
    the later one alone, and told again after a restore.

    For PostgreSQL `pg_dump` has to be on the PATH.
    """
    manifest = back_up(databases(ctx, app, state, config_file, services), to)
    if as_json:
        print_json(manifest)
        return
    for name, each in manifest.services.items():
        screen().print(
            f"[green]+[/] {escape(str(to / each.file))}  [dim]{name}, {each.size_bytes:,} bytes[/]", soft_wrap=True
        )


@click.command()
@application_argument
@click.option(
    "--from", "origin", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder of a backup."
)
@services_option
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@state_option
@config_option
@json_option
@click.pass_context
def restore(
    ctx: click.Context,
    app: str | None,
    origin: Path,
    services: tuple[str, ...],
    is_sure: bool,
    state: Path,
    config_file: Path,
    as_json: bool,
) -> None:
    """Put databases back from a backup. What they hold now is lost.

    It is refused while a service runs whose database is put back, and where a file is not what was written: then
    nothing was touched. The logs of events begin a new incarnation, so that their subscribers take nothing new for
    something that they have seen.

    For PostgreSQL `pg_restore` and `psql` have to be on the PATH.
    """
    chosen = databases(ctx, app, state, config_file)
    if not is_sure and is_terminal() and not click.confirm("What the databases hold now is lost. Go on?"):
        raise Mistaken("Nothing was changed.", code="not_sure")
    with noted(state, "db restore", ", ".join(services) or "all", f"from {origin}"):
        names = put_back(chosen, origin, services)
    if as_json:
        print_json({"restored": names})
    else:
        screen().print(f"[bold green]✓[/] {', '.join(names)} put back from {escape(str(origin))}", soft_wrap=True)
