"""The way out of the application: HTTP to addresses that somebody has written down, and to no others.

Whoever may say where a request goes could have it sent to what only this machine can reach: a database on its loopback,
a neighbour in its network, the address at which a cloud tells its keys. So every address is looked at before a
connection is made to it, and the connection is made to the address that was looked at: a name that says something else
the second time (DNS rebinding) gains nothing. All addresses of a name have to be public ones.

    async with outside_client(Outside()) as client:
        answer = await fetched(client, client.build_request("GET", "https://api.example.com/v1"), bytes_max=100_000)
"""

import functools
import ipaddress
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import httpcore
import httpx
from anyio import getaddrinfo

BYTES_MAX = 1_000_000
TIMEOUT_S = 10.0

NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
        "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
    )
)  # fmt: skip
"""Beside what `ipaddress` knows to be private, loopback, link-local, multicast or reserved, whatever its version.

Tunnels (Teredo, 6to4) lead to wherever the address in them says, and nobody who offers an API is behind one.
"""
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 in IPv6 (RFC 6052)."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host name, as text."""


class OutsideRefused(httpx.TransportError):
    """Nothing was sent: the request would go where none may go."""


class TooLong(httpx.TransportError):
    """The answer is longer than anybody wants to read; what has come was thrown away."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What may be reached. Only https, and only public addresses; on a laptop also plain http to the laptop itself."""

    allows_loopback: bool = False
    connections_max: int = 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, its headers by their names in small letters, and its body, unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes


def outside_client(
    outside: Outside, *, timeout_s: float = TIMEOUT_S, resolve: Resolve | None = None
) -> httpx.AsyncClient:
    """A client that reaches public addresses only, follows no redirect, and takes no proxy from the environment.

    `resolve` says the addresses of names; by default the system does. `OutsideRefused` is raised where a request may
    not go; nothing has been sent then.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, which may hold keys or be secrets
    return httpx.AsyncClient(
        transport=OutsideTransport(outside, resolve or _resolved),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "gzip", "user-agent": "atoll-revenue"},
    )


async def fetched(client: httpx.AsyncClient, request: httpx.Request, *, bytes_max: int = BYTES_MAX) -> Fetched:
    """The answer to a request, at most so long, packed and unpacked.

    Raises:
        TooLong: it is longer, or packed otherwise than with gzip.
        httpx.TransportError: it did not come.
    """
    response = await client.send(request, stream=True)
    try:
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("identity", "gzip"):
            raise TooLong(f"the answer is packed with {packing[:20]}, which nobody asked for", request=request)
        body = await _read(response.aiter_raw(), request, bytes_max, is_packed=packing == "gzip")
    finally:
        await response.aclose()
    return Fetched(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def wait_asked_s(headers: Mapping[str, str]) -> float | None:
    """How long an answer asks to be left alone, in seconds (RFC 9110, 10.2.3); None where it does not say.

    It says so in seconds, or by a date, which is read by its own clock: whoever sends one tells what time it is there.

    >>> wait_asked_s({"retry-after": "40"}), wait_asked_s({"retry-after": "soon"})
    (40.0, None)
    >>> wait_asked_s({"retry-after": "Fri, 27 Nov 2026 10:01:30 GMT", "date": "Fri, 27 Nov 2026 10:00:00 GMT"})
    90.0
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until, now = _date(asked), _date(headers.get("date", ""))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def check_url(url: httpx.URL, outside: Outside) -> None:
    """Refuse an address by how it is written, before anybody is asked where it is.

    Raises:
        OutsideRefused: it is neither https, nor http to the machine itself where that is allowed, or it names an
            address that is not public, in whatever form.
    """
    if url.scheme != "https" and not (url.scheme == "http" and outside.allows_loopback):
        raise OutsideRefused(f"{url.scheme or 'nothing'}:// is not https://, so nothing was sent to {url.host}")
    if url.userinfo:
        raise OutsideRefused("the address holds a password: put it into a header")
    if url.host.rstrip(".").rpartition(".")[2][:1].isdigit() and _literal(url.host) is None:
        raise OutsideRefused(f"{url.host} is an address in an unusual form: write it with four numbers")


def is_public(address: str) -> bool:
    """Whether an address belongs to the public network; one that holds another one is judged by both.

    >>> [is_public(each) for each in ("93.184.215.14", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1")]
    [True, False, False, False]
    """
    found = _literal(address)
    if found is None:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped
        if inner is None and found in TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found.scope_id is not None:
            return False
    is_special = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    return found.is_global and not is_special and not any(found in network for network in NOT_PUBLIC)


class OutsideTransport(httpx.AsyncBaseTransport):
    """Sends requests of httpx over connections that are made to addresses which were looked at. Owns a pool of them."""

    def __init__(self, outside: Outside, resolve: Resolve) -> None:
        self._outside = outside
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_authorities(),
            max_connections=outside.connections_max,
            max_keepalive_connections=outside.connections_max,
            keepalive_expiry=15.0,
            network_backend=_Guarded(outside, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, whose body is read afterwards."""
        check_url(request.url, self._outside)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = await self._pool.handle_async_request(sent)
        except _FAILURES as error:
            raise _told(error, request) from error
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, request),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Guarded(httpcore.AsyncNetworkBackend):
    """Makes connections to public addresses: looks the name up, judges all that it says, and takes one of those."""

    def __init__(self, outside: Outside, resolve: Resolve) -> None:
        self._outside = outside
        self._resolve = resolve
        self._backend = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())  # it may be a stand-in, for pyright

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the addresses of a host."""
        addresses = [host] if _literal(host) else await self._resolve(host, port)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            is_own = self._outside.allows_loopback and _is_loopback(address)
            if not (is_public(address) or is_own):
                raise OutsideRefused(f"{host} is at {address}, which is not a public address: nothing was sent")
        failed: Exception | None = None
        for address in addresses[:4]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError(host)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """None is made."""
        raise OutsideRefused("a socket of this machine is not outside")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


class _Body(httpx.AsyncByteStream):
    """The body of a response, whose failures are httpx's."""

    def __init__(self, response: httpcore.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Its pieces, as they come."""
        try:
            async for piece in self._response.aiter_stream():
                yield piece
        except _FAILURES as error:
            raise _told(error, self._request) from error

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._response.aclose()


_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


def _told(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """A failure of the connection as httpx tells of it; whether anything can have been sent stays known."""
    said = str(error) or type(error).__name__
    match error:
        case httpcore.ConnectError():
            return httpx.ConnectError(said, request=request)
        case httpcore.ConnectTimeout():
            return httpx.ConnectTimeout(said, request=request)
        case httpcore.PoolTimeout():
            return httpx.PoolTimeout(said, request=request)
        case httpcore.TimeoutException():
            return httpx.ReadTimeout(said, request=request)
        case httpcore.NetworkError():
            return httpx.ReadError(said, request=request)
        case _:
            return httpx.RemoteProtocolError(said, request=request)


async def _read(pieces: AsyncIterator[bytes], request: httpx.Request, bytes_max: int, *, is_packed: bool) -> bytes:
    """A body of at most so many bytes, before and after it is unpacked: no more is ever unpacked than is wanted."""
    unpacking = zlib.decompressobj(wbits=31) if is_packed else None
    body = bytearray()
    came = 0
    async for piece in pieces:
        came += len(piece)
        try:
            body += piece if unpacking is None else unpacking.decompress(piece, bytes_max + 1 - len(body))
        except zlib.error:
            raise TooLong("the answer says that it is gzip, and is not", request=request) from None
        if came > bytes_max or len(body) > bytes_max:
            raise TooLong(f"the answer has more than {bytes_max:,} bytes", request=request)
    return bytes(body)


_authorities = functools.cache(functools.partial(httpx.create_ssl_context, trust_env=False))
"""Whom certificates are believed from; reading them takes some 50 ms, so it is done once."""


async def _resolved(host: str, port: int) -> list[str]:
    """All addresses that the system knows of a host."""
    try:
        found = await getaddrinfo(host, port, type=1)  # 1 is a stream (TCP)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"nobody knows where {host} is") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_loopback(address: str) -> bool:
    found = _literal(address)
    return found is not None and found.is_loopback
