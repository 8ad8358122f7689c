"""Atoll inside somebody else's ASGI application: served below any path, alive as long as what is around it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Scope

from atoll import Application, Mistakes, Problem, Service, Unavailable, Value, context, contract, get, post
from atoll.kernel import Config
from atoll.testing import test_world
from atoll.topology.embedding import Embedded, embedded


class Count(Value):
    article: str
    count: int


class SoldOut(Problem, status=409):
    """There is none left."""

    article: str


@contract(version="1.0")
class Stock(Protocol):
    """Keeps what is sold."""

    @get("/articles/{article}", public=True, raises=(SoldOut,))
    async def count(self, article: str) -> Count: ...

    @post("/articles", public=True)
    async def add(self, added: Count) -> Count: ...

    @post("/reset", public=True)
    async def reset(self) -> None: ...

    @get("/numbers", public=True)
    def numbers(self, upto: int) -> AsyncIterator[int]: ...

    @get("/hang", public=True)
    async def hang(self) -> None: ...

    @get("/who", public=True)
    async def who(self) -> str: ...

    @get("/secret")
    async def secret(self) -> str: ...


SEEN: list[str] = []


class StockService(Service, Stock, owner="warehouse"):
    async def start(self) -> None:
        SEEN.append("start")

    async def stop(self) -> None:
        SEEN.append("stop")

    async def count(self, article: str) -> Count:
        if article == "none":
            raise SoldOut(article=article)
        return Count(article=article, count=7)

    async def add(self, added: Count) -> Count:
        return added

    async def reset(self) -> None: ...

    async def numbers(self, upto: int) -> AsyncIterator[int]:
        try:
            for number in range(upto):
                yield number
                await asyncio.sleep(0)
        finally:
            SEEN.append("stream ended")

    async def hang(self) -> None:
        SEEN.append("hangs")
        try:
            await asyncio.Event().wait()
        finally:
            SEEN.append("let go")

    async def who(self) -> str:
        return f"{context().user} of {context().tenant} by {context().caller!r}"

    async def secret(self) -> str:
        return "secret"


@contract(version="1.0")
class Shop(Protocol):
    """Sells."""

    @get("/offers/{article}", public=True)
    async def offer(self, article: str) -> int: ...


class ShopService(Service, Shop, owner="sales"):
    stock: Stock

    async def offer(self, article: str) -> int:
        return (await self.stock.count(article)).count


def inside(application: Any = StockService, **options: Any) -> Embedded:  # Any: an application or a service; options
    """Embedded in a test's own world."""
    SEEN.clear()
    return embedded(application, world=test_world(), config=Config({}), peers=options.pop("peers", {}), **options)


def asking(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def fastapi_around(inner: Embedded) -> FastAPI:
    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[None]:
        async with inner:
            yield

    app = FastAPI(lifespan=life)
    app.mount("/api", inner)
    return app


@contextlib.asynccontextmanager
async def living(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """The application with its lifespan, and a client of it."""
    async with app.router.lifespan_context(app), asking(app) as client:
        yield client


async def test_a_service_is_served_inside_fastapi() -> None:
    """Below the path at which it is mounted, beside what is there already."""
    app = fastapi_around(inside())

    @app.get("/own")
    def own() -> str:
        return "own"

    async with living(app) as client:
        found = await client.get("/api/stock/v1/articles/a%2Fb")
        added = await client.post("/api/stock/v1/articles", json={"article": "x", "count": 1})
        done = await client.post("/api/stock/v1/reset")
        lines = await client.get("/api/stock/v1/numbers", params={"upto": 3})
        others = await client.get("/own")

    assert (found.status_code, found.json()) == (200, {"article": "a/b", "count": 7})
    assert found.headers["content-type"] == "application/json"
    assert added.json() == {"article": "x", "count": 1}
    assert (done.status_code, done.content) == (204, b"")
    assert (lines.headers["content-type"], lines.text) == ("application/x-ndjson", "0\n1\n2\n")
    assert others.json() == "own"
    assert SEEN == ["start", "stream ended", "stop"]


@pytest.mark.parametrize("prefix", ["", "/a", "/a/b%20c"])
async def test_it_may_be_mounted_anywhere(prefix: str) -> None:
    """Deep inside, at the root, and behind a server that says where it is."""
    inner = inside()
    app: ASGIApp = inner
    for part in reversed(prefix.split("/")[1:]):
        app = Starlette(routes=[Mount(f"/{part.replace('%20', ' ')}", app)])

    async with inner, asking(app) as client:
        answer = await client.get(f"{prefix}/stock/v1/articles/x")

    assert answer.json() == {"article": "x", "count": 7}


async def test_problems_are_told_as_everywhere() -> None:
    """RFC 9457, with the contract's own codes and the platform's."""
    inner = inside()

    async with inner, asking(inner) as client:
        answers = [
            await client.get("/stock/v1/articles/none"),
            await client.get("/stock/v1/nothing"),
            await client.get("/other/v1/nothing"),
            await client.delete("/stock/v1/articles/x"),
            await client.post("/stock/v1/articles", json={"article": "x", "count": 1, "more": 1}),
            await client.post("/stock/v1/articles", content=b"x", headers={"content-type": "text/plain"}),
            await client.get("/stock/v1/hang", headers={"atoll-timeout": "0.05"}),
            await client.get("/stock/v1/hang", headers={"atoll-timeout": "soon"}),
            await client.get("/stock/v1/articles/%2E%2E"),
        ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (409, "sold_out"),
        (404, "no_such_operation"),
        (404, "no_such_operation"),
        (405, "method_not_allowed"),
        (422, "invalid_input"),
        (415, "unsupported_media_type"),
        (504, "deadline_exceeded"),
        (422, "invalid_input"),
        (422, "invalid_input"),
    ]
    assert {each.headers["content-type"] for each in answers} == {"application/problem+json"}
    assert answers[3].headers["allow"] == "GET"


async def test_strangers_reach_what_is_public_and_cannot_say_who_they_are() -> None:
    """Whose name counts is found out by the application around it."""
    told = {"atoll-user": "root", "atoll-tenant": "other", "atoll-caller": "billing"}

    def user_of(scope: Scope) -> str:
        return str(scope["client"][0])

    inner = inside(user_of=user_of)

    async with inner, asking(inner) as client:
        who = await client.get("/stock/v1/who", headers=told)
        secret = await client.get("/stock/v1/secret", headers=told)

    assert who.json() == "127.0.0.1 of main by ''"
    assert secret.status_code == 404


async def test_services_of_ones_own_reach_everything() -> None:
    """Where whoever calls is trusted."""
    inner = inside(is_inside=True)

    async with inner, asking(inner) as client:
        who = await client.get("/stock/v1/who", headers={"atoll-user": "ada", "atoll-tenant": "acme"})
        secret = await client.get("/stock/v1/secret")

    assert who.json() == "ada of acme by ''"
    assert secret.json() == "secret"


async def test_a_body_has_its_limit() -> None:
    """By what it says of its length, and by what comes."""
    inner = inside(body_bytes_max=10)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "

    async with inner, asking(inner) as client:
        said = await client.post("/stock/v1/articles", json={"article": "x", "count": 1})
        sent = await client.post("/stock/v1/articles", content=pieces())

    assert (said.status_code, sent.status_code) == (413, 413)


async def exchanged(inner: Embedded, path: str, asked: asyncio.Queue[Message], query: bytes = b"") -> list[Message]:
    """What is sent for a request whose messages come from a queue."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if message.get("body") == b"0\n":
            await asked.put({"type": "http.disconnect"})

    scope: Scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}
    await asked.put({"type": "http.request"})
    await inner(scope, asked.get, send)
    return sent


async def test_a_client_that_goes_takes_the_work_with_it() -> None:
    """A call and a stream; nobody is answered."""
    inner = inside()

    async with inner:
        asked: asyncio.Queue[Message] = asyncio.Queue()
        call = asyncio.ensure_future(exchanged(inner, "/stock/v1/hang", asked))
        while "hangs" not in SEEN:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        await asked.put({"type": "http.disconnect"})

        assert await call == []
        assert SEEN[-1] == "let go"

        sent = await exchanged(inner, "/stock/v1/numbers", asyncio.Queue(), b"upto=1000000")

        assert 2 <= len(sent) < 100
        assert SEEN[-1] == "stream ended"


async def test_before_and_after_its_life_it_is_unavailable() -> None:
    """A mount that was not started says so."""
    inner = inside()

    async with asking(inner) as client:
        before = await client.get("/stock/v1/who")
        async with inner:
            within = await client.get("/stock/v1/who")
        after = await client.get("/stock/v1/who")

    assert [each.status_code for each in (before, within, after)] == [503, 200, 503]
    assert "async with" in before.json()["detail"]
    with pytest.raises(Unavailable):
        inner.client(Stock)


async def test_what_is_around_it_may_call_it() -> None:
    """With a typed client, in the same process."""
    async with inside() as inner:
        assert await inner.client(Stock).count("x") == Count(article="x", count=7)


async def lived(app: ASGIApp) -> list[Message]:
    """What an application says in a lifespan, as a server drives it."""
    said: list[Message] = []
    asked: asyncio.Queue[Message] = asyncio.Queue()
    await asked.put({"type": "lifespan.startup"})

    async def send(message: Message) -> None:
        said.append(message)
        await asked.put({"type": "lifespan.shutdown"})

    await app({"type": "lifespan"}, asked.get, send)
    return said


async def test_served_by_itself_it_lives_by_its_servers_lifespan() -> None:
    """`uvicorn module:app` is enough."""
    said = await lived(inside())

    assert [each["type"] for each in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert SEEN == ["start", "stop"]


async def test_mistakes_are_told_before_anything_starts() -> None:
    """To whoever enters it, and to a server."""
    broken = inside(Application("shop", services=[ShopService], edges=()))

    with pytest.raises(Mistakes) as caught:
        await broken.__aenter__()
    with pytest.raises(Mistakes):
        await lived(broken)

    assert "depends on stock/v1" in str(caught.value)
    assert SEEN == []


async def test_an_application_comes_without_its_gateway() -> None:
    """What is around it is the edge; its services call each other as ever."""
    inner = inside(Application("shop", services=[ShopService, StockService], owner="shop"))

    async with inner, asking(inner) as client:
        assert (await client.get("/shop/v1/offers/x")).json() == 7


async def test_a_dependency_may_be_a_peer() -> None:
    """A service alone; what it depends on listens elsewhere."""
    inner = inside(ShopService, peers={"stock": ["http://127.0.0.1:9"]})

    async with inner, asking(inner) as client:
        answer = await client.get("/shop/v1/offers/x")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
