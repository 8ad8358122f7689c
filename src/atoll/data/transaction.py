"""A transaction, and the rules that it follows in every placement."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from atoll.contract import Event, key_of
from atoll.data.errors import CallInTransaction, TransactionEnded, TransactionTooLong
from atoll.data.ports import Dialect, Parameters, Raw, Session, Statement
from atoll.data.rows import Rows
from atoll.kernel import exclusive

T = TypeVar("T")


class Publisher(Protocol):
    """What becomes of the events of a transaction. Promises that they are in the database when it has returned."""

    async def write(self, transaction: "Transaction", events: Sequence[tuple[Event, datetime | None]]) -> None:
        """Write them, in this order, as part of the transaction."""
        ...

    def committed(self, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """A transaction with these events was committed."""
        ...

    def check(self, event: Event) -> None:
        """Refuse what cannot be published.

        Raises:
            NotPublished: it is not declared.
        """
        ...


class Begins(Protocol):
    """Whoever begins sessions for a transaction, and prepares its statements: a `Database`."""

    publisher: Publisher | None

    @property
    def dialect(self) -> Dialect:
        """That of its driver."""
        ...

    async def begin(self, ends_at: float) -> Session:
        """A session of the driver."""
        ...

    async def run(
        self, session: Session, statement: Statement, parameters: Parameters | Sequence[Parameters] | None
    ) -> Rows:
        """The rows of a statement, run in a session."""
        ...


class Transaction:
    """Statements and events that take place together, or not at all.

    It begins at its first statement. From then until it is committed the work that it belongs to calls nobody, does
    not sleep and waits for nothing else: others who write wait for it. Events are written when it is committed.
    """

    __slots__ = (
        "_database",
        "_ends_at",
        "_events",
        "_failed",
        "_is_ended",
        "_is_own",
        "_loop",
        "_session",
        "_timeout_s",
        "_token",
        "_watch",
        "_written",
        "subject",
    )

    def __init__(self, database: Begins, timeout_s: float) -> None:
        self._database = database
        self._timeout_s = timeout_s
        self._session: Session | None = None
        self._events: list[tuple[Event, datetime | None]] = []
        self._written = 0
        self._is_ended = False
        self._failed: BaseException | None = None
        self._is_own = False
        self._loop = asyncio.get_running_loop()
        self._ends_at = 0.0
        self._token: Any = None  # Any: contextvars.Token of a private variable
        self._watch: asyncio.Handle | None = None
        self.subject: str | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """What was published in it so far."""
        return tuple(event for event, _ in self._events)

    @property
    def has_begun(self) -> bool:
        """Whether a statement was run in it."""
        return self._session is not None

    async def execute(self, statement: Statement, parameters: Parameters | Sequence[Parameters] | None = None) -> Rows:
        """The rows that a statement answers, and how many it has changed; a list of parameters runs it for each.

        Raises:
            CallInTransaction: something else was waited for since the first statement.
            TransactionTooLong, DatabaseBusy, DatabaseUnavailable, DiskFull: it was rolled back.
            StatementRefused, sqlalchemy.exc.IntegrityError: the database refuses it; it was rolled back.
        """
        self._go_on()
        self._is_own = True
        try:
            if self._session is None:
                await self._begin()
                assert self._session is not None
            rows = await self._database.run(self._session, statement, parameters)
            if self._loop.time() > self._ends_at:
                raise TransactionTooLong(self._timeout_s)
        except TransactionTooLong:
            await self._fail(late := TransactionTooLong(self._timeout_s))
            raise late from None
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._is_own = False
        self._look_out()
        return rows

    async def run(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """What a statement of the platform's own answers, in the driver's own words: those that run for every event."""
        return await self._run(lambda session: session.execute(text, arguments))

    async def run_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> None:  # Any: as above
        """Run such a statement for each of several, all in one go."""
        await self._run(lambda session: session.execute_many(text, arguments))

    async def _run(self, work: Callable[[Session], Awaitable[T]]) -> T:
        self._go_on()
        was_own, self._is_own = self._is_own, True
        try:
            if self._session is None:
                await self._begin()
                assert self._session is not None
            return await work(self._session)
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._is_own = was_own

    @property
    def dialect(self) -> Dialect:
        """That of its database."""
        return self._database.dialect

    def publish(self, event: Event, *, at: datetime | None = None) -> None:
        """Publish an event when the transaction is committed; with `at` (aware) not before that moment.

        Raises:
            NotPublished: the service's contract does not list it.
        """
        self._go_on()
        if self._database.publisher is not None:
            self._database.publisher.check(event)
        if at is not None and at.tzinfo is None:
            raise ValueError("the moment to publish at has no time zone: write datetime.now(UTC) + ...")
        self._events.append((event, at))

    def concerns(self, subject: str) -> None:
        """Say whose data this is about, so that what is kept of it can be erased: by default its first event's key."""
        self.subject = subject

    @property
    def subject_of_all(self) -> str | None:
        """Whose data this is about, as it was said, or as its first event says."""
        if self.subject is not None:
            return self.subject
        return next((key for event, _ in self._events if (key := key_of(event)) is not None), None)

    async def flush(self) -> None:
        """Write what was published so far into the outbox."""
        events = self._events[self._written :]
        if not events or self._database.publisher is None:
            return
        self._written += len(events)
        self._is_own = True
        try:
            await self._database.publisher.write(self, events)
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._is_own = False

    async def commit(self) -> int:
        """Commit what was done; a ticket of the driver, which says when it is durable. 0 where nothing was done."""
        self._go_on()
        await self.flush()
        session, ticket = self._session, 0
        self._is_own = True
        try:
            if session is not None:
                ticket = await session.commit()
        except BaseException as error:
            self._failed = error
            raise
        finally:
            self._close()
        if self._events and self._database.publisher is not None:
            self._database.publisher.committed(self._events)
        return ticket

    async def rollback(self) -> None:
        """Undo everything."""
        if not self._is_ended:
            self._close()
            if self._session is not None:
                await self._session.rollback()

    def refuse_waiting(self, what: str) -> CallInTransaction | None:
        """The error for work that waits for `what` in the middle; None while it is the database that is waited for."""
        if self._is_own or self._is_ended or self._session is None:
            return None
        self._failed = CallInTransaction(what)
        return self._failed

    async def _begin(self) -> None:
        self._ends_at = self._loop.time() + self._timeout_s
        self._session = await self._database.begin(self._ends_at)
        self._token = exclusive.set(self)

    def _go_on(self) -> None:
        if self._failed is not None:
            raise self._failed if isinstance(self._failed, CallInTransaction) else TransactionEnded
        if self._is_ended:
            raise TransactionEnded

    async def _fail(self, error: BaseException) -> None:
        self._failed = error
        await self.rollback()

    def _look_out(self) -> None:
        """Notice when the loop goes round while the transaction is open: then its work waits for something else."""
        if self._watch is None:
            self._watch = self._loop.call_soon(self._noticed)

    def _noticed(self) -> None:
        self._watch = None
        if not self._is_ended and not self._is_own and self._failed is None:
            self._failed = CallInTransaction("the work waited for something else")

    def _close(self) -> None:
        self._is_ended = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._token is not None:
            try:  # noqa: SIM105  # `suppress` would make an object for every transaction
                exclusive.reset(self._token)
            except ValueError:  # ended in another context than it was begun in: nobody sees it there
                pass
            self._token = None
