"""The migrations of the services make the tables that they declare, on both databases, and lead back."""

import pytest

from atoll import Service
from atoll.testing import PostgresServer, check_migrations
from revenue.capture.service import CaptureService
from revenue.crm.service import CrmService
from revenue.enrichment.service import EnrichmentService
from revenue.identity.service import IdentityService
from revenue.playbook.service import PlaybookService
from revenue.routing.service import RoutingService
from revenue.scoring.service import ScoringService
from revenue.webhooks.service import WebhooksService

SERVICES = [
    CaptureService,
    IdentityService,
    EnrichmentService,
    ScoringService,
    RoutingService,
    PlaybookService,
    WebhooksService,
    CrmService,
]


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_make_what_is_declared(service: type[Service]) -> None:
    """In files of SQLite."""
    check_migrations(service)


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_make_it_on_postgresql(service: type[Service], postgres: PostgresServer) -> None:
    """In schemas of their own."""
    check_migrations(service, url=postgres.url())
