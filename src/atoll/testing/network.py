"""A network in memory: the protocols of production over connections that are no sockets, on any loop.

Every request and every answer passes as the bytes of HTTP/1.1, and nothing else goes from one side to the other. A
closed connection is noticed by the other side on the loop's next turn, in the order in which bytes were sent.
"""

import asyncio
import contextvars
import ssl
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult

from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_server import HttpServer
from atoll.calls import Door, LocalTransport, Request, Response
from atoll.contract import Contract
from atoll.kernel import Entropy
from atoll.resilience import Doorkeeper
from atoll.testing.ports import SeededEntropy

BUFFER_BYTES = 64 * 1024
"""How much may be on its way before the sender is told to wait."""

PIECE_BYTES = 16 * 1024
"""How much arrives at once."""


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory. Owns what it has sent and the other end has not read."""

    def __init__(self, protocol: asyncio.Protocol, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._protocol = protocol
        self._loop = loop
        self._variables = contextvars.Context()
        self._other: MemoryTransport | None = None
        self._sent = bytearray()
        self._is_reading = True
        self._has_eof = self._is_closing = self._is_lost = self._is_blocked = False
        self._is_moving = False

    def meet(self, other: "MemoryTransport") -> None:
        """Connect the two ends."""
        self._other = other
        self._soon(self._protocol.connection_made, self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they arrive on a later turn of the loop."""
        if self._is_lost or self._has_eof:
            return
        self._sent += data
        if len(self._sent) > BUFFER_BYTES and not self._is_blocked:
            self._is_blocked = True
            self._protocol.pause_writing()
        self._move_soon()

    def can_write_eof(self) -> bool:
        """One direction can be closed by itself."""
        return True

    def write_eof(self) -> None:
        """Send nothing more."""
        self._has_eof = True
        self._move_soon()

    def close(self) -> None:
        """Send what is left, then end."""
        self._is_closing = True
        self.write_eof()
        if not self._sent:
            self._soon(self._lose)

    def abort(self) -> None:
        """End at once; what is not sent is lost."""
        self._is_closing = True
        self._sent.clear()
        self.write_eof()
        self._soon(self._lose)

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Take nothing more for now."""
        self._is_reading = False

    def resume_reading(self) -> None:
        """Take what has come."""
        self._is_reading = True
        if self._other is not None:
            self._other._move_soon()  # noqa: SLF001  # as below

    def is_reading(self) -> bool:
        """Whether it takes what comes."""
        return self._is_reading

    def _move_soon(self) -> None:
        if not self._is_moving:
            self._is_moving = True
            self._soon(self._move)

    def _move(self) -> None:
        """Hand a piece of what was sent to the other end."""
        self._is_moving = False
        other = self._other
        if other is None:
            return
        if other._is_lost:  # noqa: SLF001  # the two ends are of one class
            self._is_closing = True  # a connection that the other side has reset
            self._sent.clear()
            self._soon(self._lose)
            return
        if not other._is_reading and not other._is_closing:  # noqa: SLF001  # as above
            return
        piece = bytes(self._sent[:PIECE_BYTES])
        del self._sent[:PIECE_BYTES]
        if self._is_blocked and len(self._sent) <= BUFFER_BYTES // 4:
            self._is_blocked = False
            self._protocol.resume_writing()
        if piece and not other._is_closing:  # noqa: SLF001  # as above
            other._protocol.data_received(piece)  # noqa: SLF001  # as above
        if self._sent:
            self._move_soon()
        elif self._has_eof and not other._is_lost:  # noqa: SLF001  # as above
            if not other._is_closing and not other._protocol.eof_received():  # noqa: SLF001  # as above
                other.close()
            if self._is_closing:
                self._soon(self._lose)

    def _lose(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._protocol.connection_lost(None)

    def _soon(self, step: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon(step, *arguments, context=self._variables)


def joined(one: asyncio.Protocol, other: asyncio.Protocol) -> tuple[MemoryTransport, MemoryTransport]:
    """Two protocols, connected."""
    loop = asyncio.get_running_loop()
    here, there = MemoryTransport(one, loop), MemoryTransport(other, loop)
    there.meet(here)
    here.meet(there)
    return here, there


class MemoryNetwork:
    """Carries every call as HTTP/1.1 in memory, to whoever answers in the same loop. A `Network` for a `World`.

    Owns its client and its server.
    """

    def __init__(
        self,
        answering: LocalTransport,
        contracts: Sequence[Contract],
        entropy: Entropy,
        doorkeeper: Doorkeeper | None = None,
    ) -> None:
        self._server = HttpServer(answering, contracts, entropy, doorkeeper=doorkeeper)
        self._client = HttpClient(_Here(contracts), SeededEntropy(), connect=self._connect)  # it has nothing to choose

    async def send(self, request: Request) -> Response:
        """The answer, over a connection in memory."""
        return await self._client.send(request)

    async def close(self) -> None:
        """Close all connections."""
        await self._server.close()
        await self._client.close()

    async def _connect(
        self, address: SplitResult, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> None:
        joined(protocol(), self._server.connection())
        await asyncio.sleep(0)


class _Here:
    """Knows one address, at which all services of some contracts listen."""

    version = 0

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._services = {contract.service for contract in contracts}

    def addresses(self, service: str) -> Sequence[str]:
        return ("unix:/memory",) if service in self._services else ()

    def door(self, service: str) -> Door | None:
        return None

    def look(self) -> None:
        """Nothing changes."""


def over_http(
    entropy: Entropy, doorkeeper: Doorkeeper | None = None
) -> Callable[[LocalTransport, Sequence[Contract]], MemoryNetwork]:
    """A network that carries calls as HTTP/1.1 in memory: `World(..., network=over_http(entropy))`.

    A `doorkeeper` lets calls in; by default that of production does.
    """
    return lambda answering, contracts: MemoryNetwork(answering, contracts, entropy, doorkeeper)
