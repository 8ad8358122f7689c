"""What a call is made of, and the port that carries it."""

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from atoll.contract import Operation
from atoll.kernel import Context


class Request(msgspec.Struct, frozen=True):
    """A call on its way: the operation, its arguments as they travel, and the context.

    `path` are the words of the path arguments in the template's order, decoded; `query` the pairs; `body` JSON.
    `strict` marks a call from outside, where what the contract does not know is refused.
    """

    operation: Operation
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    context: Context
    strict: bool = False


class Response(msgspec.Struct, frozen=True):
    """An answer on its way: a status, and one body or a stream of lines.

    A stream that fails in the middle ends with a line `{"$problem": {...}}`. Whoever takes a stream closes it.
    """

    status: int
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None


class Transport(Protocol):
    """Carries a request to an instance of its service and brings the answer back.

    Promises: whatever goes wrong on the way is an `Unavailable` answer, not an exception; cancelling the wait cancels
    the work as far as the distance allows; the request is carried at most once for each `send`.
    """

    async def send(self, request: Request) -> Response:
        """The answer to one request."""
        ...
