"""`atoll check`: everything that is wrong with an application, or a good word."""

from pathlib import Path

import click

from atoll import check_settings, describe
from atoll.cli.project import application_argument, config_of, config_option, json_option, load
from atoll.cli.show.summary import summarise
from atoll.cli.terminal import print_json, screen


@click.command()
@application_argument
@config_option
@click.option("--settings", "reads_settings", is_flag=True, help="Read the settings, too, as a start would.")
@json_option
@click.pass_context
def check(ctx: click.Context, app: str | None, config_file: Path, reads_settings: bool, as_json: bool) -> None:
    """Tell everything that is wrong with an application.

    Imports all of its services and reads their contracts and declarations, without starting anything. Every mistake
    is told at once, with its file and line and what to do; the exit code is then 2.
    """
    application = load(app)
    summary = summarise(describe(application))
    if reads_settings:
        check_settings(application, config_of(ctx, config_file))
    counts = {
        "services": len(summary.services),
        "contracts": sum(service.version is not None for service in summary.services),
        "operations": sum(len(service.operations) for service in summary.services),
        "public": sum(operation.public for service in summary.services for operation in service.operations),
        "events": sum(len(service.events) for service in summary.services),
        "calls": len(summary.calls),
    }
    if as_json:
        print_json({"application": summary.name, "mistakes": [], **counts})
        return
    screen().print(
        f"[bold green]✓[/] {summary.name} is in order: {_number(counts['services'], 'service')}, "
        f"{_number(counts['contracts'], 'contract')}, {_number(counts['operations'], 'operation')} "
        f"({counts['public']} public), {_number(counts['events'], 'event')}, "
        f"{_number(counts['calls'], 'declared call')}.",
        soft_wrap=True,
    )


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
