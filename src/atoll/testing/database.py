"""A service's database in memory, for tests of one object: its tables are made when they are first named."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any

from atoll.adapters.sqlite import MemoryDriver
from atoll.contract import Event
from atoll.data import Database, Parameters, Row, Rows, Session, Statement, Transaction


class MemoryDatabase(Database):
    """A database for a test that constructs a service by itself, empty at first.

    `published` are the events of the transactions that were committed, in their order. What a service's contract
    declares is not known here: any event can be published.

    >>> import asyncio
    >>> from atoll import Event
    >>> class Sold(Event, key="article"):
    ...     article: str
    >>> async def main() -> list[Event]:
    ...     db = MemoryDatabase()
    ...     async with db.transaction() as tx:
    ...         tx.publish(Sold(article="lamp"))
    ...     return db.published
    >>> asyncio.run(main())
    [Sold(article='lamp')]
    """

    def __init__(self) -> None:
        from atoll.data.statements import Statements  # noqa: PLC0415  # loads SQLAlchemy, which not every test needs

        self.published: list[Event] = []
        self._tables = Statements("sqlite")
        self._made: set[int] = set()
        super().__init__(MemoryDriver(), self._tables, _Recorded(self.published))

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows of one statement."""
        self._make(statement, parameters)
        return await super().read(statement, parameters)

    async def stream(self, statement: Statement, parameters: Parameters | None = None) -> AsyncGenerator[Row, None]:
        """The rows of one statement, one by one."""
        self._make(statement, parameters)
        rows = super().stream(statement, parameters)
        try:
            async for row in rows:
                yield row
        finally:
            await rows.aclose()

    async def run(
        self, session: Session, statement: Statement, parameters: Parameters | Sequence[Parameters] | None
    ) -> Rows:
        """The rows of a statement in a session."""
        self._make(statement, parameters)
        return await super().run(session, statement, parameters)

    def _make(self, statement: Statement, parameters: Parameters | Sequence[Parameters] | None) -> None:
        """Make the tables that the statement names, with all that are declared beside them."""
        from atoll.data.ddl import ddl  # noqa: PLC0415  # as above

        for metadata in self._tables.prepared(statement, parameters).metadata:
            if id(metadata) not in self._made:
                self._made.add(id(metadata))
                for text in ddl(metadata, "sqlite"):
                    self._connection.execute(text)

    @property
    def _connection(self) -> Any:  # Any: a connection of sqlite3
        driver = self.driver
        assert isinstance(driver, MemoryDriver)
        return driver.connection


class _Recorded:
    """Takes any event, and remembers those that were committed. Fulfils `Publisher`."""

    def __init__(self, published: list[Event]) -> None:
        self._published = published

    async def write(self, transaction: Transaction, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """There is no log."""

    def committed(self, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """Remember them."""
        self._published.extend(event for event, _ in events)

    def check(self, event: Event) -> None:
        """Any event will do."""
