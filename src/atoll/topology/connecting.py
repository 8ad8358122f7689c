"""A typed client alone: for a script, a notebook or a program that is not made of services.

It calls through a gateway, with a key, or a service at its own address. Without a loop of its own a program calls by
way of `connect_sync`, which keeps one in a thread; that works where a loop runs already, as in a notebook.
"""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from atoll.adapters.certificates import Certificates
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Caller, Door, Transport, client
from atoll.contract import contract_of
from atoll.kernel import AtollError, Entropy
from atoll.topology.joining import Operator
from atoll.topology.peers import Trust, split_address

T = TypeVar("T")


class NoAddress(AtollError):
    """What should be a URL is none that anybody could call."""

    code = "no_address"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"nobody can be called at `{self.url}`: write http://host:port, https://host/path or unix:/path"


class Connected:
    """A way to services that run elsewhere. Makes clients; whoever made the connection closes it."""

    def __init__(self, transport: Transport, known: "_OneAddress", entropy: Entropy, timeout_s: float | None) -> None:
        self._transport = transport
        self._known = known
        self._entropy = entropy
        self._timeout_s = timeout_s

    def client(self, protocol: Callable[..., T], *, root: str | None = None) -> T:
        """A client of the contract's own type.

        `root` is for an API that is not Atoll's: below which path of the URL its operations are (mostly `""`).

        Raises:
            Mistakes: the class is no contract.
        """
        contract = contract_of(protocol)
        self._known.add(contract.service, f"/{contract.name}" if root is None else root, is_own=root is None)
        return client(protocol, Caller("", self._transport, self._entropy, timeout_s=self._timeout_s))


class _OneAddress:
    """A resolver that knows one address for everything. Fulfils `Resolver`."""

    def __init__(self, url: str, headers: Mapping[str, str], *, is_stranger: bool) -> None:
        found = split_address(url)
        if found is None:
            raise NoAddress(url)
        self._address, self._path = found
        self._headers = tuple(headers.items())
        Door(self._path, self._headers)  # refuses what cannot be sent
        self._is_stranger = is_stranger
        self._doors: dict[str, Door] = {}

    @property
    def version(self) -> int:
        """Grows with the services that are asked for."""
        return len(self._doors)

    def add(self, service: str, root: str, *, is_own: bool) -> None:
        """Know below which path a service is; one that is not Atoll's is told of nobody."""
        is_stranger = self._is_stranger or not is_own
        self._doors[service] = Door(f"{self._path}{root}".rstrip("/"), self._headers, is_stranger)

    def addresses(self, service: str) -> Sequence[str]:
        """The only address."""
        return (self._address,)

    def door(self, service: str) -> Door | None:
        """How a service is called there."""
        return self._doors.get(service)

    def look(self) -> None:
        """Nothing ever changes."""


@asynccontextmanager
async def connect(
    url: str,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    trust: Trust | None = None,
    operator: Operator | None = None,
) -> AsyncGenerator[Connected]:
    """Clients of the services behind a URL, until the block is left.

    The URL is a gateway's, whose `key` opens what is public, or a service's own (`http://host:port`, `unix:/path`).
    `headers` go with every request; `trust` names the certificates of services of one's own. A service lets in who
    belongs to its application: as `operator` whoever can read its state folder. `timeout_s` is how long a call may take
    that has no nearer deadline (10 s).

    Raises:
        NoAddress: the URL is none.
        ValueError: a header, or the key, cannot be sent.
        OSError, AuthorityUnreadable: the operator's keys cannot be read.
    """
    more = dict(headers or {})
    if key is not None:
        more["authorization"] = f"Bearer {key}"
    known = _OneAddress(url, more, is_stranger=key is not None and trust is None)
    entropy = SystemEntropy()
    tls = Certificates(trust.ca, trust.certificate, trust.key).for_client() if trust is not None else None
    proving = operator.proving(SystemClock(), entropy) if operator is not None else None
    transport = HttpClient(known, entropy, tls=tls, proving=proving)
    try:
        yield Connected(transport, known, entropy, timeout_s)
    finally:
        await transport.close()


class ConnectedSync:
    """A way to services that run elsewhere, for programs without a loop. Owns the calls and streams under way."""

    def __init__(self, connected: Connected, portal: BlockingPortal) -> None:
        self._connected = connected
        self._portal = portal
        self._calls: set[Future[Any]] = set()  # Any: results of all kinds
        self._streams: list[AsyncIterator[Any]] = []  # Any: as above
        self._is_closed = False

    def client(self, protocol: Callable[..., T], *, root: str | None = None) -> T:
        """A client, as `Connected.client` makes it: what its methods give goes to `wait` and `items`."""
        return self._connected.client(protocol, root=root)

    def wait(self, call: Awaitable[T]) -> T:
        """The result of a call.

        An interrupt (Ctrl-C) ends the call on the other side, too.

        Raises:
            Problem: what the operation answered instead, or a problem of the platform.
        """
        if self._is_closed:
            if inspect.iscoroutine(call):
                call.close()
            raise RuntimeError("the connection is closed: call inside `with connect_sync(...)`")

        async def work() -> T:
            return await call

        future = self._portal.start_task_soon(work)
        self._calls.add(future)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
        finally:
            self._calls.discard(future)

    def items(self, stream: AsyncIterator[T]) -> Generator[T]:
        """The items of a stream, each when it is asked for; leaving the loop early ends the stream.

        Raises:
            Problem: as `wait`, before the first item or between two.
        """
        self._streams.append(stream)
        try:
            while found := self.wait(_next(stream)):
                yield found[0]
        finally:
            if stream in self._streams:
                self._streams.remove(stream)
                self.wait(_close(stream))

    def close(self) -> None:
        """End the calls and streams under way."""
        for call in list(self._calls):
            call.cancel()
        while self._streams:
            self.wait(_close(self._streams.pop()))
        self._is_closed = True


async def _next(stream: AsyncIterator[T]) -> tuple[T, ...]:
    """The next item alone, or nothing at the end."""
    try:
        return (await anext(stream),)
    except StopAsyncIteration:
        return ()


async def _close(stream: AsyncIterator[Any]) -> None:  # Any: items of all kinds
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()


@contextmanager
def connect_sync(
    url: str,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    trust: Trust | None = None,
    operator: Operator | None = None,
) -> Generator[ConnectedSync]:
    """As `connect`, for programs without a loop: calls block their thread, and any thread may make them.

        with connect_sync("https://shop.example.com", key=key) as shop:
            stock = shop.client(Stock)
            print(shop.wait(stock.count("lamp")))
            for article in shop.items(stock.articles()):
                print(article)

    Raises:
        NoAddress: the URL is none.
    """
    opening = connect(url, key=key, headers=headers, timeout_s=timeout_s, trust=trust, operator=operator)
    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(opening) as connected:
        waiting = ConnectedSync(connected, portal)
        try:
            yield waiting
        finally:
            waiting.close()
