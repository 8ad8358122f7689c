"""What every driver of a database promises: commits, errors, limits, reads. The same tests, on each."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError

from atoll.data import DatabaseBusy, DatabaseUnavailable, StatementRefused, TransactionEnded, TransactionTooLong
from tests.data.places import ENDLESS, Opened, Place
from tests.patience import PATIENCE_S

ADD = "INSERT INTO leads VALUES (?, ?, ?)"


async def test_what_is_committed_is_seen_by_everybody(place: Place) -> None:
    """By this driver, and by those of other instances."""
    one, other = await place.open(), await place.open()

    await one.add(1)

    assert await one.ids() == [1]
    assert await other.ids() == [1]


async def test_a_search_for_part_of_a_text_heeds_capitals(opened: Opened) -> None:
    """A search that finds more on one database than on the other means something else there."""
    async with opened.transaction() as work:
        await work.run("INSERT INTO leads VALUES (1, 'Ada@acme.example', 0), (2, 'ada@acme.example', 0)")
        seen_inside = await work.rows("SELECT id FROM leads WHERE email LIKE 'A%'")

    assert seen_inside == [(1,)]
    assert await opened.rows("SELECT id FROM leads WHERE email LIKE 'A%'") == [(1,)]
    assert await opened.rows("SELECT id FROM leads WHERE lower(email) LIKE lower('A%') ORDER BY id") == [(1,), (2,)]


async def test_what_is_not_committed_is_seen_by_its_transaction_alone(opened: Opened) -> None:
    """A reader never sees a half."""
    work = await opened.begin()
    await work.add(1)

    seen_outside = await opened.ids()
    seen_inside = await work.rows("SELECT id FROM leads")
    await work.session.rollback()

    assert seen_outside == []
    assert seen_inside == [(1,)]


async def test_what_is_rolled_back_never_was(opened: Opened) -> None:
    """Also when it is said twice."""
    work = await opened.begin()
    await work.add(1)

    await work.session.rollback()
    await work.session.rollback()

    assert await opened.ids() == []


async def test_a_rollback_after_the_commit_changes_nothing(opened: Opened) -> None:
    """It is what an `except` does that knows no better."""
    work = await opened.begin()
    await work.add(1)
    await work.session.commit()

    await work.session.rollback()

    assert await opened.ids() == [1]


async def test_a_transaction_without_a_statement_holds_nothing_up(opened: Opened) -> None:
    """However many there were."""
    for _ in range(20):
        await (await opened.begin()).session.rollback()
        await (await opened.begin()).session.commit()

    await opened.add(1)

    assert await opened.ids() == [1]


async def test_after_an_error_nothing_of_the_transaction_is_committed(opened: Opened) -> None:
    """What came before the error would be a half."""
    await opened.add(1)
    work = await opened.begin()
    await work.add(2)
    with pytest.raises(IntegrityError):
        await work.add(1)

    with pytest.raises(TransactionEnded):
        await work.add(3)
    with pytest.raises(TransactionEnded):
        await work.session.commit()

    assert await opened.ids() == [1]


async def test_a_transaction_that_has_ended_takes_no_more(opened: Opened) -> None:
    """Its connection may be another one's by then."""
    work = await opened.begin()
    await work.add(1)
    await work.session.commit()

    with pytest.raises(TransactionEnded):
        await work.add(2)
    with pytest.raises(TransactionEnded):
        await work.session.commit()

    assert await opened.ids() == [1]


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        (ADD, (1, "other@example.com", 0)),
        (ADD, (2, "lead-1@example.com", 0)),
        (ADD, (2, "other@example.com", None)),
        (ADD, (2, "other@example.com", -1)),
        ("INSERT INTO notes VALUES (?, ?, ?)", (1, 77, "a note")),
    ],
    ids=["primary key", "unique", "not null", "check", "reference"],
)
async def test_what_would_break_a_rule_of_the_tables_is_an_integrity_error(
    opened: Opened, statement: str, arguments: Sequence[object]
) -> None:
    """SQLAlchemy's, the same on each database; the driver's own is in it, and nobody's data is in its words."""
    await opened.add(1)

    with pytest.raises(IntegrityError) as caught:
        await opened.run(statement, *arguments)

    assert caught.value.orig is not None
    assert caught.value.statement == opened.text(statement)
    assert "example.com" not in str(caught.value)
    assert await opened.ids() == [1]


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("SELEC 1", ()),
        ("SELECT * FROM nowhere", ()),
        ("SELECT nothing FROM leads", ()),
        (ADD, (1, "lead@example.com")),
        (ADD, (1, "lead@example.com", 0, 0)),
        (ADD, (1, object(), 0)),
        (ADD, (1, "lead@example.com", 2**64)),
    ],
    ids=["no statement", "no table", "no column", "too few", "too many", "no type", "too big"],
)
async def test_what_cannot_be_run_is_refused(opened: Opened, statement: str, arguments: Sequence[object]) -> None:
    """It says which statement; nothing of the transaction is committed, and the next one goes well."""
    work = await opened.begin()
    await work.add(7)
    with pytest.raises(StatementRefused) as caught:
        await work.run(statement, *arguments)
    await work.session.rollback()

    await opened.add(1)

    assert caught.value.statement == opened.text(statement)
    assert "lead@example.com" not in str(caught.value)
    assert await opened.ids() == [1]


async def test_a_first_statement_that_is_refused_leaves_nothing(opened: Opened) -> None:
    """Not even a transaction that has begun and never ends."""
    for _ in range(20):
        with pytest.raises(StatementRefused):
            await opened.run(ADD, 1, object(), 0)

    await opened.add(1)

    assert await opened.ids() == [1]


async def test_a_statement_ends_no_transaction(opened: Opened) -> None:
    """Only the session does: otherwise what follows would be committed one by one."""
    work = await opened.begin()
    await work.add(1)
    with pytest.raises(StatementRefused):
        await work.run("ROLLBACK")
    with pytest.raises(TransactionEnded):
        await work.add(2)
    await work.session.rollback()

    assert 2 not in await opened.ids()


async def test_a_statement_tells_how_many_rows_it_has_changed(opened: Opened) -> None:
    """And one that only looks tells -1."""
    async with opened.transaction() as work:
        await work.add(1)
        await work.add(2)

        assert await work.run("UPDATE leads SET points = points + 1") == 2
        assert await work.run("DELETE FROM leads WHERE id = ?", 9) == 0
        assert await work.run("SELECT * FROM leads") == -1


async def test_a_statement_runs_for_each_of_many(opened: Opened) -> None:
    """How many rows were changed is told, or -1 where nobody counts."""
    async with opened.transaction() as work:
        changed = await work.run_many(ADD, [(number, f"{number}", 0) for number in range(1_000)])
        none = await work.run_many(ADD, [])

    assert changed in (1_000, -1)
    assert none == 0
    assert len(await opened.ids()) == 1_000


async def test_when_one_of_many_fails_none_takes_place(opened: Opened) -> None:
    """Wherever in the row it stands, and whoever finds it."""
    for wrong in ((5, "twice", 0), (99, object(), 0)):
        with pytest.raises((IntegrityError, StatementRefused)):
            async with opened.transaction() as work:
                await work.run_many(ADD, [*((number, f"{number}", 0) for number in range(50)), wrong])

    assert await opened.ids() == []


async def test_values_come_back_as_they_went(opened: Opened) -> None:
    """Those that every database knows."""
    async with opened.transaction() as work:
        await work.run("CREATE TABLE kinds (whole bigint, real double precision, words text, raw bytea, none text)")
    values = (2**62, 0.1, "Grüße, 東京 🏝 'quoted' \"twice\"", b"\x00\xff", None)

    await opened.run("INSERT INTO kinds VALUES (?, ?, ?, ?, ?)", *values)

    assert await opened.rows("SELECT * FROM kinds") == [values]


async def test_a_transaction_ends_with_its_time(opened: Opened) -> None:
    """A statement that takes too long is stopped, and the database goes on."""
    now = asyncio.get_running_loop().time
    begun_at = now()

    work = await opened.begin(timeout_s=0.2)
    await work.add(1)
    with pytest.raises(TransactionTooLong):
        await work.run(ENDLESS)
    await work.session.rollback()

    assert now() - begun_at < 4
    await opened.add(2)
    assert await opened.ids() == [2]


async def test_after_its_time_nothing_is_committed(opened: Opened) -> None:
    """Whoever waits for the answer has gone by then."""
    work = await opened.begin(timeout_s=0.05)
    await work.add(1)
    await asyncio.sleep(0.1)

    with pytest.raises(TransactionTooLong):
        await work.session.commit()

    assert await opened.ids() == []


async def test_who_waits_for_another_writer_waits_no_longer_than_it_may(opened: Opened) -> None:
    """One that writes the same row holds the other up; both databases tell, and neither loses anything."""
    await opened.add(1)
    first = await opened.begin()
    await first.run("UPDATE leads SET points = 1 WHERE id = 1")

    with pytest.raises((DatabaseBusy, TransactionTooLong)):
        async with opened.transaction(timeout_s=0.2) as second:
            await second.run("UPDATE leads SET points = 2 WHERE id = 1")
    await first.session.commit()
    await opened.run("UPDATE leads SET points = points + 10 WHERE id = 1")

    assert await opened.rows("SELECT points FROM leads") == [(11,)]


async def test_of_many_at_once_nothing_is_lost(place: Place) -> None:
    """More than there are connections, and by two instances."""
    drivers = [await place.open(), await place.open()]
    await drivers[0].add(1)

    async def add(opened: Opened) -> None:
        await opened.run("UPDATE leads SET points = points + 1 WHERE id = 1")

    await asyncio.gather(*(add(drivers[number % 2]) for number in range(100)))

    assert await drivers[0].rows("SELECT points FROM leads") == [(100,)]


async def test_who_is_cancelled_while_it_waits_leaves_room(opened: Opened) -> None:
    """In the queue or in a statement: what it held, or was about to be given, goes to the next one."""
    await opened.add(1)
    first = await opened.begin()
    await first.run("UPDATE leads SET points = 1 WHERE id = 1")
    others = [asyncio.ensure_future(opened.run("UPDATE leads SET points = 99 WHERE id = 1")) for _ in range(8)]
    await asyncio.sleep(0.05)

    for other in others:
        other.cancel()
    ended = await asyncio.gather(*others, return_exceptions=True)
    await first.session.commit()
    await asyncio.gather(*(opened.run("UPDATE leads SET points = points + 1 WHERE id = 1") for _ in range(8)))

    assert all(isinstance(each, asyncio.CancelledError) for each in ended)
    assert await opened.rows("SELECT points FROM leads") == [(9,)]


async def test_a_commit_is_not_cancelled(opened: Opened) -> None:
    """Whoever waits for it may go: it takes place all the same."""
    work = await opened.begin()
    await work.add(1)
    commit = asyncio.ensure_future(work.session.commit())
    await asyncio.sleep(0)

    commit.cancel()
    await asyncio.gather(commit, return_exceptions=True)

    async with asyncio.timeout(PATIENCE_S):
        while await opened.ids() != [1]:  # noqa: ASYNC110  # nobody else hears of it
            await asyncio.sleep(0.005)


async def test_what_only_reads_does_not_write(opened: Opened) -> None:
    """Nobody would make it durable, or publish what belongs to it."""
    with pytest.raises(StatementRefused):
        await opened.rows("INSERT INTO leads VALUES (?, ?, ?) RETURNING id", 1, "a", 0)

    assert await opened.ids() == []


async def test_a_reader_is_told_what_is_wrong(opened: Opened) -> None:
    """As a transaction is; the next one reads well."""
    for statement, arguments in (("SELEC 1", ()), ("SELECT ? + 1 FROM leads WHERE id = ?", (1,))):
        with pytest.raises((StatementRefused, DatabaseError)):
            await opened.rows(statement, *arguments)

    assert await opened.ids() == []


async def test_a_stream_is_of_one_moment(opened: Opened) -> None:
    """Whatever is committed while it is read."""
    async with opened.transaction() as work:
        await work.run_many(ADD, [(number, f"{number}", number) for number in range(3_000)])

    chunks: list[int] = []
    stream = opened.driver.stream(opened.text("SELECT id, points FROM leads WHERE id >= ?"), (0,))
    async for rows in stream:
        chunks.append(len(rows))
        if len(chunks) == 1:
            await opened.run("DELETE FROM leads WHERE id > 10")
    await stream.aclose()

    assert sum(chunks) == 3_000
    assert max(chunks) <= 1_000
    assert len(await opened.ids()) == 11


async def test_a_stream_that_is_left_early_holds_nothing(opened: Opened) -> None:
    """As when the caller hangs up: more of them than there are connections."""
    async with opened.transaction() as work:
        await work.run_many(ADD, [(number, f"{number}", number) for number in range(3_000)])

    for _ in range(10):
        stream = opened.driver.stream("SELECT id FROM leads", ())
        await anext(stream)
        await stream.aclose()
    await opened.run("DELETE FROM leads")

    assert await opened.ids() == []


async def test_a_stream_does_not_write(opened: Opened) -> None:
    """As `read`."""
    with pytest.raises((StatementRefused, DatabaseError)):
        async for _ in opened.driver.stream(opened.text("DELETE FROM leads WHERE id = ? RETURNING id"), (1,)):
            pass


async def test_what_was_open_when_the_driver_is_closed_is_rolled_back(place: Place) -> None:
    """And whoever asks it for more is told."""
    going, staying = await place.open(), await place.open()
    work = await going.begin()
    await work.add(1)

    await going.driver.close()
    await going.driver.close()

    with pytest.raises(DatabaseUnavailable):
        await going.begin()
    await staying.add(2)
    assert await staying.ids() == [2]


async def test_what_was_committed_is_there_when_it_is_opened_again(place: Place) -> None:
    """The only thing that counts in the end."""
    first = await place.open()
    await first.add(1, 2, 3)
    await first.driver.close()

    again = await place.open()

    assert await again.ids() == [1, 2, 3]
