"""Word of what other instances have committed: soon, in one for many, and again after the connection was lost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from atoll.testing import PostgresServer, postgres_server
from tests.adapters.loops import on_each_loop
from tests.adapters.postgres import Trial, trial
from tests.adapters.wire import comes_true


class Heard:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@asynccontextmanager
async def two(server: PostgresServer) -> AsyncGenerator[tuple[Trial, Trial, Heard]]:
    """Two instances, the second of which listens, and what it hears."""
    async with trial(server) as one:
        other = await one.another()
        heard = Heard()
        other.shared.on_change(heard)
        await comes_true(lambda: heard.times == 1)  # that it listens
        try:
            yield one, other, heard
        finally:
            await other.driver.close()


@on_each_loop
async def test_an_announcement_is_heard_by_the_other_instance(postgres: PostgresServer) -> None:
    """And not by that which has made it: it knows."""
    async with two(postgres) as (one, _, heard):
        own = Heard()
        one.shared.on_change(own)
        await comes_true(lambda: own.times == 1)

        one.shared.announce()
        await comes_true(lambda: heard.times == 2)

        assert own.times == 1


@on_each_loop
async def test_many_announcements_are_one(postgres: PostgresServer) -> None:
    """They say that there is something to look for, and not what."""
    async with two(postgres) as (one, _, heard):
        for _ in range(1_000):
            one.shared.announce()
        await comes_true(lambda: heard.times > 1)
        one.shared.announce()
        await comes_true(lambda: heard.times > 2)

        assert heard.times < 20


@on_each_loop
async def test_a_transaction_announces_itself_when_it_is_committed(postgres: PostgresServer) -> None:
    """Not before, when there is nothing to see; and never, where it is rolled back."""
    async with two(postgres) as (one, other, heard):
        work = await one.begin()
        await work.add(1)
        await work.run(one.shared.announcement)
        await other.ids()
        undone = await one.begin()
        await undone.run(one.shared.announcement)
        await undone.session.rollback()
        assert heard.times == 1

        await work.session.commit()
        await comes_true(lambda: heard.times == 2)

        assert await other.ids() == [1]


@on_each_loop
async def test_who_listens_no_more_hears_nothing(postgres: PostgresServer) -> None:
    """Others still do."""
    async with two(postgres) as (one, other, heard):
        second = Heard()
        stop = other.shared.on_change(second)
        stop()
        stop()

        one.shared.announce()
        await comes_true(lambda: heard.times == 2)

        assert second.times == 0


@on_each_loop
async def test_it_listens_again_when_its_connection_was_lost(postgres: PostgresServer) -> None:
    """And says so once: what was announced meanwhile was heard by nobody."""
    async with two(postgres) as (one, _, heard):
        await one.end_sessions()
        await comes_true(lambda: heard.times == 2)

        one.shared.announce()
        await comes_true(lambda: heard.times == 3)


async def test_it_listens_again_when_the_server_is_there_again() -> None:
    """However long that took."""
    with postgres_server() as server:
        async with two(server) as (one, _, heard):
            await asyncio.to_thread(server.kill)
            one.shared.announce()  # heard by nobody, perhaps
            await asyncio.to_thread(server.restart)
            await comes_true(lambda: heard.times >= 2)
            before = heard.times

            one.shared.announce()
            await comes_true(lambda: heard.times > before)


@on_each_loop
async def test_another_service_hears_nothing(postgres: PostgresServer) -> None:
    """Channels are those of the whole database: each schema has one of its own."""
    async with two(postgres) as (one, _, heard), two(postgres) as (_, _, stranger):
        one.shared.announce()
        await comes_true(lambda: heard.times == 2)

        assert stranger.times == 1
