"""The tables of the CRM's beside are those that its migrations make, on both databases."""

from atoll.testing import PostgresServer, check_migrations
from revenue.crm.service import CrmService


def test_migrations_make_what_is_declared() -> None:
    """In a file of SQLite."""
    check_migrations(CrmService)


def test_migrations_make_it_on_postgresql(postgres: PostgresServer) -> None:
    """In a schema of its own."""
    check_migrations(CrmService, url=postgres.url())
