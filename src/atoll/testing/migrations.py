"""Whether the migrations of a service hold what they promise: for its tests, in one line."""

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.service import Service


def check_migrations(
    service: type[Service],
    *,
    url: str | None = None,
    rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,  # Any: values of all columns
) -> None:
    """Check the migrations of a service on empty databases, of which nothing is left.

    Each migration is run after the one before. Then the tables are those that the service declares, with types,
    defaults, indexes and checks. The last one is run where tables have rows, too: those in `rows` (by table), and some
    that are made up for each other table; all of them have to be there afterwards. Where a migration has a
    `downgrade`, it leads back to the tables from before it, from which the migration can be run again.

    The databases are SQLite files; with `url`, schemas of their own on that PostgreSQL server. Without migrations, the
    tables are made as they are declared. Not to be called on a running loop.

    Raises:
        AssertionError: something of this does not hold; its message says what, and what to do.
    """
    from atoll.testing.migration_checks import MigrationCheck  # noqa: PLC0415  # loads SQLAlchemy and Alembic

    MigrationCheck(service, url, rows or {}).run()
