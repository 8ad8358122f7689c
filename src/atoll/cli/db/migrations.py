"""`atoll db migrate` and `atoll db revision`."""

import dataclasses
from pathlib import Path

import click
from rich.markup import escape

from atoll import AtollError
from atoll.cli.db.choosing import app_option, databases, services_option, with_tables
from atoll.cli.noted import noted
from atoll.cli.project import application_argument, config_option, json_option, state_option
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json, screen
from atoll.databases import Migrated, ServiceDatabase, write_revision
from atoll.databases import migrate as migrate_database

REVISION_EXAMPLES = """\b
Examples:
  atoll db revision capture -m "leads have an owner"
  atoll db revision capture -m "capital letters" --empty
"""


@click.command()
@application_argument
@services_option
@click.option("--stamp", metavar="REVISION", help="Say at which revision the database stands, where it does not know.")
@state_option
@config_option
@json_option
@click.pass_context
def migrate(
    ctx: click.Context,
    app: str | None,
    services: tuple[str, ...],
    stamp: str | None,
    state: Path,
    config_file: Path,
    as_json: bool,
) -> None:
    """Bring databases up to date, as a start does.

    Where a service has migrations, those that its database has not seen are run, each in a transaction of its own;
    where it has none, its tables are made as they are declared. One that fails keeps no other from being migrated;
    the exit code is then 1.
    """
    if stamp is not None and len(services) != 1:
        raise Mistaken(
            "A revision is one of one service.", "Name it: --service capture --stamp 0001_first", code="stamp"
        )
    chosen = with_tables(databases(ctx, app, state, config_file, services), services)
    done = [(each, _migrated(each, stamp, state)) for each in chosen]
    if as_json:
        print_json([_facts(*each) for each in done])
    else:
        for database, result in done:
            screen().print(_line(database, result), soft_wrap=True)
    if any(isinstance(result, AtollError) for _, result in done):
        ctx.exit(1)


@click.command(epilog=REVISION_EXAMPLES)
@click.argument("service")
@click.option("-m", "--message", required=True, metavar="TEXT", help="What it changes, in a few words.")
@click.option(
    "--empty", "is_empty", is_flag=True, help="Write one with nothing in it, for rows that are to be changed."
)
@app_option
@state_option
@config_option
@json_option
@click.pass_context
def revision(
    ctx: click.Context,
    service: str,
    message: str,
    is_empty: bool,
    app: str | None,
    state: Path,
    config_file: Path,
    as_json: bool,
) -> None:
    """Write a migration of SERVICE.

    It makes what the service declares of what its migrations so far make, and is written into the folder `migrations`
    beside the service's module. Read it before you run it: a column that was renamed looks like one that has gone and
    one that has come.
    """
    (database,) = with_tables(databases(ctx, app, state, config_file, [service]), [service])
    written = write_revision(database, message, is_empty=is_empty)
    if as_json:
        print_json({"written": [str(file) for file in written.files], "left": written.left})
        return
    console = screen()
    for file in written.files:
        console.print(f"[green]+[/] {escape(str(_near(file)))}", soft_wrap=True)
    if written.left:
        console.print("\n[yellow]Alembic writes none of these; add them by hand:[/]")
        for sentence in written.left:
            console.print(f"  - {escape(sentence)}", soft_wrap=True)
    console.print(f"\nNext:\n  read {'it' if len(written.files) == 1 else 'them'}\n  atoll db migrate", markup=False)


def _migrated(database: ServiceDatabase, stamp: str | None, state: Path) -> Migrated | AtollError:
    try:
        with noted(state, "db migrate", database.service, "" if stamp is None else f"stamped {stamp}"):
            return migrate_database(database, stamp)
    except AtollError as error:
        return error


def _facts(database: ServiceDatabase, result: Migrated | AtollError) -> dict[str, object]:
    if isinstance(result, AtollError):
        return {"service": database.service, "error": {"code": result.code, "what": str(result)}}
    return {"service": database.service, **dataclasses.asdict(result)}


def _line(database: ServiceDatabase, result: Migrated | AtollError) -> str:
    name = f"[bold]{database.service}[/]"
    match result:
        case AtollError():
            return f"[bold red]✗[/] {name}: {escape(str(result))}"
        case Migrated(applied=applied) if applied:
            return f"[bold green]✓[/] {name} ran {escape(', '.join(applied))}"
        case Migrated(made=made) if made:
            return f"[bold green]✓[/] {name} made {escape(', '.join(made))}"
        case _:
            return f"[bold green]✓[/] {name} is up to date"


def _near(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
