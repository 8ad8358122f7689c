"""`atoll events rewind` and `atoll events lapse`."""

from datetime import datetime

import click
import msgspec

from atoll.cli.events.reaching import Change, Reaching, app_option, changing, reaching
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json, screen
from atoll.cli.words import age, counted
from atoll.operating import Goal, Operated, Rewound, Standing

REWIND_EXAMPLES = """\b
Examples:
  atoll events rewind billing --to oldest
  atoll events rewind billing --to 41200
  atoll events rewind billing --publisher shop --to 2026-05-01T06:00
"""


@click.command(epilog=REWIND_EXAMPLES)
@click.argument("subscriber")
@click.option(
    "--to", required=True, metavar="WHERE", help="`oldest`, a position, or a moment (2026-05-01, or with time)."
)
@click.option("--publisher", metavar="NAME", help="To whom it has subscribed, where there are several.")
@app_option
@reaching
@changing()
def rewind(where: Reaching, *, subscriber: str, to: str, publisher: str | None, change: Change) -> None:
    """Tell a subscription again what it was told before, from a position or a moment on.

    All of its handlers have to be declared so: `@on(..., replayable=True)`. It begins a new generation; instances that
    run take it up within seconds, and what they were about to do does not count. What was put aside from behind that
    point is told with the rest. What the log keeps no longer cannot be told: `oldest` means the oldest that is kept.
    """
    place = _place(to)

    async def work(found: Operated) -> tuple[Goal, Rewound]:
        status = await found.subscription(subscriber, publisher)
        goal = await found.goal(status, place)
        messages = f"{counted(goal.messages, 'message')} of {status.publisher}"
        since = f"from position {goal.position + 1} on{', the oldest that is kept' if goal.is_oldest else ''}"
        change.confirm(f"{messages} would be told to {subscriber} again, {since}.")
        return goal, await found.rewind(status, goal, change.by)

    goal, done = where.run(work)
    if where.as_json:
        print_json(msgspec.to_builtins(done) | {"messages": goal.messages, "is_oldest": goal.is_oldest})
        return
    more = f" {counted(done.unparked, 'message')} that stood aside with them." if done.unparked else ""
    told = f"{subscriber} is told {counted(goal.messages, 'message')} again, as generation {done.generation}."
    screen().print(f"[bold green]✓[/] {told}{more}")


@click.command()
@click.argument("subscriber")
@click.option("--publisher", metavar="NAME", help="To whom it has subscribed, where there are several.")
@app_option
@reaching
@changing()
def lapse(where: Reaching, *, subscriber: str, publisher: str | None, change: Change) -> None:
    """Let go of a subscription that is gone: its publisher keeps nothing more for it.

    Within a minute the publisher lets go of what only that one lacked, and publishes again, where it was full. A
    subscription that reads again is live again by itself; what was removed meanwhile it has missed.
    """

    async def work(found: Operated) -> dict[str, object]:
        status = await found.subscription(subscriber, publisher)
        now = found.now
        if status.standing is Standing.READING:
            seen = f"{subscriber} has read the log of {status.publisher} {age(status.seen_at, now)} ago"
            fix = "It would be live again at once. Stop it first, or let it catch up."
            raise Mistaken(f"{seen}: it is not gone.", fix, code="still_reading")
        lacks = counted(status.lag or 0, "message")
        change.confirm(
            f"{subscriber} lacks {lacks} of {status.publisher}, and was seen {age(status.seen_at, now)} ago. "
            "They would be kept for it no longer.",
        )
        await found.lapse(status, change.by)
        return {"subscriber": subscriber, "publisher": status.publisher, "lacked": status.lag or 0}

    done = where.run(work)
    if where.as_json:
        print_json({"lapsed": done})
    else:
        screen().print(f"[bold green]✓[/] {done['publisher']} keeps nothing more for {subscriber}.")


def _place(to: str) -> int | datetime | None:
    """A position, a moment, or None for the oldest.

    Raises:
        Mistaken: it is none of them.
    """
    if to == "oldest":
        return None
    if to.isascii() and to.isdigit():
        return int(to)
    try:
        return datetime.fromisoformat(to).astimezone()
    except ValueError:
        fix = "Say `oldest`, a position (41200), or a moment (2026-05-01, or 2026-05-01T06:00+02:00)."
        raise Mistaken(f"--to {to} is no place in a log.", fix, code="no_place") from None
