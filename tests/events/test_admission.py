"""What each attempt at a delivery passes first: a breaker, and the process's doorkeeper. Nothing is lost at either."""

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from random import Random

import msgspec
import pytest
from sqlalchemy import select

from atoll import DeadlineExceeded, Transaction, Unavailable
from atoll.contract import Overloaded, RateLimited
from atoll.data import DatabaseUnavailable
from atoll.events import NotNow, Undeliverable
from atoll.events.admission import Admission
from atoll.events.delivery import Fenced, Refused
from atoll.events.parking import DEAD, WAITING
from atoll.kernel import Criticality
from atoll.resilience import Breaker, Shedding, State, Switch, Turns
from tests.events.coast import EFFECTS, Reader, Sold, effects, note, parked
from tests.events.pricing import ARTICLES, COUNTS, Pricing, down, is_all_in_order, opened, sell_all, trip, world
from tests.mill import Open
from tests.plain import NeverOpen
from tests.simulated import simulated

CALM_S = 30.0
"""By then those that were begun before a breaker opened have ended."""

BACKGROUND, NORMAL = Criticality.BACKGROUND, Criticality.NORMAL


def time() -> float:
    """The loop's."""
    return asyncio.get_running_loop().time()


async def asked_while_down(breaker: Switch | None) -> Pricing:
    """Two minutes of what is out of reach; `at_once_max` is of the last one and a half."""
    pricing = down()
    async with world() as coast, coast.reading(pricing.react, breaker=breaker):
        await sell_all(coast.shop)
        await asyncio.sleep(CALM_S)
        pricing.asked_at.clear()
        await pricing.watched(90.0)
    return pricing


@simulated
async def test_what_is_out_of_reach_is_asked_for_by_one_at_a_time() -> None:
    """As rarely as one message would ask for it by itself: every five seconds, a fifth more or less."""
    pricing = await asked_while_down(None)

    assert 90 / 6.6 - 1 <= len(pricing.asked_at) <= 90 / 4.5 + 1
    assert pricing.at_once_max == 1


@simulated
async def test_without_a_breaker_all_lanes_ask_on_and_on() -> None:
    """The control: each lane for itself, and several at once."""
    pricing = await asked_while_down(NeverOpen(Random(1).random))

    assert len(pricing.asked_at) > 300
    assert pricing.at_once_max > 3


@simulated
async def test_that_messages_wait_is_said_once_for_all_lanes(caplog: pytest.LogCaptureFixture) -> None:
    """Which all find it out at one moment: a database that is away would be a line for each of them."""
    pricing = down()
    async with world() as coast, coast.reading(pricing.react, breaker=NeverOpen(Random(1).random)):
        await sell_all(coast.shop)
        await pricing.watched(10.0)

    assert len([each for each in caplog.records if "waits: Unavailable" in each.getMessage()]) == 1


@simulated
async def test_when_it_is_back_all_is_delivered_in_order() -> None:
    """Ten seconds later at most, what was published meanwhile as well; and the breaker is closed again."""
    pricing, breaker = down(), Breaker(Random(1).random)
    async with world() as coast, coast.reading(pricing.react, breaker=breaker) as reader:
        await sell_all(coast.shop)
        await asyncio.sleep(5)
        assert breaker.state is not State.CLOSED
        pricing.error, pricing.takes_s = None, 0.01
        back_at = time()
        await reader.until(len(ARTICLES) * len(COUNTS))

        assert await is_all_in_order(reader)
        assert time() - back_at < 10
        assert breaker.is_closed
        assert not await parked(reader.database)


@simulated
async def test_a_half_that_answers_keeps_it_closed() -> None:
    """Messages of which each second one finds nothing to ask are no outage: the others are not held up."""
    breaker = Breaker(Random(1).random)

    async def react(event: Sold, tx: Transaction) -> None:
        if event.article == ARTICLES[0]:
            raise Unavailable(service="pricing", reason="it does not know this one")
        await note(event, tx)

    async with world() as coast, coast.reading(react, breaker=breaker) as reader:
        await sell_all(coast.shop)
        await reader.until((len(ARTICLES) - 1) * len(COUNTS) - 20)

        assert breaker.is_closed


@simulated
async def test_opening_is_told_once_however_many_messages_wait(caplog: pytest.LogCaptureFixture) -> None:
    """With who waits, for whose events, and for how long; then that it is over."""
    pricing = down()
    with caplog.at_level(logging.INFO, "atoll.events"):
        async with world() as coast, coast.reading(pricing.react) as reader:
            await sell_all(coast.shop)
            await asyncio.sleep(CALM_S)
            told = len(caplog.records)
            await asyncio.sleep(CALM_S)
            assert len(caplog.records) <= told + 1  # the tenth attempt of a message may fall into it
            pricing.error = None
            await reader.until(len(ARTICLES) * len(COUNTS))

    said = [record.getMessage() for record in caplog.records if "find" in record.getMessage() or "found" in record.msg]
    assert len(said) == 2
    assert said[0].startswith("billing: most reactions to shop found out of reach what they need")
    assert said[1] == "billing: reactions to shop find again what they need"


@simulated
async def test_handlers_with_a_defect_do_not_open_it(caplog: pytest.LogCaptureFixture) -> None:
    """They can answer: their messages become dead letters, as soon as without it."""
    caplog.set_level(logging.CRITICAL, "atoll.events")  # a thousand lines of tracebacks
    breaker = Breaker(Random(1).random)
    pricing = Pricing(ValueError("no price"), takes_s=0.01)
    async with world() as coast, coast.reading(pricing.react, breaker=breaker) as reader:
        await sell_all(coast.shop)
        await asyncio.sleep(10)
        states = [row.state for row in await parked(reader.database)]

    assert breaker.is_closed
    assert states.count(DEAD) == len(ARTICLES)


@simulated
async def test_handlers_that_exceed_their_time_open_it() -> None:
    """Whatever they wait for does not answer: it is not made to wait for all of them."""
    breaker = Breaker(Random(1).random)
    pricing = Pricing(takes_s=60.0)
    async with world() as coast, coast.reading(pricing.react, breaker=breaker, timeout_s=1.0):
        await sell_all(coast.shop)
        await asyncio.sleep(8)

        assert not breaker.is_closed


@simulated
async def test_a_parked_message_waits_too_and_no_attempt_is_counted() -> None:
    """It would lose one for nothing, and one that has had all of them is dead."""
    pricing = Pricing(ValueError("no price"), takes_s=0.01)
    async with world() as coast:
        breaker = opened(30.0, -100.0)
        for _ in range(20):
            breaker.admits(time())
            breaker.probed(time(), is_well=True)
        async with coast.reading(pricing.react, breaker=breaker) as reader:
            await coast.shop.sell(1, 2, article="lamp")
            await asyncio.sleep(0.5)
            first = await first_parked(reader)
            trip(breaker, time())
            pricing.error = None
            asked = await pricing.watched(25.0)
            waiting = await first_parked(reader)
            await reader.until(2)

            assert first == waiting == (WAITING, 3)
            assert asked == 0
            assert await reader.values("lamp") == [1, 2]


async def first_parked(reader: Reader) -> tuple[str, int]:
    """The state of the message that was put aside first, and how often it was tried."""
    row = (await parked(reader.database))[0]
    return row.state, row.attempts


@simulated
async def test_those_that_go_together_wait_together() -> None:
    """As events that are posted in batches: all are delivered afterwards, in order."""
    posted: list[int] = []

    async def several(texts: Sequence[bytes], tx: Transaction) -> None:
        await tx.execute(select(EFFECTS.c.key))
        posted.extend(msgspec.json.decode(text)["data"]["count"] for text in texts)

    done = {name: dataclasses.replace(each, many=several, many_max=10) for name, each in effects().items()}
    async with world() as coast:
        opened_at = time()
        async with coast.reading(note, breaker=opened(30.0, opened_at), done=done):
            await coast.shop.sell(*range(60))
            await asyncio.sleep(25.0)
            early = list(posted)
            await asyncio.sleep(10.0)

    assert not early
    assert posted == list(range(60))


@simulated
async def test_an_instance_that_leaves_does_not_wait_for_it() -> None:
    """What it had fetched is delivered by the next one, in order."""
    pricing = Pricing(takes_s=0.0)
    async with world() as coast:
        async with coast.reading(pricing.react, breaker=opened(300.0, time())):
            await sell_all(coast.shop)
            assert await pricing.watched(20.0) == 0
            leaves_at = time()
        assert time() - leaves_at < 0.1

        async with coast.reading(pricing.react) as next_one:
            await next_one.until(len(ARTICLES) * len(COUNTS))
            assert await is_all_in_order(next_one)


@simulated
async def test_a_lane_that_is_lost_waits_no_longer(caplog: pytest.LogCaptureFixture) -> None:
    """Another instance, which reaches what it needs, takes half of the partitions, and delivers what waited there."""
    pricing = Pricing(takes_s=0.0)
    async with world() as coast, AsyncExitStack() as first:
        await first.enter_async_context(coast.reading(pricing.react, breaker=opened(300.0, time())))
        await sell_all(coast.shop)
        assert await pricing.watched(20.0) == 0
        async with coast.reading(pricing.react) as other:
            await asyncio.sleep(10.0)
            taken = sum("another instance has taken over partition" in each.getMessage() for each in caplog.records)
            noted = len(await other.noted())
            await first.aclose()
            await other.until(len(ARTICLES) * len(COUNTS))

            assert 10 <= taken <= 16
            assert 0 < noted < len(ARTICLES) * len(COUNTS)
            assert await is_all_in_order(other)


class Late(Turns):
    """Turns that are as long as a test says."""

    share = 0.5

    def refused(self, now: float) -> float:
        """So much is refused."""
        return self.share


@simulated
async def test_when_a_process_has_too_much_to_do_deliveries_wait() -> None:
    """Calls go on; and when it is over, each is delivered in order, having cost no attempt."""
    late, pricing = Late(), Pricing(takes_s=0.0)
    door = Shedding(Random(1).random, turns=late)
    async with world() as coast, coast.reading(pricing.react, doorkeeper=door) as reader:
        await sell_all(coast.shop)
        asked = await pricing.watched(20.0)
        calls = [door.admits(NORMAL, time()) for _ in range(100)]
        for is_in in calls:
            if is_in:
                door.ended("call", None)
        late.share = 0.0
        await reader.until(len(ARTICLES) * len(COUNTS))

        assert asked == 0
        assert sum(calls) > 70
        assert door.shed[BACKGROUND] > 1_000
        assert await is_all_in_order(reader)
        assert len(pricing.asked_at) == len(ARTICLES) * len(COUNTS)
    assert door.in_progress == 0


@simulated
async def test_without_a_doorkeeper_they_wait_for_nobody() -> None:
    """The control."""
    pricing = Pricing(takes_s=0.0)
    async with world() as coast, coast.reading(pricing.react, doorkeeper=Open()) as reader:
        await sell_all(coast.shop)
        await asyncio.sleep(20.0)

        assert await is_all_in_order(reader)


@simulated
async def test_an_instance_that_leaves_does_not_wait_for_the_doorkeeper() -> None:
    """Nor does one whose deliveries are cut off leave any behind that count as in progress."""
    late, pricing = Late(), Pricing(takes_s=60.0)
    late.share = 0.0
    door = Shedding(Random(1).random, turns=late)
    async with world() as coast:
        async with coast.reading(pricing.react, doorkeeper=door):
            await coast.shop.sell(1)
            await asyncio.sleep(1.0)
            assert door.in_progress == 1
        assert door.in_progress == 0

        late.share = 1.0
        async with coast.reading(pricing.react, doorkeeper=door):
            await sell_all(coast.shop)
            await asyncio.sleep(5.0)
            leaves_at = time()
        assert time() - leaves_at < 0.1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, State.CLOSED),
        (ValueError("a defect"), State.CLOSED),
        (Undeliverable("it does not fit"), State.CLOSED),
        (Refused("no"), State.CLOSED),
        (NotNow("busy", 3.0), State.CLOSED),
        (Overloaded(service="pricing", reason="too much"), State.CLOSED),
        (RateLimited(per_s=1.0, retry_after_s=1.0), State.CLOSED),
        (Fenced(), State.CLOSED),
        (asyncio.CancelledError(), State.CLOSED),
        (NotNow("nobody is there"), State.OPEN),
        (Unavailable(service="pricing", reason="it is down"), State.OPEN),
        (DeadlineExceeded(operation="pricing.price"), State.OPEN),
        (DatabaseUnavailable("it is down"), State.OPEN),
        (TimeoutError("the handler took longer than 5 s"), State.OPEN),
    ],
)
@simulated
async def test_what_an_error_says_of_what_handlers_need(error: BaseException | None, state: State) -> None:
    """Only that something cannot answer, or not in time, opens it; who says when to come again can answer."""
    breaker = Breaker(lambda: 0.5)
    admission = Admission(("billing", "shop"), breaker, Open(), lambda: 0.5)
    for _ in range(20):
        ended(admission, error)

    assert breaker.state is state


@pytest.mark.parametrize("error", [NotNow("busy", 3.0), Fenced(), asyncio.CancelledError()])
@simulated
async def test_an_attempt_that_says_nothing_makes_room_for_another(error: BaseException) -> None:
    """Or it would stay shut for good."""
    breaker = opened(1.0, time())
    admission = Admission(("billing", "shop"), breaker, Open(), lambda: 0.5)
    await asyncio.sleep(1.0)
    for _ in range(3):
        ended(admission, error)

    assert breaker.state is State.TRYING
    assert admission.passage("sold") is not None
    assert admission.passage("sold") is None


@simulated
async def test_a_doorkeeper_that_refuses_the_one_who_finds_out_leaves_room_for_another() -> None:
    """Both have to let it pass: what was admitted by one alone does not count as under way."""
    late = Late()
    breaker = opened(1.0, time())
    admission = Admission(("billing", "shop"), breaker, Shedding(Random(1).random, turns=late), lambda: 0.5)
    await asyncio.sleep(1.0)
    refused = admission.passage("sold")
    late.share = 0.0

    assert refused is None
    assert admission.passage("sold") is not None


def ended(admission: Admission, error: BaseException | None) -> None:
    """One attempt, which ends so."""
    passage = admission.passage("sold")
    assert passage is not None
    expected = nullcontext() if error is None else pytest.raises(type(error))
    with expected, passage:
        if error is not None:
            raise error
