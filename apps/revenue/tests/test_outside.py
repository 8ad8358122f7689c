"""The way out: public addresses only, the one that was looked at, and no more of an answer than is wanted."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.outside import Outside, OutsideRefused, TooLong, check_url, fetched, is_public, outside_client

HERE = Outside(allows_loopback=True)
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: bytes | Answering) -> AsyncGenerator[tuple[int, list[bytes]]]:
    """A server that answers every request so, on this port; and what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked


def response(body: bytes, headers: str = "", status: str = "200 OK") -> bytes:
    """A response of HTTP/1.1."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "192.0.0.170", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:808:808::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
        "fec0::1", "::127.0.0.1", "nonsense",
    ],
)  # fmt: skip
def test_what_only_a_machine_or_a_network_can_reach_is_not_public(address: str) -> None:
    """However it is written, and whatever it is wrapped in."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_everybody_can_reach_is_public(address: str) -> None:
    """The control."""
    assert is_public(address)


@given(st.ip_addresses())
def test_any_address_is_judged(address: object) -> None:
    """And what Python calls private or loopback never passes."""
    assert not (is_public(str(address)) and (address.is_private or address.is_loopback))  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]  # either of two classes


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/", "ftp://api.example.com/", "https://user:secret@api.example.com/", "https://2130706433/",
        "https://0x7f000001/", "https://127.1/", "https://017700000001/",
    ],
)  # fmt: skip
def test_unusual_addresses_are_refused_as_they_are_written(url: str) -> None:
    """Before any name is looked up."""
    with pytest.raises(OutsideRefused):
        check_url(httpx.URL(url), Outside())


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/", "https://[::1]:{port}/", "https://[::ffff:7f00:1]:{port}/", "https://localhost:{port}/",
        "https://inside.example:{port}/", "https://mixed.example:{port}/", "http://127.0.0.1:{port}/",
    ],
)  # fmt: skip
async def test_nothing_is_sent_to_this_machine(url: str) -> None:
    """Neither by an address nor by a name that leads here, nor where one of several addresses does."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "10.0.0.1"] if host == "mixed.example" else ["127.0.0.1"]

    async with server(response(b"{}")) as (port, asked), outside_client(Outside(), resolve=resolve) as client:
        with pytest.raises(OutsideRefused):
            await client.get(url.format(port=port))

    assert asked == []


async def test_a_name_is_looked_up_once_for_a_connection() -> None:
    """What it says afterwards changes nothing: the connection goes to the address that was judged."""
    asked_for: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked_for.append(host)
        return ["127.0.0.1"] if len(asked_for) == 1 else ["10.0.0.1"]

    async with server(response(b"{}")) as (port, asked), outside_client(HERE, resolve=resolve) as client:
        answer = await fetched(client, client.build_request("GET", f"http://vendor.example:{port}/x"))
        with pytest.raises(OutsideRefused):
            await client.get(f"http://vendor.example:{port}/x")

    assert (answer.status, answer.body, asked_for) == (200, b"{}", ["vendor.example"] * 2)
    assert b"host: vendor.example" in asked[0].lower()


async def test_loopback_is_no_licence_for_the_neighbourhood() -> None:
    """Who may reach the laptop itself may reach nobody else in its network."""

    async def neighbour(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.1"]

    async with outside_client(HERE, resolve=neighbour) as client:
        with pytest.raises(OutsideRefused, match=r"10\.0\.0\.1"):
            await client.get("http://vendor.example/")


async def test_redirects_are_not_followed() -> None:
    """They could lead anywhere."""
    moved = response(b"", "location: http://169.254.169.254/latest\r\n", "302 Found")
    async with server(moved) as (port, asked), outside_client(HERE) as client:
        answer = await fetched(client, client.build_request("GET", f"http://127.0.0.1:{port}/"))

    assert (answer.status, len(asked)) == (302, 1)


@pytest.mark.parametrize(
    "answer",
    [
        response(b"x" * 10_001),
        response(gzip.compress(b"\0" * 50_000_000), "content-encoding: gzip\r\n"),
        response(b"no gzip", "content-encoding: gzip\r\n"),
        response(b"{}", "content-encoding: br\r\n"),
    ],
)
async def test_a_long_answer_is_thrown_away(answer: bytes) -> None:
    """Also one that is small as long as it is packed."""
    async with server(answer) as (port, _), outside_client(HERE) as client:
        with pytest.raises(TooLong):
            await fetched(client, client.build_request("GET", f"http://127.0.0.1:{port}/"), bytes_max=10_000)


async def test_a_packed_answer_is_unpacked() -> None:
    """The control."""
    packed = response(gzip.compress(b'{"a": 1}'), "content-encoding: gzip\r\n")
    async with server(packed) as (port, _), outside_client(HERE) as client:
        answer = await fetched(client, client.build_request("GET", f"http://127.0.0.1:{port}/"))

    assert answer.body == b'{"a": 1}'


async def test_who_hangs_is_not_waited_for() -> None:
    """And what ends in the middle, or is no HTTP, is an error of the transport as well."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(hang) as (port, _), outside_client(HERE, timeout_s=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"http://127.0.0.1:{port}/")
    for broken in (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx", b"garbage\r\n\r\n", b""):
        async with server(broken) as (port, _), outside_client(HERE) as client:
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{port}/")


async def test_nobody_there_is_told_apart_from_no_answer() -> None:
    """Whoever pays for questions has to know that none was asked."""
    async with server(b"") as (port, _):
        pass
    async with outside_client(HERE) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{port}/")

    async def unknown(host: str, port: int) -> Sequence[str]:
        return []

    async with outside_client(HERE, resolve=unknown) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nobody.example/")
