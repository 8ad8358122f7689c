"""What is recorded of an application, without a word in its services: one trace, from a call to its last effect."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import pytest

from atoll import (
    Application,
    Database,
    Event,
    Personal,
    Problem,
    Service,
    Transaction,
    contract,
    depends,
    every,
    get,
    on,
    post,
    private,
)
from atoll.kernel import Context, Trace, current
from atoll.telemetry import Kind, MemoryRecorder, Span
from atoll.testing import running
from tests.patience import PATIENCE_S


class Sold(Event, key="order"):
    """An article was sold."""

    order: str


class Billed(Event, key="order"):
    """The bill was written."""

    order: str


class NotToday(Problem, status=409, detail="not today"):
    """It is a holiday."""


@contract(version="1.0")
class Rates(Protocol):
    """Knows what things cost."""

    @get("/rates/{article}/of/{name}")
    async def rate(self, article: str, name: Personal[str]) -> int: ...

    @get("/people/{name}")
    async def of(self, name: Personal[str]) -> int: ...


@contract(version="1.0", publishes=(Sold,))
class Shop(Protocol):
    """Sells."""

    @post("/orders/{order}", raises=(NotToday,))
    async def sell(self, order: str, *, holiday: bool = False) -> int: ...


@contract(version="1.0", publishes=(Billed,))
class Billing(Protocol):
    """Writes bills."""


class RatesService(Service, Rates):
    async def rate(self, article: str, name: str) -> int:
        return 3

    async def of(self, name: str) -> int:
        return 4


class OldRates(Rates):
    """What rates were."""

    async def rate(self, article: str, name: str) -> int:
        return 1

    async def of(self, name: str) -> int:
        return 1


class ShopService(Service, Shop):
    rates: Rates = depends(fallback=OldRates)
    db: Database
    turns: list[float] = private(default_factory=list)

    async def sell(self, order: str, *, holiday: bool = False) -> int:
        if holiday:
            raise NotToday
        price = await self.rates.rate("lamp", "Ada Lovelace")
        logging.getLogger("shop").info("%s costs %d", order, price)
        async with self.db.transaction() as tx:
            tx.publish(Sold(order=order))
        return price

    @every(seconds=1)
    async def count(self, tx: Transaction) -> None:
        self.turns.append(1.0)


class BillingService(Service, Billing):
    db: Database
    refusals: list[str] = private(default_factory=lambda: ["once"])

    @on(Sold, since="oldest")
    async def bill(self, event: Sold, tx: Transaction) -> None:
        if self.refusals:
            raise ValueError(self.refusals.pop())
        tx.publish(Billed(order=event.order))


COAST = Application("coast", services=[RatesService, ShopService, BillingService], edges=(), owner="coast")


async def until(recorder: MemoryRecorder, is_there: Callable[[Span], bool]) -> Span:
    """The first record of which something is true; waited for."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for span in recorder.records:
                if is_there(span):
                    return span
            await asyncio.sleep(0.01)  # the events take their time, whatever is asked


async def test_a_call_and_what_follows_from_it_are_one_trace() -> None:
    """Through an event to its reaction, which fails once, and the event that it publishes itself."""
    recorder = MemoryRecorder()

    async with running(COAST, recorder=recorder) as app:
        current.set(Context(trace=Trace(7, 8, 0, True), tenant="east"))
        assert await app.client(Shop).sell("o-1") == 3
        billed = await until(recorder, lambda span: span.name == "billing.billed.v1")

    spans = [span for span in recorder.records if span.trace_id == 7]
    by_kind = {kind: [span for span in spans if span.kind is kind] for kind in Kind}
    sell = next(span for span in by_kind[Kind.CALL] if span.name == "shop.sell")
    sold = next(span for span in by_kind[Kind.PUBLISHED] if span.name == "shop.sold.v1")
    failed, done = by_kind[Kind.DELIVERY]
    assert (sell.service, sell.parent_id, sell.key, sell.tenant) == ("shop", 8, "o-1", "east")
    assert (sold.service, sold.parent_id, sold.key, sold.duration_s) == ("shop", sell.span_id, "o-1", 0.0)
    assert (failed.outcome, done.outcome) == ("failed", "ok")
    assert {(each.service, each.caller, each.name, each.key) for each in (failed, done)} == {
        ("billing", "shop", "shop.sold.v1", "o-1")
    }
    assert failed.parent_id == done.parent_id == sell.span_id
    assert (billed.trace_id, billed.parent_id, billed.service) == (7, done.span_id, "billing")
    assert len({span.span_id for span in spans}) == len(spans)


async def test_keys_are_never_personal() -> None:
    """The first word in the path that is not; none where all are."""
    recorder = MemoryRecorder()

    async with running(COAST, recorder=recorder) as app:
        await app.client(Rates).rate("lamp", "Ada Lovelace")
        await app.client(Rates).of("Ada Lovelace")

    assert [span.key for span in recorder.records if span.service == "rates"] == ["lamp", ""]
    assert "Lovelace" not in repr(recorder.records)


async def test_a_call_that_nobody_answers_is_recorded_by_its_caller() -> None:
    """With the fallback that answered for it; who was asked is not there to record anything."""
    recorder = MemoryRecorder()

    async with running(COAST, services=["shop"], recorder=recorder) as app:
        assert await app.client(Shop).sell("o-2") == 1

    (asked,) = [span for span in recorder.records if span.kind is Kind.ASKED]
    sell = next(span for span in recorder.records if span.name == "shop.sell")
    assert (asked.service, asked.name, asked.outcome) == ("shop", "rates.rate", "unavailable")
    assert (asked.degraded, sell.degraded) == (("rates.rate",), ("rates.rate",))
    assert (asked.trace_id, asked.parent_id) == (sell.trace_id, sell.span_id)


async def test_calls_that_are_answered_are_recorded_once() -> None:
    """The control: by who has answered, and also where the answer is a problem of the contract."""
    recorder = MemoryRecorder()

    async with running(COAST, recorder=recorder) as app:
        with pytest.raises(NotToday):
            await app.client(Shop).sell("o-3", holiday=True)

    (sell,) = [span for span in recorder.records if span.name == "shop.sell"]
    assert (sell.outcome, sell.is_well) == ("not_today", False)
    assert not [span for span in recorder.records if span.kind is Kind.ASKED]


async def test_nothing_is_recorded_of_what_was_undone() -> None:
    """An event that was published in a transaction that did not commit was never published."""
    recorder = MemoryRecorder()

    async with running(COAST, recorder=recorder) as app:
        with pytest.raises(NotToday):
            await app.client(Shop).sell("o-4", holiday=True)

    assert not [span for span in recorder.records if span.kind is Kind.PUBLISHED]


async def test_what_is_done_again_and_again_is_recorded() -> None:
    """Each turn a trace of its own."""
    recorder = MemoryRecorder()

    async with running(COAST, recorder=recorder):
        turn = await until(recorder, lambda span: span.kind is Kind.TURN and span.name == "count")

    assert (turn.service, turn.outcome, turn.parent_id) == ("shop", "ok", 0)
