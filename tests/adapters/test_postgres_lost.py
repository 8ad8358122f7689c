"""Servers that stop, hang and are killed: each transaction is committed, failed or unknown, and the database agrees."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count

import psutil
import pytest

from atoll.adapters.postgres_pool import PostgresLimits
from atoll.data import DatabaseBusy, DatabaseUnavailable, OutcomeUnknown, TransactionTooLong
from atoll.testing import PostgresServer, postgres_server
from tests.adapters.loops import on_each_loop, on_uvloop
from tests.adapters.postgres import SLEEP, Between, Trial, driver_of, proxied, trial
from tests.adapters.wire import comes_true
from tests.patience import PATIENCE_S

FAILED = (DatabaseUnavailable, DatabaseBusy, TransactionTooLong)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that tests of this file let stand still."""
    with postgres_server() as server:
        yield server


@asynccontextmanager
async def between(postgres: PostgresServer) -> AsyncGenerator[tuple[Trial, Trial, Between]]:
    """A driver of its own, one behind a proxy, and the proxy."""
    proxy = Between()
    async with trial(postgres) as place, proxied(place.url, proxy) as url:
        behind = Trial(await driver_of(url, place.schema), postgres, url, place.schema)
        try:
            yield place, behind, proxy
        finally:
            await behind.driver.close()


@contextmanager
def hung(server: PostgresServer) -> Generator[None]:
    """The server and all its processes stand still for the block, as on a machine without memory or disk."""
    postmaster = psutil.Process(server.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


@on_each_loop
@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_connection_that_is_lost_in_a_commit_leaves_its_outcome_unknown(
    postgres: PostgresServer, is_committed: bool
) -> None:
    """Before the server has read it, or after it has answered: nobody here can tell."""
    async with between(postgres) as (place, behind, proxy):
        await behind.add(1)
        work = await behind.begin()
        await work.add(2)

        async def cut(data: bytes) -> bool:
            if b"COMMIT" not in data:
                return True
            if is_committed:
                proxy.silence()
                asyncio.get_running_loop().call_later(0.1, proxy.cut)
                return True
            proxy.cut()
            return False

        proxy.on_message = cut
        with pytest.raises(OutcomeUnknown):
            await work.session.commit()

        assert await place.ids() == ([1, 2] if is_committed else [1])


@on_each_loop
async def test_a_commit_that_is_never_answered_is_unknown_after_a_while(server: PostgresServer) -> None:
    """Whoever waits is told so, rather than waiting for ever; a caller that goes earlier does not have to wait."""
    async with trial(server, PostgresLimits(commit_s=0.3)) as place:
        work = await place.begin(timeout_s=0.2)
        await work.add(1)
        with hung(server):
            with pytest.raises(OutcomeUnknown):
                await work.session.commit()

            assert place.pool.connections == 0


@on_each_loop
async def test_a_hung_server_holds_nobody_up(server: PostgresServer) -> None:
    """A transaction and a read end with their time, and their connections are not kept; then all is well again."""
    now = asyncio.get_running_loop().time
    async with trial(server, PostgresLimits(read_s=0.2, clean_s=0.2), connect_s=0.5) as place:
        work = await place.begin(timeout_s=0.2)
        await work.add(1)
        begun_at = now()
        with hung(server):
            with pytest.raises(TransactionTooLong):
                await work.add(2)
            await work.session.rollback()
            with pytest.raises(FAILED):
                await place.ids()
            with pytest.raises(FAILED):
                async with place.transaction(timeout_s=0.2) as work:
                    await work.add(3)
            assert now() - begun_at < 30
            await comes_true(lambda: place.pool.connections == 0)

        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(*FAILED):  # half a second is little for a server that has just come back
                    assert await place.ids() == []
                    break


@on_each_loop
async def test_a_driver_of_a_hung_server_closes(server: PostgresServer) -> None:
    """A process that leaves has a limited time for it."""
    async with trial(server, PostgresLimits(clean_s=0.2)) as place:
        await asyncio.gather(*(place.rows("SELECT pg_sleep(0.01)") for _ in range(3)))
        asking = asyncio.ensure_future(place.rows(SLEEP))
        await asyncio.sleep(0.02)

        with hung(server):
            async with asyncio.timeout(PATIENCE_S):
                await place.driver.close()

            assert isinstance(*await asyncio.gather(asking, return_exceptions=True), DatabaseUnavailable)


@on_each_loop
async def test_a_session_that_is_ended_in_a_statement_has_failed(postgres: PostgresServer) -> None:
    """Nothing of it took place: there was no COMMIT. The next transaction goes well."""
    async with trial(postgres) as place:
        await place.add(1)
        work = await place.begin()
        await work.add(2)
        asking = asyncio.ensure_future(work.run(SLEEP))
        await asyncio.sleep(0.05)

        await place.end_sessions()

        with pytest.raises(DatabaseUnavailable, match="administrator"):
            await asking
        await work.session.rollback()
        await place.add(3)
        assert await place.ids() == [1, 3]


@on_each_loop
async def test_a_session_that_is_ended_between_statements_cannot_be_committed(postgres: PostgresServer) -> None:
    """That is known, since COMMIT was never sent."""
    async with trial(postgres) as place:
        first, second = await place.begin(), await place.begin()
        await first.add(1)
        await second.add(2)

        await place.end_sessions()
        await asyncio.sleep(0.05)

        with pytest.raises(DatabaseUnavailable):
            await first.session.commit()
        with pytest.raises(DatabaseUnavailable):
            await second.add(3)
        await second.session.rollback()
        assert await place.ids() == []


@on_each_loop
async def test_sessions_that_are_ended_while_nobody_uses_them_are_not_missed(postgres: PostgresServer) -> None:
    """As by a restart at night: the first one in the morning sees nothing of it."""
    async with trial(postgres) as place:
        await asyncio.gather(*(place.rows("SELECT pg_sleep(0.01)") for _ in range(5)))
        await place.end_sessions()
        await asyncio.sleep(0.05)

        await asyncio.gather(*(place.add(number) for number in range(5)), *(place.ids() for _ in range(5)))

        assert await place.ids() == list(range(5))


@on_each_loop
async def test_a_connection_that_turns_out_to_be_lost_is_replaced(postgres: PostgresServer) -> None:
    """Something between has dropped it without a word: nothing was committed on it, so that another one can begin."""
    async with between(postgres) as (place, behind, proxy):
        await behind.add(1)

        proxy.cut()
        await behind.add(2)
        proxy.cut()
        seen = await behind.ids()

        assert seen == [1, 2]
        assert await place.ids() == [1, 2]


@on_each_loop
async def test_a_transaction_that_has_begun_is_not_begun_again(postgres: PostgresServer) -> None:
    """Its first statements would be missing."""
    async with between(postgres) as (place, behind, proxy):
        work = await behind.begin()
        await work.add(1)

        proxy.cut()
        with pytest.raises(DatabaseUnavailable):
            await work.add(2)
        await work.session.rollback()

        assert await place.ids() == []


@on_each_loop
async def test_a_server_that_is_down_is_unavailable_and_then_there_again() -> None:
    """Without opening the driver again."""
    with postgres_server() as server:
        await _down_and_up(server)


async def _down_and_up(server: PostgresServer) -> None:
    async with trial(server) as place:
        await place.add(1)
        await asyncio.to_thread(server.kill)
        try:
            with pytest.raises(DatabaseUnavailable):
                await place.add(2)
            with pytest.raises(DatabaseUnavailable):
                await place.ids()
        finally:
            await asyncio.to_thread(server.restart)

        await place.add(3)
        assert await place.ids() == [1, 3]


@pytest.mark.slow
@on_uvloop
async def test_of_a_server_that_dies_under_load_every_transaction_is_accounted_for() -> None:
    """What was committed is there, what has failed is not, and only what was in its COMMIT may be either."""
    with postgres_server() as server:
        await _die_under_load(server)


async def _die_under_load(server: PostgresServer) -> None:
    numbers = count(1)
    committed: set[int] = set()
    failed: set[int] = set()
    unknown: set[int] = set()
    is_over = False

    async def write(place: Trial) -> None:
        while not is_over:
            number = next(numbers)
            try:
                async with place.transaction(timeout_s=1) as work:
                    await work.add(number)
                    await work.run("INSERT INTO notes VALUES (?, ?, ?)", number, number, "a note")
                committed.add(number)
            except OutcomeUnknown:
                unknown.add(number)
            except FAILED:
                failed.add(number)
                await asyncio.sleep(0.01)

    async with trial(server) as place:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(16):
                tasks.create_task(write(place))
            for end in (server.kill, lambda: server.stop("immediate"), lambda: server.stop("fast")):
                for _ in range(2):
                    before = len(committed)
                    await comes_true(functools.partial(_are_more, committed, before + 200))
                    await asyncio.to_thread(end)
                    await asyncio.to_thread(server.restart)
            is_over = True

        there = set(await place.ids())
        notes = {row[0] for row in await place.rows("SELECT id FROM notes")}

    assert committed <= there
    assert not failed & there
    assert there <= committed | unknown
    assert notes == there
    assert failed


def _are_more(numbers: set[int], than: int) -> bool:
    return len(numbers) > than
