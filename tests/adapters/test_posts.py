"""Requests that carry more than JSON, and answers that say when to ask again: over real connections, byte by byte."""

from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

import pytest

from atoll import Context
from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_server import HttpServer
from atoll.calls import Door, LocalTransport, Request, Response
from atoll.calls.http import TIMEOUT_MAX_S, Target, answer_lines, retry_after_in
from atoll.contract import Contract, raw_operation
from atoll.testing import SeededEntropy
from atoll.topology.peers import Directory, Peers
from tests.adapters.scripted import answer_saying, answering, scripted
from tests.calls.probe import Probe

EVENTS = raw_operation("wire", 1, "post /events", "/events")
NOW = 1_800_000_000.0


def posted(body: bytes = b"<a/>", *headers: tuple[str, str]) -> Request:
    """A request for it."""
    context = Context(caller="orders", tenant="east")
    return Request(EVENTS, (), (), body, context, headers=headers or (("content-type", "text/xml"), ("ce-id", "a%20b")))


# --- the head --------------------------------------------------------------------------------------------------------


def test_a_raw_request_says_itself_what_it_is() -> None:
    """Its headers stand in the place of the content type, below the root of the service."""
    sent = Target(EVENTS, Door(root="/api"), "example.com").request_bytes(posted(), 0.0)

    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/events HTTP/1.1"
    assert body == b"<a/>"
    assert [line for line in lines if line.startswith((b"content-", b"ce-"))] == [
        b"content-type: text/xml",
        b"ce-id: a%20b",
        b"content-length: 4",
    ]
    assert b"atoll-tenant: east" in lines


def test_a_stranger_is_told_of_nobody() -> None:
    """As in a call."""
    sent = Target(EVENTS, Door(is_stranger=True)).request_bytes(posted(b""), 0.0)

    assert b"atoll-" not in sent
    assert b"content-length: 0\r\n\r\n" in sent


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b"  7\t", 7.0),
        (b"0", 0.0),
        (b"9" * 400, TIMEOUT_MAX_S),
        (formatdate(NOW + 90, usegmt=True).encode(), 90.0),
        (formatdate(NOW - 90, usegmt=True).encode(), 0.0),
        (b"-1", None),
        (b"1.5", None),
        (b"soon", None),
        (b"", None),
        ("²".encode(), None),
        (b"Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_moment(value: bytes, seconds: float | None) -> None:
    """What is neither says nothing; a day is the longest."""
    head = b"HTTP/1.1 503 -\r\nx: 1\r\nRetry-After:%b\r\nmore: 2\r\n\r\n" % value

    assert retry_after_in(head, NOW) == seconds
    assert retry_after_in(b"HTTP/1.1 503 -\r\nx: retry-after: 7\r\n\r\n", NOW) is None


def test_an_answer_says_when_to_ask_again_in_whole_seconds() -> None:
    """Rather later than too early."""
    assert answer_lines(Response(503, b"", None, 1.2)) == b"retry-after: 2\r\n"
    assert answer_lines(Response(503)) == b""


# --- a client --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 30.0), (503, 30.0), (500, None), (404, None)], ids=["429", "503", "500", "404"]
)
async def test_a_client_hears_when_to_ask_again(tmp_path: Path, status: int, seconds: float | None) -> None:
    """Of the statuses that may say it; the answer is as it came."""
    said = answer_saying(status, b'{"title":"no"}', b"Retry-After: 30\r\n")
    async with scripted(tmp_path, answering(said)) as script:
        transport = HttpClient(Directory(Peers({"wire": (f"unix:{tmp_path}/scripted.sock",)})), SeededEntropy(0))
        try:
            response = await transport.send(posted())
        finally:
            await transport.close()

    assert (response.status, response.body, response.retry_after_s) == (status, b'{"title":"no"}', seconds)
    assert script.asked == ["POST /wire/v1/events"]


# --- a server --------------------------------------------------------------------------------------------------------


class Taking:
    """Takes whatever is posted, and notes it."""

    def __init__(self) -> None:
        self.contract = Contract("wire", 1, "1.0", "", Probe, (EVENTS,), ())
        self.taken: list[tuple[Mapping[str, str], bytes]] = []

    async def dispatch(self, request: Request) -> Response:
        """Note it, and ask to be left alone."""
        self.taken.append((dict(request.headers), request.body))
        return Response(429, b'{"title":"enough"}', None, 3.5)


async def test_a_server_hands_on_what_belongs_to_an_event(tmp_path: Path) -> None:
    """Names in lower case, values as they came; headers of others are nobody's business. It says when to ask again."""
    taking, answering_here = Taking(), LocalTransport()
    answering_here.add(taking)
    server = HttpServer(answering_here, [taking.contract], SeededEntropy(0))
    address = await server.listen(f"unix:{tmp_path}/server.sock")
    transport = HttpClient(Directory(Peers({"wire": (address,)})), SeededEntropy(1))
    more = (("Content-Type", "application/x-thrift"), ("CE-Id", "a%20b"), ("ce-source", "/a"), ("X-Other", "1"))
    try:
        response = await transport.send(posted(b"\x00\xff", *more))
        empty = await transport.send(posted(b"", ("content-type", "text/plain")))
    finally:
        await transport.close()
        await server.close()

    assert taking.taken == [
        ({"content-type": "application/x-thrift", "ce-id": "a%20b", "ce-source": "/a"}, b"\x00\xff"),
        ({"content-type": "text/plain"}, b""),
    ]
    assert (response.status, response.retry_after_s, empty.status) == (429, 4.0, 429)
