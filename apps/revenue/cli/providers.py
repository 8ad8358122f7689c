"""The verbs of providers: a vendor's call that was pasted becomes a file of the team's rules; and who can be asked."""

import asyncio
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape

from atoll import Choice, Mistakes
from revenue.enrichment.contract import Certainty, Charge, Enrichment, ProviderRule, ProviderStatus
from revenue.enrichment.curl import Draft, provider_from_curl
from revenue.enrichment.jsons import at_path

from .answers import to_json
from .gtm import add_provider, provider_yaml
from .money import MICROS, money
from .options import Options, with_json, with_options
from .reading import with_folder
from .screen import Screen

SETTING = "REVENUE_ENRICHMENT_SECRETS"
PRICE_MAX = 1_000_000
SECRET_CHARS_MIN = 6
"""Shorter ones stand in other words by chance."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a command does not say of a provider; None is what a definition has by itself."""

    price: float
    rate_per_s: float
    charged_for: tuple[str, ...]
    found_when: str | None
    miss_statuses: tuple[int, ...]
    certainty: str | None

    def applied(self, provider: ProviderRule) -> ProviderRule:
        """The definition with these terms.

        Raises:
            ValidationError: it would be none.
        """
        more: dict[str, Any] = {  # Any: values of all fields
            "charged_for": self.charged_for or None,
            "found_when": self.found_when,
            "miss_statuses": self.miss_statuses or None,
            "certainty": self.certainty,
        }
        said = {name: value for name, value in more.items() if value is not None}
        return msgspec.convert(msgspec.to_builtins(provider) | said, ProviderRule)


@dataclass(frozen=True, slots=True)
class Added:
    """A provider that was written, and what is left to be done for it."""

    path: str
    provider: ProviderRule
    secrets: tuple[str, ...]
    notes: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict[str, str])
    """What the sample says at the path of each field."""


def _choice(kind: type[Choice]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind if each.value != "unknown"])


def _number(_: click.Context, __: click.Parameter, value: float) -> float:
    """Refuse what is no number, and so within every range."""
    if math.isnan(value):
        raise click.BadParameter("it is no number.")
    return value


@click.group("provider")
def provider_group() -> None:
    """Add those who are asked about leads, and look at them."""


@provider_group.command("add")
@click.argument("name")
@click.option("--curl", "command", required=True, metavar="COMMAND",
              help="The call as the vendor's documents have it; - reads it from standard input.")  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="FIELD=PATH",
              help="Where in the answer a field is: phone=data.phones[0].number.")  # fmt: skip
@click.option("--sample", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="An answer of it, as JSON: fields are found in it.")  # fmt: skip
@click.option("--price", default=0.0, type=click.FloatRange(0, PRICE_MAX), callback=_number,
              help="What one call costs: 0.008.")  # fmt: skip
@click.option("--charged-for", multiple=True, type=_choice(Charge),
              help="Which answers cost that; a hit and a refused value by default.")  # fmt: skip
@click.option("--rate", default=5.0, show_default=True, help="How many calls a second it takes at most.")
@click.option("--found-when", metavar="PATH", help="Where something stands in the answer if it has found anybody.")
@click.option("--miss-status", "miss_statuses", multiple=True, type=int, help="Says that nobody was found; 404.")
@click.option("--certainty", type=_choice(Certainty),
              help="How sure its values are.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the file of a provider of this name.")
@with_folder
@with_json
def add_command(
    *,
    as_json: bool,
    name: str,
    command: str,
    fields: tuple[str, ...],
    sample: Path | None,
    price: float,
    charged_for: tuple[str, ...],
    rate: float,
    found_when: str | None,
    miss_statuses: tuple[int, ...],
    certainty: str | None,
    force: bool,
    folder: Path,
) -> None:
    """Make a definition of a provider from a pasted curl command, and write it into the folder of rules.

    What the call says of a lead becomes a placeholder. What is a secret in it becomes the name of a setting: the secret
    itself is nowhere in the file. Nothing is sent.
    """
    terms = Terms(price, rate, charged_for, found_when, miss_statuses, certainty)
    try:
        text = sys.stdin.read() if command == "-" else command
        answer = None if sample is None else sample.read_bytes()
        draft = provider_from_curl(
            name, text, sample=answer, fields=_paths(fields), price_micros=round(price * MICROS), rate_per_s=rate
        )
        provider = terms.applied(draft.provider)
        _check(draft, provider, has_fields=bool(fields or draft.proposals))
        path = add_provider(folder, provider, replaces=force)
    except (ValueError, msgspec.ValidationError, Mistakes) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror}.") from None
    values = {} if answer is None else dict(_found(provider, msgspec.json.decode(answer)))
    added = Added(str(path), provider, provider.secrets, draft.notes, values)
    if as_json:
        click.echo(to_json(added))
    else:
        _show(Screen(), added, has_sample=answer is not None)


@provider_group.command("list")
@with_options
def list_command(options: Options) -> None:
    """Show whom the rules that hold can name, and who can be asked now."""

    async def work() -> list[ProviderStatus]:
        async with options.reached() as it:
            return await it.client(Enrichment).providers()

    found = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(found))
        return
    rows = [
        [
            escape(each.name),
            "[green]on[/]" if each.is_on else "[yellow]off[/]",
            money(each.price_micros),
            ", ".join(each.needs),
            ", ".join(each.fields),
            escape(each.why),
        ]
        for each in found
    ]
    heads = ("provider", "is", "price", "needs", "gives", "why not")
    Screen().table("Providers", heads, rows, numbers=(2,))


def _paths(fields: tuple[str, ...]) -> dict[str, str]:
    paths: dict[str, str] = {}
    for wish in fields:
        name, equals, path = wish.partition("=")
        if not (name.strip() and equals and path.strip()):
            raise click.BadParameter(f"`{wish}` is not of the form field=path.in.the.answer", param_hint="--field")
        paths[name.strip()] = path.strip()
    return paths


def _check(draft: Draft, provider: ProviderRule, *, has_fields: bool) -> None:
    """Refuse a definition that finds nothing, and one that would tell a secret.

    Raises:
        ValueError: it is one of both.
    """
    if not has_fields:
        raise ValueError(
            "nothing says where the fields are in its answer: name them with --field industry=company.industry, or give"
            " an answer with --sample FILE"
        )
    text = provider_yaml(provider)
    for name, secret in draft.secrets.items():
        for part in {secret, secret.rpartition(":")[2]}:
            if len(part) >= SECRET_CHARS_MIN and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text):
                raise ValueError(
                    f"the secret that would be {name} stands elsewhere in the command, too: paste it with it once"
                )


def _found(provider: ProviderRule, sample: Any) -> Iterator[tuple[str, str]]:  # Any: JSON
    for name, path in provider.fields.items():
        value = at_path(sample, path)
        if value is not None:
            yield name, str(value)


def _show(screen: Screen, added: Added, *, has_sample: bool) -> None:
    provider = added.provider
    screen.say(f"Wrote {escape(added.path)}: {provider.method} {escape(provider.url)}")
    nothing = "[yellow]nothing there[/]" if has_sample else ""
    rows = [
        [escape(name), escape(path), escape(added.values[name][:60]) if name in added.values else nothing]
        for name, path in provider.fields.items()
    ]
    screen.table("Fields", ("field", "path in the answer", "in the sample"), rows)
    screen.say(f"It is asked about leads of which these are known: {', '.join(provider.needs)}.")
    for note in added.notes:
        screen.say(f"[yellow]To do[/]: {escape(note)}.")
    if added.secrets:
        value = msgspec.json.encode(dict.fromkeys(added.secrets, "...")).decode()
        screen.say(
            f"[yellow]To do[/]: its secret is not in the file. Set {', '.join(map(escape, added.secrets))} where"
            f" Enrichment runs: {escape(f'{SETTING}={value!r}')}"
        )
    first = next(iter(provider.fields))
    entry = f"- {{field: {first}, providers: [{provider.name}]}}"
    screen.say(f"It is asked once it is named under `fields` in enrichment.yaml: {escape(entry)}")
    screen.say("Then `revenue plan` shows what that would cost, and `revenue apply` lets it hold.")
