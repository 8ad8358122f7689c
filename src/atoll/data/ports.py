"""The ports of a service's data: what a statement is, and what a driver of a database promises."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

Parameters = Mapping[str, Any]  # Any: values of all columns
Raw = Sequence[Sequence[Any]]  # Any: what a driver reads
Dialect = Literal["sqlite", "postgresql"]


class Statement(Protocol):
    """A statement as SQLAlchemy writes it: `select()`, `insert()`, `update()`, `delete()`, `text()`."""

    def compile(self, bind: Any = None, dialect: Any = None, **options: Any) -> Any:  # Any: SQLAlchemy's own types
        """Its text in a dialect."""
        ...


class Session(Protocol):
    """One transaction of a driver, from its beginning to its end; used by one task.

    Promises: after an error of `execute` nothing of the transaction can be committed. `commit` answers a ticket once
    the transaction is visible to others; it is durable when `Driver.synced` has returned for this ticket. Errors are
    those of `atoll.data.errors`, and `DatabaseError` of SQLAlchemy (`IntegrityError` above all) for what the database
    itself refuses.
    """

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed (-1 where nobody counts)."""
        ...

    async def execute_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> int:  # Any: as above
        """Run it once for each; how many rows were changed in all."""
        ...

    async def commit(self) -> int:
        """Commit; what to wait for until it is durable. Cancelling the wait does not stop it.

        Raises:
            OutcomeUnknown: it may have taken place, or not.
            DiskFull, DatabaseBusy, DatabaseUnavailable: it has not.
        """
        ...

    async def rollback(self) -> None:
        """Undo everything. Never raises: a connection that cannot do it is closed."""
        ...


class Driver(Protocol):
    """One database.

    Promises: transactions are serializable on SQLite, and read committed on PostgreSQL; what a transaction or `read`
    has seen is durable once `synced(written)` has returned.
    """

    dialect: Dialect
    is_shared: bool
    """Whether others may write to it, of whom this process learns by looking."""

    @property
    def written(self) -> int:
        """The ticket of the last commit that somebody may have seen."""
        ...

    async def begin(self, ends_at: float) -> Session:
        """A transaction that may write; until `ends_at`, on the loop's clock, it has to be committed.

        Raises:
            DatabaseBusy: others write for too long.
            DatabaseUnavailable: the database cannot be reached.
        """
        ...

    async def read(self, text: str, arguments: Sequence[Any]) -> Raw:  # Any: values of all columns
        """The rows of one statement that only reads, of what is committed."""
        ...

    def stream(self, text: str, arguments: Sequence[Any]) -> AsyncGenerator[Raw, None]:  # Any: as above
        """The rows of one statement that only reads, some hundred at a time, all of one moment."""
        ...

    async def synced(self, ticket: int) -> None:
        """Wait until the commit of this ticket, and all before it, are durable.

        Raises:
            OutcomeUnknown: the disk has failed.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; what was begun is rolled back."""
        ...


@runtime_checkable
class Announcing(Protocol):
    """A driver that tells other instances of commits. One may be lost: who waits looks for himself now and then."""

    def announce(self) -> None:
        """Tell the other instances that something was committed."""
        ...

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when another instance announces something; what is answered ends that."""
        ...
