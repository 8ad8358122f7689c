"""The rules of a transaction, on each kind of database."""

import asyncio
import contextvars
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from atoll import CallInTransaction, Database, Event, NotPublished, Transaction, upsert
from atoll.data import Once, SecondTransaction, TransactionEnded, TransactionTooLong, once
from atoll.data.ddl import ddl
from atoll.data.statements import Statements
from atoll.kernel import isolated
from tests.data.places import Place

METADATA = MetaData()
LEADS = Table("people", METADATA, Column("id", Integer, primary_key=True), Column("name", String, nullable=False))
ADD = insert(LEADS)
KEEP = upsert(LEADS, "id")
NAMES = select(LEADS.c.name).order_by(LEADS.c.id)
NAME = select(LEADS.c.name).where(LEADS.c.id == bindparam("which"))


class Hired(Event, key="name"):
    """Somebody was hired."""

    name: str


@pytest.fixture
async def db(place: Place) -> Database:
    """A database with one table."""
    driver = (await place.open()).driver
    session = await driver.begin(asyncio.get_running_loop().time() + 5)
    for text in ddl(METADATA, driver.dialect):
        await session.execute(text, ())
    await session.commit()
    return Database(driver, Statements(driver.dialect))


async def names(db: Database) -> list[str]:
    """Who is there."""
    return (await db.read(NAMES)).scalars()


async def test_a_block_commits_what_was_done_in_it(db: Database) -> None:
    """Rows that it has written can be read in it, and after it by everybody."""
    async with db.transaction() as tx:
        await tx.execute(ADD, [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Ben"}])
        await tx.execute(KEEP, {"id": 2, "name": "Bea"})
        inside = await tx.execute(NAME, {"which": 2})

    assert inside.scalar() == "Bea"
    assert await names(db) == ["Ada", "Bea"]


async def test_an_error_undoes_the_block(db: Database) -> None:
    """All of it."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await handler()

    assert await names(db) == []


async def test_a_statement_that_is_refused_ends_the_transaction(db: Database) -> None:
    """Whoever catches the error cannot commit the half of it."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})
            with pytest.raises(IntegrityError):
                await tx.execute(ADD, {"id": 1, "name": "Bea"})

    with pytest.raises(TransactionEnded):
        await handler()

    assert await names(db) == []


async def test_an_empty_block_costs_nothing(db: Database) -> None:
    """It begins at its first statement."""
    async with db.transaction() as tx:
        await asyncio.sleep(0)

    assert not tx.has_begun


async def test_it_may_wait_before_its_first_statement(db: Database) -> None:
    """Fetch first, then write."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await asyncio.sleep(0.01)
            await tx.execute(ADD, {"id": 1, "name": "Ada"})

    await driven(handler())

    assert await names(db) == ["Ada"]


async def test_a_handler_that_waits_in_a_transaction_is_told_where(db: Database) -> None:
    """Right there, and nothing is committed; it holds others up no longer."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})
            await asyncio.sleep(0.01)
            raise AssertionError("it went on")

    with pytest.raises(CallInTransaction, match="rolled back"):
        await driven(handler())
    async with db.transaction() as tx:
        await tx.execute(ADD, {"id": 2, "name": "Ben"})

    assert await names(db) == ["Ben"]


async def test_a_handler_that_catches_the_refusal_cannot_commit(db: Database) -> None:
    """What was begun is undone all the same."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})
            with pytest.raises(CallInTransaction):
                await asyncio.sleep(0.01)

    with pytest.raises((CallInTransaction, TransactionEnded)):
        await driven(handler())

    assert await names(db) == []


async def test_a_test_without_a_framework_is_told_too(db: Database) -> None:
    """Nobody drives its coroutine: the loop's next turn notices, and the next statement says so."""

    async def handler() -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})
            await asyncio.sleep(0.01)

    with pytest.raises(CallInTransaction):
        await handler()

    assert await names(db) == []


async def test_transactions_of_many_tasks_wait_for_each_other(db: Database) -> None:
    """None is refused, and none is lost."""

    async def add(number: int) -> None:
        async with db.transaction() as tx:
            await tx.execute(ADD, {"id": number, "name": f"nr-{number}"})

    await asyncio.gather(*map(add, range(50)))

    assert len(await names(db)) == 50


async def test_a_transaction_has_a_time_limit(db: Database) -> None:
    """From its first statement on."""
    with pytest.raises(TransactionTooLong):
        async with db.transaction(timeout_s=0.0) as tx:
            await tx.execute(ADD, {"id": 1, "name": "Ada"})

    assert await names(db) == []


async def test_after_its_end_it_takes_nothing(db: Database) -> None:
    """Neither statements nor events."""
    async with db.transaction() as tx:
        await tx.execute(ADD, {"id": 1, "name": "Ada"})

    with pytest.raises(TransactionEnded):
        await tx.execute(ADD, {"id": 2, "name": "Ben"})
    with pytest.raises(TransactionEnded):
        tx.publish(Hired(name="Ben"))


async def test_work_that_is_done_once_has_one_transaction(db: Database) -> None:
    """A second one could take place when the first has not."""
    once.set(Once())
    async with db.transaction() as tx:
        await tx.execute(ADD, {"id": 1, "name": "Ada"})

    with pytest.raises(SecondTransaction):
        async with db.transaction():
            pass
    await tx.rollback()


async def test_events_of_other_services_cannot_be_published(db: Database) -> None:
    """A service publishes what its contract declares."""
    db.publisher = Refusing()

    with pytest.raises(NotPublished, match="Hired"):
        async with db.transaction() as tx:
            tx.publish(Hired(name="Ada"))


async def test_a_moment_without_a_time_zone_is_refused(db: Database) -> None:
    """It would be another one on another machine."""
    with pytest.raises(ValueError, match="time zone"):
        async with db.transaction() as tx:
            tx.publish(Hired(name="Ada"), at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


async def driven(work: Coroutine[Any, Any, None]) -> None:  # Any: a coroutine's own send types
    """Run work as a handler is run."""
    task = asyncio.current_task()
    assert task is not None
    await isolated(contextvars.copy_context(), work, task)


class Refusing:
    """A publisher that knows no event."""

    def check(self, event: Event) -> None:
        """Refuse it."""
        raise NotPublished(type(event).__name__, "it is not declared")

    def committed(self, events: object) -> None:
        """Nothing."""

    async def write(self, transaction: Transaction, events: object) -> None:
        """Nothing."""
