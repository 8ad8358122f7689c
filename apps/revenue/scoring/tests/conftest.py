"""What the tests of Scoring share: databases of both kinds, and what is kept of what was published."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from itertools import count

import asyncpg
import pytest

from atoll import Event
from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_roles import provision
from atoll.data import Database, Transaction
from atoll.data.ddl import ddl
from atoll.data.places import schema_name
from atoll.data.statements import Statements
from atoll.testing import MemoryDatabase, PostgresServer, SettableClock, fake
from revenue.enrichment.contract import Certainty, Enrichment, Fact, Profile, Source, Topic
from revenue.scoring.service import ScoringService
from revenue.scoring.tables import metadata

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILE = Profile(
    facts=(Fact(topic=Topic.MAILBOX, value="company", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),)
)

_numbers = count(1)


class RecordedDatabase(Database):
    """A database on PostgreSQL that remembers what was published, as `MemoryDatabase` does."""

    published: list[Event]


class Recorded:
    """Remembers the events of transactions that were committed."""

    def __init__(self) -> None:
        self.published: list[Event] = []

    async def write(self, transaction: Transaction, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """There is no log."""

    def committed(self, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """Remember them."""
        self.published.extend(event for event, _ in events)

    def check(self, event: Event) -> None:
        """Any event will do."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def db(
    request: pytest.FixtureRequest, postgres: PostgresServer
) -> AsyncGenerator[MemoryDatabase | RecordedDatabase]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield MemoryDatabase()
        return
    name = f"scoring_{next(_numbers)}"
    url = await provision(postgres.url(), "revenue", name, "secret")
    schema = schema_name("revenue", name)
    connection = await asyncpg.connect(url)
    for text in (f'SET search_path TO "{schema}"', *ddl(metadata, "postgresql")):
        await connection.execute(text)
    await connection.close()
    recorded = Recorded()
    database = RecordedDatabase(
        await open_postgres(url, schema=schema, connections_max=4), Statements("postgresql"), recorded
    )
    database.published = recorded.published
    yield database
    await database.close()


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
def scoring(clock: SettableClock, db: MemoryDatabase) -> ScoringService:
    """Scoring with an Enrichment that knows one thing."""
    return ScoringService(enrichment=fake(Enrichment, profile=PROFILE), clock=clock, db=db)
