"""`atoll events replay` and `atoll events drop`."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from atoll.cli.events.reaching import Change, Reaching, changing, reaching, service_option
from atoll.cli.project import application_argument
from atoll.cli.refusals import Mistaken, SaidNo
from atoll.cli.terminal import print_json, screen
from atoll.cli.words import counted
from atoll.operating import Operated, Which

F = TypeVar("F", bound=Callable[..., Any])  # Any: commands of every signature

REPLAY_EXAMPLES = """\b
Examples:
  atoll events replay --service billing --id 7
  atoll events replay --service billing --key lead-7
  atoll events replay --all --reason "the tax table is mended"
"""

DROP_EXAMPLES = """\b
Examples:
  atoll events drop --service billing --id 7 --reason "sent twice"
  atoll events drop --service billing --all --reason "a test of Monday" --yes
"""


def chosen(command: F) -> F:
    """Give a command the messages that it is about, as `which`, and `service`, from the options for them."""

    @functools.wraps(command)
    def with_which(
        *given: Any,  # Any: the command's own arguments
        number: int | None,
        publisher: str | None,
        key: str | None,
        tenant: str,
        is_all: bool,
        **more: Any,  # Any: as above
    ) -> Any:  # Any: what commands return
        if [number is not None, key is not None, is_all].count(True) != 1:
            fix = "`atoll events dead` shows what there is."
            raise Mistaken("Say which messages: one by --id, one by --key, or --all.", fix, code="not_said")
        return command(*given, which=Which(number=number, publisher=publisher, key=key, tenant=tenant), **more)

    decorated: Any = with_which  # Any: click's decorators give back what they are given
    for option in (
        click.option("--all", "is_all", is_flag=True, help="All dead letters."),
        click.option("--tenant", default="main", show_default=True, metavar="NAME", help="Whose key it is."),
        click.option("--key", metavar="KEY", help="The dead letter of a key."),
        click.option("--publisher", metavar="NAME", help="Only events of this service."),
        click.option("--id", "number", type=int, metavar="N", help="One message."),
        service_option,
    ):
        decorated = option(decorated)
    return cast(F, decorated)


@click.command(epilog=REPLAY_EXAMPLES)
@application_argument
@reaching
@changing(asks=False)
@chosen
def replay(where: Reaching, *, service: str | None, which: Which, change: Change) -> None:
    """Try dead letters once more.

    An instance that runs takes them up within a second; without one, the next that starts. What stands behind a
    message follows it by itself. One that fails again is dead again at once.
    """

    async def work(found: Operated) -> dict[str, int]:
        meant = await _meant(found, which, service)
        return {name: await found.replay(which, name, change.by) for name in meant}

    done = where.run(work)
    _tell("replayed", done, as_json=where.as_json)


@click.command(epilog=DROP_EXAMPLES)
@application_argument
@reaching
@changing(needs_reason=True)
@chosen
def drop(where: Reaching, *, service: str | None, which: Which, change: Change) -> None:
    """Take dead letters out for good, with a reason.

    What stands behind a message is tried next, at once. The record says which message it was, not what was in it.
    """

    async def work(found: Operated) -> dict[str, int]:
        meant = await _meant(found, which, service)
        names = ", ".join(f"{counted(count, 'message')} of {name}" for name, count in meant.items())
        change.confirm(f"{names} would be dropped, and never take effect.")
        return {name: await found.drop(which, name, change.by) for name in meant}

    done = where.run(work)
    _tell("dropped", done, as_json=where.as_json)


async def _meant(found: Operated, which: Which, service: str | None) -> dict[str, int]:
    """How many messages are meant, by service.

    Raises:
        SaidNo: there are none.
        Mistaken: a number is that of several.
    """
    meant = await found.count(which, service)
    if not meant:
        none = "No message is dead" if which.number is None else f"No message is parked under {which.number}"
        where = f" in {service}" if service else ""
        of = f" under the key {which.key}" if which.key else ""
        raise SaidNo(f"{none}{of}{where}.", "`atoll events dead` shows what there is.", code="no_such_letter")
    if which.number is not None and len(meant) > 1:
        raise Mistaken(f"{which.number} is a number in {', '.join(meant)}.", "Say --service.", code="not_said")
    return meant


def _tell(what: str, done: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json({what: done})
        return
    for name, count in done.items():
        screen().print(f"[bold green]✓[/] {counted(count, 'message')} of {name} {what}.")
