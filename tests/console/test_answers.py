"""What the console says of an application, and what it does to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec
import pytest

from atoll import Application, Config, Database, Service, Transaction, World, contract, every, get, post, single
from atoll.console import address
from tests.console.conftest import EDGES, Page
from tests.patience import PATIENCE_S


class Order(msgspec.Struct, frozen=True):
    """What somebody wants."""

    article: str
    pieces: int = 1


@contract(version="1.0")
class Desk(Protocol):
    """Takes arguments of each kind, in each place."""

    @post("/orders", public=True)
    async def order(self, order: Order) -> Order: ...

    @get("/shelves/{number}", public=True)
    async def shelf(self, number: int, sizes: list[int], is_full: bool = False) -> list[int]: ...


class DeskService(Service, Desk, owner="shop"):
    db: Database

    async def order(self, order: Order) -> Order:
        return order

    async def shelf(self, number: int, sizes: list[int], is_full: bool = False) -> list[int]:
        return [number, *sizes, int(is_full)]

    @every(seconds=0.2)
    async def tidy(self, tx: Transaction) -> None:
        """Nothing ever has to be put away."""


async def until(page: Page, path: str, is_so: Callable[[Any], Any]) -> Any:  # Any: JSON, and whatever it is asked for
    """What is answered, once something is true of it."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so(answer := await page.get(path)):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
        return answer


async def test_the_map_shows_who_is_there_and_what_goes_between(page: Page) -> None:
    """Services, edges, databases; calls and events, with what waits and what is dead."""

    def is_told(found: Any) -> bool:  # Any: JSON
        is_silent = any(node["state"] == "down" for node in found["nodes"])  # nothing was heard of its process yet
        return any(edge["dead"] for edge in found["edges"]) and not is_silent

    found = await until(page, "/api/map", is_told)

    nodes = {node["id"]: node for node in found["nodes"]}
    edges = {edge["id"]: edge for edge in found["edges"]}
    assert {"outside", "gateway", "console", "post", "archive", "db:post", "db:archive"} <= set(nodes)
    assert [nodes[each]["kind"] for each in ("post", "gateway", "db:post")] == ["service", "edge", "database"]
    assert edges["events:post>archive"]["dead"] == 1
    assert nodes["archive"]["state"] == "degraded"
    assert any("dead letters" in reason for reason in nodes["archive"]["reasons"])
    assert (nodes["post"]["state"], nodes["post"]["can_scale"]) == ("well", False)


async def test_a_service_is_shown_whole(page: Page) -> None:
    """Its operations with their documentation and arguments, its events, its processes."""
    found = await until(page, "/api/services/post", lambda found: found["processes"])

    (operation,) = found["operations"]
    assert (operation["id"], operation["method"], operation["public"]) == ("post.send", "POST", True)
    assert {argument["name"] for argument in operation["arguments"]} == {"address", "number", "sender"}
    assert [event["type"] for event in found["publishes"]] == ["post.letter_sent.v1"]
    assert found["processes"][0]["loop_lag_ms"] >= 0
    assert (await page.get("/api/services/archive"))["subscribes"][0]["publisher"] == "post"
    assert (await page.get("/api/services/post/openapi.json"))["openapi"].startswith("3.1")


async def test_an_operation_is_tried_under_ones_own_name(page: Page) -> None:
    """It is a call like any other one: with a trace, and with a problem where it is refused."""
    tried = (await page.post("/api/services/archive/operations/letters/call")).json()
    wrong = (await page.post("/api/services/post/operations/send/call", {"query": {"number": "x"}})).json()
    hidden = await page.post("/api/services/archive/operations/keep/call")

    assert (tried["status"], tried["body"]) == (200, [["ada", 1]])
    assert wrong["status"] == 422
    assert hidden.status_code == 404
    await until(
        page,
        "/api/traces?name=archive.letters",
        lambda found: tried["trace_id"] in {each["trace_id"] for each in found["traces"]},
    )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Page]:
    """The console of a desk."""
    desk = Application("desk", services=[DeskService], edges=EDGES)
    config = Config({"DESK_GATEWAY_PORT": "0", "DESK_CONSOLE_PORT": "0"})
    async with (
        single(desk, world=World.real(tmp_path), config=config),
        httpx.AsyncClient(base_url=address(tmp_path) or "", timeout=PATIENCE_S) as http,
    ):
        page = Page(http, tmp_path)
        await page.login()
        yield page


async def test_an_operation_is_tried_with_arguments_of_each_kind(desk: Page) -> None:
    """A body; numbers, choices of yes and no, and lists: as the form of a page has them."""
    order = {"path": {}, "query": {}, "body": {"article": "lamp", "pieces": 2}}
    shelf = {"path": {"number": 7}, "query": {"sizes": [3, 4], "is_full": True}, "body": None}
    ordered = (await desk.post("/api/services/desk/operations/order/call", order)).json()
    found = (await desk.post("/api/services/desk/operations/shelf/call", shelf)).json()
    await until(desk, "/api/traces?turns=1", lambda found: "tidy" in named(found))
    traces = await until(desk, "/api/traces", lambda found: "desk.shelf" in named(found))

    assert (ordered["status"], ordered["body"]) == (200, {"article": "lamp", "pieces": 2})
    assert (found["status"], found["body"]) == (200, [7, 3, 4, 1])
    assert "tidy" not in named(traces), "an idle turn hides what was done"


async def test_what_is_tried_amiss_is_not_called(desk: Page) -> None:
    """A word that is passed over would be a call of something else, or without a body."""
    for path in ({}, {"number": ""}, {"nummer": 7}, {"number": 7, "sizes": 3}):
        answer = await desk.post("/api/services/desk/operations/shelf/call", {"path": path, "query": {"sizes": [3]}})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), path
        assert "`number`" in answer.json()["detail"]
    misspelt = await desk.post("/api/services/desk/operations/order/call", {"arguments": {"article": "lamp"}})
    scaled = await desk.post("/api/services/desk/scale", {"instances": 2, "by": 1})

    assert "`arguments`" in misspelt.json()["detail"]
    assert (misspelt.status_code, scaled.status_code) == (422, 422)


def named(found: Any) -> set[str]:  # Any: JSON
    """With what each of some traces has begun."""
    return {each["name"] for each in found["traces"]}


async def test_traces_logs_and_stories_are_found(page: Page) -> None:
    """What failed, with its error; the story of a key with its dead letter; nothing personal anywhere."""
    failed = await until(page, "/api/traces?failed=1&service=archive", lambda found: found["traces"])
    path = f"/api/traces/{failed['traces'][0]['trace_id']}"
    one = await until(page, path, lambda found: {"post", "archive"} <= {span["service"] for span in found["spans"]})
    logs = await until(page, "/api/logs?level=error&service=archive", lambda found: found["lines"])
    story = await until(page, "/api/story/bob", lambda found: found["dead"] and found["spans"])

    assert any("a letter has no number -1" in line["error"] for line in logs["lines"])
    assert story["dead"][0]["key"] == "bob"
    assert "published" in {span["kind"] for span in story["spans"]}
    assert "carol@example.com" not in str((failed, one, logs, story))


async def test_dead_letters_are_counted_replayed_and_dropped(page: Page) -> None:
    """Each as it is asked for, and only once it was confirmed; all of it is written down."""
    (letter,) = (await page.get("/api/events/dead"))["messages"]
    chosen = {"service": "archive", "numbers": [letter["number"]]}
    assert (letter["state"], letter["payload"]["sender"]) == ("dead", "***")
    assert (await page.post("/api/events/drop", chosen | {"dry_run": True})).json() == {"count": 1, "dry_run": True}
    assert (await page.post("/api/events/drop", chosen)).json()["code"] == "no_reason"

    await page.post("/api/services/archive/operations/mend/call")
    replayed = await page.post("/api/events/replay", chosen | {"reason": "mended"})

    assert replayed.json() == {"count": 1, "dry_run": False}
    async with asyncio.timeout(PATIENCE_S):  # an instance takes it up within a second, then what stands behind it
        while ["bob", 2] not in (await page.post("/api/services/archive/operations/letters/call")).json()["body"]:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    audit = (await page.get("/api/audit"))["deeds"]
    assert [(deed["actor"], deed["action"], deed["outcome"]) for deed in audit] == [
        ("console-operator", "events replay", "done")
    ]
    assert (await page.post("/api/events/drop", chosen | {"reason": "late"})).json()["code"] == "no_such_letter"


async def test_no_more_is_dropped_than_was_found(page: Page) -> None:
    """By a type, those of that type; and nothing at all where a word is not understood."""
    other = {"service": "archive", "type": "post.letter_lost.v1", "dry_run": True}
    same = {"service": "archive", "type": "post.letter_sent.v1", "dry_run": True}

    assert (await page.get("/api/events/dead?type=post.letter_lost.v1")) == {"messages": [], "total": 0}
    assert (await page.get("/api/events/dead?type=post.letter_sent.v1"))["total"] == 1
    assert (await page.post("/api/events/drop", other)).json()["count"] == 0
    assert (await page.post("/api/events/drop", same)).json()["count"] == 1
    mistyped = await page.post("/api/events/drop", {"service": "archive", "keys": "bob", "reason": "late"})
    assert (mistyped.status_code, (await page.get("/api/events/dead"))["total"]) == (422, 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/logs?limit=inf", 200),
        ("/api/logs?limit=-1e400", 200),
        ("/api/logs?limit=nan", 422),
        ("/api/logs?after=1e30", 200),
        ("/api/logs?after=nan", 422),
        ("/api/logs?trace=-1", 422),
        ("/api/logs?level=loud", 422),
        (f"/api/traces/{'f' * 33}", 422),
        ("/api/traces/1_0", 422),
        ("/api/traces?min_ms=nan", 422),
        ("/api/events/dead?limit=inf", 200),
        ("/api/audit?limit=inf", 200),
        ("/api/story/%00", 422),
        ("/api/events/messages?key=a%00", 422),
        ("/api/events/dead?key=%00&service=archive", 422),
        ("/api/traces?key=%00", 422),
    ],
)
async def test_what_is_asked_amiss_is_answered(page: Page, path: str, status: int) -> None:
    """It is no fault of the console: neither a number out of bounds, nor one that is none."""
    answer = await page.http.get(path)

    assert answer.status_code == status
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/traces?servce=post", "`servce`, which is not asked for here: it may have `service`, `name`, `key`"),
        ("/api/logs?service=post&key=bob", "the query has `key`, which"),
        ("/api/events/dead?keys=bob&limit=1", "it may have `service`, `key`, `type`, `limit`"),
        ("/api/events/messages?key=bob&until=1", "`until`"),
        ("/api/audit?since=1", "it may have `limit`"),
        ("/api/map?service=post", "it may have none"),
        ("/api/services/post?tab=events", "it may have none"),
    ],
)
async def test_what_a_query_cannot_ask_for_is_refused(page: Page, path: str, told: str) -> None:
    """As by the gateway: passed over, a slip would show all there is as what was looked for."""
    answer = await page.http.get(path)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert told in answer.json()["detail"]


async def test_messages_of_a_key_are_shown(page: Page) -> None:
    """As they are kept in the logs: in their order, without what is personal."""
    found = (await page.get("/api/events/messages?key=bob"))["messages"]

    assert [(each["publisher"], each["sequence"], each["payload"]["number"]) for each in found] == [
        ("post", 2, 2),
        ("post", 1, -1),
    ]
    assert {each["payload"]["sender"] for each in found} == {"***"}
    assert (await page.get("/api/events"))["subscriptions"][0]["dead"] == 1
