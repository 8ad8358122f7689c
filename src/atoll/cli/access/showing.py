"""`atoll access`: a row for each caller and what it may call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import click
from rich.markup import escape

from atoll.cli.project import application_argument, json_option, load
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.operating import Access, permissions


@dataclass(frozen=True, slots=True)
class Grant:
    """That a caller may call operations of one contract, and why. `is_whole`: these are all that it has."""

    caller: str
    contract: str
    operations: tuple[str, ...]
    is_whole: bool
    why: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An operation that narrows its callers."""

    operation: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """All of it. `unknown` are services whose declarations nobody here knows."""

    application: str
    grants: tuple[Grant, ...]
    narrowed: tuple[Narrowed, ...]
    unknown: tuple[str, ...]


@click.command(name="show")
@application_argument
@json_option
def show(app: str | None, as_json: bool) -> None:
    """Show who may call what, and which declaration says so."""
    access = permissions(load(app))
    granted = Granted(access.manifest.application, tuple(_grants(access)), tuple(_narrowed(access)), _unknown(access))
    if as_json:
        print_json(granted)
        return
    made = table("caller", "may call", "operations", "because")
    for each in granted.grants:
        operations = "all" if each.is_whole else ", ".join(each.operations)
        made.add_row(each.caller, each.contract, operations, escape(each.why))
    console = screen()
    print_laid_out(made, on=console)
    if granted.narrowed:
        made = table("narrows its callers", "to")
        for narrowed in granted.narrowed:
            made.add_row(narrowed.operation, ", ".join(_shown(access, each) for each in narrowed.callers) or "-")
        print_laid_out("", made, on=console)
    if granted.unknown:
        console.print(f"\n[dim]declared where nobody here can see it: {', '.join(granted.unknown)}[/]")
    console.print("\n[dim]Everything else is refused: `atoll access explain CALLER SERVICE.OPERATION` says why.[/]")


def _grants(access: Access) -> Iterator[Grant]:
    """By caller, contract and reason, in their order."""
    whole = {
        (offered.id, offered.major): len(offered.operations)
        for member in access.manifest.members
        for offered in member.offers
    }

    def place(row: tuple[str, str, int, str]) -> tuple[str, str, int, str]:
        return row[0], row[1], row[2], access.granted[row]

    for (caller, service, major, why), rows in groupby(sorted(access.granted, key=place), key=place):
        operations: Sequence[str] = [row[3] for row in rows]
        is_whole = len(operations) == whole[service, major]
        yield Grant(caller, f"{service}/v{major}", tuple(sorted(operations)), is_whole, why)


def _narrowed(access: Access) -> Iterator[Narrowed]:
    for member in access.manifest.members:
        for offered in member.offers:
            for operation in offered.operations:
                if operation.callers is not None:
                    yield Narrowed(f"{offered.id}.{operation.name}", operation.callers)


def _shown(access: Access, caller: str) -> str:
    """A name in `callers`: one that no service has opens nothing to anybody, and may be a slip."""
    is_here = any(member.name == caller for member in access.manifest.members)
    return caller if is_here else f"{caller} [dim](not here)[/]"


def _unknown(access: Access) -> tuple[str, ...]:
    return tuple(member.name for member in access.manifest.members if member.needs is None)
