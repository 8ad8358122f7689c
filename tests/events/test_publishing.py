"""What a publisher may publish, in which envelope, and for how long it is kept."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from atoll import Context, NotPublished, Transaction
from atoll.data import Database, DatabaseUnavailable
from atoll.events import Keeping, Kept, Turn
from atoll.events.statements import publishing
from atoll.events.tables import META, OUTBOX, SUBSCRIPTIONS
from atoll.events.timing import Timing
from atoll.kernel import Trace, current
from atoll.testing import SettableClock
from tests.events.coast import (
    CLOCK,
    ENTROPY,
    NOTE,
    TASKS,
    Counted,
    Secret,
    Shore,
    Sold,
    events_in,
    has_effects,
    has_lanes,
    reading,
    shore,
    until,
    wanted,
)
from tests.events.conftest import Opens


async def test_an_envelope_says_what_cloudevents_asks_for(shop: Shore) -> None:
    """And its extensions: key, sequence, tenant, actor and trace."""
    trace = Trace(7, 8, 0, True)
    current.set(Context(trace=trace, user="ada@example.com", tenant="east"))
    await shop.sell(3)

    event = events_in(await shop.log.fetch(wanted(0)))[0]

    assert event.pop("id")
    assert datetime.fromisoformat(event.pop("time")).tzinfo is not None
    assert event == {
        "specversion": "1.0",
        "source": "/coast/shop",
        "type": "shop.sold.v1",
        "datacontenttype": "application/json",
        "partitionkey": "lamp",
        "sequence": f"{1:020d}",
        "tenant": "east",
        "actor": "ada@example.com",
        "traceparent": str(trace),
        "data": {"article": "lamp", "count": 3},
    }


async def test_events_of_one_transaction_are_in_its_order(shop: Shore) -> None:
    """With keys and without, each key with numbers of its own: however many go to the database together."""
    sold = [Sold(article=article, count=count) for count, article in enumerate("aabcabca" * 20)]
    await shop.publish(*sold[:3], Counted(count=1), *sold[3:], Counted(count=2))

    events = events_in(await shop.log.fetch(wanted(0, limit=1_000)))

    assert [event["data"]["count"] for event in events] == [
        0,
        1,
        2,
        1,
        *range(3, 160),
        2,
    ]
    for article in "abc":
        numbers = [int(event["sequence"]) for event in events if event.get("partitionkey") == article]
        assert numbers == list(range(1, len(numbers) + 1))
    assert [event.get("sequence") for event in events if "partitionkey" not in event] == [None, None]


async def test_what_the_contract_does_not_list_is_refused(shop: Shore) -> None:
    """With what to do; and the rows of the transaction are not written either."""
    with pytest.raises(NotPublished, match="`publishes`"):
        await shop.publish(Secret(text="psst"))


async def test_an_event_that_is_too_big_is_refused(opens: Opens) -> None:
    """With its size, and what is allowed."""
    small = await shore(await opens("shop"), payload_bytes_max=100)

    with pytest.raises(NotPublished, match="100 are allowed"):
        await small.sell(1, article="x" * 100)

    assert not (await small.log.fetch(wanted(0))).messages


async def test_an_empty_key_is_refused(shop: Shore) -> None:
    """All events whose key nobody knows would be one line."""
    with pytest.raises(NotPublished, match="key is empty"):
        await shop.sell(1, article="")


async def test_a_key_that_no_database_takes_is_refused(shop: Shore) -> None:
    """Nobody could put it aside, so that it would hold up all that comes later."""
    with pytest.raises(NotPublished, match="key holds a NUL"):
        await shop.sell(1, article="a\0b")


async def test_a_key_that_one_database_takes_and_another_does_not_is_refused(shop: Shore) -> None:
    """SQLite takes any; in an index of PostgreSQL there is room for some thousand letters, if they say much."""
    await shop.sell(1, article="".join(map(chr, range(0x4E00, 0x4E00 + 341))))
    with pytest.raises(NotPublished, match="its key has 1026 bytes, and 1024 are allowed"):
        await shop.sell(2, article="".join(map(chr, range(0x4E00, 0x4E00 + 342))))
    with pytest.raises(NotPublished, match="1024 are allowed"):
        await shop.sell(3, article="".join(map(chr, range(0x4E00, 0x4E00 + 4_000))))


async def test_a_log_is_read_in_parts(shop: Shore) -> None:
    """Each says from where to where it reaches, so that a gap can be told."""
    await shop.sell(*range(5))

    first = await shop.log.fetch(wanted(0, limit=3))
    second = await shop.log.fetch(wanted(first.until, limit=3))
    third = await shop.log.fetch(wanted(second.until, limit=3))

    assert [len(each.messages) for each in (first, second, third)] == [3, 2, 0]
    assert (first.after, first.until, second.after, second.until) == (0, 3, 3, 5)
    assert (third.oldest, third.head) == (1, 5)


async def test_a_reader_that_waits_is_woken(shop: Shore, opens: Opens) -> None:
    """By an instance of this process, and by others."""
    other = await shore(await opens("shop"))
    for number, publisher in enumerate((shop, other)):
        waiting = TASKS.spawn(shop.log.fetch(wanted(number, wait_s=10)), "reader", awaited=True)

        await publisher.sell(number)

        assert len((await waiting).messages) == 1


async def test_what_is_scheduled_is_published_when_it_is_due(shop: Shore, billing: Database) -> None:
    """Not before, in its place in the order, and also when the process was away at the moment."""
    async with shop.database.transaction() as tx:
        tx.publish(Sold(article="lamp", count=2), at=CLOCK.now() + timedelta(seconds=0.3))
        tx.publish(Sold(article="lamp", count=3), at=CLOCK.now() + timedelta(days=1))
        tx.publish(Sold(article="lamp", count=1))
    assert len((await shop.log.fetch(wanted(0))).messages) == 1

    timing = Timing("shop", shop.database, shop.outbox, [], CLOCK, ENTROPY)
    timing.start()
    async with reading(billing, shop.log) as reader:
        noted = await reader.until(2)
    await timing.close()

    assert noted == [("lamp", 1), ("lamp", 2)]


async def test_what_is_done_again_and_again_is_done_by_one_instance(opens: Opens) -> None:
    """Each turn once, however many instances there are; a moment that was missed is made good once."""
    databases = [await opens("billing") for _ in range(3)]

    async def note(tx: Transaction) -> None:
        await tx.execute(NOTE, {"key": "turn", "value": 1})

    timings = [Timing("billing", database, None, [Turn("tick", 0.2, note)], CLOCK, ENTROPY) for database in databases]
    started = CLOCK.now()
    for timing in timings:
        timing.start()
    await until(lambda: has_effects(databases[0], 4))
    for timing in timings:
        await timing.close()
    seconds = (CLOCK.now() - started).total_seconds()

    assert not await has_effects(databases[0], int(seconds / 0.2) + 2)


@pytest.mark.parametrize("how", ["cancelled", "exit"])
async def test_a_turn_that_gives_up_by_itself_comes_again(billing: Database, how: str) -> None:
    """Nobody has cancelled it, and no handler ends the process: it would never be done again, and nobody told."""
    begun = 0

    async def tick(tx: Transaction) -> None:
        nonlocal begun
        begun += 1
        if begun == 1 and how == "exit":
            sys.exit(3)
        if begun == 1:
            forgotten = asyncio.ensure_future(asyncio.sleep(60))
            forgotten.cancel()
            await forgotten
        await tx.execute(NOTE, {"key": "turn", "value": begun})

    timing = Timing("billing", billing, None, [Turn("tick", 0.1, tick)], CLOCK, ENTROPY)
    timing.start()
    await until(lambda: has_effects(billing, 1))
    await timing.close()


async def test_a_turn_whose_database_is_away_waits(billing: Database, caplog: pytest.LogCaptureFixture) -> None:
    """It has not failed: each turn of each service left a trace of its stack in the log, again and again."""
    begun = 0

    async def tick(tx: Transaction) -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise DatabaseUnavailable("the server is being started")
        await tx.execute(NOTE, {"key": "turn", "value": begun})

    timing = Timing("billing", billing, None, [Turn("tick", 0.1, tick)], CLOCK, ENTROPY)
    timing.start()
    await until(lambda: has_effects(billing, 1))
    await timing.close()

    told = [record for record in caplog.records if "`tick`" in record.getMessage()]
    assert [(record.levelname, record.exc_info) for record in told] == [("WARNING", None)]
    assert "`tick` waits: DatabaseUnavailable: " in told[0].getMessage()


async def test_a_turn_that_a_clock_has_put_far_ahead_is_taken_now(billing: Database) -> None:
    """It was set back by a year: nobody waits for that; from then on it is as often as it should be."""

    async def tick(tx: Transaction) -> None:
        await tx.execute(NOTE, {"key": "turn", "value": 1})

    clock = SettableClock()
    async with billing.transaction() as tx:
        await tx.execute(publishing().add_timer, {"name": "tick", "due_at": clock.now().timestamp() + 86_400.0 * 365})
    timing = Timing("billing", billing, None, [Turn("tick", 60.0, tick)], clock, ENTROPY)
    timing.start()
    await until(lambda: has_effects(billing, 1))
    await timing.close()

    due_at = (await billing.read(publishing().timer, {"which": "tick"})).scalar()
    assert 0 < due_at - clock.now().timestamp() <= 60.0
    assert not await has_effects(billing, 2)


async def test_what_a_subscription_lacks_is_kept(shop: Shore, billing: Database) -> None:
    """However old it is; what all have goes when its time is over."""
    keeping = Keeping("shop", shop.database, shop.log, shop.outbox, CLOCK, Kept(keep_s=60.0))
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2, 3)
        await reader.until(3)
        await until(lambda: is_told(shop, 3))
    await keeping.note_readers()
    await shop.sell(4)
    await age(shop)

    removed = await keeping.forget()

    assert removed == 3
    assert [event["data"]["count"] for event in events_in(await shop.log.fetch(wanted(0)))] == [4]


async def test_what_nobody_has_read_is_kept_for_its_time(shop: Shore) -> None:
    """A subscription may be yet to come."""
    keeping = Keeping("shop", shop.database, shop.log, shop.outbox, CLOCK, Kept(keep_s=60.0))
    await shop.sell(1)

    await shop.sell(2)
    assert await keeping.forget() == 0
    await age(shop)
    assert await keeping.forget() >= 1


async def test_a_full_log_refuses_to_publish_and_says_who_is_slow(shop: Shore) -> None:
    """Until the subscription has caught up, or was lapsed by somebody."""
    keeping = Keeping("shop", shop.database, shop.log, shop.outbox, CLOCK, Kept(undelivered_max=3))
    await shop.log.fetch(wanted(0))
    await shop.sell(1, 2, 3)
    await keeping.note_readers()
    await keeping.forget()

    with pytest.raises(NotPublished, match="atoll events lapse billing"):
        await shop.sell(4)
    async with shop.database.transaction() as tx:
        await tx.execute(update(SUBSCRIPTIONS).values(lapsed_at=1.0))
    await keeping.forget()
    await shop.sell(4)


async def test_a_restored_log_is_another_one_and_nothing_new_looks_old(shop: Shore, billing: Database) -> None:
    """The backup held two of three events; what comes after it takes the positions of what was lost."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2, 3)
        await reader.until(3)
    restored = await restore(shop, upto=2)
    async with reading(billing, restored.log) as reader:
        await until(lambda: has_lanes(reader))
        await restored.sell(4, 5)
        noted = await reader.until(5)

    assert [value for _, value in noted] == [1, 2, 3, 4, 5]


async def is_told(shop: Shore, done: int) -> bool:
    """Whether the publisher knows that its reader has done so much."""
    return set(shop.log.readers["billing"].done.values()) == {done}


async def age(shop: Shore) -> None:
    """Let what was published be from another time."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    async with shop.database.transaction() as tx:
        await tx.execute(update(OUTBOX).values(published_at=long_ago))


async def restore(shop: Shore, upto: int) -> Shore:
    """The publisher as a backup knew it: shorter, and under another name."""
    await shop.log.fetch(wanted(0))
    numbered = shop.database.driver.dialect == "sqlite"
    place = OUTBOX.c.number if numbered else OUTBOX.c.position
    before = dict(tuple(row) for row in await shop.database.read(META.select()))
    async with shop.database.transaction() as tx:
        await tx.execute(OUTBOX.delete().where(place > upto))
        forks = msgspec.json.encode([(before["incarnation"], upto)]).decode()
        new = {"incarnation": str(ENTROPY.uuid()), "forked_at": forks, "last_position": str(upto)}
        for name, value in new.items():
            await tx.execute(META.delete().where(META.c.name == name))
            await tx.execute(META.insert(), {"name": name, "value": value})
    return await shore(shop.database)
