"""Where a running Revenue is, and the key that opens it."""

from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Connection:
    """The gateway's address and a key for it."""

    url: str
    key: str


def connection(url: str | None, key: str | None) -> Connection:
    """The application that was named, or the one that runs on this machine.

    Raises:
        click.ClickException: none was named and none runs, or a key is missing.
    """
    if url is not None and key is not None:
        return Connection(url.rstrip("/"), key)
    raise click.ClickException(
        "No running Revenue was found. Start one with `revenue demo` or `atoll run revenue.application:revenue`,"
        " or name one with --url and --key."
    )
