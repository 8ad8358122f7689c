"""Work that is done once: its one transaction records that it was done, and what was answered."""

import asyncio
import functools
from contextvars import ContextVar
from typing import Protocol

from atoll.data.errors import SecondTransaction
from atoll.data.ports import Parameters, Statement
from atoll.data.rows import Rows
from atoll.data.transaction import Transaction
from atoll.kernel import Clock

once: ContextVar["Once | None"] = ContextVar("atoll_once", default=None)
"""The work in progress, where it is done once."""


class Once:
    """Work with one transaction, which is committed by whoever has begun the work, not by the handler's block."""

    __slots__ = ("is_held", "transaction")

    def __init__(self, transaction: Transaction | None = None) -> None:
        self.transaction = transaction
        self.is_held = False

    def enter(self, transaction: Transaction) -> None:
        """The handler asks for a transaction.

        Raises:
            SecondTransaction: it has had one.
        """
        if self.transaction is not None:
            raise SecondTransaction
        self.transaction = transaction

    def holds(self, transaction: Transaction) -> bool:
        """Whether the end of the handler's block is not the end of its transaction."""
        self.is_held = True
        return transaction is self.transaction


class Answer(Protocol):
    """An answer as it is kept."""

    @property
    def status(self) -> int:
        """The status of HTTP."""
        ...

    @property
    def body(self) -> bytes:
        """JSON."""
        ...


class Kept(tuple[str, int, bytes]):
    """What is kept under a key: the digest of the request, and the status and the body of the answer."""

    __slots__ = ()


class Data(Protocol):
    """What a keeper needs of a `Database`."""

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows of a statement."""
        ...

    async def durable(self, ticket: int) -> None:
        """Wait for a commit to be durable."""
        ...


class Keeper:
    """Keeps the answers of calls that have an idempotency key, in the service's own database."""

    def __init__(self, database: Data, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._under_way: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def kept(self, tenant: str, key: str) -> Kept | None:
        """What was answered to this key, once nobody in this process works on it any more.

        Where it is None, the caller begins to work on it and says `ended`.
        """
        while (other := self._under_way.get((tenant, key))) is not None:
            await asyncio.wait([other])
        self._under_way[tenant, key] = asyncio.get_running_loop().create_future()
        try:
            return await self.stored(tenant, key)
        except BaseException:
            self.ended(tenant, key)
            raise

    async def stored(self, tenant: str, key: str) -> Kept | None:
        """What is stored under the key; None where nothing is."""
        row = (await self._database.read(_statements().find, {"tenant": tenant, "key": key})).first()
        return None if row is None else Kept((row.digest, row.status, bytes(row.body)))

    def ended(self, tenant: str, key: str) -> None:
        """Nobody of this process works on it any more."""
        future = self._under_way.pop((tenant, key), None)
        if future is not None and not future.done():
            future.set_result(None)

    async def forget(self, tx: Transaction, before: float) -> None:
        """Forget the answers that were kept before a moment, in seconds since 1970."""
        await tx.execute(_statements().forget, {"before": before})

    async def keep(self, work: Once, tenant: str, key: str, digest: str, answer: Answer) -> bool:
        """Commit the work's transaction with its answer; False where another instance was first, and nothing was done.

        Raises:
            OutcomeUnknown, DatabaseBusy, DatabaseUnavailable, DiskFull: as for any transaction.
        """
        from sqlalchemy.exc import IntegrityError  # noqa: PLC0415  # whoever has a database has loaded it

        transaction = work.transaction
        assert transaction is not None
        row = {
            "tenant": tenant,
            "key": key,
            "digest": digest,
            "status": answer.status,
            "body": answer.body,
            "subject": transaction.subject_of_all,
            "kept_at": self._clock.now().timestamp(),
        }
        try:
            await transaction.execute(_statements().add, row)
            ticket = await transaction.commit()
        except IntegrityError:
            if await self.stored(tenant, key) is None:
                raise
            return False
        await self._database.durable(ticket)
        return True


class _Statements:
    """The statements, made when the first is needed: SQLAlchemy is loaded by those alone who have a database."""

    def __init__(self) -> None:
        from sqlalchemy import bindparam, delete, insert, select  # noqa: PLC0415  # as said

        from atoll.data.tables import REQUESTS  # noqa: PLC0415  # as said

        self.find: Statement = select(REQUESTS.c.digest, REQUESTS.c.status, REQUESTS.c.body).where(
            REQUESTS.c.tenant == bindparam("tenant"), REQUESTS.c.key == bindparam("key")
        )
        self.add: Statement = insert(REQUESTS)
        self.forget: Statement = delete(REQUESTS).where(REQUESTS.c.kept_at < bindparam("before"))


@functools.cache
def _statements() -> _Statements:
    return _Statements()
