"""What a call is made of, and the port that carries it."""

import enum
import re
from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from atoll.contract import Operation
from atoll.kernel import Context
from atoll.resilience import Guard, Timer

TIMEOUT_S = 10.0
"""How long a call may take when neither its caller's deadline nor the operation says."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call on its way: the operation, its arguments as they travel, and the context.

    `path` are the words of the path arguments in the template's order, decoded; `query` the pairs; `body` JSON. Where
    the operation is raw, `headers` say what the body is: its content type, and what else belongs to it.
    `strict` marks a call from outside, where what the contract does not know is refused. `watched` says who in this
    process watches the deadline already, `timer` is one that its connection has for all its requests, and `is_span`
    that the trace in the context is the answerer's own span already; these do not travel. `attempt` counts from one.
    """

    operation: Operation
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    context: Context
    strict: bool = False
    watched: Guard | None = None
    timer: Timer | None = None
    is_span: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    attempt: int = 1


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


class Again(enum.Enum):
    """Whether the same request may be sent again, where an answer says that the service cannot answer."""

    IF_IDEMPOTENT = "if_idempotent"
    """A handler may have begun to work on it."""
    ANYWAY = "anyway"
    """No handler has seen it."""
    NO = "no"
    """Whoever is nearer to the failure has tried again already, or it would come to the same."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """An answer on its way: a status, and one body or a stream of lines.

    A stream that fails in the middle ends with a line `{"$problem": {...}}`. `retry_after_s` is for how long whoever
    answered wants to be left alone, `again` whether it may be asked again. `degraded` are the operations that fallbacks
    have answered for on the way to this answer.
    """

    status: int
    body: bytes = b""
    stream: Lines | None = None
    retry_after_s: float | None = None
    again: Again = Again.IF_IDEMPOTENT
    degraded: tuple[str, ...] = ()


def code_in(response: Response) -> str:
    """What an answer that is no result is called: the code of a problem, else its status."""
    try:
        code = msgspec.json.decode(response.body, type=_Coded).code
    except (ValueError, RecursionError):
        code = ""
    return code or f"status_{response.status}"


class _Coded(msgspec.Struct):
    code: str = ""


class Transport(Protocol):
    """Carries a request to an instance of its service and brings the answer back.

    Promises: whatever goes wrong on the way is an `Unavailable` answer, not an exception; cancelling the wait cancels
    the work as far as the distance allows. A handler begins to work on a request at most once for each `send`, unless
    its operation is idempotent (RFC 9110, 9.2.2): then it may, when the connection was lost before the answer, be asked
    again elsewhere.
    """

    def send(self, request: Request) -> Awaitable[Response]:
        """The answer to one request."""
        ...


class Door(msgspec.Struct, frozen=True):
    """How a service is called that is not Atoll's own: below which path, and with which headers beside the usual ones.

    A stranger is told nothing about users, tenants and callers.
    """

    root: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    is_stranger: bool = False

    def __post_init__(self) -> None:
        """Refuse what would end the line in which it is sent.

        Raises:
            ValueError: a header's name or value, or the root, cannot stand in the head of a request.
        """
        if not is_root(self.root):
            raise ValueError(f"no path can begin with {self.root!r}")
        for name, value in self.headers:
            if not is_header(name, value):
                raise ValueError(f"the header {name!r} cannot be sent: its name or its value has no place in a head")


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_header(name: str, value: str) -> bool:
    """Whether a header can be sent: its name is a token, its value Latin-1 text on one line (RFC 9110, 5.5)."""
    return _NAME.fullmatch(name) is not None and all(31 < ord(each) < 256 and ord(each) != 127 for each in value)


def is_root(text: str) -> bool:
    """Whether a text can be the beginning of paths, as they are sent."""
    return text == "" or (text.startswith("/") and text.isascii() and text.isprintable() and not set(" ?#") & set(text))


class Resolver(Protocol):
    """Says where the instances of a service listen.

    Promises: answers at once, from what it knows; `version` changes whenever any answer does. An address is a URL:
    `unix:/run/scoring.sock`, `http://10.0.0.7:7000`, `https://scoring.example:7443`.
    """

    @property
    def version(self) -> int:
        """Which state of the world the answers are from."""
        ...

    def addresses(self, service: str) -> Sequence[str]:
        """Where its instances listen; none where nobody knows."""
        ...

    def door(self, service: str) -> Door | None:
        """How it is called where it is not Atoll's own; None for those that are."""
        ...

    def look(self) -> None:
        """Find out now whether there is news: somebody was not where he should be."""
        ...
