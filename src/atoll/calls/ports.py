"""What a call is made of, and the port that carries it."""

from collections.abc import Awaitable
from typing import Protocol

import msgspec

from atoll.contract import Operation
from atoll.kernel import Context
from atoll.resilience import Guard


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call on its way: the operation, its arguments as they travel, and the context.

    `path` are the words of the path arguments in the template's order, decoded; `query` the pairs; `body` JSON.
    `strict` marks a call from outside, where what the contract does not know is refused. `watched` says who in this
    process watches the deadline already; it does not travel.
    """

    operation: Operation
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    context: Context
    strict: bool = False
    watched: Guard | None = None


class Lines(Protocol):
    """A stream on its way: JSON values, one at a time. Whoever is given one closes it."""

    async def __anext__(self) -> bytes:
        """The next line.

        Raises:
            StopAsyncIteration: there are no more.
        """
        ...

    async def aclose(self) -> None:
        """End the work behind the stream; nothing happens the second time."""
        ...


class Response(msgspec.Struct, frozen=True, gc=False):
    """An answer on its way: a status, and one body or a stream of lines.

    A stream that fails in the middle ends with a line `{"$problem": {...}}`.
    """

    status: int
    body: bytes = b""
    stream: Lines | None = None


class Transport(Protocol):
    """Carries a request to an instance of its service and brings the answer back.

    Promises: whatever goes wrong on the way is an `Unavailable` answer, not an exception; cancelling the wait cancels
    the work as far as the distance allows; the request is carried at most once for each `send`.
    """

    def send(self, request: Request) -> Awaitable[Response]:
        """The answer to one request."""
        ...
