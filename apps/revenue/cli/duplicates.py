"""The verbs of duplicates: pairs that may be one, with the evidence, and what a person decides of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click
from rich.markup import escape

from atoll import Page, Problem
from revenue.identity.contract import Duplicate, DuplicateNotFound, DuplicateState, Identity, KeptApart, Kind

from .answers import ProblemAnswer, to_json
from .options import Options, with_options
from .screen import Screen

STATES = (DuplicateState.OPEN, DuplicateState.MERGED, DuplicateState.APART)
KINDS = (Kind.CONTACT, Kind.ACCOUNT)
LIMIT = 50
LIMIT_MAX = 1_000
PERSON = ("first_name", "last_name")
REACHED = ("email", "phone", "company")
"""Fields that say who somebody is."""


@dataclass(frozen=True, slots=True)
class Named:
    """A pair, and who both are."""

    pair: Duplicate
    one: str
    other: str


@click.group("duplicates", invoke_without_command=True)
@click.option("--kind", type=click.Choice([each.value for each in KINDS]), help="Contacts or accounts alone.")
@click.option("--which", type=click.Choice([each.value for each in STATES]), default=STATES[0].value,
              show_default=True, help="What was decided of them.")  # fmt: skip
@click.option("--limit", default=LIMIT, show_default=True, type=click.IntRange(1, LIMIT_MAX), help="Of each kind.")
@with_options
def duplicates_group(options: Options, kind: str | None, which: str, limit: int) -> None:
    """Show pairs that may be one, with the evidence: `merge` and `keep` decide."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    state, kinds = DuplicateState(which), KINDS if kind is None else (Kind(kind),)
    pages = asyncio.run(_listed(options, kinds, state, limit))
    found = [each for page in pages for each in page.items]
    more = f"There are more than {limit} of a kind: --limit shows more of them."
    if options.as_json:
        click.echo(to_json(found))
        if any(page.next for page in pages):
            click.echo(more, err=True)
        return
    screen = Screen()
    if not found:
        screen.say(f"No pair is {state}.")
        return
    for each, page in zip(kinds, pages, strict=True):
        if page.items:
            _show(screen, f"{each.capitalize()}s that may be one" if state is STATES[0] else f"{each}: {state}", page)
        if page.next is not None:
            screen.say(more)
    if state is DuplicateState.OPEN:
        screen.say("`revenue duplicates merge ID` makes a pair one, `revenue duplicates keep ID` keeps it apart.")


@duplicates_group.command("merge")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@with_options
def merge_command(options: Options, ids: tuple[str, ...]) -> None:
    """Make the two of each pair one: the one that came first is kept. `keep` takes that back."""
    _decide(options, ids, lambda identity, pair: identity.approve(pair))


@duplicates_group.command("keep")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@with_options
def keep_command(options: Options, ids: tuple[str, ...]) -> None:
    """Keep the two of each pair apart for good; where they were merged, that is undone."""
    _decide(options, ids, lambda identity, pair: identity.keep_apart(pair))


async def _listed(options: Options, kinds: tuple[Kind, ...], state: DuplicateState, limit: int) -> list[Page[Named]]:
    async with options.reached() as it:
        identity = it.client(Identity)
        return [await _page(identity, kind, state, limit) for kind in kinds]


async def _page(identity: Identity, kind: Kind, state: DuplicateState, limit: int) -> Page[Named]:
    page = await identity.duplicates(kind, state, limit=limit)
    return Page(items=tuple([await _named(identity, pair) for pair in page.items]), next=page.next)


async def _named(identity: Identity, pair: Duplicate) -> Named:
    who = _account if pair.kind is Kind.ACCOUNT else _contact
    return Named(pair, await who(identity, pair.one_id), await who(identity, pair.other_id))


async def _contact(identity: Identity, contact_id: str) -> str:
    said = {field.name: field.value for field in (await identity.contact(contact_id)).fields}
    person = " ".join(said[name] for name in PERSON if name in said)
    return " · ".join([*([person] if person else []), *(said[name] for name in REACHED if name in said)]) or contact_id


async def _account(identity: Identity, account_id: str) -> str:
    account = await identity.account(account_id)
    return " · ".join([account.name, *account.domains, *([account.country] if account.country else [])])


def _decide(options: Options, ids: tuple[str, ...], ask: Callable[[Identity, str], Awaitable[Duplicate]]) -> None:
    """Decide of one pair after the other; those that cannot be decided are told at the end."""

    async def work() -> tuple[list[Duplicate], list[Problem]]:
        decided: list[Duplicate] = []
        refused: list[Problem] = []
        async with options.reached() as it:
            identity = it.client(Identity)
            for pair in dict.fromkeys(ids):
                try:
                    decided.append(await ask(identity, pair))
                except (DuplicateNotFound, KeptApart) as problem:
                    refused.append(problem)
        return decided, refused

    decided, refused = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(decided))
    else:
        for pair in decided:
            click.echo(f"{pair.id}: {pair.one_id} and {pair.other_id} are {pair.state}.")
    if refused:
        raise ProblemAnswer(refused[0].code, "\n".join(str(problem) for problem in refused))


def _show(screen: Screen, title: str, page: Page[Named]) -> None:
    rows = [
        [each.pair.id, f"{each.pair.bits:.1f}", f"{escape(each.one)}\n{escape(each.other)}", _why(each.pair)]
        for each in page.items
    ]
    screen.table(title, ("id", "bits", "the two", "why"), rows, numbers=(1,))


def _why(pair: Duplicate) -> str:
    return escape("\n".join(pair.why))
