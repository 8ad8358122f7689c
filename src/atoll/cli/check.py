"""`atoll check`: everything that is wrong with an application, or a good word."""

import click

from atoll import describe
from atoll.cli.project import application_argument, json_option, load
from atoll.cli.show.summary import summarise
from atoll.cli.terminal import print_json, screen


@click.command()
@application_argument
@json_option
def check(app: str | None, as_json: bool) -> None:
    """Tell everything that is wrong with an application.

    Imports all of its services and reads their contracts and declarations, without starting anything. Every mistake
    is told at once, with its file and line and what to do; the exit code is then 2.
    """
    summary = summarise(describe(load(app)))
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
