"""Operations that ask for no key, and bodies that pass unread: from real HTTP to the handler."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import msgspec
import pytest

from atoll import (
    Application,
    Config,
    RawBody,
    Service,
    World,
    context,
    contract,
    contract_of,
    get,
    openapi,
    post,
    single,
)
from atoll.contract import compile_contract, contract_from_document
from atoll.gateway import connection
from tests.patience import PATIENCE_S


@contract(version="1.0")
class Hooks(Protocol):
    """Is told by others."""

    @post("/hooks/{source}", public=True, anyone=True)
    async def told(self, source: str, sent: RawBody, mode: str = "") -> RawBody: ...

    @post("/uploads", public=True)
    async def upload(self, sent: RawBody) -> RawBody: ...

    @get("/who", public=True, anyone=True)
    async def who(self) -> str | None: ...

    @get("/closed", public=True)
    async def closed(self) -> str: ...


class HooksService(Service, Hooks, owner="tests"):
    async def told(self, source: str, sent: RawBody, mode: str = "") -> RawBody:
        return sent

    async def upload(self, sent: RawBody) -> RawBody:
        return sent

    async def who(self) -> str | None:
        return context().user

    async def closed(self) -> str:
        return "closed"


hooks = Application("hooked", services=[HooksService])


@dataclass(frozen=True)
class Outside:
    """Somebody outside: without a key, and with one."""

    http: httpx.AsyncClient
    key: dict[str, str]


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    """The application behind its gateway, which lets few strangers in at once."""
    config = Config(
        {"HOOKED_GATEWAY_PORT": "0", "HOOKED_GATEWAY_REQUESTS_BURST": "5", "HOOKED_GATEWAY_REQUESTS_PER_S": "0.01"}
    )
    async with single(hooks, world=World.real(tmp_path), config=config):
        found = connection(tmp_path)
        assert found is not None
        async with httpx.AsyncClient(base_url=found.url, timeout=PATIENCE_S) as http:
            yield Outside(http, {"authorization": f"Bearer {found.key}"})


def sent_of(answer: httpx.Response) -> RawBody:
    """What the handler was given."""
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=RawBody)


BYTES = bytes(range(256))
EMPTY = RawBody()


async def test_a_stranger_is_let_in_where_the_contract_says_so(outside: Outside) -> None:
    """Without a key, and in nobody's name; elsewhere nothing has changed."""
    who = await outside.http.get("/hooks/v1/who")
    closed, nowhere = await outside.http.get("/hooks/v1/closed"), await outside.http.get("/hooks/v1/nowhere")

    assert (who.status_code, who.json()) == (200, None)
    assert (closed.status_code, nowhere.status_code) == (401, 401)


async def test_a_key_gives_no_name_where_none_is_asked_for(outside: Outside) -> None:
    """Also a wrong one is not looked at: what stands there may be for the handler."""
    right = await outside.http.get("/hooks/v1/who", headers=outside.key)
    wrong = await outside.http.get("/hooks/v1/who", headers={"authorization": "Bearer wrong"})

    assert (right.json(), wrong.json()) == (None, None)


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/xml; charset=x", "application/json"])
async def test_a_raw_body_arrives_byte_by_byte(outside: Outside, media_type: str) -> None:
    """Whatever it says it is: what was signed can be checked."""
    headers = {"content-type": media_type, "Webhook-Id": "m1", "authorization": "sign me"}

    answer = await outside.http.post("/hooks/v1/hooks/acme?mode=x", content=BYTES, headers=headers)

    sent = sent_of(answer)
    assert (sent.body, sent.media_type) == (BYTES, media_type.partition(";")[0])
    assert (sent.headers["webhook-id"], sent.headers["authorization"]) == ("m1", "sign me")


async def test_an_empty_body_without_a_type_arrives_as_one(outside: Outside) -> None:
    """Some sources only knock."""
    sent = sent_of(await outside.http.post("/hooks/v1/hooks/acme"))

    assert (sent.body, sent.media_type) == (b"", "")


async def test_what_belongs_to_the_edge_stays_there(outside: Outside) -> None:
    """Cookies, the platform's own headers, and the key that has opened it."""
    headers = [("Cookie", "a=b"), ("Atoll-Timeout", "5"), ("X-Request-Id", "1"), ("X-Two", "a"), ("X-Two", "b")]

    sent = sent_of(await outside.http.post("/hooks/v1/uploads", content=b"x", headers=[*headers, *outside.key.items()]))

    assert sent.headers["x-two"] == "a, b"
    assert not {"cookie", "atoll-timeout", "x-request-id", "authorization"} & sent.headers.keys()


async def test_what_has_a_key_asks_for_it_before_it_takes_a_raw_body(outside: Outside) -> None:
    """Raw is not open."""
    answer = await outside.http.post("/hooks/v1/uploads", content=b"x")

    assert answer.status_code == 401


async def test_a_raw_body_has_the_limit_of_all(outside: Outside) -> None:
    """A mebibyte, unless it is set."""
    answer = await outside.http.post("/hooks/v1/hooks/acme", content=b"x" * (1 << 20) + b"x")

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_a_flood_of_strangers_holds_up_nobody_else(outside: Outside) -> None:
    """Each open operation has a rate of its own, and callers with a key have theirs."""
    flood = [(await outside.http.get("/hooks/v1/who")).status_code for _ in range(7)]
    other = await outside.http.post("/hooks/v1/hooks/acme", content=b"x")
    known = await outside.http.get("/hooks/v1/closed", headers=outside.key)

    assert flood == [200] * 5 + [429] * 2
    assert (other.status_code, known.status_code) == (200, 200)


def test_documents_say_who_may_come_and_what_is_taken() -> None:
    """The one for those outside that no key is needed; the one between services comes back as it was."""
    compiled = contract_of(Hooks)

    public = openapi([compiled], title="Hooked", version="1", public_only=True)
    whole = openapi([compiled], title="Hooked", version="1")
    read, mistakes = contract_from_document(whole)

    told = public["paths"]["/hooks/v1/hooks/{source}"]["post"]
    assert told["security"] == []
    assert "application/x-www-form-urlencoded" in told["requestBody"]["content"]
    assert "security" not in public["paths"]["/hooks/v1/closed"]["get"]
    assert read is not None
    assert not mistakes
    assert (read.operation("told").takes_raw, read.operation("upload").takes_raw) == (True, True)
    assert openapi([read], title="Hooked", version="1") == whole


def test_what_is_for_anyone_is_public() -> None:
    """And a raw body is always there: both are said at the start."""

    @contract(version="1.0")
    class Wrong(Protocol):
        @post("/a", anyone=True)
        async def a(self) -> None: ...

        @post("/b", public=True)
        async def b(self, sent: RawBody = EMPTY) -> None: ...

    compiled, mistakes = compile_contract(Wrong)

    assert compiled is None
    assert ["for anyone" in mistakes[0].what, "has a default" in mistakes[1].what] == [True, True]
