"""Events that services from elsewhere are told of: by POST, in order, at least once; what they answer is heard."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from atoll import (
    Application,
    Config,
    Context,
    Database,
    Event,
    Mistakes,
    Mounted,
    Posted,
    Reference,
    Remote,
    Service,
    World,
    contract,
    post,
)
from atoll.data import Database as Stored
from atoll.events import Form
from atoll.events.letters import Which, letters
from atoll.kernel import current
from atoll.operating import By, operated
from atoll.testing import running
from atoll.topology import Running
from atoll.topology.graph import describe
from tests.elsewhere.hook import Answer, OrderPlaced, Request, desk
from tests.patience import PATIENCE_S
from tests.placements import Placement, on_every_placement
from tests.simulated import simulated

HOOK = "tests.elsewhere.hook"


class OrderPaid(Event, key="order_id"):
    """It was paid."""

    order_id: str
    number: int = 0


@contract(version="1.0", publishes=(OrderPlaced, OrderPaid))
class Orders(Protocol):
    """Takes orders."""

    @post("/orders/{order_id}")
    async def place(self, order_id: str, first: int = 0, events: int = 1) -> None: ...

    @post("/orders/{order_id}/paid")
    async def pay(self, order_id: str, number: int) -> None: ...


class OrdersService(Service, Orders, owner="sales"):
    """Takes orders."""

    db: Database

    async def place(self, order_id: str, first: int = 0, events: int = 1) -> None:
        async with self.db.transaction() as tx:
            for number in range(first, first + events):
                tx.publish(OrderPlaced(order_id=order_id, number=number))

    async def pay(self, order_id: str, number: int) -> None:
        async with self.db.transaction() as tx:
            tx.publish(OrderPaid(order_id=order_id, number=number))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    desk.clear()
    yield
    desk.clear()


def told(*subscribes: Posted) -> Application:
    """Orders, and the hook, which is told of them."""
    hook = Mounted("hook", f"{HOOK}:app", contract=f"{HOOK}:Hook", owner="them", subscribes=subscribes)
    return Application("shop", services=[OrdersService, hook], edges=())


@asynccontextmanager
async def shop(placement: Placement, *subscribes: Posted) -> AsyncGenerator[Running]:
    """That application, running."""
    async with placement.running(told(*(subscribes or (Posted(OrderPlaced, to="/events"),)))) as app:
        yield app


async def until(claim: Callable[[], bool], within_s: float = 3_000.0) -> None:
    """Wait until something is so, in virtual time."""
    async with asyncio.timeout(within_s):
        while not claim():  # noqa: ASYNC110  # nothing tells, and the time is virtual
            await asyncio.sleep(0.01)


def database(app: Running) -> Stored:
    """That of the publisher."""
    return app.owned["orders"].database


# --- what is posted ---------------------------------------------------------------------------------------------------


@on_every_placement
@simulated
async def test_a_structured_event_says_who_published_it_and_in_which_trace(placement: Placement) -> None:
    """As an envelope; the head names the publisher, the tenant and the key of the delivery, for whoever wants them."""
    async with shop(placement) as app:
        current.set(Context(user="ada", tenant="east"))
        await app.client(Orders).place("7")
        current.set(Context())
        await until(lambda: len(desk.requests) == 1)

    (request,) = desk.requests
    envelope = json.loads(request.body)
    assert request.path == "/events"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
    assert request.headers["content-length"] == str(len(request.body))
    assert request.headers["atoll-caller"] == "orders"
    assert request.headers["atoll-tenant"] == "east"
    assert request.headers["idempotency-key"] == f"/shop/orders:{envelope['id']}:hook"
    assert 0 < float(request.headers["atoll-timeout"]) <= 30
    assert envelope["traceparent"].split("-")[1] == request.headers["traceparent"].split("-")[1]
    assert envelope["traceparent"] != request.headers["traceparent"]
    assert (envelope["source"], envelope["type"]) == ("/shop/orders", "orders.order_placed.v1")
    assert (envelope["tenant"], envelope["actor"], envelope["partitionkey"]) == ("east", "ada", "7")
    assert envelope["data"] == {"order_id": "7", "number": 0}


@on_every_placement
@simulated
async def test_a_binary_event_has_its_attributes_in_the_head(placement: Placement) -> None:
    """Percent-encoded, over a network as in one process."""
    async with shop(placement, Posted(OrderPlaced, to="/hooks/orders%20new", form="binary")) as app:
        await app.client(Orders).place('ü "7" %')
        await until(lambda: len(desk.requests) == 1)

    (request,) = desk.requests
    assert request.path == "/hooks/orders new"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["ce-partitionkey"] == "%C3%BC%20%227%22%20%25"
    assert request.headers["ce-type"] == "orders.order_placed.v1"
    assert request.headers["ce-specversion"] == "1.0"
    assert json.loads(request.body) == {"order_id": 'ü "7" %', "number": 0}


@on_every_placement
@simulated
async def test_a_batch_holds_several_of_one_partition_in_their_order(placement: Placement) -> None:
    """As many as wait, a hundred at most."""
    async with shop(placement, Posted(OrderPlaced, to="/events", form="batch")) as app:
        await app.client(Orders).place("7", events=250)
        await until(lambda: len(desk.numbers) == 250)

    assert desk.numbers == list(range(250))
    assert [len(request.numbers) for request in desk.requests] == [100, 100, 50]
    assert {request.headers["content-type"] for request in desk.requests} == {
        "application/cloudevents-batch+json; charset=UTF-8"
    }
    assert not any("idempotency-key" in request.headers for request in desk.requests)


@on_every_placement
@simulated
async def test_events_of_several_types_keep_the_order_of_their_key(placement: Placement) -> None:
    """Also where one type goes together and the other one alone, to another place."""
    wanted = (Posted(OrderPlaced, to="/many", form="batch"), Posted(OrderPaid, to="/one", form="binary"))
    async with shop(placement, *wanted) as app:
        orders = app.client(Orders)
        for number in range(0, 60, 3):
            await orders.place("7", first=number, events=2)
            await orders.pay("7", number + 2)
        await until(lambda: len(desk.numbers) == 60)

    assert desk.numbers == list(range(60))
    assert {request.path for request in desk.requests} == {"/many", "/one"}


@on_every_placement
@simulated
async def test_whoever_subscribes_from_now_on_is_not_told_of_before(placement: Placement) -> None:
    """The publisher's log is older than the subscription."""
    async with shop(placement, Posted(OrderPlaced, to="/events", since="now")) as app:
        await until(lambda: bool(app.owned["orders"].subscriptions[0].lanes))
        await app.client(Orders).place("7", first=5)
        await until(lambda: len(desk.requests) == 1)

    assert desk.numbers == [5]


# --- what is answered -------------------------------------------------------------------------------------------------


@on_every_placement
@simulated
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_the_end_of_it(placement: Placement, status: int) -> None:
    """Nothing is told twice."""
    desk.answer = lambda _: (status, {})
    async with shop(placement) as app:
        await app.client(Orders).place("7", events=3)
        await until(lambda: len(desk.requests) == 3)
        await asyncio.sleep(100)

    assert desk.numbers == [0, 1, 2]


@on_every_placement
@simulated
@pytest.mark.parametrize("status", [429, 503])
async def test_whoever_asks_to_be_left_alone_is(placement: Placement, status: int) -> None:
    """For as long as `Retry-After` says, and the event keeps its place before those that follow."""
    desk.answers = [(status, {"Retry-After": "600"}), (status, {"retry-after": "30"})]
    async with shop(placement) as app:
        began_at = asyncio.get_running_loop().time()
        await app.client(Orders).place("7", events=2)
        await until(lambda: len(desk.requests) == 4)
        took_s = asyncio.get_running_loop().time() - began_at
        parked = await letters(database(app), {})

    assert took_s >= 629
    assert desk.numbers == [0, 0, 0, 1]
    assert parked == []


@on_every_placement
@simulated
async def test_who_is_left_alone_does_not_hold_up_the_end(placement: Placement) -> None:
    """A publisher that stops waits for nobody's hour to pass; the event is told at the next start."""
    async with shop(placement) as app:
        desk.answer = lambda _: (503, {"retry-after": "3600"})
        await app.client(Orders).place("7")
        await until(lambda: len(desk.requests) == 1)
        stopped_at = asyncio.get_running_loop().time()

    assert asyncio.get_running_loop().time() - stopped_at < 5


@on_every_placement
@simulated
@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_the_wrong_moment_is_the_fault_of_no_event(placement: Placement, status: int) -> None:
    """It is tried on and on, however often, and overtaken by none of its key."""
    desk.answers = [(status, {})] * 40
    async with shop(placement) as app:
        await app.client(Orders).place("7", events=2)
        await until(lambda: len(desk.requests) == 42)

    assert desk.numbers == [0] * 41 + [1]


@on_every_placement
@simulated
@pytest.mark.parametrize("status", [400, 404, 410, 415, 422, 301])
async def test_what_will_never_work_is_soon_a_dead_letter(placement: Placement, status: int) -> None:
    """After three attempts; what comes behind it of the same key waits, other keys go on."""
    desk.answer = lambda request: (status if b'"7"' in request.body else 204, {})
    async with shop(placement) as app:
        await app.client(Orders).place("7", events=2)
        await app.client(Orders).place("8", first=8)
        await until(lambda: len(desk.requests) == 4)
        await asyncio.sleep(60)
        (letter,) = await letters(database(app), {"orders.order_placed.v1": OrderPlaced}, Which())

    assert sorted(desk.numbers) == [0, 0, 0, 8]
    assert (letter.subscription, letter.publisher, letter.key, letter.behind) == ("hook", "orders", "7", 1)
    assert letter.error == f"Refused: hook answers {status} at /events: said so"
    assert letter.attempts == 3


@on_every_placement
@simulated
async def test_what_fails_is_tried_again_then_put_aside_and_dead_at_last(placement: Placement) -> None:
    """As with any handler: three attempts in its place, the others from aside, as many as are said."""
    desk.answer = lambda request: (500 if b'"7"' in request.body else 204, {})
    async with shop(placement, Posted(OrderPlaced, to="/events", attempts_max=5)) as app:
        await app.client(Orders).place("7")
        await app.client(Orders).place("8", first=8)
        await until(lambda: len(desk.requests) == 6)
        await asyncio.sleep(600)
        (letter,) = await letters(database(app), {}, Which())

    assert sorted(desk.numbers) == [0, 0, 0, 0, 0, 8]
    assert letter.error == "NotTaken: hook answers 500 at /events: said so"


@on_every_placement
@simulated
async def test_whoever_takes_too_long_has_failed(placement: Placement) -> None:
    """Its time is the subscription's own; it is told again."""
    waits = [1_000.0, 0.0]

    async def pause() -> None:
        await asyncio.sleep(waits.pop(0))

    desk.pause = pause
    async with shop(placement, Posted(OrderPlaced, to="/events", timeout_s=5)) as app:
        began_at = asyncio.get_running_loop().time()
        await app.client(Orders).place("7")
        await until(lambda: len(desk.requests) == 1)
        took_s = asyncio.get_running_loop().time() - began_at

    assert 5 < took_s < 10


@on_every_placement
@simulated
async def test_one_bad_event_of_a_batch_is_found(placement: Placement) -> None:
    """Together they fail, so each goes alone: the bad one is dead, its key waits behind it, others go on."""
    desk.answer = lambda request: (422 if b'"number":3}' in request.body else 204, {})
    async with shop(placement, Posted(OrderPlaced, to="/events", form="batch")) as app:
        await app.client(Orders).place("7", events=5)
        await asyncio.sleep(60)
        (letter,) = await letters(database(app), {}, Which())

    assert [request.numbers for request in desk.requests] == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [3], [3]]
    assert (letter.key, letter.behind) == ("7", 1)


@on_every_placement
@simulated
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("form", ["structured", "batch"])
async def test_whatever_fails_when_the_order_of_a_key_stays(placement: Placement, seed: int, form: Form) -> None:
    """Half of all answers are failures of some kind: in the end each event was taken, once, in the order of its key."""
    chance = random.Random(seed)
    taken: dict[str, list[int]] = {}
    failures: list[Answer] = [(503, {}), (503, {"retry-after": "2"}), (500, {}), (429, {}), (408, {})]

    def answer(request: Request) -> Answer:
        if chance.random() < 0.5:
            return chance.choice(failures)
        for order_id, number in request.orders:
            taken.setdefault(order_id, []).append(number)
        return 204, {}

    desk.answer = answer
    async with shop(placement, Posted(OrderPlaced, to="/events", form=form, attempts_max=1_000)) as app:
        for order in range(8):
            await app.client(Orders).place(f"order-{order}", events=12)
        await until(lambda: sum(map(len, taken.values())) >= 96, 20_000)

    assert taken == {f"order-{order}": list(range(12)) for order in range(8)}


# --- the operator ----------------------------------------------------------------------------------------------------

BY = By("ada", "it is mended")


async def test_its_operator_looks_after_it_like_after_the_others(tmp_path: Path) -> None:
    """Where it is, what it has refused, another attempt, all of it again: in the database of the publisher."""
    application = told(Posted(OrderPlaced, to="/events", replayable=True))
    world = World.real(tmp_path)
    desk.answer = lambda request: (400 if request.numbers == [1] else 204, {})
    async with running(application, world=world) as app:
        await app.client(Orders).place("7", events=3)
        async with asyncio.timeout(PATIENCE_S):
            while not await letters(database(app), {}):  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.02)

    desk.answer = lambda _: (204, {})
    async with operated(application, tmp_path, Config({})) as found:
        (status,), _ = await found.overview()
        dead = await found.letters(Which())
        replayed = await found.replay(Which(), "orders", BY)
    before = len(desk.requests)
    async with running(application, world=world):
        await _comes(lambda: desk.numbers[before:] == [1, 2])
    async with operated(application, tmp_path, Config({})) as found:
        rewound = await found.rewind(status, await found.goal(status, None), BY)
    async with running(application, world=world):
        await _comes(lambda: desk.numbers[before:] == [1, 2, 0, 1, 2])

    assert (status.subscriber, status.publisher, status.dead, status.is_replayable) == ("hook", "orders", 1, True)
    assert {name: [letter.position for letter in several] for name, several in dead.items()} == {"orders": [2]}
    assert (replayed, rewound.position) == (1, 0)


async def _comes(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not claim():  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.02)


# --- what cannot be ---------------------------------------------------------------------------------------------------


def mistakes_of(application: Application) -> list[str]:
    """Everything that is wrong with it."""
    with pytest.raises(Mistakes) as caught:
        describe(application)
    return [mistake.what for mistake in caught.value.mistakes]


class NeverPublished(Event):
    """Nobody says this."""

    text: str


def test_mistakes_are_told_at_the_start() -> None:
    """All of them: an event of nobody, a path that is none, an event that goes to two places."""
    application = told(
        Posted(NeverPublished, to="/events"),
        Posted(OrderPlaced, to="events"),
        Posted(OrderPlaced, to="/events/{id}"),
        Posted(OrderPaid, to="/events?key=1"),
    )

    assert mistakes_of(application) == [
        "`hook` is to be told of NeverPublished, which no service of the application publishes",
        "`events` is no path at which `hook` could be told of events",
        "`/events/{id}` is no path at which `hook` could be told of events",
        "`/events?key=1` is no path at which `hook` could be told of events",
        "`hook` is to be told of OrderPlaced twice",
    ]


def test_words_that_mean_nothing_are_told() -> None:
    """Also where no type checker has looked."""
    unchecked: Any = "json"  # Any: what a checker would refuse

    assert mistakes_of(told(Posted(OrderPlaced, to="/events", form=unchecked, timeout_s=0))) == [
        "`hook` is to be told of OrderPlaced with `form='json'`",
        "`hook` is to be told of OrderPlaced in no attempt, or in no time",
    ]


def test_a_publisher_in_an_environment_of_its_own_knows_of_nobody() -> None:
    """What to do instead is told: a service of the application tells it on."""
    orders = Reference(
        "shop.orders:OrdersService", contract="tests.elsewhere.test_posting:Orders", requirement="shop-orders==1.0"
    )
    posted = (Posted(OrderPlaced, to="/events"),)
    geo = Remote("hook", "https://geo.example.com", contract=f"{HOOK}:Hook", subscribes=posted, owner="them")
    application = Application("shop", services=[orders, geo], edges=(), owner="me")

    assert mistakes_of(application) == [
        "`hook` is to be told of OrderPlaced, but `orders` runs where nobody knows of it"
    ]


def test_who_is_told_is_seen_in_the_graph() -> None:
    """As any subscriber, so that it is shown, exported and looked after like the others."""
    assert describe(told(Posted(OrderPlaced, to="/events"))).events == (("orders", "orders.order_placed.v1", "hook"),)


async def test_nobody_is_told_in_the_name_of_a_service_that_wants_nothing() -> None:
    """The control: without `subscribes` there is no subscription."""
    async with running(told()) as app:
        assert app.owned["orders"].subscriptions == []
