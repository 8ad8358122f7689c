"""`atoll events dead`: what could not be delivered, and why."""

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from atoll.cli.events.reaching import Reaching, reaching, service_option, warn_of_unreached
from atoll.cli.project import LIMIT, application_argument
from atoll.cli.refusals import SaidNo
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import age, at, moment
from atoll.operating import Letter, Operated, Which

ERROR_CHARS = 100


@click.command()
@application_argument
@service_option
@click.option("--id", "number", type=int, metavar="N", help="One message, in whatever state it is, with all of it.")
@click.option("--payload", is_flag=True, help="Show data, too, with *** for what is personal.")
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="So many of a service.")
@reaching
def dead(
    where: Reaching,
    *,
    service: str | None,
    number: int | None,
    payload: bool,
    limit: int,
) -> None:
    """Show dead letters: messages that could not be delivered, with what went wrong.

    They stay until somebody replays or drops them, and so does what came later under the same key, which stands
    behind them. What a handler has said in its error is shown as it is.
    """

    async def work(found: Operated) -> None:
        letters = await found.letters(Which(number=number), service, limit=limit)
        if number is not None and not letters:
            what = f"No message is parked under {number}: it was delivered, dropped, or never there."
            raise SaidNo(what, "`atoll events dead` shows those that are.", code="no_such_letter")
        if where.as_json:
            print_json(
                [
                    facts(name, each, payload=payload or bool(number))
                    for name, several in letters.items()
                    for each in several
                ]
            )
        else:
            _print(letters, found.now, limit, payload=payload, is_one=number is not None)
            warn_of_unreached(found)

    where.run(work)


def facts(service: str, letter: Letter, *, payload: bool) -> dict[str, object]:
    """A parked message as data."""
    found: dict[str, object] = {"service": service} | msgspec.to_builtins(letter)
    found |= {name: moment(getattr(letter, name)) for name in ("parked_at", "tried_at", "due_at")}
    if letter.state != "waiting":
        found["due_at"] = None
    if not payload:
        del found["payload"]
    return found


def _print(letters: dict[str, list[Letter]], now: float, limit: int, *, payload: bool, is_one: bool) -> None:
    console = screen()
    if not letters:
        console.print("No message is dead. `atoll events` shows how subscriptions fare.", markup=False)
        return
    if is_one:
        for service, several in letters.items():
            for each in several:
                _print_one(console, service, each, now)
        return
    made = table("id", "service", "event", "key", "attempts", "last", "behind", "what went wrong")
    for heading in (0, 4, 6):
        made.columns[heading].justify = "right"
    for service, several in letters.items():
        for each in several:
            made.add_row(
                f"[bold]{each.number}[/]",
                service,
                each.type,
                escape(each.key or "-"),
                str(each.attempts),
                age(each.tried_at, now),
                str(each.behind or "-"),
                escape(_shortened(each.error)) + (" [dim](erased)[/]" if each.is_erased else ""),
            )
            if payload:
                made.add_row("", "", f"[dim]{escape(_json(each))}[/]")
    print_laid_out(made, on=console)
    name = next(iter(letters))
    first = letters[name][0].number
    console.print(f"[dim]One of them: `atoll events dead --service {name} --id {first}`. Once it is mended:[/]")
    console.print(f"[dim]`atoll events replay --service {name} --id {first}`, or `--all`.[/]")
    if any(len(several) == limit for several in letters.values()):
        console.print(f"[dim]There may be more than {limit} of a service: say --limit.[/]")


def _print_one(console: Console, service: str, letter: Letter, now: float) -> None:
    rows = {
        "message": f"{letter.number} of {service}, {letter.state}" + (", erased" if letter.is_erased else ""),
        "event": f"{letter.type} {letter.message_id}",
        "key": f"{letter.key or 'none'}, tenant {letter.tenant}",
        "log": f"position {letter.position} of {letter.publisher}, partition {letter.partition}",
        "parked": f"{at(letter.parked_at)} ({age(letter.parked_at, now)} ago)",
        "tried": f"{letter.attempts} times, last {at(letter.tried_at)} ({age(letter.tried_at, now)} ago)",
        "behind it": f"{letter.behind} of the same key" if letter.behind else "nothing",
        "error": letter.error or "none: it stands behind another message of its key",
        "data": _json(letter),
    }
    made = table("", "")
    made.show_header = False
    for name, content in rows.items():
        made.add_row(f"[dim]{name}[/]", escape(content))
    print_laid_out(made, on=console)


def _json(letter: Letter) -> str:
    return msgspec.json.encode(letter.payload).decode()


def _shortened(error: str) -> str:
    line = error.splitlines()[0] if error else ""
    return line if len(line) <= ERROR_CHARS else f"{line[: ERROR_CHARS - 1]}…"
