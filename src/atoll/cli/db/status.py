"""`atoll db show`: where each database is, and how it fares."""

from collections.abc import Mapping
from pathlib import Path

import click
from rich.markup import escape

from atoll import AtollError
from atoll.cli.db.choosing import databases
from atoll.cli.project import application_argument, config_option, json_option, state_option
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.databases import DatabaseStatus, ServiceDatabase, Standing, status_of

ROWS_MAX = 1_000_000
COLOURS = {Standing.UP_TO_DATE: "green", Standing.NOT_MADE: "dim", Standing.UNKNOWN: "dim"}


@click.command()
@application_argument
@state_option
@config_option
@json_option
@click.pass_context
def show(ctx: click.Context, app: str | None, state: Path, config_file: Path, as_json: bool) -> None:
    """Show the database of each service.

    What kind it is and where, how big, at which revision and whether that is the last one, and how many rows its
    tables have. A database that cannot be reached is told as such; the exit code is then 1.
    """
    found = databases(ctx, app, state, config_file)
    seen = [_seen(each) for each in found]
    if as_json:
        print_json([each if isinstance(each, DatabaseStatus) else _failure(*each) for each in seen])
    elif not seen:
        screen().print("No service of this application asks for a database.")
    else:
        _print(seen)
    if any(not isinstance(each, DatabaseStatus) for each in seen):
        ctx.exit(1)


def _seen(database: ServiceDatabase) -> DatabaseStatus | tuple[ServiceDatabase, AtollError]:
    try:
        return status_of(database)
    except AtollError as error:
        return database, error


def _failure(database: ServiceDatabase, error: AtollError) -> Mapping[str, object]:
    return {
        "service": database.service,
        "where": str(database.place),
        "error": {"code": error.code, "what": str(error)},
    }


def _print(seen: list[DatabaseStatus | tuple[ServiceDatabase, AtollError]]) -> None:
    console = screen()
    made = table("service", "database", "size", "revision", "state", "rows", "where")
    made.columns[2].justify = "right"
    for each in seen:
        if isinstance(each, DatabaseStatus):
            made.add_row(*_row(each))
        else:
            database, _ = each
            made.add_row(f"[bold]{database.service}[/]", database.place.kind, "-", "-", "[red]not reached[/]", "-", "-")
    print_laid_out(made, on=console)
    for each in seen:
        if isinstance(each, DatabaseStatus):
            if each.pending:
                console.print(f"[dim]{each.service} has not seen {', '.join(each.pending)}[/]", soft_wrap=True)
        else:
            console.print(f"[bold red]✗[/] {each[0].service}: {escape(str(each[1]))}", soft_wrap=True)


def _row(status: DatabaseStatus) -> list[str]:
    rows = ", ".join(f"{name} {_count(count)}" for name, count in status.rows.items())
    return [
        f"[bold]{status.service}[/]",
        status.kind,
        "-" if status.size_bytes is None else _size(status.size_bytes),
        escape(status.revision or "-"),
        f"[{COLOURS.get(status.standing, 'yellow')}]{status.standing}[/]",
        escape(rows) or "-",
        escape(status.where),
    ]


def _count(count: int) -> str:
    return f"{count:,}" if count <= ROWS_MAX else f"> {ROWS_MAX:,}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:.0f} KiB"
