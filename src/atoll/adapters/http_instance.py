"""An instance of a service as its callers see it: where it is, and a bounded pool of connections to it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, urlsplit

import msgspec

from atoll.adapters.http_connection import Connection, Lost
from atoll.calls.balancing import Candidate
from atoll.calls.sizes import ANSWER_BYTES_MAX


class ClientLimits(msgspec.Struct, frozen=True):
    """What a client spends on one instance of a service, at most. Spans are in seconds."""

    connections_max: int = 256
    opening_max: int = 32
    waiting_max: int = 2_048
    connect_s: float = 3.0
    idle_s: float = 30.0
    answer_bytes_max: int = ANSWER_BYTES_MAX


Connect = Callable[[SplitResult, Callable[[], Connection], ssl.SSLContext | None], Awaitable[object]]
"""Opens a connection to an address; the protocol is told of it."""


async def connect(address: SplitResult, protocol: Callable[[], Connection], tls: ssl.SSLContext | None) -> None:
    """Open a real connection: a Unix socket, TCP, or TLS where the address says https."""
    loop = asyncio.get_running_loop()
    if address.scheme == "unix":
        await loop.create_unix_connection(protocol, address.path)
        return
    port = address.port or (443 if address.scheme == "https" else 80)
    secured = tls if address.scheme == "https" else None
    await loop.create_connection(protocol, address.hostname or "", port, ssl=secured)


CROWD = 64
"""When so many calls wait for a connection, the last one is the first."""


class Full(Lost):
    """So many calls of one instance are under way that no more may wait."""


class Instance(Candidate):
    """One instance of one service or several, and the connections to it. Owns them."""

    def __init__(
        self,
        address: str,
        limits: ClientLimits,
        connect: Connect,
        tls: ssl.SSLContext | None,
        opening: Callable[[], None],
        *,
        is_own: bool,
    ) -> None:
        super().__init__()
        self._address = address
        self._split = urlsplit(address)
        self._limits = limits
        self._connect = connect
        self._tls = tls
        self._opening = opening
        self._is_own = is_own
        self._free: list[Connection] = []
        self._open: set[Connection] = set()
        self._waiting: dict[asyncio.Future[Connection | None], None] = {}
        self._opening_now = 0
        self._is_retired = self._is_closed = False

    @property
    def connections(self) -> int:
        """How many connections there are, and how many are being opened."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many calls wait for one."""
        return len(self._waiting)

    def take_free(self) -> Connection | None:
        """A connection that is free, where there is one."""
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
        return None

    async def take(self) -> Connection:
        """A connection for one request; whoever takes it exchanges it at once.

        Raises:
            Lost: nobody listens, or too many wait already; the request has not left.
        """
        while not self._is_closed:
            if (connection := self.take_free()) is not None:
                return connection
            if len(self._open) < self._limits.connections_max and self._opening_now < self._limits.opening_max:
                return await self._opened()
            given = await self._wait()
            if given is not None and given.is_usable:
                return given
        raise Lost("the client is closed", may_have_begun=False)

    def give(self, connection: Connection) -> None:
        """Take a connection back that is free again."""
        if self._is_retired:
            connection.close()
        elif not self._hand_on(connection):
            self._free.append(connection)

    def lose(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        self._hand_on(None)

    def close_idle(self, since: float) -> None:
        """Close connections that nobody has used since then."""
        for connection in [each for each in self._free if each.used_at < since]:
            connection.close()

    def retire(self) -> None:
        """Keep no connection any more; calls under way end."""
        self._is_retired = True
        for connection in list(self._free):
            connection.close()

    def close(self) -> None:
        """Close all connections; nobody waits for one any more."""
        self._is_retired = self._is_closed = True
        for connection in list(self._open):
            connection.close()
        while self._hand_on(None):
            pass

    def _hand_on(self, connection: Connection | None) -> bool:
        """Give a connection, or the place for one, to whoever waits longest; False where nobody does.

        In a crowd it is the last one, who can still be in time (adaptive LIFO: Maurer, "Fail at scale", 2015).
        """
        while self._waiting:
            waiting = next(iter(self._waiting) if len(self._waiting) < CROWD else reversed(self._waiting))
            del self._waiting[waiting]
            if not waiting.done():
                waiting.set_result(connection)
                return True
        return False

    async def _wait(self) -> Connection | None:
        """A connection that somebody gives back; None when a new one may be opened."""
        if len(self._waiting) >= self._limits.waiting_max:
            reason = f"{self._limits.connections_max} calls are under way, and {len(self._waiting)} wait"
            raise Full(reason, may_have_begun=False)
        waiting: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = None
        try:
            return await waiting
        except asyncio.CancelledError:
            self._waiting.pop(waiting, None)
            if (
                waiting.done() and not waiting.cancelled() and waiting.exception() is None
            ):  # it was given what another can use
                given = waiting.result()
                if given is not None:
                    self.give(given)
                else:
                    self._hand_on(None)
            raise

    async def _opened(self) -> Connection:
        connection = Connection(self.give, self.lose, self._limits.answer_bytes_max, is_own=self._is_own)
        self._open.add(connection)
        self._opening()
        self._opening_now += 1
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self._connect(self._split, lambda: connection, self._tls)
        except (OSError, TimeoutError, ValueError) as error:
            self._open.discard(connection)
            raise Lost(f"nobody answers at {self._address} ({_said(error)})", may_have_begun=False) from None
        except BaseException:
            connection.close()
            self._open.discard(connection)
            raise
        finally:
            self._opening_now -= 1
            self._hand_on(None)  # another one may be opened
        return connection


def _said(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.lower() or type(error).__name__
