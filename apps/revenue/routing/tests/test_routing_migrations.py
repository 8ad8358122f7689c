"""The migrations make the tables that are declared, on both databases, and lead back."""

from atoll.testing import PostgresServer, check_migrations
from revenue.routing.service import RoutingService


def test_migrations_make_what_is_declared() -> None:
    """In a file of SQLite."""
    check_migrations(RoutingService)


def test_migrations_make_it_on_postgresql(postgres: PostgresServer) -> None:
    """In a schema of its own."""
    check_migrations(RoutingService, url=postgres.url())
