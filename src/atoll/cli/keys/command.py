"""`atoll keys`: a group of commands; without one of them it lists the keys."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape

from atoll.cli.noted import noted
from atoll.cli.project import application_argument, json_option, load, state_option
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import at, moment
from atoll.elsewhere import Operator
from atoll.operating import ApiKey, NotAKey, api_keys, operator_token, permissions, rotated

EXAMPLES = """\b
Examples:
  atoll keys                                                  which keys there are
  atoll keys make ci --opens scoring.score --days 90          a key for one operation
  atoll keys make ada --opens 'capture.*' --opens scoring.score
  atoll keys revoke 3f2a90b1c7                                it opens nothing any more, a second later
  curl -H "atoll-token: $(atoll keys token scoring)" ...      a call of a service itself, as its operator
  atoll keys rotate                                           a new key for the authority of the application
"""

DAY_S = 86_400.0


class Keys(click.Group):
    """Commands about keys. Without one the keys are listed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.command(cls=Keys, epilog=EXAMPLES, subcommand_metavar="[COMMAND] [ARGUMENTS]...")
def keys() -> None:
    """Make, list and revoke API keys for callers from outside.

    A key is for one user and opens the public operations that it names. It is shown when it is made, and never again:
    what is kept of it opens nothing. The application may run meanwhile, or not.
    """


@keys.command(name="list")
@state_option
@json_option
def listing(state: Path, as_json: bool) -> None:
    """List the keys, with what they open; those that open nothing any more, too."""
    with api_keys(state) as found:
        known = found.all()
    if as_json:
        print_json([_facts(each) for each in known])
        return
    if not known:
        screen().print("There are no keys but the development key: `atoll keys make USER --opens ...` makes one.")
        return
    now = datetime.now(UTC).timestamp()
    made = table("id", "user", "opens", "made", "until", "state")
    for each in known:
        made.add_row(
            each.id,
            escape(each.user),
            ", ".join(each.operations),
            at(each.made_at),
            at(each.expires_at),
            _state(each, now),
        )
    print_laid_out(made, on=screen())


@keys.command()
@click.argument("user")
@application_argument
@click.option(
    "--opens",
    "operations",
    multiple=True,
    required=True,
    metavar="SERVICE.OPERATION",
    help="What it opens; `*` is all.",
)
@click.option(
    "--days", type=click.IntRange(1, 36_500), metavar="N", help="For how long; for ever where it is not said."
)
@state_option
@json_option
def make(user: str, app: str | None, operations: Sequence[str], days: int | None, state: Path, as_json: bool) -> None:
    """Make a key for USER and show it, this once."""
    _check(app, operations)
    try:
        with noted(state, "keys make", user, ", ".join(operations)), api_keys(state) as found:
            key, kept = found.make(user, operations, None if days is None else days * DAY_S)
    except NotAKey as error:
        raise Mistaken(error.what, error.fix, code=error.code) from None
    if as_json:
        print_json(_facts(kept) | {"key": key})
    else:
        click.echo(key)
        opens = f"opens {', '.join(kept.operations)} in the name of {kept.user}"
        click.echo(f"This key, {kept.id}, {opens}. It is not shown again.", err=True)


@keys.command()
@click.argument("key_id", metavar="ID")
@state_option
@json_option
def revoke(key_id: str, state: Path, as_json: bool) -> None:
    """Revoke the key with this ID: within a second it opens nothing any more."""
    try:
        with noted(state, "keys revoke", key_id), api_keys(state) as found:
            revoked = found.revoke(key_id)
    except NotAKey as error:
        raise Mistaken(error.what, error.fix, code=error.code) from None
    if as_json:
        print_json(_facts(revoked))
    else:
        click.echo(f"The key {revoked.id} of {revoked.user} opens nothing any more.")


@keys.command()
@click.argument("service")
@application_argument
@state_option
@json_option
def token(service: str, app: str | None, state: Path, as_json: bool) -> None:
    """Print the operator's token for SERVICE, which lets curl call it where it listens.

    It is sent as `atoll-token`, holds for a minute, and is for no other service.
    """
    application = load(app)
    known = [each.name for each in permissions(application).manifest.members]
    if service not in known:
        raise Mistaken(f"There is no service `{service}`.", f"There are {', '.join(known)}.", code="unknown_service")
    made = operator_token(Operator(application.name, state), service)
    if as_json:
        print_json({"service": service, "token": made})
    else:
        click.echo(made)


@keys.command()
@application_argument
@state_option
@json_option
def rotate(app: str | None, state: Path, as_json: bool) -> None:
    """Let the authority of the application sign with a new key from now on.

    What the former key has signed holds until it ends, an hour later; nothing has to be restarted for that.
    """
    name = load(app).name
    with noted(state, "keys rotate", name):
        made = asyncio.run(rotated(name, state))
    if as_json:
        print_json({"key": made})
    else:
        click.echo(f"The authority signs with {made} from now on.")


def _check(app: str | None, operations: Sequence[str]) -> None:
    """Whether what a key is to open is there, and public.

    Raises:
        Mistaken: it is not.
    """
    manifest = permissions(load(app)).manifest
    public = {
        f"{offered.service}.{operation.name}"
        for member in manifest.members
        for offered in member.offers
        for operation in offered.operations
        if operation.public
    }
    known = public | {f"{each.rpartition('.')[0]}.*" for each in public} | {"*", "gateway.metrics"}
    for each in operations:
        if each not in known:
            fix = f"There are {', '.join(sorted(known)) if public else 'none'}."
            raise Mistaken(f"`{each}` is no public operation of {manifest.application}.", fix, code="no_operation")


def _facts(key: ApiKey) -> dict[str, object]:
    """A key as data, without its digest: it is of use to nobody."""
    return {
        "id": key.id,
        "user": key.user,
        "opens": key.operations,
        "made_at": moment(key.made_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
    }


def _state(key: ApiKey, now: float) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "open" if key.is_open(now) else "expired"
