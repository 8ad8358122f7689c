"""Events that services from elsewhere publish: taken by POST, durably, each once; what is wrong has its pointer."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from atoll import (
    Application,
    Command,
    Database,
    Mistakes,
    Mounted,
    Posted,
    Service,
    Transaction,
    World,
    context,
    contract,
    get,
    on,
)
from atoll.events import Wanted
from atoll.hosting import Directory, Peers, serving
from atoll.testing import PostgresServer, running
from atoll.topology import Running
from tests.elsewhere.hook import OrderPlaced, OrderSeen, desk
from tests.patience import PATIENCE_S
from tests.placements import Placement, on_every_placement
from tests.simulated import simulated

HOOK = "tests.elsewhere.hook"
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
TYPE = "hook.order_seen.v1"
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop/hook", "type": TYPE}

metadata = MetaData()
SEEN = Table(
    "seen",
    metadata,
    Column("place", Integer, primary_key=True),
    Column("order_id", String),
    Column("number", Integer),
    Column("said", String),
)
ADD = insert(SEEN)
ALL = select(SEEN.c.order_id, SEEN.c.number, SEEN.c.said).order_by(SEEN.c.place)


@contract(version="1.0")
class Ledger(Protocol):
    """Writes down what the hook says."""

    @get("/seen")
    async def seen(self) -> list[tuple[str, int, str]]: ...


class LedgerService(Service, Ledger, owner="finance"):
    """Reacts to what was not written with Atoll, as to anything."""

    db: Database

    @on(OrderSeen)
    async def note(self, event: OrderSeen, tx: Transaction) -> None:
        said = f"{context().caller} {context().tenant} {context().actor}"
        await tx.execute(ADD, {"order_id": event.order_id, "number": event.number, "said": said})

    async def seen(self) -> list[tuple[str, int, str]]:
        return [tuple(row) for row in await self.db.read(ALL)]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    desk.clear()
    yield
    desk.clear()


def hook(**more: Any) -> Mounted:  # Any: what a mounted application takes
    """The hook, which publishes."""
    return Mounted("hook", f"{HOOK}:app", contract=f"{HOOK}:Hook", owner="them", **more)


SHOP = Application("shop", services=[LedgerService, hook()], edges=())


def event(number: int, **changed: object) -> dict[str, object]:
    """An event with this number, and an id made of it."""
    return EVENT | {"id": f"event-{number}", "data": {"order_id": "7", "number": number}} | changed


async def publish(said: object, headers: Mapping[str, str] = STRUCTURED) -> tuple[int, Any]:  # Any: JSON
    """What is answered to a POST of the hook, as its application makes it."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    status, answer = await desk.state["atoll_events"](body, headers)
    return status, json.loads(answer) if answer else None


async def pointers(said: object, headers: Mapping[str, str] = STRUCTURED) -> list[str]:
    """Where the faults are in what is not taken."""
    status, answer = await publish(said, headers)
    assert (status, answer["code"]) == (422, "invalid_input")
    return [fault["pointer"] for fault in answer["errors"]]


async def seen(app: Running, count: int) -> list[tuple[str, int, str]]:
    """What the ledger has written down, once it is so much."""
    ledger = app.client(Ledger)
    async with asyncio.timeout(PATIENCE_S):
        while len(found := await ledger.seen()) < count:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.02)
    return found


async def log(app: Running) -> list[dict[str, Any]]:  # Any: JSON
    """The hook's own log."""
    wanted = Wanted("test", (TYPE, "hook.noted.v1"), tuple(range(32)), 0, 0)
    return [json.loads(bytes(each.event)) for each in (await app.owned["hook"].log.fetch(wanted)).messages]


# --- taken -----------------------------------------------------------------------------------------------------------


@on_every_placement
@simulated
async def test_what_is_posted_reaches_whoever_reacts_to_it(placement: Placement) -> None:
    """In every form; from its publisher, for its tenant, with its actor."""
    head = {f"CE-{name}": str(value) for name, value in (EVENT | {"id": "two", "tenant": "east"}).items()}
    async with placement.running(SHOP) as app:
        one = await publish(event(1, actor="ada"))
        two = await publish({"order_id": "8", "number": 2}, head | {"Content-Type": "application/json"})
        more = await publish([event(3), event(4)], BATCH)
        found = await seen(app, 4)

    assert one == two == more == (204, None)
    assert [number for order, number, _ in found if order == "7"] == [1, 3, 4]
    assert {number: said for _, number, said in found} == {
        1: "hook main ada",
        2: "hook east None",
        3: "hook main None",
        4: "hook main None",
    }


@simulated
async def test_an_event_is_known_by_its_source_and_id() -> None:
    """It is taken once, however often it is posted, alone or with others, and every POST is acknowledged."""
    async with running(SHOP) as app:
        answers = [
            await publish(event(1)),
            await publish(event(1)),
            await publish([event(1), event(2), event(2)], BATCH),
            await publish(event(1, data={"order_id": "7", "number": 9})),
        ]
        await publish(event(3))
        found = await seen(app, 3)

    assert answers == [(204, None)] * 4
    assert [number for _, number, _ in found] == [1, 2, 3]


@simulated
async def test_many_that_post_the_same_at_once_publish_once() -> None:
    """Whoever was not answered in time posts again while the first is under way."""
    async with running(SHOP) as app:
        answers = await asyncio.gather(*(publish([event(1), event(2)], BATCH) for _ in range(20)))
        logged = await log(app)

    assert answers == [(204, None)] * 20
    assert [each["id"] for each in logged] == ["event-1", "event-2"]


@simulated
async def test_the_log_keeps_attributes_of_others_and_counts_by_key() -> None:
    """What the platform sets it sets; what it does not know it keeps, with its type."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    more = {"region": "eu", "retries": 3, "urgent": True, "subject": "a lamp", "traceparent": trace, "sequence": "99"}
    async with running(SHOP) as app:
        await publish(event(1, time="2026-11-02T09:30:00.5+01:00", **more))
        await publish(event(2), STRUCTURED | {"traceparent": trace.replace("4bf", "5bf")})
        first, second = await log(app)

    assert first == event(1) | more | {
        "time": "2026-11-02T09:30:00.5+01:00",
        "datacontenttype": "application/json",
        "partitionkey": "7",
        "sequence": "00000000000000000001",
    }
    assert second["sequence"] == "00000000000000000002"
    assert second["traceparent"].startswith("00-5bf92f3577")
    assert second["time"].endswith("Z")


@simulated
async def test_data_is_kept_as_its_class_declares_it() -> None:
    """Unknown fields are left out, absent ones have their defaults; `data_base64` is data, too."""
    encoded = base64.b64encode(b'{"order_id": "8"}').decode()
    async with running(SHOP) as app:
        await publish(event(1, data={"order_id": "7", "number": 1, "email": "ada@example.com"}))
        await publish(EVENT | {"id": "two", "data_base64": encoded})
        logged = await log(app)

    assert [each["data"] for each in logged] == [{"order_id": "7", "number": 1}, {"order_id": "8", "number": 0}]


@simulated
async def test_events_without_a_key_may_name_one() -> None:
    """Then they keep its order; without, they have none."""
    noted = EVENT | {"type": "hook.noted.v1", "data": {"text": "x"}}
    async with running(SHOP) as app:
        await publish(noted | {"id": "one", "partitionkey": "a"})
        await publish(noted | {"id": "two"})
        one, two = await log(app)

    assert (one["partitionkey"], one["sequence"]) == ("a", "00000000000000000001")
    assert not {"partitionkey", "sequence"} & two.keys()


@simulated
async def test_what_is_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    """Its log is a database of its own, beside those of the others."""
    world = World.real(tmp_path)
    async with running(Application("shop", services=[hook()], edges=(), owner="me"), world=world):
        await publish(event(1))
    async with running(SHOP, world=world) as app:
        again = await publish(event(1))
        found = await seen(app, 1)
        logged = await log(app)

    assert again == (204, None)
    assert [number for _, number, _ in found] == [1]
    assert len(logged) == 1


async def test_postgresql_keeps_the_log_as_well(postgres: PostgresServer, tmp_path: Path) -> None:
    """With a schema and a role of the service's own."""
    settings = {"SHOP_DATABASE_URL": postgres.url()}
    async with running(SHOP, settings=settings, world=World.real(tmp_path)) as app:
        await publish([event(1), event(2), event(1)], BATCH)
        refused = await publish(event(3, id="a\0b"))
        strange = await publish(event(4, data={"order_id": "a\0b", "number": 4}))
        found = await seen(app, 2)
        dialect = app.owned["hook"].database.dialect

    assert dialect == "postgresql"
    assert [number for _, number, _ in found] == [1, 2]
    assert refused[0] == 422
    assert strange[0] == 422


@simulated
async def test_one_from_elsewhere_is_told_of_what_another_one_publishes() -> None:
    """By whoever keeps the log; attributes of others reach it."""
    other = Mounted(
        "other",
        f"{HOOK}:app",
        contract="tests.elsewhere.test_publishing:Other",
        owner="them",
        subscribes=(Posted(OrderSeen, to="/seen", form="binary"),),
    )
    async with running(Application("shop", services=[hook(), other], edges=())):
        await publish(event(5, region="eu", retries=3))
        async with asyncio.timeout(PATIENCE_S):
            while not desk.requests:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)

    (request,) = desk.requests
    assert (request.path, request.numbers) == ("/seen", [5])
    assert (request.headers["ce-region"], request.headers["ce-retries"]) == ("eu", "3")
    assert request.headers["ce-source"] == "/shop/hook"


@contract(version="1.0")
class Other(Protocol):
    """Another application from elsewhere."""

    @get("/nothing")
    async def nothing(self) -> int: ...


# --- not taken -------------------------------------------------------------------------------------------------------


@simulated
async def test_what_may_not_be_published_is_told_with_pointers() -> None:
    """Undeclared types, the names of others, broken envelopes, data that does not fit, keys that are others'."""
    head = {f"ce-{name}": str(value) for name, value in EVENT.items()} | {"content-type": "application/json"}
    async with running(SHOP) as app:
        assert await pointers(event(1, type="hook.order_seen.v2")) == ["/type"]
        assert await pointers(event(1, source="/shop/orders")) == ["/source"]
        assert await pointers(event(1, source="/shop/orders", type="orders.order_placed.v1")) == ["/source", "/type"]
        assert await pointers(event(1, specversion="0.3", id=None)) == ["/id", "/specversion"]
        assert await pointers(event(1, data={"order_id": 7, "number": "x"})) == ["/data/order_id", "/data/number"]
        assert await pointers(event(1, data=None)) == ["/data"]
        assert await pointers(EVENT) == ["/data"]
        assert await pointers(event(1, partitionkey="8")) == ["/partitionkey"]
        assert await pointers(event(1, data={"order_id": ""})) == ["/data"]
        assert await pointers(event(1, erasedat="2026-11-02T09:30:00Z")) == ["/erasedat"]
        assert await pointers(EVENT | {"data_base64": "eyJvcmRlcl9pZCI6IDd9"}) == ["/data_base64/order_id"]
        assert await pointers(b"{", STRUCTURED) == [""]
        assert await pointers({"order_id": 7}, head) == ["/order_id"]
        assert await pointers({"order_id": "7"}, head | {"ce-type": "x"}) == ["/ce-type"]
        assert await pointers({"order_id": "7"}, head | {"ce-source": "%C0%A0"}) == ["/ce-source"]
        assert await log(app) == []


@simulated
async def test_of_a_batch_all_are_taken_or_none() -> None:
    """One that is wrong keeps out the others, and what is wrong is told of each."""
    async with running(SHOP) as app:
        wrong = await pointers([event(1), event(2, type="x"), event(3, data={}), 4], BATCH)
        also = await pointers([event(1), event(2, type="x"), event(3, data={})], BATCH)
        before = await log(app)
        await publish([event(1), event(3)], BATCH)
        after = await log(app)

    assert wrong == ["/3"]
    assert also == ["/1/type", "/2/data/order_id"]
    assert before == []
    assert [each["id"] for each in after] == ["event-1", "event-3"]


@simulated
@pytest.mark.parametrize(
    "headers",
    [{"content-type": "application/json"}, {"content-type": "application/cloudevents+xml"}, {"content-type": ""}, {}],
)
async def test_what_is_no_event_is_told_so(headers: dict[str, str]) -> None:
    """With what would be one."""
    async with running(SHOP):
        status, answer = await publish(event(1), headers)

    assert (status, answer["code"]) == (415, "no_cloud_event")
    assert "application/cloudevents+json" in answer["detail"]


@simulated
async def test_a_full_log_takes_nothing_for_now() -> None:
    """As it lets nobody publish."""
    async with running(SHOP) as app:
        app.owned["hook"].outbox.refusal = "a subscription is behind"
        status, answer = await publish(event(1))
        app.owned["hook"].outbox.refusal = None
        later = await publish(event(1))

    assert (status, answer["code"], answer["retryable"]) == (503, "unavailable", True)
    assert later == (204, None)


async def test_an_application_that_publishes_nothing_is_given_nothing() -> None:
    """The control."""
    silent = Mounted("other", f"{HOOK}:app", contract="tests.elsewhere.test_publishing:Other", owner="them")
    async with running(Application("shop", services=[silent], edges=())) as app:
        assert "atoll_events" not in desk.state
        assert not app.owned


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (hook(publishes=(OrderPlaced,)), "`publishes` of `hook` stands beside a contract that is a class"),
    ],
)
async def test_events_are_declared_in_one_place(item: Mounted, said: str) -> None:
    """A class says itself what it publishes."""
    with pytest.raises(Mistakes, match=said):
        async with running(Application("shop", services=[item], edges=())):
            pass


# --- by HTTP ---------------------------------------------------------------------------------------------------------

TAX = Command("hook", ("node", "tax.js"), contract=f"{HOOK}:Hook", owner="them")


@asynccontextmanager
async def standing_in(state: Path) -> AsyncGenerator[str]:
    """The process that keeps the log of a command: the path of its socket."""
    socket = f"{state}/hook.events.sock"
    application = Application("shop", services=[TAX], edges=())
    async with serving(
        application,
        world=World.real(state),
        directory=Directory(Peers()),
        listen=[f"unix:{socket}"],
        services=["hook.events"],
    ):
        yield socket


async def sent(socket: str, head: str, body: bytes, path: str = "/hook.events/v1") -> tuple[int, bytes]:
    """The status and the rest of the answer to a POST with these lines in its head."""
    reader, writer = await asyncio.open_unix_connection(socket)
    lines = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    writer.write(lines.encode("latin-1") + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer


BINARY = (
    "CE-SpecVersion: 1.0\r\nCe-Id: Euro%20%E2%82%AC\r\nce-source: /shop/hook\r\nce-type: hook.order_seen.v1\r\n"
    "Ce-Region: %65u\r\nX-Other: 1\r\nContent-Type: application/json; charset=utf-8\r\n"
)


async def test_a_command_posts_to_who_stands_in_for_it(tmp_path: Path) -> None:
    """By HTTP, in the head's own case, to a process that hosts nothing else."""
    async with standing_in(tmp_path) as socket:
        binary, _ = await sent(socket, BINARY, b'{"order_id": "7"}')
        again, _ = await sent(socket, BINARY, b'{"order_id": "7"}')
        structured, _ = await sent(
            socket, "content-TYPE: application/cloudevents+json\r\n", json.dumps(event(2)).encode()
        )
        batch, _ = await sent(socket, "Content-Type: application/cloudevents-batch+json\r\n", b"[]")
        wrong, answer = await sent(socket, BINARY, b'{"order_id": 7}')
        twice, _ = await sent(socket, BINARY + "ce-id: other\r\n", b'{"order_id": "7"}')
        no_event, _ = await sent(socket, "Content-Type: application/json\r\n", b"{}")
        a_call, _ = await sent(socket, "Content-Type: application/json\r\n", b"{}", "/hook.events/v1/fetch")
        nowhere, _ = await sent(socket, BINARY, b"{}", "/hook/v1/count")

    async with running(SHOP, world=World.real(tmp_path)) as app:
        logged = await log(app)

    assert (binary, again, structured, batch) == (204, 204, 204, 204)
    assert (wrong, twice, no_event, a_call) == (422, 400, 415, 422)
    assert nowhere in (404, 405)
    assert b'"pointer":"/order_id"' in answer
    assert b"application/problem+json" in answer
    assert [(each["id"], each.get("region")) for each in logged] == [("Euro €", "eu"), ("event-2", None)]
