"""Where a running Revenue is, and the key that opens it."""

from pathlib import Path

import click

from atoll.gateway import Connection
from atoll.gateway import connection as local_connection

STATE = Path(".atoll")
"""Where an application that was started in this folder keeps its state."""


def connection(url: str | None, key: str | None, state: Path = STATE) -> Connection:
    """The application that was named, or else the one that runs in this folder.

    Raises:
        click.ClickException: none was named and none runs, or it was named without a key.
    """
    here = local_connection(state)
    if url is None and here is not None:
        return Connection(url=here.url, key=key or here.key)
    if url is None:
        raise click.ClickException(
            "No running Revenue was found here. Start one with `revenue demo` or `atoll run"
            " revenue.application:revenue`, or name one with --url and --key."
        )
    if key is None:
        raise click.ClickException(f"A key is needed for {url}: give it with --key or in REVENUE_KEY.")
    return Connection(url=url.rstrip("/"), key=key)
