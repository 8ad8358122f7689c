"""What is no clean HTTP is refused once, and nothing behind it is taken for a request.

Whoever stands in front of a service (a proxy, a load balancer) may see two requests where it sees one, or one where it
sees two: request smuggling. Where there can be two opinions, there is no answer but a refusal.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from atoll.adapters.http_asked import ServerLimits
from tests.adapters.loops import on_each_loop
from tests.adapters.wire import (
    Listening,
    Speaker,
    answers_in,
    closing,
    listening,
    request,
    socket_in,
    still_answers,
    told,
)

SHORT = ServerLimits(head_bytes_max=16_384, body_bytes_max=65_536, head_s=0.2, body_s=0.2)


def _wire(folder: Path) -> AbstractAsyncContextManager[Listening]:
    return listening(socket_in(folder), limits=SHORT)


SMUGGLED = closing("GET", "/wire/v1/words/smuggled")
POST = b"POST /wire/v1/notes HTTP/1.1\r\nhost: wire\r\ncontent-type: application/json\r\n"
BODY = b'{"words":[]}'


def _post(lines: bytes, body: bytes = BODY) -> bytes:
    return POST + lines + b"\r\n\r\n" + body + SMUGGLED


LENGTHS = {
    "two that agree": _post(b"content-length: 12\r\ncontent-length: 12"),
    "two that differ": _post(b"content-length: 12\r\ncontent-length: 0"),
    "the other two": _post(b"content-length: 0\r\nContent-Length: 12"),
    "a list": _post(b"content-length: 12, 12"),
    "negative": _post(b"content-length: -12"),
    "plus": _post(b"content-length: +12"),
    "hex": _post(b"content-length: 0xc"),
    "fraction": _post(b"content-length: 12.0"),
    "exponent": _post(b"content-length: 1e1"),
    "underscore": _post(b"content-length: 1_2"),
    "space within": _post(b"content-length: 1 2"),
    "words": _post(b"content-length: twelve"),
    "empty": _post(b"content-length:"),
    "too large": _post(b"content-length: 65537"),
    "beyond 64 bits": _post(b"content-length: 18446744073709551628"),
    "hundred digits": _post(b"content-length: " + b"9" * 100),
    "five thousand zeros": _post(b"content-length: " + b"0" * 5_000 + b"12"),
    "vertical tab": _post(b"content-length: \x0b12"),
    "other digits": _post("content-length: ١٢".encode()),
}

CHUNKED = b"c\r\n" + BODY + b"\r\n0\r\n\r\n"

ENCODINGS = {
    "with a length": _post(b"transfer-encoding: chunked\r\ncontent-length: 12", CHUNKED),
    "after a length": _post(b"content-length: 12\r\ntransfer-encoding: chunked", CHUNKED),
    "twice": _post(b"transfer-encoding: chunked\r\ntransfer-encoding: chunked", CHUNKED),
    "then identity": _post(b"transfer-encoding: chunked\r\ntransfer-encoding: identity", CHUNKED),
    "list with identity": _post(b"transfer-encoding: chunked, identity", CHUNKED),
    "identity": _post(b"transfer-encoding: identity\r\ncontent-length: 12"),
    "gzip before": _post(b"transfer-encoding: gzip, chunked", CHUNKED),
    "empty item before": _post(b"transfer-encoding: ,chunked", CHUNKED),
    "another name": _post(b"transfer-encoding: xchunked", CHUNKED),
    "quoted": _post(b'transfer-encoding: "chunked"', CHUNKED),
    "parameter": _post(b"transfer-encoding: chunked;q=1", CHUNKED),
    "empty": _post(b"transfer-encoding:", CHUNKED),
    "vertical tab before": _post(b"transfer-encoding: \x0bchunked", CHUNKED),
    "space before the colon": _post(b"transfer-encoding : chunked", CHUNKED),
    "folded": _post(b"transfer-encoding:\r\n chunked", CHUNKED),
    "to HTTP/1.0": _post(b"transfer-encoding: chunked", CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "to HTTP/1.0, kept": _post(b"connection: keep-alive\r\ntransfer-encoding: chunked", CHUNKED).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
}


def _chunks(body: bytes) -> bytes:
    return _post(b"transfer-encoding: chunked", body)


CHUNKS = {
    "size too small": _chunks(b"2\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size too large": _chunks(b"d\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "negative size": _chunks(b"-c\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "hex prefix": _chunks(b"0xc\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "plus": _chunks(b"+c\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "no size": _chunks(b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "space behind": _chunks(b"c \r\n" + BODY + b"\r\n0\r\n\r\n"),
    "beyond 64 bits": _chunks(b"1000000000000000c\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "all of 64 bits": _chunks(b"ffffffffffffffff\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "bare line feeds": _chunks(b"c\n" + BODY + b"\n0\n\n"),
    "bare carriage returns": _chunks(b"c\r" + BODY + b"\r0\r\r"),
    "line feed in an extension": _chunks(b"c;a\n" + BODY + b"\r\n0\r\n\r\n"),
    "no end of a chunk": _chunks(b"c\r\n" + BODY + b"0\r\n\r\n"),
    "a length behind": _chunks(b"c\r\n" + BODY + b"\r\n0\r\ncontent-length: 5\r\n\r\n"),
    "a coding behind": _chunks(b"c\r\n" + BODY + b"\r\n0\r\ntransfer-encoding: chunked, x\r\n\r\n"),
    "long extension": _chunks(b"c;" + b"a" * 1_000_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "long trailer": _chunks(b"c\r\n" + BODY + b"\r\n0\r\nx: " + b"a" * 1_000_000),
    "tiny chunks": _chunks(b"1\r\n \r\n" * 60_000),
}


def _lines(lines: bytes) -> bytes:
    return _post(lines + b"\r\ncontent-length: 12")


HEADS = {
    "folded value": _lines(b"x: a\r\n b"),
    "folded by tab": _lines(b"x: a\r\n\tb"),
    "space before the colon": _lines(b"x : a"),
    "tab before the colon": _lines(b"x\t: a"),
    "null in a value": _lines(b"x: a\0b"),
    "null in a name": _lines(b"x\0: a"),
    "carriage return in a value": _lines(b"x: a\rcontent-length: 0"),
    "line feed alone": _lines(b"x: a\ncontent-length: 0"),
    "no name": _lines(b": a"),
    "no colon": _lines(b"content-length"),
    "a name with a space": _lines(b"content length: 0"),
    "a name beyond ASCII": _lines("é: a".encode()),
    "control character": _lines(b"x: \x01"),
    "delete": _lines(b"x: \x7f"),
    "space before the first": POST.replace(b"host", b" host") + b"content-length: 12\r\n\r\n" + BODY + SMUGGLED,
    "no host": SMUGGLED.replace(b"host: wire\r\n", b""),
    "two hosts": _lines(b"host: other"),
}

FIRST_LINES = {
    "space before": b" " + SMUGGLED,
    "lower case": SMUGGLED.replace(b"GET", b"get"),
    "unknown method": SMUGGLED.replace(b"GET", b"BREW"),
    "no version": SMUGGLED.replace(b" HTTP/1.1", b""),
    "version 0.9": SMUGGLED.replace(b"1.1", b"0.9"),
    "version 1.2": SMUGGLED.replace(b"1.1", b"1.2"),
    "version 2.0": SMUGGLED.replace(b"1.1", b"2.0"),
    "version 2.0, kept": request("GET", "/wire/v1/words/a", headers={"connection": "keep-alive"}).replace(
        b"1.1", b"2.0"
    ),
    "version 11": SMUGGLED.replace(b"1.1", b"11"),
    "other protocol": SMUGGLED.replace(b"HTTP/", b"HTCPCP/"),
    "space behind": SMUGGLED.replace(b"1.1\r\n", b"1.1 \r\n", 1),
    "line feed alone": SMUGGLED.replace(b"1.1\r\n", b"1.1\n", 1),
    "carriage return alone": SMUGGLED.replace(b"1.1\r\n", b"1.1\r", 1),
    "null in the path": SMUGGLED.replace(b"smuggled", b"smug\0gled"),
    "tab in the path": SMUGGLED.replace(b"smuggled", b"smug\tgled"),
    "space in the path": SMUGGLED.replace(b"smuggled", b"smug gled"),
    "beyond ASCII in the path": SMUGGLED.replace(b"smuggled", "schmüggled".encode()),
    "relative path": SMUGGLED.replace(b"/wire", b"wire"),
    "connect": b"CONNECT wire:80 HTTP/1.1\r\nhost: wire\r\n\r\n" + SMUGGLED,
    "connect to a path": b"CONNECT /wire/v1/words/a HTTP/1.1\r\nhost: wire\r\n\r\n" + SMUGGLED,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS": bytes.fromhex("16030100f8010000f40303") + bytes(range(240)),
    "garbage": bytes(range(256)) * 4,
    "json": b'{"jsonrpc":"2.0","method":"note","id":1}\n',
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
}

UPGRADES = {
    "websocket": request("GET", "/wire/v1/words/a", headers={"connection": "upgrade", "upgrade": "websocket"}),
    "h2c": request(
        "GET",
        "/wire/v1/words/a",
        headers={"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "A"},
    ),
    "with a body": request("POST", "/wire/v1/notes", BODY, {"connection": "upgrade", "upgrade": "h2c"}),
    "then more": request("GET", "/livez", headers={"connection": "upgrade", "upgrade": "x"}) + SMUGGLED,
}


def _headers(lines: bytes) -> bytes:
    return SMUGGLED.replace(b"host: wire\r\n", b"host: wire\r\n" + lines)


OVERSIZED = {
    "one header of 100 KiB": _headers(b"x: " + b"a" * 102_400 + b"\r\n"),
    "one header of 100 KiB that we read": _headers(b"atoll-user: " + b"a" * 102_400 + b"\r\n"),
    "one name of 100 KiB": _headers(b"a" * 102_400 + b": x\r\n"),
    "one header of 20 KiB": _headers(b"x: " + b"a" * 20_480 + b"\r\n"),
    "200 headers": _headers(b"".join(b"x-%d: a\r\n" % number for number in range(200))),
    "200 headers of one name": _headers(b"x: a\r\n" * 200),
    "200 headers in 100 KiB": _headers(b"".join(b"x-%d: %b\r\n" % (number, b"a" * 500) for number in range(200))),
    "a path of 100 KiB": SMUGGLED.replace(b"smuggled", b"a" * 102_400),
    "a query of 100 KiB": SMUGGLED.replace(b"smuggled", b"a?times=" + b"1" * 102_400),
    "empty lines without end": b"\r\n" * 50_000 + SMUGGLED,
}

DUPLICATES = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "expect",
    "connection",
    "traceparent",
    "idempotency-key",
    "atoll-timeout",
    "atoll-caller",
    "atoll-user",
    "atoll-tenant",
    "atoll-criticality",
]


def _named(*tables: dict[str, bytes]) -> pytest.MarkDecorator:
    vectors = [pytest.param(data, id=name) for table in tables for name, data in table.items()]
    return pytest.mark.parametrize("data", vectors)


async def _is_refused(folder: Path, data: bytes) -> None:
    """One refusal, or none; no handler; and the next one is served."""
    async with _wire(folder) as wire:
        answers = await told(wire.address, data)

        assert len(answers) <= 1, "two answers to one request"
        assert all(400 <= answer.status < 500 for answer in answers), answers
        assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
        assert not wire.desk.seen, "a handler was called"
        assert await still_answers(wire)


@_named(LENGTHS)
@on_each_loop
async def test_a_length_that_two_could_read_in_two_ways_is_refused(tmp_path: Path, data: bytes) -> None:
    """RFC 9112, 6.3: where the length is in doubt, the connection ends."""
    await _is_refused(tmp_path, data)


@_named(ENCODINGS)
@on_each_loop
async def test_a_coding_that_two_could_read_in_two_ways_is_refused(tmp_path: Path, data: bytes) -> None:
    """RFC 9112, 6.1: `chunked`, once, alone, and without a length."""
    await _is_refused(tmp_path, data)


@_named(CHUNKS)
@on_each_loop
async def test_chunks_that_are_not_clean_are_refused(tmp_path: Path, data: bytes) -> None:
    """RFC 9112, 7.1; and what is around the chunks costs no more than what is in them."""
    await _is_refused(tmp_path, data)


@_named(HEADS)
@on_each_loop
async def test_a_head_that_is_not_clean_is_refused(tmp_path: Path, data: bytes) -> None:
    """RFC 9112, 5: no folding, no space before a colon, no bare ends of lines."""
    await _is_refused(tmp_path, data)


@_named(FIRST_LINES)
@on_each_loop
async def test_a_first_line_that_is_no_request_is_refused(tmp_path: Path, data: bytes) -> None:
    """Other protocols and other versions among them."""
    await _is_refused(tmp_path, data)


@_named(UPGRADES)
@on_each_loop
async def test_a_connection_is_not_upgraded(tmp_path: Path, data: bytes) -> None:
    """It is told so, once, before any handler has begun."""
    await _is_refused(tmp_path, data)


@_named(OVERSIZED)
@on_each_loop
async def test_a_head_that_is_too_large_is_refused(tmp_path: Path, data: bytes) -> None:
    """Whether it comes in one piece or in many."""
    await _is_refused(tmp_path, data)


@_named(OVERSIZED)
@on_each_loop
async def test_a_large_head_is_refused_in_pieces_too(tmp_path: Path, data: bytes) -> None:
    """No piece is too large by itself."""
    async with _wire(tmp_path) as wire:
        async with await Speaker.connect(wire.address) as speaker:
            for start in range(0, len(data), 4_096):
                await speaker.say(data[start : start + 4_096])
            answers = answers_in(await speaker.hear())

        assert [answer.status for answer in answers if answer.status != 431] == []
        assert not wire.desk.seen
        assert await still_answers(wire)


@pytest.mark.parametrize("name", DUPLICATES)
@on_each_loop
async def test_a_header_that_we_read_may_come_once(tmp_path: Path, name: str) -> None:
    """Who reads the first of two, and who the last, would not agree about the call."""
    value = {"connection": "close", "content-length": "12"}.get(name, "a")
    lines = f"{name}: {value}\r\n{name.title()}: {value}".encode()

    await _is_refused(tmp_path, _post(lines) if name == "content-length" else _lines(lines))


@on_each_loop
async def test_a_refusal_says_what_was_wrong(tmp_path: Path) -> None:
    """Whoever wrote the client reads it."""
    async with _wire(tmp_path) as wire:
        (answer,) = await told(wire.address, LENGTHS["plus"])

        assert answer.status == 400
        assert b"invalid character in content-length" in answer.body
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "line", [b"atoll-user: root", b"idempotency-key: k", b"x: y", b"atoll-timeout: 0", b"host: other"]
)
@on_each_loop
async def test_what_comes_behind_a_body_changes_nothing(tmp_path: Path, line: bytes) -> None:
    """RFC 9110, 6.5.1: a trailer is no header."""
    async with _wire(tmp_path) as wire:
        closed = b"transfer-encoding: chunked\r\nconnection: close\r\n\r\nc\r\n" + BODY + b"\r\n0\r\n"

        answers = await told(wire.address, POST + closed + line + b"\r\n\r\n")

        assert [(answer.status, answer.body) for answer in answers] == [(200, BODY)]


@pytest.mark.parametrize("extension", [b"", b";a", b";a=b", b';a="b"', b";a=b;c=d"])
@on_each_loop
async def test_extensions_of_chunks_are_passed_over(tmp_path: Path, extension: bytes) -> None:
    """RFC 9112, 7.1.1."""
    async with _wire(tmp_path) as wire:
        chunked = b"transfer-encoding: CHUNKED\r\nconnection: close\r\n\r\nC%b\r\n%b\r\n0%b\r\n\r\n"

        answers = await told(wire.address, POST + chunked % (extension, BODY, extension))

        assert [(answer.status, answer.body) for answer in answers] == [(200, BODY)]


@on_each_loop
async def test_a_bad_request_behind_good_ones_is_refused_after_their_answers(tmp_path: Path) -> None:
    """Each answer belongs to one request."""
    async with _wire(tmp_path) as wire:
        good = (
            request("GET", "/wire/v1/words/a") + request("GET", "/wire/v1/words/b") + request("POST", "/wire/v1/orders")
        )

        answers = await told(wire.address, good + b"GARBAGE\r\n\r\n" + SMUGGLED)

        assert [answer.status for answer in answers] == [200, 200, 204, 400]
        assert wire.desk.seen == ["word a", "word b", "order"]


JSON = {
    "nothing": b" ",
    "half": b'{"words":["a"',
    "trailing comma": b'{"words":["a",]}',
    "single quotes": b"{'words':[]}",
    "two values": b'{"words":[]}{"words":[]}',
    "bare word": b"words",
    "not UTF-8": b'{"words":["\xff"]}',
    "byte order mark": b'\xef\xbb\xbf{"words":[]}',
    "UTF-16": '{"words":[]}'.encode("utf-16"),
    "null": b"null",
    "number": b"1e999",
    "NaN": b'{"words":[NaN]}',
    "control character": b'{"words":["\x01"]}',
    "half a surrogate": b'{"words":["\\ud800"]}',
    "other type": b'{"words":"a"}',
    "deep lists": b"[" * 30_000 + b"]" * 30_000,
    "deep lists in a field": b'{"words":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep lists in an unknown field": b'{"words":[],"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep and open": b"[" * 60_000,
    "deep objects, open": b'{"a":' * 12_000,
    "many digits": b'{"words":[' + b"9" * 60_000 + b"]}",
}


@_named(JSON)
@on_each_loop
async def test_a_body_that_is_not_what_it_should_be_is_refused(tmp_path: Path, data: bytes) -> None:
    """By 422, with where the fault is; the connection goes on, for its framing was clean."""
    async with _wire(tmp_path) as wire:
        again = closing("GET", "/wire/v1/words/next")

        answers = await told(wire.address, request("POST", "/wire/v1/notes", data) + again)

        assert [answer.status for answer in answers] == [422, 200]
        assert wire.desk.seen == ["word next"]


HUGE = {
    "one byte too many": b" " * 65_537,
    "long text": b'{"words":["' + b"a" * 100_000 + b'"]}',
    "long list": b'{"words":[' + b'"a",' * 100_000 + b'"a"]}',
    "many keys": b"{" + b",".join(b'"k%d":0' % number for number in range(20_000)) + b"}",
    "many digits": b"9" * 100_000,
    "deep": b"[" * 1_000_000,
    "megabytes": b" " * 4_000_000,
}


@_named(HUGE)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["by length", "in chunks"])
@on_each_loop
async def test_a_body_that_is_too_large_is_refused(tmp_path: Path, data: bytes, *, is_chunked: bool) -> None:
    """By its length, before it comes; in chunks, as soon as it is too much."""
    async with _wire(tmp_path) as wire:
        if is_chunked:
            pieces = [data[start : start + 10_000] for start in range(0, len(data), 10_000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            asked = POST + b"transfer-encoding: chunked\r\n\r\n" + body
        else:
            asked = request("POST", "/wire/v1/notes", data)

        answers = await told(wire.address, asked)

        assert [answer.status for answer in answers] in ([413], [])  # a client that writes on may miss it
        assert not wire.desk.seen
        assert await still_answers(wire)
