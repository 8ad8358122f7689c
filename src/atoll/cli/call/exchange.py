"""Requests to a running gateway over HTTP."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx

from atoll import __version__
from atoll.cli.document import Document, RemoteOperation
from atoll.cli.refusals import SaidNo

TIMEOUT = "atoll-timeout"
CONNECT_S = 5.0
ANSWER_S = 60.0
"""How long an answer may take when no deadline was asked for; the gateway's own limit is shorter by default."""
GRACE_S = 5.0
"""How much longer than a deadline we wait, so that the gateway can say that it has passed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running application: its gateway's address, a key that opens it, and how it is started."""

    url: str
    key: str | None
    start: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class Arguments:
    """What is sent: words of the path, pairs of the query, and the body (None: no body)."""

    path: dict[str, str]
    query: tuple[tuple[str, str], ...]
    body: Any  # Any: JSON
    has_body: bool


class Gateway:
    """A connection to a running application. A context manager: leaving it closes the connection."""

    def __init__(self, target: Target, deadline_s: float | None = None) -> None:
        self._target = target
        headers = {"user-agent": f"atoll/{__version__}"}
        if target.key:
            headers["authorization"] = f"Bearer {target.key}"
        if deadline_s is not None:
            headers[TIMEOUT] = f"{deadline_s:g}"
        answer_s = ANSWER_S if deadline_s is None else deadline_s + GRACE_S
        # A proxy of the environment is for the world outside, not for an application on this machine.
        self._client = httpx.Client(
            base_url=target.url,
            headers=headers,
            timeout=httpx.Timeout(answer_s, connect=CONNECT_S),
            trust_env=not target.is_local,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def document(self) -> Document:
        """The operations that are offered.

        Raises:
            SaidNo: nothing answers there, or something that is no gateway.
        """
        with self._answering():
            response = self._client.get("/openapi.json")
        try:
            return Document(response.raise_for_status().json())
        except (httpx.HTTPStatusError, ValueError, KeyError, AttributeError):
            raise SaidNo(
                f"What answers at {self._target.url} is not the gateway of an application "
                f"(/openapi.json: {response.status_code}).",
                "Check the address.",
                code="not_a_gateway",
            ) from None

    @contextmanager
    def send(self, operation: RemoteOperation, arguments: Arguments) -> Generator[httpx.Response]:
        """The answer, whose body has still to be read.

        Raises:
            SaidNo: there was none.
        """
        path = operation.path
        for name, word in arguments.path.items():
            path = path.replace(f"{{{name}}}", quote(word, safe=""))
        request = self._client.build_request(
            operation.method,
            path,
            params=arguments.query or None,
            **({"json": arguments.body} if arguments.has_body else {}),
        )
        with self._answering():
            response = self._client.send(request, stream=True)
            try:
                yield response
            finally:
                response.close()

    @contextmanager
    def _answering(self) -> Generator[None]:
        """Turn what can go wrong on the way into words."""
        try:
            yield
        except httpx.TimeoutException:
            raise SaidNo(
                f"{self._target.url} did not answer in time.", "Try again with a longer --deadline.", code="no_answer"
            ) from None
        except httpx.InvalidURL as error:
            raise SaidNo(f"{self._target.url} is not an address: {error}.", "Mend it.", code="no_answer") from None
        except httpx.TransportError as error:
            raise SaidNo(
                f"Nothing answers at {self._target.url} ({error}).", self._target.start, code="nothing_runs"
            ) from None


def lines_of(response: httpx.Response) -> Iterator[bytes]:
    """The lines of a stream as they come."""
    rest = b""
    for piece in response.iter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest
