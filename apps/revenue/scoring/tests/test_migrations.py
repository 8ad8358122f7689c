"""What was scored before there was fit and engagement stays as it was."""

import pytest

from atoll.testing import PostgresServer, check_migrations
from revenue.scoring.service import ScoringService


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_make_what_is_declared_and_lead_back(kind: str, postgres: PostgresServer) -> None:
    """On both databases, with rows in the tables."""
    check_migrations(ScoringService, url=postgres.url() if kind == "postgresql" else None)
