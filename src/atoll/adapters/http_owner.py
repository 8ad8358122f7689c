"""What a connection asks of the server that it belongs to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from atoll.adapters.http_asked import ServerLimits
from atoll.calls import Transport
from atoll.contract import Operation
from atoll.kernel import Context, Tasks

Page = Callable[[], Awaitable[tuple[int, bytes]]]
"""What is answered at a path that is no operation: a status and JSON."""


C = TypeVar("C")


class Server(Protocol[C]):
    """Owns connections, which are of the type `C`, and knows what they answer.

    `plain` are the operations without names in their paths, by method and address: what most requests ask for. `pages`
    is what is answered at paths that are no operations.
    """

    limits: ServerLimits
    is_draining: bool
    connections: set[C]
    tasks: Tasks
    answering: Transport
    plain: dict[tuple[str, bytes], Operation]
    pages: dict[str, Page]

    def find(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation of a request."""
        ...

    def context_of(
        self, headers: Mapping[bytes, bytes], operation: Operation, now: float, peer_names: Sequence[str]
    ) -> Context:
        """What the headers of a request say about it, where that is believed."""
        ...

    def ended(self) -> None:
        """A request or a connection has ended."""
        ...
