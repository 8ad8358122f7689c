"""What cannot be delivered is put aside with all later ones of its key; others go on."""

import asyncio
import dataclasses
import sys

import pytest
from sqlalchemy import update

from atoll import Transaction, Unavailable
from atoll.data import Database
from atoll.events.delivery import Fenced
from atoll.events.leases import Held, Leases
from atoll.events.parking import BEHIND, DEAD, WAITING
from atoll.events.tables import OUTBOX, PARKED
from tests.events.coast import PACE, Shore, Sold, note, parked, reading, replayed, spoil, until


async def test_a_poison_message_parks_its_key_and_no_other(shop: Shore, billing: Database) -> None:
    """Later ones of the key wait behind it, in their order."""
    async with reading(billing, shop.log, refuse_first) as reader:
        await shop.sell(1, 2, 3, article="bad")
        await shop.sell(1, 2, 3, article="good")
        await until(lambda: are_parked(billing, 3))

        assert await reader.values("good") == [1, 2, 3]
        assert await reader.values("bad") == []
        states = [(row.state, row.attempts) for row in await parked(billing)]
        assert states == [(DEAD, 4), (BEHIND, 0), (BEHIND, 0)]


async def test_a_parked_message_says_what_went_wrong(shop: Shore, billing: Database) -> None:
    """In the words of the error, with the key and the type."""
    async with reading(billing, shop.log, refuse_first):
        await shop.sell(1, article="bad")
        await until(lambda: are_dead(billing, 1))
        row = (await parked(billing))[0]

    assert row.error == "ValueError: the first one is refused"
    assert (row.type, row.key, row.tenant) == ("shop.sold.v1", "bad", "main")


async def test_a_message_is_put_aside_whatever_its_error_says(shop: Shore, billing: Database) -> None:
    """Words that no database takes would hold up all that comes later."""

    async def refuse(event: Sold, tx: Transaction) -> None:
        if event.article == "bad":
            raise ValueError("there is no \0 here")
        await note(event, tx)

    async with reading(billing, shop.log, refuse) as reader:
        await shop.sell(1, article="bad")
        await shop.sell(2, article="good")
        await until(lambda: are_dead(billing, 1))
        await reader.until(1)
        row = (await parked(billing))[0]

    assert row.error == "ValueError: there is no \\0 here"


async def test_a_replayed_message_frees_those_behind_it(shop: Shore, billing: Database) -> None:
    """In their order, and none twice."""
    is_mended = asyncio.Event()

    async def refuse(event: Sold, tx: Transaction) -> None:
        if event.count == 1 and not is_mended.is_set():
            raise ValueError("the first one is refused")
        await note(event, tx)

    async with reading(billing, shop.log, refuse) as reader:
        await shop.sell(1, 2, 3, article="bad")
        await until(lambda: are_parked(billing, 3))
        is_mended.set()
        await replayed(billing)
        await reader.until(3)
        await shop.sell(4, article="bad")
        await reader.until(4)

        assert await reader.values("bad") == [1, 2, 3, 4]
        assert not await parked(billing)


async def test_what_a_clock_has_put_off_by_a_year_is_tried_again_when_it_was_set_back(
    shop: Shore, billing: Database
) -> None:
    """Its key would wait so long."""
    is_mended = asyncio.Event()

    async def refuse(event: Sold, tx: Transaction) -> None:
        if not is_mended.is_set():
            raise ValueError("not yet")
        await note(event, tx)

    later = dataclasses.replace(PACE, first_s=3_600.0, last_s=3_600.0, here_max=1)
    async with reading(billing, shop.log, refuse, pace=later) as reader:
        await shop.sell(1, article="bad")
        await until(lambda: are_waiting(billing, 1))
        is_mended.set()
        async with billing.transaction() as tx:
            year = 86_400.0 * 365
            await tx.execute(update(PARKED).values(due_at=PARKED.c.due_at + year, tried_at=PARKED.c.tried_at + year))

        assert await reader.until(1) == [("bad", 1)]


async def test_those_behind_are_delivered_by_the_next_instance(shop: Shore, billing: Database) -> None:
    """Whoever has delivered the first may end before the second: that waits for nobody who has gone."""
    is_mended, has_gone_on = asyncio.Event(), asyncio.Event()

    async def refuse(event: Sold, tx: Transaction) -> None:
        if not is_mended.is_set():
            raise ValueError("the first one is refused")
        if event.count > 1:
            has_gone_on.set()
            await asyncio.Event().wait()
        await note(event, tx)

    async with reading(billing, shop.log, refuse) as first:
        await shop.sell(1, 2, 3)
        await until(lambda: are_parked(billing, 3))
        is_mended.set()
        await replayed(billing)
        await first.until(1)
        await has_gone_on.wait()

    async with reading(billing, shop.log) as second:
        await second.until(3)
        assert await second.values() == [1, 2, 3]
    assert not await parked(billing)


async def test_a_failure_that_passes_is_no_dead_letter(shop: Shore, billing: Database) -> None:
    """Some attempts are made in place, later ones from beside the road."""
    attempts: list[int] = []

    async def stumble(event: Sold, tx: Transaction) -> None:
        attempts.append(event.count)
        if len(attempts) < 4:
            raise ValueError("not yet")
        await note(event, tx)

    async with reading(billing, shop.log, stumble) as reader:
        await shop.sell(7)
        noted = await reader.until(1)

    assert noted == [("lamp", 7)]
    assert attempts == [7, 7, 7, 7]
    assert not await parked(billing)


async def test_what_is_out_of_reach_kills_no_message(shop: Shore, billing: Database) -> None:
    """While a service that the handler calls is down, the message keeps its place, however often it is tried."""
    attempts: list[int] = []

    async def call(event: Sold, tx: Transaction) -> None:
        attempts.append(event.count)
        if len(attempts) < 9:
            raise Unavailable(service="pricing", reason="it is down")
        await note(event, tx)

    async with reading(billing, shop.log, call) as reader:
        await shop.sell(1, 2)
        noted = await reader.until(2)

    assert noted == [("lamp", 1), ("lamp", 2)]
    assert attempts == [1] * 9 + [2]


async def test_attempts_that_found_nobody_there_count_for_no_dead_letter(shop: Shore, billing: Database) -> None:
    """An outage of minutes is a hundred of them: the first failure after it would have been the last one."""
    attempts: list[int] = []

    async def stumble(event: Sold, tx: Transaction) -> None:
        attempts.append(event.count)
        if len(attempts) <= 6:
            raise Unavailable(service="tax", reason="is away")
        if len(attempts) <= 8:
            raise ValueError("it has only just come back")
        if len(attempts) <= 14:
            raise Unavailable(service="tax", reason="is away again")
        if len(attempts) <= 15:
            raise ValueError("it has only just come back")
        await note(event, tx)

    async with reading(billing, shop.log, stumble) as reader:
        await shop.sell(1)

        assert await reader.until(1) == [("lamp", 1)]


async def test_data_that_does_not_fit_is_put_aside_at_once(shop: Shore, billing: Database) -> None:
    """No attempt would read it."""
    await shop.sell(1, article="bad")
    await spoil(shop)

    async with reading(billing, shop.log) as reader:
        await shop.sell(2, article="good")
        await reader.until(1)
        await until(lambda: are_dead(billing, 1))

        assert (await parked(billing))[0].attempts == 1


async def refuse_first(event: Sold, tx: Transaction) -> None:
    """The first of the key `bad` is refused."""
    if event.article == "bad" and event.count == 1:
        raise ValueError("the first one is refused")
    await note(event, tx)


async def are_parked(database: Database, count: int) -> bool:
    """Whether so many messages are parked, the first of them for good."""
    rows = await parked(database)
    return len(rows) == count and any(row.state == DEAD for row in rows)


async def are_waiting(database: Database, count: int) -> bool:
    """Whether so many messages wait for their next attempt."""
    return [row.state for row in await parked(database)].count(WAITING) == count


async def are_dead(database: Database, count: int) -> bool:
    """Whether so many messages are dead."""
    return [row.state for row in await parked(database)].count(DEAD) == count


async def test_a_handler_that_never_ends_is_at_fault_itself(shop: Shore, billing: Database) -> None:
    """Its time is over each time: it is put aside like one that fails, and does not hold up its partition for ever."""

    async def hang(event: Sold, tx: Transaction) -> None:
        if event.article == "bad":
            await asyncio.Event().wait()
        await note(event, tx)

    async with reading(billing, shop.log, hang, timeout_s=0.05):
        await shop.sell(1, article="bad")
        await until(lambda: are_dead(billing, 1))

        assert (await parked(billing))[0].error == "TimeoutError: the handler took longer than 0.05 s"


async def test_what_is_no_envelope_is_put_aside(shop: Shore, billing: Database) -> None:
    """Nobody can read it, and what comes after it is delivered."""
    await shop.sell(1, article="bad")
    async with shop.database.transaction() as tx:
        await tx.execute(update(OUTBOX).values(envelope=b"\x00 no JSON", type="shop.sold.v1"))
    await shop.sell(2, article="bad")

    async with reading(billing, shop.log) as reader:
        await reader.until(1)
        await until(lambda: are_dead(billing, 1))

        assert await reader.values("bad") == [2]


async def test_a_defect_of_the_platform_loses_nothing(shop: Shore, billing: Database) -> None:
    """Whatever is raised where nobody expects it: the lane begins anew from where its cursor is."""
    async with reading(billing, shop.log, leases=Stumbling) as reader:
        await shop.sell(1, 2, 3)

        assert await reader.until(3) == [("lamp", 1), ("lamp", 2), ("lamp", 3)]


class Stumbling(Leases):
    """Leases with a defect, once."""

    has_stumbled = False

    async def advance(self, tx: Transaction, held: Held, position: int) -> bool:
        """Raise what nobody expects, in a way that the worker takes for no failure of the handler."""
        if not self.has_stumbled and position == 2:
            self.has_stumbled = True
            raise Fenced
        return await super().advance(tx, held, position)


@pytest.mark.parametrize("how", ["cancelled", "exit"])
async def test_a_reaction_that_gives_up_by_itself_has_failed(shop: Shore, billing: Database, how: str) -> None:
    """Nobody has cancelled the delivery, and no handler ends the process: the message is tried again as any other."""

    async def give_up(event: Sold, tx: Transaction) -> None:
        if event.count == 1:
            if how == "exit":
                sys.exit(3)
            forgotten = asyncio.ensure_future(asyncio.sleep(60))
            forgotten.cancel()
            await forgotten
        await note(event, tx)

    async with reading(billing, shop.log, give_up) as reader:
        await shop.sell(1, 2, article="bad")
        await shop.sell(1, 2, article="good")
        await until(lambda: are_dead(billing, 2))
        await until(lambda: are_parked(billing, 4))

        assert await reader.noted() == []
