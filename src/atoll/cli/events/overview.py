"""`atoll events show`: how subscriptions fare, and the logs that they follow."""

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from atoll.cli.events.reaching import Reaching, reaching, warn_of_unreached
from atoll.cli.project import application_argument
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import age, at, counted, moment
from atoll.operating import LogStatus, Operated, Standing, SubscriptionStatus

COLOURS = {Standing.READING: "green", Standing.STOPPED: "yellow", Standing.NOT_BEGUN: "dim"}
RIGHT = ("events", "position", "lag", "rate", "parked", "dead", "oldest", "head", "kept")


@click.command()
@application_argument
@reaching
def show(where: Reaching) -> None:
    """Show the subscriptions of an application, and the logs that they follow.

    `lag` counts the messages that have not taken effect yet and are not put aside, and `waits` says since when the
    first of them was published; `rate` is how many messages were published for it in the last minute, each second;
    `parked` counts what waits for another attempt, or behind another message, and `dead` what waits for you.
    """

    async def work(found: Operated) -> None:
        statuses, logs = await found.overview()
        if where.as_json:
            print_json(
                {
                    "subscriptions": [_facts(status) for status in statuses],
                    "logs": [msgspec.to_builtins(log) | {"oldest_at": moment(log.oldest_at)} for log in logs],
                    "unreached": dict(found.unreached),
                }
            )
        else:
            _print(statuses, logs, found.now)
            warn_of_unreached(found)

    where.run(work)


def _facts(status: SubscriptionStatus) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(status)
    return facts | {name: moment(getattr(status, name)) for name in ("oldest_at", "seen_at")}


def _print(statuses: list[SubscriptionStatus], logs: list[LogStatus], now: float) -> None:
    console = screen()
    if not statuses:
        console.print("No service reacts to events of another one: a method marked `@on(Event)` does.", markup=False)
        return
    shown = [_subscriptions(statuses, now)]
    if logs:
        shown.append(_logs(logs, now))
    print_laid_out(shown[0], *(part for each in shown[1:] for part in ("", each)), on=console)
    for hint in _hints(statuses):
        console.print(f"[dim]{escape(hint)}[/]", soft_wrap=True)


def _subscriptions(statuses: list[SubscriptionStatus], now: float) -> Table:
    made = _aligned(
        "subscriber", "follows", "state", "events", "position", "lag", "waits", "rate", "parked", "dead", "seen"
    )
    for each in statuses:
        parked = each.waiting + each.behind
        made.add_row(
            f"[bold]{each.subscriber}[/]",
            each.publisher,
            f"[{COLOURS.get(each.standing, 'red')}]{each.standing}[/]",
            str(len(each.types)),
            _number(each.position),
            _number(each.lag),
            age(each.oldest_at, now) if each.lag else "-",
            "-" if each.per_s is None else f"{each.per_s:.3g}",
            str(parked) if parked else "-",
            f"[bold red]{each.dead}[/]" if each.dead else "-",
            age(each.seen_at, now),
        )
    return made


def _logs(logs: list[LogStatus], now: float) -> Table:
    made = _aligned("log of", "oldest", "head", "kept", "since")
    for each in logs:
        kept = each.head - each.oldest + 1
        since = f"{at(each.oldest_at)} ({age(each.oldest_at, now)})" if each.oldest_at else "-"
        made.add_row(f"[bold]{each.publisher}[/]", _number(each.oldest), _number(each.head), _number(kept), since)
    return made


def _hints(statuses: list[SubscriptionStatus]) -> list[str]:
    hints: list[str] = []
    if dead := sum(each.dead for each in statuses):
        hints.append(f"{counted(dead, 'message is', 'messages are')} dead: see `atoll events dead`.")
    if all(each.standing is Standing.NOT_BEGUN for each in statuses):
        hints.append("No subscription has begun: start the application with `atoll run`.")
    hints += [
        f"{each.subscriber} reacts to {each.publisher} no more, and its log is kept for it: let it go with "
        f"`atoll events lapse {each.subscriber} --publisher {each.publisher}`."
        for each in statuses
        if each.standing is Standing.UNDECLARED
    ]
    return hints


def _aligned(*headings: str) -> Table:
    made = table(*headings)
    for column in made.columns:
        if column.header in RIGHT:
            column.justify = "right"
    return made


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
