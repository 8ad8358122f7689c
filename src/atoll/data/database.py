"""A service's own database."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from atoll.data.once import once
from atoll.data.ports import Dialect, Driver, Parameters, Raw, Session, Statement
from atoll.data.rows import Row, Rows
from atoll.data.transaction import Publisher, Transaction

TIMEOUT_S = 5.0
"""How long a transaction may take unless it says."""


class Prepared(Protocol):
    """A statement, compiled for the database's dialect."""

    def bound(self, parameters: Parameters | None) -> tuple[str, Sequence[Any]]:  # Any: values of all columns
        """Its text, and the arguments by position."""
        ...

    def bound_many(self, several: Sequence[Parameters]) -> tuple[str, Sequence[Sequence[Any]]]:  # Any: as above
        """Its text, and the arguments of each run."""
        ...

    def rows(self, raw: Raw, count: int) -> Rows:
        """What the driver answered, as the statement's types say."""
        ...


class Preparing(Protocol):
    """Compiles statements, each once."""

    def prepared(self, statement: Statement, parameters: Parameters | Sequence[Parameters] | None) -> Prepared:
        """The statement, compiled."""
        ...


class Database:
    """The database of one service, which nobody else can reach: SQLite, or PostgreSQL by a setting.

    Ask for it in a field, `db: Database`. Statements are SQLAlchemy's; written as constants of a module, with bound
    parameters, they are compiled once.
    """

    def __init__(self, driver: Driver, statements: Preparing, publisher: Publisher | None = None) -> None:
        self.driver = driver
        self.publisher = publisher
        self._statements = statements

    def transaction(self, *, timeout_s: float = TIMEOUT_S) -> AbstractAsyncContextManager[Transaction]:
        """A transaction: committed, durably, when the block is left, and rolled back when an error leaves it.

        In a call with an idempotency key it is committed with the answer, when the handler returns.

        Raises:
            SecondTransaction: the work has had the one that records it.
            OutcomeUnknown: the commit may have taken place, or not.
        """
        return _Block(self, timeout_s)

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows of one statement that only reads, of what is committed and durable."""
        prepared = self._statements.prepared(statement, parameters)
        text, arguments = prepared.bound(parameters)
        raw = await self.driver.read(text, arguments)
        await self.driver.synced(self.driver.written)
        return prepared.rows(raw, -1)

    async def stream(self, statement: Statement, parameters: Parameters | None = None) -> AsyncGenerator[Row, None]:
        """The rows of one statement that only reads, all of one moment, however many there are."""
        prepared = self._statements.prepared(statement, parameters)
        text, arguments = prepared.bound(parameters)
        chunks = self.driver.stream(text, arguments)
        try:
            async for raw in chunks:
                await self.driver.synced(self.driver.written)
                for row in prepared.rows(raw, -1):
                    yield row
        finally:
            await chunks.aclose()

    @property
    def dialect(self) -> Dialect:
        """That of its driver."""
        return self.driver.dialect

    async def begin(self, ends_at: float) -> Session:
        """A session of the driver, for a transaction."""
        return await self.driver.begin(ends_at)

    async def run(
        self, session: Session, statement: Statement, parameters: Parameters | Sequence[Parameters] | None
    ) -> Rows:
        """The rows of a statement in a session."""
        prepared = self._statements.prepared(statement, parameters)
        if isinstance(parameters, Sequence):
            text, several = prepared.bound_many(parameters)
            return prepared.rows((), await session.execute_many(text, several))
        text, arguments = prepared.bound(parameters)
        raw, changed = await session.execute(text, arguments)
        return prepared.rows(raw, changed)

    async def durable(self, ticket: int) -> None:
        """Wait until the commit with this ticket is on the disk."""
        await self.driver.synced(ticket)

    async def close(self) -> None:
        """Let go of it."""
        await self.driver.close()


class _Block:
    """One `async with database.transaction()`."""

    __slots__ = ("_database", "_once", "_transaction")

    def __init__(self, database: Database, timeout_s: float) -> None:
        self._database = database
        self._once = once.get()
        self._transaction = Transaction(database, timeout_s)

    async def __aenter__(self) -> Transaction:
        if self._once is not None:
            self._once.enter(self._transaction)
        return self._transaction

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        transaction = self._transaction
        if error is not None:
            await transaction.rollback()
            return
        if self._once is not None and self._once.holds(transaction):
            await transaction.flush()  # here, where the context of the call is
            return
        try:
            ticket = await transaction.commit()
        except BaseException:
            await transaction.rollback()
            raise
        await self._database.driver.synced(ticket)
