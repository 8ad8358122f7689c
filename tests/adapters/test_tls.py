"""TLS between services: each shows a certificate, and whoever cannot is refused with a reason."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.adapters.certificates import Certificates
from atoll.adapters.http_asked import ServerLimits
from atoll.adapters.http_server import NotListening
from atoll.problems import Unavailable
from tests.adapters.authority import Authority
from tests.adapters.loops import on_each_loop, on_uvloop
from tests.adapters.scripted import calling
from tests.adapters.wire import Note, Speaker, comes_true, listening, socket_in

SECURE = "https://127.0.0.1:0"


@on_each_loop
async def test_two_who_trust_each_other_talk(tmp_path: Path) -> None:
    """Small and large, and line by line, over one connection."""
    ours = Authority(tmp_path)
    large = Note(words=["a" * 3_000_000])
    async with listening(SECURE, tls=ours.server()) as wire, calling(wire.address, tls=ours.client()) as call:
        word = await call.wire.word("a")
        note = await call.wire.note(large)
        items = [int(item.rstrip(".")) async for item in call.wire.items(count=3_000, size=1_000)]

        assert (word, note, items) == ("a", large, list(range(3_000)))
        assert len(wire.server.connections) == 1


@on_each_loop
async def test_a_reader_that_stops_stops_the_producer_over_tls(tmp_path: Path) -> None:
    """And one that leaves ends it."""
    ours = Authority(tmp_path)
    async with listening(SECURE, tls=ours.server()) as wire, calling(wire.address, tls=ours.client()) as call:
        async for _ in call.wire.items(count=1_000_000, size=1_000):
            before = -1
            while before != wire.desk.made:
                before = wire.desk.made
                await asyncio.sleep(0.02)
            break
        await wire.desk.left.wait()

        assert wire.desk.made < 10_000


def _nobody(ours: Authority, other: Authority) -> ssl.SSLContext:
    return Certificates(ours.ca, None, None).for_client()


def _stranger(ours: Authority, other: Authority) -> ssl.SSLContext:
    return other.certificates("stranger.example", ca=ours.ca).for_client()


def _distrustful(ours: Authority, other: Authority) -> ssl.SSLContext:
    return other.client()


def _public(ours: Authority, other: Authority) -> ssl.SSLContext:
    return Certificates(None, None, None).for_client()


@pytest.mark.parametrize("who", [_nobody, _stranger, _distrustful, _public])
@on_each_loop
async def test_whoever_is_not_vouched_for_is_refused(
    tmp_path: Path, who: Callable[[Authority, Authority], ssl.SSLContext]
) -> None:
    """Without a certificate, with another authority's, or where the client does not trust the server."""
    ours, other = Authority(tmp_path), Authority(tmp_path, "other")
    async with listening(SECURE, tls=ours.server()) as wire:
        async with calling(wire.address, tls=who(ours, other)) as call:
            with pytest.raises(Unavailable, match=r"(?i)certificate"):
                await call.wire.order()
            with pytest.raises(Unavailable):
                await call.wire.word("a")
        async with calling(wire.address, tls=ours.client()) as call:
            assert await call.wire.word("b") == "b"

        assert wire.desk.seen == ["word b"]


@on_each_loop
async def test_a_server_of_another_name_is_refused(tmp_path: Path) -> None:
    """The certificate is for the host that was asked for."""
    ours = Authority(tmp_path)
    server = ours.certificates("elsewhere.example").for_server()
    async with listening(SECURE, tls=server) as wire, calling(wire.address, tls=ours.client()) as call:
        with pytest.raises(Unavailable, match=r"(?i)certificate verify failed.*127.0.0.1"):
            await call.wire.order()


@on_each_loop
async def test_plain_text_at_a_door_for_tls_is_refused(tmp_path: Path) -> None:
    """And no handler hears of it."""
    ours = Authority(tmp_path)
    async with listening(SECURE, tls=ours.server()) as wire:
        async with calling(wire.address.replace("https", "http")) as call:
            with pytest.raises(Unavailable, match="expect https"):
                await call.wire.order()
        async with calling(wire.address, tls=ours.client()) as call:
            await call.wire.order()

        assert wire.desk.seen == ["order"]


@on_each_loop
async def test_tls_at_a_plain_door_is_refused(tmp_path: Path) -> None:
    """With the address, so that somebody mends it."""
    ours = Authority(tmp_path)
    async with listening("http://127.0.0.1:0") as wire:
        secured = wire.address.replace("http", "https")
        async with calling(secured, tls=ours.client()) as call:
            with pytest.raises(Unavailable, match=r"nobody answers at https://127.0.0.1"):
                await call.wire.order()


@on_each_loop
async def test_a_handshake_that_does_not_go_on_is_ended(tmp_path: Path) -> None:
    """Whoever connects and says nothing keeps nothing."""
    ours = Authority(tmp_path)
    async with listening(SECURE, tls=ours.server(), limits=ServerLimits(head_s=0.1)) as wire:
        async with await Speaker.connect(wire.address.replace("https", "http")) as speaker:
            await speaker.say(bytes.fromhex("1603010200010001fc0303"))
            assert await speaker.hear() == b""

        await comes_true(lambda: not wire.server.connections)


@on_uvloop
async def test_addresses_and_certificates_belong_together(tmp_path: Path) -> None:
    """`https` without a certificate, and `http` with one, are mistakes."""
    ours = Authority(tmp_path)
    for address, tls in ((SECURE, None), ("http://127.0.0.1:0", ours.server())):
        with pytest.raises(NotListening, match="https wants a certificate"):
            async with listening(address, tls=tls):
                pass


@pytest.mark.parametrize("address", ["unix", "http://127.0.0.1:0"])
@on_uvloop
async def test_an_address_has_one_listener(tmp_path: Path, address: str) -> None:
    """The second is told what to do; the first goes on."""
    async with listening(socket_in(tmp_path) if address == "unix" else address) as wire:
        with pytest.raises(NotListening, match="end what listens there, or name another address"):
            async with listening(wire.address):
                pass
        async with calling(wire.address) as call:
            await call.wire.order()
