"""The edge over real HTTP: who gets in, what is refused and how, and what an answer carries."""

import asyncio
import contextlib
import json
import re
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest

from atoll import Config, Mistakes, Running, World, single
from atoll.gateway import Connection, connection
from tests.gateway.orders import CANARY, OrdersService, orders
from tests.patience import PATIENCE_S

ORDER = {"id": "7", "colour": "red", "quantity": 2}


@dataclass(frozen=True)
class Shop:
    """The application behind its gateway, and somebody who calls it from outside."""

    running: Running
    connection: Connection
    http: httpx.AsyncClient

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.connection.url.removeprefix("http://").partition(":")
        return host, int(port)

    @property
    def service(self) -> OrdersService:
        service = self.running.instances["orders"].service
        assert isinstance(service, OrdersService)
        return service


@asynccontextmanager
async def opened(state: Path, **settings: str) -> AsyncGenerator[Shop]:
    """The shop, listening on a free port; settings as environment variables without their prefix."""
    environment = {"SHOP_GATEWAY_PORT": "0"} | {f"SHOP_GATEWAY_{name}": value for name, value in settings.items()}
    async with single(orders, world=World.real(state), config=Config(environment)) as running:
        found = connection(state)
        assert found is not None
        headers = {"authorization": f"Bearer {found.key}"}
        async with httpx.AsyncClient(base_url=found.url, headers=headers, timeout=PATIENCE_S) as http:
            yield Shop(running, found, http)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path) as it:
        yield it


async def test_a_public_operation_is_served_under_its_service_and_major(shop: Shop) -> None:
    """`/{service}/v{major}{path}` is the whole of routing: nothing has to be configured."""
    placed = await shop.http.post("/orders/v1/orders", json=ORDER)
    found = await shop.http.get("/orders/v1/orders/7")

    assert placed.status_code == found.status_code == 200
    assert placed.headers["content-type"] == "application/json"
    assert found.json() == ORDER | {"email": None}


async def test_no_result_is_204_without_a_body(shop: Shop) -> None:
    """An operation that returns None has nothing to say, not `null`."""
    await shop.http.post("/orders/v1/orders", json=ORDER)

    answer = await shop.http.delete("/orders/v1/orders/7")

    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_declared_problem_keeps_its_status_code_and_fields(shop: Shop) -> None:
    """RFC 9457 for every language; the class again for Python."""
    answer = await shop.http.get("/orders/v1/orders/404")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "order_not_found"
    assert body["order_id"] == "404"
    assert body["detail"] == "there is no order 404"
    assert len(body["trace_id"]) == 32


@pytest.mark.parametrize(
    "path", ["/orders/v1/inside", "/orders/v2/orders", "/nobody/v1/x", "/orders", "/orders/v1/orders/"]
)
async def test_what_is_not_public_is_as_if_it_were_not_there(shop: Shop, path: str) -> None:
    """An answer that tells private from missing would be a map of the inside."""
    answer = await shop.http.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_operation"


async def test_another_method_is_405_and_names_those_that_are_taken(shop: Shop) -> None:
    """RFC 9110 wants `Allow`; people want to know what to do."""
    answer = await shop.http.patch("/orders/v1/orders/7")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET"
    assert answer.json()["path"] == "/orders/v1/orders/7"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic abc", "Bearer \u00e9".encode("latin-1")])
async def test_nobody_gets_in_without_a_key(shop: Shop, header: str | bytes | None) -> None:
    """Public means reachable, never anonymous."""
    del shop.http.headers["authorization"]
    headers = {} if header is None else {"authorization": header}

    answer = await shop.http.get("/orders/v1/orders", headers=cast(dict[str, str], headers))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


async def test_every_fault_of_an_input_is_named_with_its_place(shop: Shop) -> None:
    """One round trip has to be enough to mend a request."""
    answer = await shop.http.post(
        "/orders/v1/orders", json={"colour": "green", "quantity": 0, "emial": "x"}, params={"x": "1"}
    )

    assert answer.status_code == 422
    faults = {(fault["place"], fault["pointer"]) for fault in answer.json()["errors"]}
    assert faults == {("query", "/x"), ("body", "/colour"), ("body", "/quantity"), ("body", "/emial"), ("body", "/id")}


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"id":"\xff"}', b"nul\x00l", b'"\\ud800"'])
async def test_a_body_that_is_no_json_is_a_fault_of_the_caller(shop: Shop, body: bytes) -> None:
    """Hostile bytes must not become a 500."""
    answer = await shop.http.post("/orders/v1/orders", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


@pytest.mark.parametrize("path", ["/orders/v1/orders/%ff", "/orders/v1/orders?cursor=%ff"])
async def test_a_path_or_query_that_is_no_utf_8_is_a_fault_of_the_caller(shop: Shop, path: str) -> None:
    """Percent-encoding can say bytes that are no text."""
    answer = await shop.http.get(path)

    assert answer.status_code == 422


async def test_a_path_argument_may_hold_any_text(shop: Shop) -> None:
    """A slash in an id is data, not structure."""
    await shop.http.post("/orders/v1/orders", json=ORDER | {"id": "a/b c?ü"})

    answer = await shop.http.get("/orders/v1/orders/a%2Fb%20c%3F%C3%BC")

    assert answer.json()["id"] == "a/b c?ü"


async def test_a_longer_body_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Memory is bounded by the limit, whether the length is declared or not."""
    async with opened(tmp_path, BODY_MAX_BYTES="100") as shop:

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b"x" * 1000

        declared = await shop.http.post("/orders/v1/orders", content=b"x" * 101)
        chunked = await shop.http.post("/orders/v1/orders", content=pieces())

    assert declared.status_code == chunked.status_code == 413
    assert declared.json()["limit_bytes"] == 100


async def test_a_body_that_says_it_is_too_long_is_not_waited_for(tmp_path: Path) -> None:
    """The head is enough to refuse it; the body need never come."""
    async with opened(tmp_path, BODY_MAX_BYTES="100") as shop:
        reader, writer = await asyncio.open_connection(*shop.address)
        head = f"POST /orders/v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shop.connection.key}\r\n"
        writer.write(f"{head}content-type: application/json\r\ncontent-length: 101\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            status = await reader.readline()
        writer.close()

    assert b" 413 " in status


async def test_a_form_is_not_taken_for_json(shop: Shop) -> None:
    """What curl sends by `-d` is a form by default; the answer says what to send instead."""
    answer = await shop.http.post("/orders/v1/orders", data={"id": "7"})

    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


async def test_an_error_of_a_handler_shows_a_trace_and_no_internals(shop: Shop) -> None:
    """What a handler raises can hold anything: secrets, rows, addresses."""
    answer = await shop.http.get("/orders/v1/broken")

    assert answer.status_code == 500
    assert CANARY not in answer.text
    assert "RuntimeError" not in answer.text
    assert len(answer.json()["trace_id"]) == 32


async def test_an_answer_that_breaks_its_contract_does_not_get_out(shop: Shop) -> None:
    """Callers outside have no client that would notice."""
    result = await shop.http.get("/orders/v1/broken/result")
    items = await shop.http.get("/orders/v1/broken/items")

    assert result.status_code == 502
    assert result.json()["errors"][0]["pointer"] == "/id"
    first, last = items.text.splitlines()
    assert json.loads(first)["id"] == "1"
    assert json.loads(last)["$problem"]["code"] == "broken_contract"


async def test_only_what_the_contract_declares_gets_out(shop: Shop) -> None:
    """A handler that answers with more than it promised must not tell it to the world."""
    result = await shop.http.get("/orders/v1/generous")
    items = await shop.http.get("/orders/v1/generous/items")

    assert result.json()["id"] == json.loads(items.text)["id"] == "1"
    assert CANARY not in result.text + items.text


async def test_a_service_may_be_called_like_a_page(shop: Shop) -> None:
    """Versions tell the paths of operations from those of pages."""
    answer = await shop.http.get("/reference/v1/books")

    assert answer.json() == "books"


async def test_words_that_mean_another_path_to_a_proxy_are_refused(shop: Shop) -> None:
    """`..` as an id would be read in two ways."""
    reader, writer = await asyncio.open_connection(*shop.address)
    writer.write(
        f"GET /orders/v1/orders/%2e%2e HTTP/1.0\r\nauthorization: Bearer {shop.connection.key}\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 422 ")


async def test_a_head_without_end_is_not_read_to_its_end(shop: Shop) -> None:
    """Before anybody has shown a key, a stranger gets as much memory as a request needs, and no more."""
    reader, writer = await asyncio.open_connection(*shop.address)
    writer.write(b"GET / HTTP/1.1\r\nx-long: ")
    with contextlib.suppress(ConnectionError):
        for _ in range(64):
            writer.write(b"a" * 64 * 1024)
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
    writer.close()

    assert (await shop.http.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /livez HTTP/1.1\r\nhost: a.example\r\nhost: b.example\r\n", b"400"),
        ("GET /livez HTTP/1.1\r\nhost: a.example\r\nHost: a.example\r\n", b"400"),
        ("GET /livez HTTP/1.1\r\n", b"400"),
        ("GET /livez HTTP/1.0\r\n", b"200"),
        ("GET /livez HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n", b"200"),
    ],
)
async def test_a_request_names_one_host(shop: Shop, head: str, status: bytes) -> None:
    """Whoever stands before the gateway may go by the other one (RFC 9112, 3.2)."""
    reader, writer = await asyncio.open_connection(*shop.address)
    writer.write(f"{head}\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()

    assert answer.split()[1] == status


async def test_a_body_that_does_not_come_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    """A slow sender holds a connection for as long as a slow handler may, and no longer."""
    async with opened(tmp_path, TIMEOUT_S="0.1") as shop:
        reader, writer = await asyncio.open_connection(*shop.address)
        head = f"POST /orders/v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shop.connection.key}\r\n"
        writer.write(f"{head}content-type: application/json\r\ncontent-length: 10\r\n\r\n{{".encode())
        async with asyncio.timeout(PATIENCE_S):
            status = await reader.readline()
        writer.close()

    assert b" 504 " in status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", ""),
        ("PORT", "70000"),
        ("TIMEOUT_S", "nan"),
        ("TIMEOUT_S", "inf"),
        ("DRAIN_S", "-1"),
        ("BODY_MAX_BYTES", "0"),
    ],
)
async def test_settings_that_would_open_or_break_the_door_are_refused(tmp_path: Path, name: str, value: str) -> None:
    """An empty host would listen to everybody; a deadline that is no number would be none."""
    with pytest.raises(Mistakes, match=f"`{name.lower()}`"):
        async with opened(tmp_path, **{name: value}):
            pass


async def test_a_stream_is_a_json_value_a_line(shop: Shop) -> None:
    """Newline-delimited JSON is read with any tool, while it comes."""
    async with shop.http.stream("GET", "/orders/v1/orders/export?count=2") as answer:
        lines = [json.loads(line) async for line in answer.aiter_lines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [line["id"] for line in lines] == ["0", "1"]


async def test_a_stream_that_fails_ends_with_the_problem(shop: Shop) -> None:
    """Its status has gone long before; whoever reads to the end still learns that it was not the end."""
    async with shop.http.stream("GET", "/orders/v1/broken/stream") as answer:
        lines = [line async for line in answer.aiter_lines()]

    assert answer.status_code == 200
    assert json.loads(lines[0])["id"] == "1"
    assert json.loads(lines[1])["$problem"]["code"] == "internal_error"
    assert CANARY not in lines[1]


async def test_a_wrong_argument_of_a_stream_still_has_a_status_of_its_own(shop: Shop) -> None:
    """Until the first item nothing has been said, so that a problem can be one."""
    answer = await shop.http.get("/orders/v1/orders/export?count=many")

    assert answer.status_code == 422


async def test_a_stream_ends_when_its_reader_goes(shop: Shop) -> None:
    """Nobody computes what nobody reads."""
    async with shop.http.stream("GET", "/orders/v1/orders/export?count=10000") as answer:
        await anext(answer.aiter_lines())

    async with asyncio.timeout(PATIENCE_S):
        await shop.service.closed.wait()


async def test_a_stream_without_end_leaves_others_their_turn(shop: Shop) -> None:
    """A handler that never waits for anything must not have the loop for itself, nor outlive its reader."""
    async with shop.http.stream("GET", "/orders/v1/flood") as answer:
        await anext(answer.aiter_lines())
        live = await shop.http.get("/livez")

    assert live.status_code == 200
    async with asyncio.timeout(PATIENCE_S):
        await shop.service.closed.wait()


async def test_the_work_is_cancelled_when_the_client_goes(shop: Shop) -> None:
    """Cancelling the caller cancels the callee, from the first hop on."""
    call = asyncio.ensure_future(shop.http.get("/orders/v1/hang"))
    await shop.service.hanging.wait()

    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    async with asyncio.timeout(PATIENCE_S):
        await shop.service.cancelled.wait()


async def test_a_caller_can_ask_for_a_nearer_deadline(shop: Shop) -> None:
    """The deadline travels, as seconds that are left, since clocks differ."""
    answer = await shop.http.get("/orders/v1/hang", headers={"atoll-timeout": "0.05"})
    far = await shop.http.get("/orders/v1/around", headers={"atoll-timeout": "1e9"})

    assert answer.status_code == 504
    assert answer.json() | {"trace_id": ""} == {
        "type": "/problems/deadline_exceeded",
        "title": "There was no answer in time.",
        "status": 504,
        "detail": "orders.hang did not answer in time",
        "code": "deadline_exceeded",
        "retryable": True,
        "operation": "orders.hang",
        "trace_id": "",
    }
    assert far.json()["remaining_s"] <= 30


@pytest.mark.parametrize("asked", ["0", "-1", "soon", "nan", "inf"])
async def test_a_deadline_that_is_none_is_refused(shop: Shop, asked: str) -> None:
    """A typing error must not become the longest deadline there is."""
    answer = await shop.http.get("/orders/v1/around", headers={"atoll-timeout": asked})

    assert answer.status_code == 422


async def test_the_call_is_made_in_the_users_name_and_the_callers_trace(shop: Shop) -> None:
    """What a handler reads in its context is what the edge has established."""
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01", "idempotency-key": "k1"}

    answer = await shop.http.get("/orders/v1/around", headers=headers)

    around = answer.json()
    assert (around["user"], around["caller"], around["trace_id"]) == ("developer", "gateway", trace_id)
    assert around["idempotency_key"] not in (None, "k1"), "keys are derived, never forwarded"


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("a" * 129, False), ("two words", False)])
async def test_every_answer_has_a_request_id(shop: Shop, given: str, kept: bool) -> None:
    """Its caller's own where that is fit to stand in a log, else a new one."""
    answer = await shop.http.get("/nowhere", headers={"x-request-id": given})

    assert (answer.headers["x-request-id"] == given) is kept


async def test_a_deprecated_operation_says_so(shop: Shop) -> None:
    """RFC 9745 and RFC 8594, for callers who read headers."""
    answer = await shop.http.get("/orders/v1/old")

    assert answer.headers["deprecation"] == "@1767312000"
    assert answer.headers["sunset"] == "Sat, 02 Jan 2027 00:00:00 GMT"


async def test_head_is_get_without_the_body(shop: Shop) -> None:
    """RFC 9110, 9.3.2."""
    answer = await shop.http.head("/orders/v1/orders")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_pages_of_other_origins_may_call_only_when_they_are_listed(tmp_path: Path) -> None:
    """No origin by default: a page that somebody visits must not call on their machine."""
    ask = {"origin": "https://app.example.com", "access-control-request-method": "POST"}
    async with opened(tmp_path / "closed") as shop:
        closed = await shop.http.options("/orders/v1/orders", headers=ask)
    async with opened(tmp_path / "open", CORS_ORIGINS='["https://app.example.com"]') as shop:
        allowed = await shop.http.options("/orders/v1/orders", headers=ask)
        other = await shop.http.options("/orders/v1/orders", headers=ask | {"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in closed.headers
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in other.headers


async def test_liveness_and_readiness_need_no_key(shop: Shop) -> None:
    """Whoever restarts processes has none."""
    del shop.http.headers["authorization"]

    live, ready = await shop.http.get("/livez"), await shop.http.get("/readyz")

    assert (live.json(), ready.json()) == ({"status": "live"}, {"status": "ready"})


async def test_the_reference_page_loads_nothing_from_elsewhere(shop: Shop) -> None:
    """It works without internet, and nobody can make it run a script."""
    page = await shop.http.get("/", follow_redirects=True)

    assert page.url.path == "/reference/"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", page.text)


async def test_a_problems_type_leads_to_its_description(shop: Shop) -> None:
    """RFC 9457 wishes `type` to be a page that explains the problem."""
    answer = await shop.http.get("/problems/order_not_found")

    assert answer.headers["location"] == "/reference/#problem/order_not_found"


async def test_the_development_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    """A second start must not lock out whoever copied the first key."""
    async with opened(tmp_path) as shop:
        first = shop.connection.key
    async with opened(tmp_path) as shop:
        second = shop.connection.key

    assert first == second
    assert stat.S_IMODE((tmp_path / "gateway" / "development.key").stat().st_mode) == 0o600


async def test_a_gateway_that_has_stopped_is_not_found(tmp_path: Path) -> None:
    """Tools must not talk to an address that somebody else may have by now."""
    async with opened(tmp_path):
        pass

    assert connection(tmp_path) is None


async def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    """The most frequent first error of all."""
    async with opened(tmp_path / "first") as shop:
        port = shop.connection.url.rpartition(":")[2]

        with pytest.raises(Exception, match=rf"cannot listen on 127.0.0.1:{port}.*set another `port`"):
            async with opened(tmp_path / "second", PORT=port):
                pass


async def test_a_second_start_in_one_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    """Else the tools would lose sight of an application that runs."""
    async with opened(tmp_path) as shop:
        with pytest.raises(Exception, match=rf"runs already at {shop.connection.url}.*--state"):
            async with opened(tmp_path):
                pass

        assert connection(tmp_path) == shop.connection


async def test_what_a_killed_gateway_left_behind_does_not_matter(tmp_path: Path) -> None:
    """Nobody tidies up after a kill."""
    folder = tmp_path / "gateway"
    for left in (b'{"url": "http://127.0.0.1:1"}', b'{"url": "nowhere"}', b"\xff", b"[]"):
        folder.mkdir(exist_ok=True)
        (folder / "address.json").write_bytes(left)

        async with opened(tmp_path) as shop:
            assert (await shop.http.get("/livez")).status_code == 200

        assert not (folder / "address.json").exists()


async def test_requests_in_progress_are_answered_while_it_stops(tmp_path: Path) -> None:
    """A restart must not be seen by who was already being served."""
    async with opened(tmp_path) as shop:
        call = asyncio.ensure_future(shop.http.get("/orders/v1/hang", headers={"atoll-timeout": "0.3"}))
        await shop.service.hanging.wait()
        stopping = asyncio.ensure_future(shop.running.stop(5))

        answer = await call
        await stopping

    assert answer.status_code == 504
