"""Whoever is slow, or goes away, holds up nobody and keeps nothing."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from atoll.adapters.http_asked import ServerLimits
from tests.adapters.loops import on_each_loop
from tests.adapters.wire import (
    Listening,
    Speaker,
    answers_in,
    closing,
    comes_true,
    listening,
    request,
    socket_in,
    still_answers,
)

BODY = b'{"words":[]}'
POST = b"POST /wire/v1/notes HTTP/1.1\r\nhost: wire\r\ncontent-type: application/json\r\n"
LENGTH = POST + b"content-length: 12\r\n\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
STREAM = request("GET", "/wire/v1/items?count=1000000&size=1000")
LARGE = request("GET", "/wire/v1/words/abcdefgh?times=2000000")

IMPATIENT = ServerLimits(head_s=0.1, body_s=0.1, idle_s=0.1, write_s=0.1)

SLOW = {
    "never a byte": (b"", b""),
    "an empty line, then nothing": (b"\r\n", b""),
    "half a first line": (b"GET /wire/v1/wo", b""),
    "half a head": (POST, b""),
    "a head, byte by byte": (b"", POST + b"x: y\r\n" * 1_000),
    "a body, byte by byte": (LENGTH.replace(b"12", b"9999"), b" " * 9_999),
    "a head without its body": (LENGTH, b""),
    "half a body": (LENGTH + b'{"wo', b""),
    "half a size": (CHUNKED + b"c", b""),
    "half a chunk": (CHUNKED + b"c\r\n" + BODY[:4], b""),
    "between two chunks": (CHUNKED + b"c\r\n" + BODY + b"\r\n", b""),
    "chunks, byte by byte": (CHUNKED, b"1\r\n \r\n" * 2_000),
    "a trailer, byte by byte": (CHUNKED + b"c\r\n" + BODY + b"\r\n0\r\n", b"x: y\r\n" * 1_000),
    "after an answer": (request("POST", "/wire/v1/orders"), b""),
    "half of the next head": (request("POST", "/wire/v1/orders") + b"GET /wi", b""),
}


@pytest.mark.parametrize(("at_once", "slowly"), SLOW.values(), ids=SLOW)
@on_each_loop
async def test_a_slow_sender_is_told_and_let_go(tmp_path: Path, at_once: bytes, slowly: bytes) -> None:
    """By 408, within the limit of what it was slow with."""
    async with listening(socket_in(tmp_path), limits=IMPATIENT) as wire:
        async with await Speaker.connect(wire.address) as speaker:
            await speaker.say(at_once)
            hearing = asyncio.ensure_future(speaker.hear())
            for byte in slowly:
                if hearing.done():
                    break
                await speaker.say(bytes([byte]))
                await asyncio.sleep(0.002)
            answers = answers_in(await hearing)

        assert [answer.status for answer in answers if answer.status != 204] == [408]
        assert set(wire.desk.seen) <= {"order"}
        assert await still_answers(wire)


@pytest.mark.parametrize("asked", [STREAM, LARGE, LARGE * 3, request("POST", "/wire/v1/orders") * 5 + STREAM])
@on_each_loop
async def test_a_slow_reader_is_let_go(tmp_path: Path, asked: bytes) -> None:
    """What it does not read is not made, and not kept for ever."""
    async with listening(socket_in(tmp_path), limits=IMPATIENT) as wire:
        async with await Speaker.connect(wire.address) as speaker:
            speaker.pause()
            await speaker.say(asked)
            await wire.desk.entered.wait()
            await comes_true(lambda: not wire.server.connections)

        assert wire.desk.made < 2_000
        assert await still_answers(wire)


@on_each_loop
async def test_a_reader_that_is_slow_and_reads_is_given_all(tmp_path: Path) -> None:
    """A limit is for those who have stopped: this one takes longer than it, and never stops."""
    limits = ServerLimits(write_s=0.5)
    async with listening(socket_in(tmp_path), limits=limits) as wire, await Speaker.connect(wire.address) as speaker:
        await speaker.say(closing("GET", "/wire/v1/items?count=400&size=1000"))
        data = b""
        while piece := await speaker.reader.read(4_096):
            data += piece
            await asyncio.sleep(0.01)

    (answer,) = answers_in(data)
    assert len(answer.body.splitlines()) == 400


# How a client can go: what is said before, and how it leaves.

Leaving = Callable[[Speaker], Awaitable[None]]


async def _shuts_down(speaker: Speaker) -> None:
    speaker.writer.write_eof()
    await speaker.hear()


async def _closes(speaker: Speaker) -> None:
    speaker.writer.close()


async def _resets(speaker: Speaker) -> None:
    found = speaker.writer.get_extra_info("socket")
    assert isinstance(found, socket.socket) or hasattr(found, "setsockopt")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    speaker.writer.transport.abort()


LEAVINGS = {"shuts down": _shuts_down, "closes": _closes, "resets": _resets}

MOMENTS = {
    "right after it has come": b"",
    "within a first line": b"GET /wi",
    "within a head": POST,
    "after a head": LENGTH,
    "within a body": LENGTH + b'{"wo',
    "within a size": CHUNKED + b"c",
    "within a chunk": CHUNKED + b"c\r\n" + BODY[:4],
    "between chunks": CHUNKED + b"c\r\n" + BODY + b"\r\n",
    "while a handler works": LENGTH + BODY,
    "with more in the queue": (LENGTH + BODY) * 5,
    "within the next request": LENGTH + BODY + POST,
    "before a stream": STREAM,
}


@pytest.mark.parametrize("leave", LEAVINGS.values(), ids=LEAVINGS)
@pytest.mark.parametrize("said", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("address", ["unix", "http://127.0.0.1:0"])
@on_each_loop
async def test_a_client_that_goes_keeps_nothing(tmp_path: Path, address: str, said: bytes, leave: Leaving) -> None:
    """Whenever it goes, and however: the handler that worked for it is cancelled, no other one begins."""
    async with listening(socket_in(tmp_path) if address == "unix" else address) as wire:
        wire.desk.go.clear()
        works = (LENGTH + BODY) in said or said == STREAM
        async with await Speaker.connect(wire.address) as speaker:
            await speaker.say(said)
            await (wire.desk.entered.wait() if works else comes_true(lambda: bool(wire.server.connections)))
            await leave(speaker)
            await comes_true(lambda: not wire.server.connections and not wire.dispatcher.active)

        assert len(wire.desk.seen) == works
        assert wire.desk.ended == wire.desk.seen
        assert await still_answers(wire)


@pytest.mark.parametrize("leave", LEAVINGS.values(), ids=LEAVINGS)
@pytest.mark.parametrize("asked", [STREAM, LARGE], ids=["stream", "large answer"])
@on_each_loop
async def test_a_client_that_goes_within_an_answer_ends_it(tmp_path: Path, asked: bytes, leave: Leaving) -> None:
    """A producer learns of it by being closed."""
    async with listening("http://127.0.0.1:0") as wire:
        async with await Speaker.connect(wire.address) as speaker:
            await speaker.say(asked)
            await speaker.reader.read(10)
            await leave(speaker)
            await comes_true(lambda: not wire.server.connections and not wire.dispatcher.active)

        if asked == STREAM:
            await wire.desk.left.wait()
        assert wire.desk.made < 10_000
        assert await still_answers(wire)


@on_each_loop
async def test_what_comes_after_the_last_request_is_passed_over(tmp_path: Path) -> None:
    """A client that writes on without end keeps its connection for no longer than a head may take."""
    async with listening(socket_in(tmp_path), limits=IMPATIENT) as wire:
        async with await Speaker.connect(wire.address) as speaker:
            await speaker.say(closing("GET", "/livez"))
            hearing = asyncio.ensure_future(speaker.hear())
            while wire.server.connections:
                speaker.writer.write(b"more")
                await asyncio.sleep(0.005)
            answers = answers_in(await hearing)

        assert [answer.status for answer in answers] == [200]


@on_each_loop
async def test_connections_are_bounded(tmp_path: Path) -> None:
    """One too many is told so at once, by an answer that sends it elsewhere; those before go on."""
    async with listening(socket_in(tmp_path), limits=ServerLimits(connections_max=3)) as wire:
        speakers = [await Speaker.connect(wire.address) for _ in range(3)]
        await comes_true(lambda: len(wire.server.connections) == 3)
        async with await Speaker.connect(wire.address) as one_too_many:
            (refused,) = answers_in(await one_too_many.hear())
        for speaker in speakers:
            await speaker.say(closing("GET", "/livez"))
        answers = [answers_in(await speaker.hear())[0].status for speaker in speakers]
        for speaker in speakers:
            await speaker.__aexit__()

    assert (refused.status, answers) == (503, [200, 200, 200])


@on_each_loop
async def test_a_crowd_of_bad_clients_leaves_nothing(tmp_path: Path) -> None:
    """All at once."""
    vectors = [*MOMENTS.values(), *(at_once for at_once, _ in SLOW.values())]

    async def visit(wire: Listening, number: int) -> None:
        async with await Speaker.connect(wire.address) as speaker:
            await speaker.say(vectors[number % len(vectors)])
            await list(LEAVINGS.values())[number % 3](speaker)

    async with listening("http://127.0.0.1:0", limits=IMPATIENT) as wire:
        await asyncio.gather(*(visit(wire, number) for number in range(200)))
        assert await still_answers(wire)
        await comes_true(lambda: not wire.server.connections and not wire.dispatcher.active)
