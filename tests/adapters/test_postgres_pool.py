"""The connections of a driver: bounded, shared in order, none lost, and none kept by who has gone."""

import asyncio

import pytest

from atoll.adapters.postgres_pool import PostgresLimits
from atoll.data import DatabaseBusy, DatabaseUnavailable, TransactionTooLong
from atoll.testing import PostgresServer
from tests.adapters.loops import on_each_loop
from tests.adapters.postgres import SLEEP, driver_of, trial
from tests.adapters.wire import comes_true
from tests.patience import PATIENCE_S


@on_each_loop
async def test_no_more_connections_are_opened_than_may_be(postgres: PostgresServer) -> None:
    """The others wait for their turn."""
    async with trial(postgres, PostgresLimits(connections_max=3)) as place:
        await asyncio.gather(*(place.rows("SELECT pg_sleep(0.01)") for _ in range(20)))

        assert place.pool.connections == 3
        assert await place.sessions() == 3


@on_each_loop
async def test_connections_are_handed_out_in_the_order_in_which_they_were_asked_for(postgres: PostgresServer) -> None:
    """Nobody is overtaken, or the unlucky would wait for ever."""
    async with trial(postgres, PostgresLimits(connections_max=1)) as place:
        done: list[int] = []

        async def ask(number: int) -> None:
            async with place.transaction() as work:
                await work.rows("SELECT 1")
            done.append(number)

        await asyncio.gather(*(ask(number) for number in range(20)))

        assert done == list(range(20))


@on_each_loop
async def test_who_waits_for_a_connection_waits_no_longer_than_it_may(postgres: PostgresServer) -> None:
    """It has not begun: it may be run again elsewhere."""
    async with trial(postgres, PostgresLimits(connections_max=1)) as place:
        first = await place.begin()
        await first.add(1)

        with pytest.raises(DatabaseBusy, match="1 connections are taken"):
            await place.begin(timeout_s=0.05)

        await first.session.commit()
        assert await place.ids() == [1]


@on_each_loop
async def test_no_more_wait_than_may(postgres: PostgresServer) -> None:
    """One more is told at once: a queue without end helps nobody."""
    async with trial(postgres, PostgresLimits(connections_max=1, waiting_max=2)) as place:
        first = await place.begin()
        waiting = [asyncio.ensure_future(place.ids()) for _ in range(2)]
        await asyncio.sleep(0)

        with pytest.raises(DatabaseBusy, match="2 wait"):
            await place.ids()

        await first.session.rollback()
        assert await asyncio.gather(*waiting) == [[], []]


@on_each_loop
async def test_a_connection_that_comes_when_nobody_waits_any_more_is_not_lost(postgres: PostgresServer) -> None:
    """It is handed over and the wait is cancelled in the same turn of the loop."""
    async with trial(postgres, PostgresLimits(connections_max=1)) as place:
        for _ in range(10):
            first = await place.begin()
            waiting = asyncio.ensure_future(place.begin())
            await asyncio.sleep(0)
            await first.session.rollback()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

        await place.add(1)
        assert place.pool.connections == 1


@on_each_loop
async def test_where_the_server_has_too_many_those_that_are_open_serve_all(postgres: PostgresServer) -> None:
    """It says so for the role, the database or itself: that is no reason to fail."""
    async with trial(postgres, PostgresLimits(connections_max=8)) as place:
        await place.admin(f"ALTER ROLE {place.schema} CONNECTION LIMIT 2")

        await asyncio.gather(*(place.rows("SELECT pg_sleep(0.005)") for _ in range(40)))

        assert place.pool.connections <= 2


async def test_where_the_server_has_too_many_and_none_is_open_it_is_busy(postgres: PostgresServer) -> None:
    """Others may close theirs."""
    async with trial(postgres) as place:
        await place.admin(f"ALTER ROLE {place.schema} CONNECTION LIMIT 0")

        with pytest.raises(DatabaseBusy, match="too many connections"):
            await driver_of(place.url, place.schema)


@on_each_loop
async def test_connections_that_nobody_uses_are_closed(postgres: PostgresServer) -> None:
    """A server has some hundred in all, for all services."""
    async with trial(postgres, PostgresLimits(connections_max=4, idle_s=0.05, sweep_s=0.02)) as place:
        await asyncio.gather(*(place.rows("SELECT pg_sleep(0.02)") for _ in range(4)))

        await comes_true(lambda: place.pool.connections == 0)

        assert await place.ids() == []


@on_each_loop
async def test_a_transaction_that_nobody_ends_is_ended(postgres: PostgresServer) -> None:
    """Whoever has begun it may have been forgotten: its locks and its connection are not."""
    async with trial(postgres, PostgresLimits(connections_max=1, sweep_s=0.02, overdue_s=0.05)) as place:
        await place.add(1)
        work = await place.begin(timeout_s=0.1)
        await work.run("UPDATE leads SET points = 1")

        await place.run("UPDATE leads SET points = points + 10")

        with pytest.raises((TransactionTooLong, DatabaseUnavailable)):
            await work.session.commit()
        assert await place.rows("SELECT points FROM leads") == [(10,)]
        assert place.pool.connections == 1


@on_each_loop
async def test_who_is_cancelled_in_a_statement_frees_the_server(postgres: PostgresServer) -> None:
    """A statement for nobody is stopped there, and its connection serves the next one."""
    async with trial(postgres, PostgresLimits(connections_max=1)) as place:
        asking = asyncio.ensure_future(place.rows(SLEEP))
        await comes_true(lambda: place.pool.connections == 1)
        await asyncio.sleep(0.02)

        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert await place.ids() == []
        assert await place.sessions("AND state = 'active'") == 0


@on_each_loop
async def test_a_read_takes_no_longer_than_it_may(postgres: PostgresServer) -> None:
    """And the next one goes well."""
    async with trial(postgres, PostgresLimits(connections_max=1, read_s=0.1)) as place:
        with pytest.raises(TransactionTooLong):
            await place.rows(SLEEP)

        assert await place.ids() == []


@on_each_loop
async def test_closing_leaves_no_session(postgres: PostgresServer) -> None:
    """Idle, in a transaction, in a stream, in a statement, or waiting for a connection."""
    async with trial(postgres) as place:
        other = await place.another(PostgresLimits(connections_max=3))
        await asyncio.gather(*(other.rows("SELECT pg_sleep(0.01)") for _ in range(3)))
        work = await other.begin()
        await work.add(1)
        stream = other.driver.stream("SELECT generate_series(1, 2000)", ())
        await anext(stream)
        asking = [asyncio.ensure_future(other.rows(SLEEP)) for _ in range(2)]
        await asyncio.sleep(0.05)

        await other.driver.close()

        ended = await asyncio.gather(*asking, return_exceptions=True)
        await stream.aclose()
        assert {type(each) for each in ended} == {DatabaseUnavailable}
        assert await place.ids() == []
        with pytest.raises(DatabaseUnavailable, match="closed"):
            await other.ids()
        await place.driver.close()
        async with asyncio.timeout(PATIENCE_S):
            while await place.sessions():  # noqa: ASYNC110  # the server sees to it in its own time
                await asyncio.sleep(0.01)
