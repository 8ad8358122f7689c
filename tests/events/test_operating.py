"""What operators see of events, and what they change: on record, and noticed by instances that run."""

import time
from collections.abc import Sequence

import pytest

from atoll import Event
from atoll.data import Database, DatabaseUnavailable
from atoll.events import Keeping, Kept, partition_of
from atoll.events.auditing import By, Deed, deeds
from atoll.events.letters import NoSuchLetter, StandsBehind, Which, drop, letters, replay
from atoll.events.moving import NoSuchSubscription, lapse
from atoll.events.operating import Following, bounds_of, followers_of, followings_of
from atoll.events.parking import BEHIND, DEAD, WAITING
from tests.events.coast import (
    CLOCK,
    SHOP,
    Counted,
    Shore,
    Sold,
    has_lanes,
    parked,
    reading,
    until,
)
from tests.events.operators import ANN, Mending, note_readers, stands, until_heard

CLASSES: dict[str, type[Event]] = {SHOP.event_type(event): event for event in SHOP.publishes}


@pytest.mark.slow
async def test_a_publisher_knows_who_follows_it(shop: Shore, billing: Database) -> None:
    """By name, with what it wants, how far it is, and what it lacks."""
    await shop.sell(1, 2)
    async with reading(billing, shop.log) as reader:
        await reader.until(2)
        follower = await until_heard(shop, lag=0)

    await shop.sell(3, 4, 5)
    late = (await followers_of(shop.database, time.time()))[0]

    assert (follower.name, set(follower.types)) == ("billing", set(CLASSES))
    assert (follower.lag, follower.oldest_at, follower.done) == (0, None, follower.head)
    assert late.lag == 3
    assert late.head == follower.head + 3
    assert late.oldest_at is not None
    assert abs(time.time() - late.oldest_at) < 60
    assert late.per_s == pytest.approx(5 / 60)


async def test_a_subscriber_says_where_it_is(shop: Shore, billing: Database) -> None:
    """By partition, with who holds it; what the publisher has not heard yet counts, too."""
    async with reading(billing, shop.log) as reader:
        await shop.sell(1, 2, 3)
        await reader.until(3)
        following = (await followings_of(billing))[0]
        stand = next(each for each in following.stands if each.partition == partition_of("main", "lamp"))

        assert (following.name, following.publisher, following.generation) == ("billing", "shop", 0)
        assert len(following.stands) == 32
        assert following.instances(time.time()) == 1
        assert stand.position == (await bounds_of(shop.database)).head
        assert stand.incarnation == (await bounds_of(shop.database)).incarnation
        await note_readers(shop)
        exact = (await followers_of(shop.database, time.time(), [following]))[0]
        assert exact.lag == 0


async def test_what_is_parked_is_counted_and_shown(shop: Shore, billing: Database) -> None:
    """The dead one, with why, and how many wait behind it."""
    async with reading(billing, shop.log, Mending(1)):
        await shop.sell(1, 2, 3)
        await until(lambda: stands(billing, DEAD, BEHIND, BEHIND))

    following = (await followings_of(billing))[0]
    found = await letters(billing, CLASSES)

    assert (following.waiting, following.behind, following.dead) == (0, 2, 1)
    assert len(found) == 1
    letter = found[0]
    assert (letter.state, letter.error, letter.attempts, letter.behind) == (DEAD, "ValueError: 1 is refused", 4, 2)
    assert (letter.key, letter.type, letter.tenant) == ("lamp", "shop.sold.v1", "main")
    assert letter.payload == {"article": "lamp", "count": 1}
    assert letter.parked_at < letter.tried_at
    assert (await letters(billing, {}))[0].payload == "***"


@pytest.mark.parametrize("which", [Which(), Which(key="lamp"), Which(subscription="billing", publisher="shop")])
async def test_a_replayed_letter_frees_what_is_behind_it(shop: Shore, billing: Database, which: Which) -> None:
    """In its order, and by the instance that runs."""
    mending = Mending(1)
    async with reading(billing, shop.log, mending) as reader:
        await shop.sell(1, 2, 3)
        await until(lambda: stands(billing, DEAD, BEHIND, BEHIND))
        mending.bad.clear()

        count = await replay(billing, which, ANN, time.time())
        await reader.until(3)

        assert count == 1
        assert await reader.values() == [1, 2, 3]
        await until(lambda: stands(billing))
    deed = (await deeds(billing))[0]
    assert (deed.action, deed.actor, deed.why, deed.subject) == ("replay", "ann", "it was mended", "lamp")
    assert deed.details["message_id"]


async def test_a_replay_that_fails_dies_at_once(shop: Shore, billing: Database) -> None:
    """It has had its attempts; one more is what was asked for."""
    async with reading(billing, shop.log, Mending(1)):
        await shop.sell(1)
        await until(lambda: stands(billing, DEAD))
        first = (await parked(billing))[0]

        await replay(billing, Which(), ANN, time.time())
        await until(lambda: was_tried_again(billing, first.attempts))

        again = (await parked(billing))[0]
        assert (again.state, again.attempts) == (DEAD, first.attempts + 1)
        assert again.tried_at > first.tried_at


async def test_a_letter_without_a_key_is_replayed_within_a_second(shop: Shore, billing: Database) -> None:
    """Nothing stands behind it, and it is looked for as often as others."""
    mending = Mending(1)
    async with reading(billing, shop.log, mending) as reader:
        await shop.publish(Counted(count=1))
        await until(lambda: stands(billing, DEAD))
        mending.bad.clear()

        await replay(billing, Which(number=(await parked(billing))[0].number), ANN, time.time())

        assert await reader.until(1) == [("-", 1)]


async def test_what_is_behind_is_not_replayed_by_itself(shop: Shore, billing: Database) -> None:
    """It would overtake; the first one is named."""
    async with reading(billing, shop.log, Mending(1)):
        await shop.sell(1, 2)
        await until(lambda: stands(billing, DEAD, BEHIND))
        first, second = await parked(billing)

        with pytest.raises(StandsBehind, match=f"behind {first.number} of the same key"):
            await replay(billing, Which(number=second.number), ANN, time.time())

    assert not await deeds(billing)


async def test_a_dropped_head_frees_the_next(shop: Shore, billing: Database) -> None:
    """At once, and on record."""
    async with reading(billing, shop.log, Mending(1)) as reader:
        await shop.sell(1, 2, 3)
        await until(lambda: stands(billing, DEAD, BEHIND, BEHIND))

        count = await drop(billing, Which(key="lamp"), ANN, time.time())
        await reader.until(2)
        await shop.sell(4)
        await reader.until(3)

        assert count == 1
        assert await reader.values() == [2, 3, 4]
    deed = (await deeds(billing))[0]
    assert (deed.action, deed.subject, deed.details["position"]) == ("drop", "lamp", 1)


async def test_a_key_waits_for_nobody_who_was_dropped(shop: Shore, billing: Database) -> None:
    """An instance that still takes the key for parked puts the next message behind nothing: it is due at once."""
    mending = Mending(1)
    async with reading(billing, shop.log, mending) as reader:
        await shop.sell(1)
        await until(lambda: stands(billing, DEAD))
        for lane in reader.subscription.lanes.values():
            lane.is_working = True  # so that it does not look again what is parked

        await drop(billing, Which(), ANN, time.time())
        for lane in reader.subscription.lanes.values():
            lane.is_working = False
        await shop.sell(2)

        assert await reader.until(1) == [("lamp", 2)]
        await until(lambda: stands(billing))


async def test_what_nobody_has_parked_cannot_be_changed(billing: Database) -> None:
    """A number that was never there, or is no longer; of a whole subscription there may be none."""
    with pytest.raises(NoSuchLetter, match="no message is parked under 7"):
        await replay(billing, Which(number=7), ANN, time.time())
    with pytest.raises(NoSuchLetter):
        await drop(billing, Which(number=7), ANN, time.time())
    assert await replay(billing, Which(subscription="nobody"), ANN, time.time()) == 0


@pytest.mark.slow
async def test_many_letters_are_replayed_in_several_turns(
    shop: Shore, billing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write in between; each is on record."""
    monkeypatch.setattr("atoll.events.letters.CHUNK", 60)
    mending, count = Mending(1), 200
    async with reading(billing, shop.log, mending, attempts_max=1) as reader:
        for start in range(0, count, 100):
            await shop.publish(*(Sold(article=f"lamp-{number}", count=1) for number in range(start, start + 100)))
        await until(lambda: has_dead(billing, count))
        mending.bad.clear()

        replayed = await replay(billing, Which(), ANN, time.time())

        assert replayed == count
        await reader.until(count)
    assert len(await deeds(billing, limit=1_000)) == count


@pytest.mark.slow
async def test_a_lapsed_subscription_holds_back_nothing(shop: Shore, billing: Database) -> None:
    """What it lacks may go; when it reads again, it is live again by itself."""
    keeping = Keeping("shop", shop.database, shop.log, shop.outbox, CLOCK, Kept(keep_s=-60.0))
    async with reading(billing, shop.log) as reader:
        await shop.sell(1)
        await reader.until(1)
        await until_heard(shop, lag=0)
    await shop.sell(2, 3)
    await keeping.forget()
    kept = (await bounds_of(shop.database)).oldest

    await lapse(shop.database, "billing", "shop", ANN, time.time())
    await keeping.note_readers()
    lapsed = (await followers_of(shop.database, time.time()))[0]
    await keeping.forget()

    assert kept == 2
    assert lapsed.lapsed_at is not None
    assert (await bounds_of(shop.database)).oldest > 2
    async with reading(billing, shop.log) as reader:
        await until(lambda: has_lanes(reader))
        await until_heard(shop, lag=0)
        await keeping.note_readers()
        assert (await followers_of(shop.database, time.time()))[0].lapsed_at is None
    assert [deed.action for deed in await deeds(shop.database)] == ["lapse"]


class Away(Keeping):
    """Finds its database away the first three times."""

    looked = 0

    async def note_readers(self) -> None:
        """Not, at first."""
        self.looked += 1
        if self.looked <= 3:
            raise DatabaseUnavailable("it does not answer")


async def test_that_a_log_is_not_looked_after_is_said_once_and_when_it_is(
    shop: Shore, caplog: pytest.LogCaptureFixture
) -> None:
    """Every five seconds it is tried again, however long a disk stays full."""
    keeping = Away("shop", shop.database, shop.log, shop.outbox, CLOCK, Kept(look_s=0.01))
    keeping.start()

    async def has_looked() -> bool:
        return keeping.looked > 6

    await until(has_looked)
    await keeping.close()

    said = [each.getMessage() for each in caplog.records if "looked after" in each.getMessage()]
    assert [each.partition(": the database")[0] for each in said] == [
        "shop: the log could not be looked after",
        "shop: the log is looked after again",
    ]


async def test_nobody_lapses_whom_nobody_knows(shop: Shore) -> None:
    """A name that was mistyped is told."""
    with pytest.raises(NoSuchSubscription, match="`biling` has not subscribed to shop"):
        await lapse(shop.database, "biling", "shop", ANN, time.time())

    assert not await deeds(shop.database)


async def test_what_was_done_is_found_by_what_and_to_whom(shop: Shore, billing: Database) -> None:
    """The last first; and what was undone is not on record."""
    async with reading(billing, shop.log, Mending(1, 2)):
        await shop.sell(1, article="lamp")
        await shop.sell(2, article="chair")
        await until(lambda: stands(billing, DEAD, DEAD))
        await drop(billing, Which(key="lamp"), ANN, time.time())
        await drop(billing, Which(key="chair"), By("bob"), time.time())

    assert [deed.actor for deed in await deeds(billing)] == ["bob", "ann"]
    assert subjects(await deeds(billing, subject="lamp")) == ["lamp"]
    assert subjects(await deeds(billing, actions=("drop",), limit=1)) == ["chair"]
    assert not await deeds(billing, actions=("rewind",))


def subjects(found: Sequence[Deed]) -> list[str | None]:
    """To whose data they were done."""
    return [deed.subject for deed in found]


async def has_dead(database: Database, count: int) -> bool:
    """Whether so many are dead."""
    found: list[Following] = await followings_of(database)
    return bool(found) and found[0].dead == count


async def was_tried_again(database: Database, attempts: int) -> bool:
    """Whether the only one that is parked has had more attempts, and waits for no other."""
    row = (await parked(database))[0]
    return bool(row.state != WAITING and row.attempts > attempts)
