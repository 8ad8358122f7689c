"""HTTP as others speak it: old clients, pipelines, curl, questions that no operation answers."""

import asyncio
import http.client
import shutil
import socket
from pathlib import Path

import pytest

from atoll.adapters.http_asked import ServerLimits
from atoll.adapters.http_server import NotListening
from tests.adapters.loops import on_each_loop, on_uvloop
from tests.adapters.wire import Answer, Speaker, answers_in, closing, listening, request, socket_in, told
from tests.patience import PATIENCE_S

BODY = b'{"words":["a"]}'


def _old(method: str, path: str, more: str = "") -> bytes:
    return f"{method} {path} HTTP/1.0\r\n{more}\r\n".encode()


@on_each_loop
async def test_an_old_client_is_answered_and_let_go(tmp_path: Path) -> None:
    """HTTP/1.0, with and without a wish to stay."""
    async with listening(socket_in(tmp_path)) as wire:
        answers = [
            await told(wire.address, _old("GET", "/wire/v1/words/a", more))
            for more in ("", "host: wire\r\n", "connection: keep-alive\r\n")
        ]

    assert [[(answer.status, answer.body) for answer in each] for each in answers] == [[(200, b'"a"')]] * 3


@pytest.mark.parametrize("more", ["", "connection: keep-alive\r\n"])
@on_each_loop
async def test_an_old_client_reads_a_stream_to_the_end_of_the_connection(tmp_path: Path, more: str) -> None:
    """RFC 9112, 7.1: it does not know chunks."""
    async with listening(socket_in(tmp_path)) as wire:
        (answer,) = await told(wire.address, _old("GET", "/wire/v1/items?count=2", more))

    assert "transfer-encoding" not in answer.headers
    assert answer.body == b'"0"\n"1"\n'


@pytest.mark.parametrize("path", ["/livez", "/wire/v1/words/a", "/wire/v1/items", "/nowhere", "/wire/v1/orders"])
@on_each_loop
async def test_a_head_has_no_body(tmp_path: Path, path: str) -> None:
    """RFC 9110, 9.3.2: its answer is a GET's without the body; the next answer stands right behind it."""
    async with listening(socket_in(tmp_path)) as wire, await Speaker.connect(wire.address) as speaker:
        await speaker.say(request("HEAD", path) + closing("GET", "/livez"))
        head, _, rest = (await speaker.hear()).partition(b"\r\n\r\n")
        expected = {"/nowhere": b"404", "/wire/v1/orders": b"405"}.get(path, b"200")

    assert head.split()[1] == expected
    assert [answer.body for answer in answers_in(rest)] == [b'{"status":"live"}']


@on_each_loop
async def test_a_client_that_waits_for_permission_is_given_it(tmp_path: Path) -> None:
    """RFC 9110, 10.1.1; where the head alone is enough to refuse, it is refused."""
    expecting = {"expect": "100-continue", "content-type": "application/json"}

    async with listening(socket_in(tmp_path)) as wire, await Speaker.connect(wire.address) as speaker:
        await speaker.say(request("POST", "/wire/v1/notes", headers={**expecting, "content-length": "15"}))
        first = await speaker.answer()
        assert not wire.desk.seen
        await speaker.say(BODY)
        second = await speaker.answer()
        await speaker.say(request("POST", "/wire/v1/notes", headers={**expecting, "content-length": "99999999"}))
        third = await speaker.answer()

    assert (first.status, second.status, second.body, third.status) == (100, 200, BODY, 413)


@on_each_loop
async def test_permission_never_stands_within_another_answer(tmp_path: Path) -> None:
    """The second request comes while the first is answered, line by line."""
    expecting = {"expect": "100-continue", "content-type": "application/json", "content-length": "15"}

    async with listening(socket_in(tmp_path)) as wire, await Speaker.connect(wire.address) as speaker:
        wire.desk.go.clear()
        await speaker.say(request("GET", "/wire/v1/items?count=1000"))
        await wire.desk.entered.wait()
        await speaker.say(request("POST", "/wire/v1/notes", BODY, {**expecting, "connection": "close"}))
        wire.desk.go.set()
        answers = answers_in(await speaker.hear())

    assert [answer.status for answer in answers if answer.status != 100] == [200, 200]
    assert len(answers[0].body.splitlines()) == 1_000
    assert answers[-1].body == BODY


@on_each_loop
async def test_a_pipeline_is_answered_in_its_order(tmp_path: Path) -> None:
    """However the bytes are cut."""
    asked = b"".join(request("GET", f"/wire/v1/words/{number}") for number in range(20))
    asked += request("POST", "/wire/v1/notes", BODY) + request("GET", "/wire/v1/items") + closing("GET", "/nowhere")

    async with listening(socket_in(tmp_path)) as wire:
        for size in (1, 7, 100, len(asked)):
            async with await Speaker.connect(wire.address) as speaker:
                for start in range(0, len(asked), size):
                    speaker.writer.write(asked[start : start + size])
                    if size > 1:
                        await asyncio.sleep(0)
                answers = answers_in(await speaker.hear())

            assert [answer.body for answer in answers[:20]] == [b'"%d"' % number for number in range(20)]
            assert [answer.status for answer in answers[20:]] == [200, 200, 404]


@pytest.mark.parametrize("count", [64, 400])
@on_each_loop
async def test_a_long_pipeline_is_answered_to_its_end(tmp_path: Path, count: int) -> None:
    """All of it waits for the first, and then none waits for anything."""
    limits = ServerLimits(pipelined_max=400)
    async with listening(socket_in(tmp_path), limits=limits) as wire, await Speaker.connect(wire.address) as speaker:
        wire.desk.go.clear()
        await speaker.say(request("POST", "/wire/v1/orders") * count + closing("GET", "/livez"))
        await wire.desk.entered.wait()
        wire.desk.go.set()
        answers = answers_in(await speaker.hear())

    assert [answer.status for answer in answers] == [204] * count + [200]


@on_each_loop
async def test_a_pipeline_is_bounded(tmp_path: Path) -> None:
    """Those that were taken are answered; then it ends."""
    limits = ServerLimits(pipelined_max=8)
    async with listening(socket_in(tmp_path), limits=limits) as wire, await Speaker.connect(wire.address) as speaker:
        wire.desk.go.clear()
        await speaker.say(request("POST", "/wire/v1/orders") * 1_000)
        await wire.desk.entered.wait()
        wire.desk.go.set()
        answers = answers_in(await speaker.hear())

        assert [answer.status for answer in answers] == [204] * 10 + [400]
        assert len(wire.desk.seen) == 10


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "http://wire/wire/v1/words/a", 200),
        ("GET", "http://other:80/wire/v1/words/a?times=1", 200),
        ("GET", "http://wire", 404),
        ("OPTIONS", "*", 404),
        ("OPTIONS", "/wire/v1/orders", 405),
        ("TRACE", "/wire/v1/orders", 405),
        ("GET", "/wire/v1/orders", 405),
        ("DELETE", "/wire/v1/words/a", 405),
        ("PROPFIND", "/wire/v1/words/a", 405),
        ("POST", "/livez", 404),
        ("GET", "/", 404),
        ("GET", "/livez/", 404),
        ("GET", "/LIVEZ", 404),
        ("GET", "/livez?x=y", 200),
        ("GET", "//livez", 404),
        ("GET", "/./livez", 404),
        ("GET", "/wire/v1/../v1/words/a", 404),
        ("GET", "//wire/v1/words/a", 404),
        ("GET", "/wire//v1/words/a", 404),
        ("GET", "/wire/v1//words/a", 404),
        ("GET", "/wire/v1/words//", 404),
        ("GET", "/wire/v1/words/", 404),
        ("GET", "/wire/v1/words/a/", 404),
        ("GET", "/wire/v1/words/a/b", 404),
        ("GET", "/wire/v2/words/a", 404),
        ("GET", "/wire/v01/words/a", 404),
        ("GET", "/wire", 404),
        ("GET", "/%77ire/v1/words/a", 404),
        ("GET", "/wire/v1/words/%61", 200),
        ("GET", "/wire/v1/words/%2E%2E%2Fa", 200),
        ("GET", "/wire/v1/words/%ff", 422),
        ("GET", "/wire/v1/words/a?times=%ff", 422),
        ("GET", "/wire/v1/words/a?times=", 422),
        ("GET", "/wire/v1/words/a?times=1&times=2", 422),
        ("GET", "/wire/v1/words/a?times=one", 422),
        ("GET", "/wire/v1/words/a?&&&", 200),
        ("GET", "/wire/v1/words/a?times", 422),
    ],
)
@on_uvloop
async def test_an_address_is_what_it_is(tmp_path: Path, method: str, target: str, status: int) -> None:
    """Nothing is tidied, so that nobody in front of a service sees another address than it does."""
    async with listening(socket_in(tmp_path)) as wire:
        (answer,) = await told(wire.address, closing(method, target))

        assert answer.status == status
        assert bool(wire.desk.seen) == (status == 200 and "livez" not in target)
        assert ("allow" in answer.headers) == (status == 405)


@on_each_loop
async def test_a_page_that_fails_is_answered_and_nothing_shifts(tmp_path: Path) -> None:
    """No answer is taken for that to another request."""
    async with listening(socket_in(tmp_path)) as wire:
        answers = await told(wire.address, request("GET", "/broken") + closing("GET", "/livez"))

    assert [answer.status for answer in answers] == [500]


@pytest.mark.parametrize(
    "lines",
    [
        {"atoll-timeout": "soon"},
        {"atoll-timeout": "nan"},
        {"atoll-timeout": "inf"},
        {"atoll-timeout": "-1"},
        {"atoll-timeout": ""},
        {"atoll-timeout": "1" * 400},
        {"atoll-timeout": "0x10"},
    ],
    ids=str,
)
@on_uvloop
async def test_a_timeout_that_is_no_number_of_seconds_is_refused(tmp_path: Path, lines: dict[str, str]) -> None:
    """By 422, with the name of the header."""
    async with listening(socket_in(tmp_path)) as wire:
        (answer,) = await told(
            wire.address, request("GET", "/wire/v1/words/a", headers={"connection": "close", **lines})
        )

        assert answer.status == 422
        assert b"atoll-timeout" in answer.body
        assert not wire.desk.seen


@pytest.mark.parametrize(
    "lines",
    [
        {"atoll-timeout": "1e300"},
        {"traceparent": "junk"},
        {"traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-00"},
        {"traceparent": "ff-" + "1" * 32 + "-" + "1" * 16 + "-01"},
        {"atoll-user": "%ff%00%"},
        {"atoll-user": "\xff\xfe"},
        {"atoll-criticality": "of the utmost"},
        {"atoll-tenant": ""},
        {"idempotency-key": "k" * 10_000},
        {"expect": "200-ok"},
        {"upgrade": "h2c"},
        {"accept": "text/html"},
        {"te": "trailers", "via": "1.1 proxy", "forwarded": "for=a", "cookie": "a=b"},
    ],
    ids=str,
)
@on_uvloop
async def test_a_header_that_nobody_understands_is_passed_over(tmp_path: Path, lines: dict[str, str]) -> None:
    """Only what decides about the work, and is wrong, is refused."""
    async with listening(socket_in(tmp_path)) as wire:
        (answer,) = await told(
            wire.address, request("GET", "/wire/v1/words/a", headers={"connection": "close", **lines})
        )

    assert (answer.status, answer.body) == (200, b'"a"')


@on_each_loop
async def test_a_draining_server_lets_nobody_wait(tmp_path: Path) -> None:
    """The idle are told, what is in progress ends, whoever comes goes elsewhere."""
    async with listening(socket_in(tmp_path)) as wire:
        wire.desk.go.clear()
        async with (
            await Speaker.connect(wire.address) as idle,
            await Speaker.connect(wire.address) as busy,
            await Speaker.connect(wire.address) as late,
        ):
            await busy.say(request("GET", "/wire/v1/words/a") * 2)
            await late.say(b"GET /wire/v1/words/b HTTP/1.1\r\n")
            await wire.desk.entered.wait()
            draining = asyncio.ensure_future(wire.server.drain(5))
            told_idle = answers_in(await idle.hear())
            await late.say(b"host: wire\r\n\r\n")
            told_late = answers_in(await late.hear())
            wire.desk.go.set()
            told_busy = answers_in(await busy.hear())
            await draining

        assert [(answer.status, b"not_begun" in answer.body) for answer in told_idle] == [(408, True)]
        assert [(answer.status, b"not_begun" in answer.body) for answer in told_late] == [(421, True)]
        assert [(answer.status, answer.headers.get("connection")) for answer in told_busy] == [(200, "close")]
        assert wire.desk.seen == ["word a"]


# --- other people's clients -------------------------------------------------------------------------------------------


async def _curl(*arguments: str) -> Answer:
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed here")
    done = await asyncio.create_subprocess_exec(
        program, "-sS", "-i", "--raw", "--max-time", "10", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await done.communicate()
    return answers_in(output)[-1]


@on_uvloop
async def test_curl_calls_without_knowing_anything(tmp_path: Path) -> None:
    """No header of ours is asked for."""
    path = tmp_path / "wire.sock"
    async with listening(f"unix:{path}") as wire:
        here = ("--unix-socket", str(path))
        json = ("-H", "content-type: application/json")
        live = await _curl(*here, "http://any/livez")
        word = await _curl(*here, "http://any/wire/v1/words/h%C3%A9?times=2")
        note = await _curl(*here, "http://any/wire/v1/notes", *json, "-d", BODY.decode())
        order = await _curl(*here, "-X", "POST", "http://any/wire/v1/orders")
        items = await _curl(*here, "-N", "http://any/wire/v1/items")
        large = await _curl(*here, "http://any/wire/v1/notes", *json, "-d", '{"words":["' + "a" * 100_000 + '"]}')
        old = await _curl(*here, "--http1.0", "http://any/wire/v1/items")

    assert (live.status, live.body) == (200, b'{"status":"live"}')
    assert (word.status, word.body) == (200, '"héhé"'.encode())
    assert (note.status, note.body, order.status, order.body) == (200, BODY, 204, b"")
    assert (items.status, items.headers["content-type"]) == (200, "application/x-ndjson")
    assert items.body.endswith(old.body.splitlines()[-1] + b"\n") or b'"2"' in items.body
    assert old.body == b'"0"\n"1"\n"2"\n'
    assert (large.status, len(large.body)) == (200, 100_014)
    assert wire.desk.seen[0] == "word hé"


@on_uvloop
async def test_curl_is_told_what_to_do_better(tmp_path: Path) -> None:
    """The usual slips: no content type, no body, another method, another place."""
    path = tmp_path / "wire.sock"
    async with listening(f"unix:{path}"):
        here = ("--unix-socket", str(path))
        form = await _curl(*here, "http://any/wire/v1/notes", "-d", BODY.decode())
        empty = await _curl(*here, "-X", "POST", "http://any/wire/v1/notes")
        method = await _curl(*here, "-X", "PUT", "http://any/wire/v1/notes")
        place = await _curl(*here, "http://any/wires/v1/notes")

    assert form.status == 415
    assert b"send the body as application/json, not as application/x-www-form-urlencoded" in form.body
    assert (empty.status, method.status, place.status) == (422, 405, 404)
    assert b"is required" in empty.body
    assert method.headers["allow"] == "POST"


@on_uvloop
async def test_the_standard_library_calls_over_one_connection() -> None:
    """`http.client`, which blocks, over TCP."""

    def calls(port: int) -> list[tuple[int, bytes]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        answers: list[tuple[int, bytes]] = []
        for method, path, body in [
            ("GET", "/livez", None),
            ("POST", "/wire/v1/notes", BODY),
            ("HEAD", "/wire/v1/words/a", None),
            ("POST", "/wire/v1/orders", None),
            ("GET", "/wire/v1/items", None),
            ("GET", "/nowhere", None),
            ("GET", "/wire/v1/words/a", None),
        ]:
            connection.request(method, path, body, {"content-type": "application/json"} if body else {})
            used = connection.sock
            response = connection.getresponse()
            answers.append((response.status, response.read()))
            assert connection.sock is used, "the connection was closed"
            assert isinstance(used, socket.socket)
        connection.close()
        return answers

    async with listening("http://127.0.0.1:0") as wire:
        answers = await asyncio.to_thread(calls, int(wire.address.rpartition(":")[2]))

    assert [status for status, _ in answers] == [200, 200, 200, 204, 200, 404, 200]
    assert [body for _, body in answers][1:5] == [BODY, b"", b"", b'"0"\n"1"\n"2"\n']


NO_ADDRESSES = """
7003 localhost:7033 http://:7032 http://127.0.0.1 http://127.0.0.1:1/path http://a:b@127.0.0.1:1
unix: unix:/ unix:x.sock ftp://127.0.0.1:1 http://127.0.0.1:x
"""


@pytest.mark.parametrize("address", ["", *NO_ADDRESSES.split()])
@on_uvloop
async def test_only_addresses_are_listened_at(tmp_path: Path, address: str) -> None:
    """A slip must not open a port on every network of the machine."""
    with pytest.raises(NotListening, match=r"write unix:/path|it is no address"):
        async with listening(address):
            pass
