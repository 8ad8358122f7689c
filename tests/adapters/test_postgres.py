"""PostgreSQL as a service's database: what is its own, beside what every driver promises (tests/data)."""

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from atoll.adapters.postgres import open_postgres
from atoll.adapters.postgres_pool import PostgresLimits
from atoll.data import (
    DatabaseBusy,
    DatabaseUnavailable,
    DiskFull,
    StatementRefused,
    TransactionTooLong,
)
from atoll.kernel import Mistakes
from atoll.testing import PostgresServer, postgres_server
from tests.adapters.loops import on_each_loop
from tests.adapters.postgres import Between, connection_of, driver_of, proxied, trial
from tests.data.places import Opened

WITHOUT_ASYNCPG = """
import asyncio, sys
sys.modules["asyncpg"] = None
from atoll.adapters.postgres import open_postgres
from atoll.kernel import Mistakes
try:
    asyncio.run(open_postgres("postgresql://nowhere/x", schema="x"))
except Mistakes as mistakes:
    print(mistakes)
"""


@on_each_loop
async def test_a_transaction_takes_two_round_trips(postgres: PostgresServer) -> None:
    """One for BEGIN and its statement together, one for COMMIT: a network has no third to give."""
    between = Between()
    async with trial(postgres) as place, proxied(place.url, between) as url:
        driver = await driver_of(url, place.schema)
        opened = Opened(driver)
        await opened.add(1)
        before = between.flights
        seen: list[bytes] = []

        async def look(data: bytes) -> bool:
            seen.append(data)
            return True

        between.on_message = look
        await opened.add(2)
        await driver.close()

    trips = b"".join(seen)
    assert before > 0
    assert trips.count(b"S\0\0\0\4") + trips.count(b"COMMIT") == 2  # one Sync, and one simple query
    assert trips.index(b"atoll_begin") < trips.index(b"S\0\0\0\4")


@on_each_loop
async def test_json_comes_out_as_what_it_says(postgres: PostgresServer) -> None:
    """Statements leave that to connections, as SQLAlchemy's own do."""
    async with trial(postgres) as place:
        rows = await place.shared.read("""SELECT '{"a": [1, null]}'::json, '{"b": "ü"}'::jsonb, NULL::json""", ())

    assert [tuple(row) for row in rows] == [({"a": [1, None]}, {"b": "ü"}, None)]


@on_each_loop
async def test_a_statement_never_runs_without_its_begin(postgres: PostgresServer) -> None:
    """Where BEGIN fails, the server skips the statement that came with it, which would be committed by itself."""
    async with trial(postgres) as place:
        await place.add(1)
        work = await place.begin()
        await connection_of(work).execute("DEALLOCATE atoll_begin")

        with pytest.raises(DatabaseBusy):
            await work.add(2)
        await work.session.rollback()

        assert await place.ids() == [1]


@on_each_loop
async def test_begin_goes_by_itself_where_it_cannot_go_with_another(postgres: PostgresServer) -> None:
    """As with an asyncpg that reads answers in another way; it costs a round trip, and nothing else."""
    async with trial(postgres) as place:
        connection = await place.pool.take(float("inf"), float("inf"))
        assert connection.is_pipelining
        connection.is_pipelining = False
        place.pool.give(connection)

        await place.add(1)
        work = await place.begin()
        await work.add(2)
        await work.session.rollback()

        assert await place.ids() == [1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", DiskFull),
        ("53200", DatabaseBusy),
        ("53300", DatabaseBusy),
        ("40001", DatabaseBusy),
        ("40P01", DatabaseBusy),
        ("55P03", DatabaseBusy),
        ("57014", DatabaseBusy),
        ("57P01", DatabaseUnavailable),
        ("58030", DatabaseUnavailable),
        ("XX001", DatabaseUnavailable),
        ("23505", IntegrityError),
        ("23P01", IntegrityError),
        ("22001", DataError),
        ("42501", StatementRefused),
        ("0A000", StatementRefused),
        ("25006", StatementRefused),
        ("P0001", DatabaseError),
        ("ZZZZZ", DatabaseError),
    ],
)
async def test_each_error_of_the_server_has_its_meaning(
    postgres: PostgresServer, code: str, kind: type[Exception]
) -> None:
    """The table in `database_errors`, by what a server says."""
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{code}'; END $$"
    async with trial(postgres) as place:
        with pytest.raises(kind, match="so it is" if kind is not DiskFull else "full") as caught:
            await place.run(raising)

        await place.add(1)
        assert await place.ids() == [1]
    assert type(caught.value) is kind


async def test_what_the_server_says_of_rows_is_not_shown(postgres: PostgresServer) -> None:
    """Its DETAIL repeats whole rows. Whoever asks the driver's own error still finds it."""
    async with trial(postgres) as place:
        with pytest.raises(IntegrityError) as caught:
            await place.run("INSERT INTO leads VALUES (?, ?, ?)", 1, "someone@example.com", -1)

    assert "someone@example.com" not in str(caught.value)
    assert "someone@example.com" in str(getattr(caught.value.orig, "detail", ""))
    assert getattr(caught.value.orig, "constraint_name", "") == "leads_points_check"


@on_each_loop
async def test_a_check_that_was_put_off_refuses_the_commit(postgres: PostgresServer) -> None:
    """It is an integrity error as any other, and the connection goes on."""
    async with trial(postgres) as place:
        await place.run("CREATE TABLE later (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        work = await place.begin()
        await work.run("INSERT INTO later VALUES (1), (1)")

        with pytest.raises(IntegrityError):
            await work.session.commit()

        await place.run("INSERT INTO later VALUES (2)")
        assert await place.rows("SELECT id FROM later") == [(2,)]


@on_each_loop
async def test_of_two_that_wait_for_each_other_one_may_run_again(postgres: PostgresServer) -> None:
    """A deadlock is nobody's mistake, and the other one goes on."""
    async with trial(postgres) as place:
        await place.add(1, 2)

        async def update(work_id: int, first: int, second: int, met: asyncio.Barrier) -> None:
            async with place.transaction() as work:
                await work.run("UPDATE leads SET points = ? WHERE id = ?", work_id, first)
                await met.wait()
                await work.run("UPDATE leads SET points = ? WHERE id = ?", work_id, second)

        met = asyncio.Barrier(2)
        ended = await asyncio.gather(update(1, 1, 2, met), update(2, 2, 1, met), return_exceptions=True)

        assert sorted(type(each).__name__ for each in ended) == ["DatabaseBusy", "NoneType"]
        points = await place.rows("SELECT points FROM leads")
        assert points in ([(1,), (1,)], [(2,), (2,)])


@on_each_loop
async def test_who_waits_for_a_lock_frees_the_server_when_its_time_is_over(postgres: PostgresServer) -> None:
    """What is given up here has to end there as well, or it would go on waiting, and hold what it holds."""
    async with trial(postgres) as place:
        await place.add(1, 2)
        first = await place.begin()
        await first.run("UPDATE leads SET points = 1 WHERE id = 1")
        second = await place.begin(timeout_s=0.2)
        await second.run("UPDATE leads SET points = 2 WHERE id = 2")

        with pytest.raises(TransactionTooLong):
            await second.run("UPDATE leads SET points = 2 WHERE id = 1")
        await second.session.rollback()

        await first.run("UPDATE leads SET points = 3 WHERE id = 2")
        await first.session.commit()
        assert await place.rows("SELECT points FROM leads ORDER BY id") == [(1,), (3,)]


@on_each_loop
async def test_reads_go_on_when_tables_are_changed_under_them(postgres: PostgresServer) -> None:
    """As by a migration of another instance: what was prepared before is prepared again."""
    async with trial(postgres) as place:
        await place.add(1)
        before = await place.rows("SELECT * FROM leads")
        await place.admin(f"ALTER TABLE {place.schema}.leads ADD COLUMN more text")

        after = await place.rows("SELECT * FROM leads")

    assert (len(before[0]), len(after[0])) == (3, 4)


@on_each_loop
async def test_a_transaction_runs_again_when_tables_are_changed_under_it(postgres: PostgresServer) -> None:
    """The server refuses what was prepared before; the next time it goes well."""
    async with trial(postgres) as place:
        await place.add(1)
        async with place.transaction() as work:
            await work.rows("SELECT * FROM leads")
        await place.admin(f"ALTER TABLE {place.schema}.leads ADD COLUMN more text")

        work = await place.begin()
        with pytest.raises(DatabaseBusy):
            await work.rows("SELECT * FROM leads")
        await work.session.rollback()
        async with place.transaction() as work:
            rows = await work.rows("SELECT * FROM leads")

    assert len(rows[0]) == 4


@pytest.mark.parametrize(
    "statement",
    [
        "COMMIT",
        " rollback",
        "BEGIN",
        "END;",
        "SET search_path = public",
        "set session timezone to 'CET'",
        "RESET ALL",
        "DISCARD ALL",
        "LISTEN x",
        "COPY leads FROM STDIN",
    ],
)
async def test_what_would_change_the_connection_for_the_next_is_refused(
    postgres: PostgresServer, statement: str
) -> None:
    """A connection serves many, one after the other."""
    async with trial(postgres) as place:
        work = await place.begin()
        await work.add(1)
        with pytest.raises(StatementRefused):
            await work.run(statement)
        await work.session.rollback()
        with pytest.raises(StatementRefused):
            await place.rows(statement)

        assert await place.ids() == []


async def test_what_holds_for_a_transaction_alone_is_run(postgres: PostgresServer) -> None:
    """And is gone with it."""
    async with trial(postgres, PostgresLimits(connections_max=1)) as place:
        async with place.transaction() as work:
            await work.run("SET LOCAL timezone = 'CET'")
            inside = await work.rows("SHOW timezone")

        assert inside == [("CET",)]
        assert await place.rows("SHOW timezone") == [("UTC",)]


async def test_only_some_statements_stay_prepared(postgres: PostgresServer) -> None:
    """Each costs memory of the server."""
    async with trial(postgres) as place:
        for number in range(300):
            await place.rows(f"SELECT {number}")

        (prepared,) = await place.rows("SELECT count(*) FROM pg_prepared_statements")

    assert 200 < prepared[0] < 270


async def test_its_schema_is_all_that_it_finds_by_name(postgres: PostgresServer) -> None:
    """And times are those of UTC, whatever the server's own settings are."""
    async with trial(postgres) as place:
        shown = [await place.rows(f"SHOW {name}") for name in ("search_path", "timezone", "synchronous_commit")]

    assert shown == [[(f'"{place.schema}"',)], [("UTC",)], [("on",)]]


async def test_a_commit_is_durable_though_its_role_says_otherwise(postgres: PostgresServer) -> None:
    """`synchronous_commit=off` loses what was acknowledged; stronger settings than ours are left alone."""
    async with trial(postgres) as place:
        shown: list[str] = []
        for setting in ("off", "remote_apply"):
            await place.admin(f"ALTER ROLE {place.schema} SET synchronous_commit = {setting}")
            other = await place.another()
            shown += [row[0] for row in await other.rows("SHOW synchronous_commit")]
            await other.driver.close()

    assert shown == ["on", "remote_apply"]


async def test_a_server_that_loses_what_it_acknowledges_is_refused() -> None:
    """With a mistake that says what to set."""
    with postgres_server(settings={"fsync": "off"}) as server, pytest.raises(Mistakes, match="fsync=off") as caught:
        await open_postgres(server.url(), schema="public")

    assert "set `fsync = on`" in str(caught.value)
    assert str(server.password) not in str(caught.value)


async def test_a_schema_that_is_not_there_is_a_mistake(postgres: PostgresServer) -> None:
    """Otherwise the first statement would fail, or find another one's table."""
    with pytest.raises(Mistakes, match="no such schema"):
        await open_postgres(postgres.url(), schema="nowhere")


async def test_a_url_that_says_nonsense_is_a_mistake() -> None:
    """And not a server that cannot be reached."""
    with pytest.raises(Mistakes, match="mend the URL"):
        await open_postgres("postgresql://localhost/x?sslmode=sometimes", schema="x")


async def test_who_is_not_let_in_is_told_why(postgres: PostgresServer) -> None:
    """Without the password."""
    url = f"postgresql://postgres:a%20guess@{postgres.host}:{postgres.port}/postgres"

    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as caught:
        await open_postgres(url, schema="public")

    assert "guess" not in str(caught.value)


async def test_where_nobody_listens_it_is_unavailable() -> None:
    """At once."""
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1"):
        await open_postgres("postgresql://me:secret@127.0.0.1:1/x", schema="x")


def test_without_the_extra_it_is_said_what_to_install() -> None:
    """A service on SQLite needs no asyncpg, and its application loads none."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_ASYNCPG], capture_output=True, text=True, check=True)

    assert 'pip install "atoll[postgres]"' in done.stdout


@on_each_loop
async def test_streams_leave_connections_to_others(postgres: PostgresServer) -> None:
    """However many are read, and however slowly: the others of them wait."""
    async with trial(postgres, PostgresLimits(connections_max=2)) as place:
        first, second = (place.driver.stream("SELECT generate_series(1, 2000)", ()) for _ in range(2))
        await anext(first)
        waiting = asyncio.ensure_future(anext(second))

        await place.add(1)
        assert await place.ids() == [1]
        assert not waiting.done()

        await first.aclose()
        await waiting
        await second.aclose()
