"""A client keeps its head, whatever a server says, and sends nothing twice that may not be done twice."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from atoll.adapters.http_instance import ClientLimits
from atoll.problems import BrokenContract, DeadlineExceeded, Unavailable, UnknownProblem
from tests.adapters.loops import on_each_loop, on_uvloop
from tests.adapters.scripted import (
    ANSWER,
    NOT_BEGUN,
    Conversation,
    Play,
    answer_saying,
    answering,
    calling,
    not_begun,
    scripted,
    serving,
    silent,
)
from tests.adapters.wire import Misled, Note, TooLate, Wire, comes_true, listening, pause_reading, socket_in

NOTE = Note(words=["a"])
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"

NO_ANSWERS = {
    "nothing": b"",
    "an empty line": b"\r\n",
    "garbage": bytes(range(256)) * 10,
    "html": b"<html>not found</html>",
    "HTTP/2": b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80\0\4\0\1\0\0\0\5\0\xff\xff\xff",
    "TLS": bytes.fromhex("15030300020228"),
    "a request": b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "half a first line": b"HTTP/1.1 20",
    "half a head": HEAD + b"content-len",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "a status of no class": b'HTTP/1.1 999 Request denied\r\ncontent-length: 3\r\n\r\n"a"',
    "another version": b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    "half a body": HEAD + b'content-length: 30\r\n\r\n"a"',
    "negative length": HEAD + b'content-length: -3\r\n\r\n"a"',
    "two lengths": HEAD + b'content-length: 3\r\ncontent-length: 4\r\n\r\n"a"',
    "length and chunks": HEAD + b'content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\n"a"\r\n0\r\n\r\n',
    "bad chunk size": CHUNKED + b'x\r\n"a"\r\n0\r\n\r\n',
    "half a chunk": CHUNKED + b'3\r\n"a',
    "no last chunk": CHUNKED + b'3\r\n"a"\r\n',
    "only an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nmore",
    "one header of 100 KiB": HEAD + b"x: " + b"a" * 102_400 + b"\r\n\r\n",
    "a null": HEAD + b"x: \0\r\n\r\n",
    "a folded header": HEAD + b'x: a\r\n b\r\ncontent-length: 3\r\n\r\n"a"',
}


@pytest.mark.parametrize("data", NO_ANSWERS.values(), ids=NO_ANSWERS)
@on_each_loop
async def test_what_is_no_answer_is_a_service_that_cannot_be_reached(tmp_path: Path, data: bytes) -> None:
    """The reason says what came; and the next call is as good as new."""

    async def play(conversation: Conversation) -> None:
        await (answering(data) if conversation.number == 1 else serving())(conversation)

    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        with pytest.raises(Unavailable) as caught:
            await call.wire.note(NOTE)
        assert await call.wire.word("a") == "a"

    assert "wire" in str(caught.value)
    assert script.asked == ["POST /wire/v1/notes", "GET /wire/v1/words/a"]


ANSWERS = {
    "plain": ANSWER,
    "no reason": b'HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n"a"',
    "chunks": CHUNKED + b'1\r\n"\r\n2\r\na"\r\n0\r\n\r\n',
    "extensions and trailers": CHUNKED + b'3;x=y\r\n"a"\r\n0\r\nx: y\r\n\r\n',
    "to the end of the connection": HEAD + b'\r\n"a"',
    "old, to the end": b'HTTP/1.0 200 OK\r\n\r\n"a"',
    "old, with a length": b'HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\n"a"',
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + ANSWER,
    "after three interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + ANSWER,
    "interim with a length": b"HTTP/1.1 102 Processing\r\ncontent-length: 0\r\n\r\n" + ANSWER,
    "many headers": HEAD + b"x: y\r\n" * 500 + b'content-length: 3\r\n\r\n"a"',
    "and close": HEAD + b'content-length: 3\r\nconnection: close\r\n\r\n"a"',
}

AND_MORE = {
    "another": ANSWER + HEAD + b'content-length: 3\r\n\r\n"b"',
    "half of another": ANSWER + HEAD + b"content-le",
    "a goodbye": ANSWER + not_begun(408),
    "garbage": ANSWER + b"garbage",
    "an empty line": ANSWER + b"\r\n",
}


@pytest.mark.parametrize("in_pieces", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("data", ANSWERS.values(), ids=ANSWERS)
@on_each_loop
async def test_an_answer_is_understood_however_it_is_framed(tmp_path: Path, data: bytes, *, in_pieces: bool) -> None:
    """By its length, by chunks, by the end of the connection; behind answers that are none yet."""

    async def play(conversation: Conversation) -> None:
        while await conversation.asked():
            for piece in (bytes([byte]) for byte in data) if in_pieces else [data]:
                await conversation.say(piece)
                await asyncio.sleep(0)
            if b"length" not in data and b"chunked" not in data:
                return

    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        answers = [await call.wire.word("a") for _ in range(3)]

    assert answers == ["a"] * 3
    assert len(script.asked) >= 3


@pytest.mark.parametrize("data", AND_MORE.values(), ids=AND_MORE)
@on_each_loop
async def test_what_stands_behind_an_answer_is_no_answer_to_the_next_call(tmp_path: Path, data: bytes) -> None:
    """Such a connection is not used again."""
    async with scripted(tmp_path, serving(data)) as script, calling(script.address) as call:
        answers = [await call.wire.word("a") for _ in range(3)]

    assert answers == ["a"] * 3
    assert script.connections == 3 or data.endswith(b"\r\n")


TOO_LONG = {
    "by its length": HEAD + b"content-length: 200000\r\n\r\n" + b" " * 200_000,
    "in chunks": CHUNKED + b"2710\r\n%b\r\n" % (b" " * 10_000) * 20 + b"0\r\n\r\n",
    "to the end of the connection": HEAD + b"\r\n" + b" " * 200_000,
}


@pytest.mark.parametrize("data", TOO_LONG.values(), ids=TOO_LONG)
@on_each_loop
async def test_an_answer_that_is_too_long_is_not_kept(tmp_path: Path, data: bytes) -> None:
    """It breaks the contract; the rest of it is not read."""
    limits = ClientLimits(answer_bytes_max=50_000)

    async with scripted(tmp_path, answering(data)) as script, calling(script.address, limits=limits) as call:
        with pytest.raises(BrokenContract, match="longer than 50000 bytes"):
            await call.wire.word("a")
        await comes_true(lambda: script.gone == 1)

    assert len(script.asked) == 1


ENDLESS = {
    "head": (HEAD, b"x: y\r\n" * 100),
    "header": (HEAD + b"x: ", b"a" * 1_000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "chunk size": (CHUNKED, b"0" * 1_000),
    "extension": (CHUNKED + b"1;", b"a" * 1_000),
    "trailer": (CHUNKED + b"0\r\nx: ", b"a" * 1_000),
    "empty lines": (b"", b"\r\n" * 500),
    "body": (CHUNKED, b"100\r\n" + b" " * 256 + b"\r\n"),
}


@pytest.mark.parametrize(("first", "again"), ENDLESS.values(), ids=ENDLESS)
@on_uvloop
async def test_an_answer_without_end_ends(tmp_path: Path, first: bytes, again: bytes) -> None:
    """By a limit or by the deadline, and the connection with it."""

    async def play(conversation: Conversation) -> None:
        await conversation.asked()
        await conversation.say(first)
        while not conversation.reader.at_eof() and not conversation.writer.is_closing():
            await conversation.say(again)
            await asyncio.sleep(0)

    limits = ClientLimits(answer_bytes_max=100_000)
    async with scripted(tmp_path, play) as script, calling(script.address, limits=limits, timeout_s=0.3) as call:
        with pytest.raises((Unavailable, BrokenContract, DeadlineExceeded)):
            await call.wire.order()
        await comes_true(lambda: script.gone == 1)


# --- what is sent again, and what is not ------------------------------------------------------------------------------


FAILURES: dict[str, Play] = {
    "closes after the request": answering(b""),
    "closes within its answer": answering(HEAD + b"content-le"),
    "says what is no answer": answering(b"garbage"),
}


@pytest.mark.parametrize("play", FAILURES.values(), ids=FAILURES)
@on_each_loop
async def test_a_query_whose_connection_is_lost_is_sent_elsewhere(tmp_path: Path, play: Play) -> None:
    """It is idempotent (RFC 9110, 9.2.2): each call is answered."""
    async with (
        scripted(tmp_path, play) as bad,
        scripted(tmp_path, serving(), "good") as good,
        calling(bad.address, good.address) as call,
    ):
        assert [await call.wire.word("a") for _ in range(20)] == ["a"] * 20

    assert 1 <= len(bad.asked) <= 5, "it is left out for a while"
    assert len(good.asked) == 20


@pytest.mark.parametrize("play", FAILURES.values(), ids=FAILURES)
@on_each_loop
async def test_a_command_whose_connection_is_lost_is_not_sent_twice(tmp_path: Path, play: Play) -> None:
    """A handler may have begun: its caller is told that nobody knows, and decides."""
    good_answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    failed = 0
    async with (
        scripted(tmp_path, play) as bad,
        scripted(tmp_path, serving(good_answer), "good") as good,
        calling(bad.address, good.address) as call,
    ):
        for _ in range(20):
            try:
                await call.wire.order()
            except Unavailable:
                failed += 1

    assert failed == len(bad.asked) >= 1
    assert len(bad.asked) + len(good.asked) == 20


@pytest.mark.parametrize("status", [408, 421, 503])
@pytest.mark.parametrize("closes", [False, True], ids=["stays", "closes"])
@on_each_loop
async def test_what_an_instance_has_not_begun_is_sent_elsewhere_once(
    tmp_path: Path, status: int, *, closes: bool
) -> None:
    """Commands, too: it says that no handler has begun."""
    good_answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    data = not_begun(status)
    play = answering(data) if closes else serving(data)

    async with (
        scripted(tmp_path, play) as bad,
        scripted(tmp_path, serving(good_answer), "good") as good,
        calling(bad.address, good.address) as call,
    ):
        for _ in range(10):
            await call.wire.order()

    assert len(bad.asked) >= 1
    assert len(good.asked) == 10


@pytest.mark.parametrize("status", [408, 421, 503])
@on_uvloop
async def test_an_instance_that_begins_nothing_is_asked_few_times(tmp_path: Path, status: int) -> None:
    """Alone, and for ever."""
    async with scripted(tmp_path, serving(not_begun(status))) as script, calling(script.address) as call:
        with pytest.raises(Unavailable, match="takes no new request"):
            await call.wire.order()

    assert len(script.asked) <= 5


@pytest.mark.parametrize("status", [408, 421, 503])
@on_each_loop
async def test_a_handler_s_answer_that_speaks_like_a_goodbye_is_an_answer(tmp_path: Path, status: int) -> None:
    """It may have been handed on from elsewhere: only a server's head can say that nothing was begun."""
    play = serving(answer_saying(status, NOT_BEGUN % status))
    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        with pytest.raises(UnknownProblem):
            await call.wire.order()

    assert script.asked == ["POST /wire/v1/orders"]


@pytest.mark.parametrize("problem", [TooLate(), Misled()], ids=["408", "421"])
@on_each_loop
async def test_a_handler_s_own_408_or_421_is_an_answer(tmp_path: Path, problem: TooLate | Misled) -> None:
    """It is declared; it is not sent again."""
    async with listening(socket_in(tmp_path, "one")) as one, listening(socket_in(tmp_path, "two")) as two:
        one.desk.problem = two.desk.problem = problem
        async with calling(one.address, two.address) as call:
            with pytest.raises(type(problem)):
                await call.wire.note(NOTE)
            with pytest.raises(type(problem)):
                await call.wire.word("a")

        assert len(one.desk.seen) + len(two.desk.seen) == 2


def _met_by(answer: bytes) -> Play:
    """One good answer; then this, whatever comes next."""

    async def play(conversation: Conversation) -> None:
        if await conversation.asked():
            await conversation.say(ANSWER)
            if await conversation.asked():
                await conversation.say(answer)

    return play


@on_each_loop
async def test_a_query_that_meets_the_end_of_an_idle_connection_is_asked_again(tmp_path: Path) -> None:
    """Of the only instance there is, over a new connection: servers close what is idle."""
    async with scripted(tmp_path, _met_by(b"")) as script, calling(script.address) as call:
        answers = [await call.wire.word("a") for _ in range(6)]

    assert answers == ["a"] * 6
    assert script.connections == 6


@on_each_loop
async def test_a_command_that_meets_the_end_of_an_idle_connection_is_told(tmp_path: Path) -> None:
    """Nobody can know whether it was begun."""
    async with scripted(tmp_path, _met_by(b"")) as script, calling(script.address) as call:
        await call.wire.word("a")
        with pytest.raises(Unavailable):
            await call.wire.note(NOTE)
        assert await call.wire.word("a") == "a", "and nothing is held against the instance"

    assert script.asked.count("POST /wire/v1/notes") == 1


@on_each_loop
async def test_a_command_that_meets_a_goodbye_is_sent_over_a_new_connection(tmp_path: Path) -> None:
    """The goodbye says that it was not begun."""
    goodbye = not_begun(408)

    async def play(conversation: Conversation) -> None:
        if conversation.number == 1:
            await _met_by(goodbye)(conversation)
        else:
            await serving(b"HTTP/1.1 204 No Content\r\n\r\n")(conversation)

    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        await call.wire.word("a")
        await call.wire.order()

    assert script.asked == ["GET /wire/v1/words/a", "POST /wire/v1/orders", "POST /wire/v1/orders"]


@on_each_loop
async def test_an_answer_that_nobody_asked_for_is_nobody_s(tmp_path: Path) -> None:
    """It comes in two parts, one before the next request and one after it."""
    other = HEAD + b'content-length: 3\r\n\r\n"b"'

    async def play(conversation: Conversation) -> None:
        await conversation.asked()
        await conversation.say(ANSWER)
        await conversation.say(other[:10])
        if await conversation.asked():
            await conversation.say(other[10:] + ANSWER)

    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        answers: list[str] = []
        for number in range(3):
            answers.append(await call.wire.word("a"))
            await comes_true(lambda number=number: script.gone == number + 1)  # type: ignore[misc]  # a lambda's default

    assert answers == ["a"] * 3


# --- who cannot be reached --------------------------------------------------------------------------------------------


def _is_missing(folder: Path) -> str:
    return f"unix:{folder}/missing.sock"


def _is_no_socket(folder: Path) -> str:
    (folder / "file.sock").write_text("")
    return f"unix:{folder}/file.sock"


def _is_refused(folder: Path) -> str:
    return "http://127.0.0.1:1"


def _is_unknown(folder: Path) -> str:
    return "http://no-such-host.invalid:80"


ABSENT: list[Callable[[Path], str]] = [_is_missing, _is_no_socket, _is_refused, _is_unknown]


@pytest.mark.parametrize("absent", ABSENT)
@on_each_loop
async def test_an_instance_that_is_not_there_is_left_out(tmp_path: Path, absent: Callable[[Path], str]) -> None:
    """Commands go elsewhere, too: nothing was sent."""
    async with listening(socket_in(tmp_path)) as wire, calling(absent(tmp_path), wire.address) as call:
        for _ in range(20):
            await call.wire.order()

        assert len(wire.desk.seen) == 20


@pytest.mark.parametrize("absent", ABSENT)
@on_uvloop
async def test_where_nobody_is_there_the_reason_says_so(tmp_path: Path, absent: Callable[[Path], str]) -> None:
    """With the address."""
    async with calling(absent(tmp_path)) as call:
        with pytest.raises(Unavailable, match="nobody answers at") as caught:
            await call.wire.order()

    assert absent(tmp_path) in str(caught.value)


@on_uvloop
async def test_an_instance_that_comes_late_is_found_at_once(tmp_path: Path) -> None:
    """Where all have failed lately, one is tried all the same."""
    addresses = [socket_in(tmp_path, "one"), socket_in(tmp_path, "two")]
    async with calling(*addresses) as call:
        for _ in range(10):
            with pytest.raises(Unavailable):
                await call.wire.order()
        async with listening(addresses[1]) as wire:
            await call.wire.order()
            assert wire.desk.seen == ["order"]


@on_uvloop
async def test_an_instance_that_does_not_answer_is_left_out_after_a_few(tmp_path: Path) -> None:
    """A deadline alone says little; five in a row say enough."""
    late = 0
    async with (
        scripted(tmp_path, silent) as mute,
        listening(socket_in(tmp_path)) as wire,
        calling(mute.address, wire.address, timeout_s=0.03) as call,
    ):
        for _ in range(60):
            try:
                await call.wire.order()
            except DeadlineExceeded:
                late += 1

    assert late == len(mute.asked) <= 6
    assert mute.gone == late, "each is ended with its call"


# --- streams ----------------------------------------------------------------------------------------------------------


def _stream(*pieces: bytes, wait: Callable[[], Awaitable[object]] | None = None) -> Play:
    async def play(conversation: Conversation) -> None:
        await conversation.asked()
        for piece in pieces:
            await conversation.say(piece)
            await asyncio.sleep(0)
        if wait is not None:
            await wait()

    return play


STREAM = HEAD + b"content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
LINES = STREAM + b'4\r\n"a"\n\r\n8\r\n"b"\n"c"\n\r\n0\r\n\r\n'

WHOLE = {
    "at once": _stream(LINES),
    "byte by byte": _stream(*(bytes([byte]) for byte in LINES)),
    "by length": _stream(HEAD + b'content-length: 12\r\n\r\n"a"\n"b"\n"c"\n'),
    "to the end of the connection": _stream(HEAD + b'\r\n"a"\n"b"\n"c"\n'),
    "without the last end": _stream(HEAD + b'content-length: 11\r\n\r\n"a"\n"b"\n"c"'),
}


@pytest.mark.parametrize("play", WHOLE.values(), ids=WHOLE)
@on_each_loop
async def test_a_stream_is_read_however_it_is_framed(tmp_path: Path, play: Play) -> None:
    """Lines are lines."""
    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        assert [item async for item in call.wire.items()] == ["a", "b", "c"]


CUT = {
    "between lines": _stream(STREAM + b'4\r\n"a"\n\r\n'),
    "within a line": _stream(STREAM + b'4\r\n"a"\n\r\n2\r\n"b\r\n'),
    "within a chunk": _stream(STREAM + b'4\r\n"a"\n\r\nff\r\n"b'),
    "by garbage": _stream(STREAM + b'4\r\n"a"\n\r\ngarbage\r\n'),
    "by length": _stream(HEAD + b'content-length: 100\r\n\r\n"a"\n"b'),
}


async def _read(wire: Wire, into: list[str]) -> None:
    async for item in wire.items():
        into.append(item)  # noqa: PERF401  # what came before an error counts


@pytest.mark.parametrize("play", CUT.values(), ids=CUT)
@on_each_loop
async def test_a_stream_that_is_cut_ends_with_a_problem(tmp_path: Path, play: Play) -> None:
    """A part is never taken for the whole, and never asked for again."""
    seen: list[str] = []
    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        with pytest.raises(Unavailable):
            await _read(call.wire, seen)

    assert seen == ["a"]
    assert len(script.asked) == 1


@on_each_loop
async def test_a_stream_that_is_left_early_leaves_a_client_that_works(tmp_path: Path) -> None:
    """Whether all of it had come, or more than is kept."""
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address) as call:
        for count in (1, 2, 200, 100_000):
            async for _ in call.wire.items(count=count, size=1_000):
                break
            assert await call.wire.word("a") == "a"
        await comes_true(lambda: not wire.dispatcher.active)

        assert wire.desk.made < 5_000


@on_each_loop
async def test_a_stream_of_nothing_but_ends_of_lines_is_bounded(tmp_path: Path) -> None:
    """A line costs memory, also when there is nothing in it."""

    async def play(conversation: Conversation) -> None:
        await conversation.asked()
        await conversation.say(STREAM + b'4\r\n"a"\n\r\n')
        while not conversation.reader.at_eof() and not conversation.writer.is_closing():
            await conversation.say(b"ffff\r\n" + b"\n" * 0xFFFF + b"\r\n")
            said.append(0xFFFF)

    said: list[int] = []
    async with scripted(tmp_path, play) as script, calling(script.address) as call:
        async for _ in call.wire.items():
            before = -1
            while before != len(said):  # until the server is told to wait
                before = len(said)
                await asyncio.sleep(0.02)
            break
        await comes_true(lambda: script.gone == 1)

    assert sum(said) < 4_000_000


@on_each_loop
async def test_a_reader_that_does_not_read_stops_the_producer(tmp_path: Path) -> None:
    """Within what a connection and two sockets hold; then it is given all of it."""
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address) as call:
        numbers: list[int] = []
        async for item in call.wire.items(count=5_000, size=1_000):
            if not numbers:
                before = -1
                while before != wire.desk.made:  # until it has stopped
                    before = wire.desk.made
                    await asyncio.sleep(0.02)
                assert before < 2_000
            numbers.append(int(item.rstrip(".")))

    assert numbers == list(range(5_000))


@on_each_loop
async def test_a_server_that_does_not_read_a_large_body_does_not_keep_it(tmp_path: Path) -> None:
    """The deadline ends the call, and the connection with what was not sent."""

    async def play(conversation: Conversation) -> None:
        await conversation.reader.readuntil(b"\r\n\r\n")
        pause_reading(conversation.writer)
        await asyncio.Event().wait()

    async with scripted(tmp_path, play) as script, calling(script.address, timeout_s=0.1) as call:
        with pytest.raises(DeadlineExceeded):
            await call.wire.note(Note(words=["a" * 8_000_000]))

        (instance,) = call.transport.instances
        await comes_true(lambda: not instance.connections)
