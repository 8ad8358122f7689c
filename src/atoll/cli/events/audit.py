"""`atoll events audit`: what people have done to events."""

import click
import msgspec
from rich.markup import escape

from atoll.cli.events.reaching import Reaching, reaching, service_option, warn_of_unreached
from atoll.cli.project import LIMIT, application_argument
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import at, moment
from atoll.operating import Deed, Operated

ACTIONS = ("replay", "drop", "lapse", "rewind", "hold_back", "erase")


@click.command()
@application_argument
@service_option
@click.option("--action", "actions", multiple=True, type=click.Choice(ACTIONS), help="Only this. Repeatable.")
@click.option("--subject", metavar="KEY", help="Only what was done to the data of this subject.")
@click.option("--limit", type=LIMIT, default=50, show_default=True, help="The last so many.")
@reaching
def audit(
    where: Reaching,
    *,
    service: str | None,
    actions: tuple[str, ...],
    subject: str | None,
    limit: int,
) -> None:
    """Show what people have done to events, the last first: who, what, on which, and why."""

    async def work(found: Operated) -> None:
        deeds = await found.deeds(service, actions=actions, subject=subject, limit=limit)
        if where.as_json:
            print_json([_facts(name, deed) for name, deed in deeds])
        else:
            _print(deeds)
            warn_of_unreached(found)

    where.run(work)


def _facts(service: str, deed: Deed) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(deed)
    return {"service": service} | facts | {"at": moment(deed.at)}


def _print(deeds: list[tuple[str, Deed]]) -> None:
    if not deeds:
        screen().print("Nobody has changed anything: `atoll events` shows how subscriptions fare.", markup=False)
        return
    made = table("when", "who", "what", "service", "subject", "on", "why")
    for name, deed in deeds:
        made.add_row(
            at(deed.at),
            escape(deed.actor),
            deed.action,
            name,
            escape(deed.subject or "-"),
            escape(_on(deed)),
            escape(deed.why or "-"),
        )
    print_laid_out(made, on=screen())


def _on(deed: Deed) -> str:
    """On which, in a few words."""
    details = deed.details
    match deed.action:
        case "replay" | "drop":
            return f"{details.get('type')} {details.get('message_id')}"
        case "erase":
            return f"{details.get('rows')} rows of {details.get('table')}"
        case _:
            position = f" at {details['position']}" if "position" in details else ""
            return f"{details.get('subscription')} of {details.get('publisher')}{position}"
