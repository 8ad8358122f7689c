"""What an address that browsers open lets pass: requests under its own names, and changes from its own pages.

Another name that somebody has lead here (DNS rebinding) is refused, and so is what a page elsewhere has a browser send
(cross-site request forgery), by what browsers say of it: `Origin` (RFC 6454) and `Sec-Fetch-Site` (Fetch Metadata).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in."""

    status: HTTPStatus
    code: str
    detail: str


class Guard:
    """Lets requests pass that come under a known name, and changes that a page of this very address asks for.

    `headers` go with every answer; `told` makes the one to who is refused. Until `hosts` are set there are none.
    """

    def __init__(
        self, app: ASGIApp, headers: Sequence[tuple[bytes, bytes]], told: Callable[[Refusal], Response]
    ) -> None:
        self._app = app
        self._headers = headers
        self._told = told
        self.hosts: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        refusal = self._refusal(Request(scope))
        await (self._app if refusal is None else self._told(refusal))(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Refusal | None:
        host = request.headers.get("host", "").lower()
        if host not in self.hosts:
            detail = f"nothing here is called {host!r}: open it under its own address, or name this one in `hosts`"
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "unknown_host", detail)
        if request.method in ("GET", "HEAD"):
            return None
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
        if site != "same-origin" or (origin is not None and urlsplit(origin).netloc.lower() != host):
            return Refusal(HTTPStatus.FORBIDDEN, "foreign_page", "only pages of this address may change anything")
        return None


def hosts_of(url: str, host: str, more: Sequence[str] = ()) -> frozenset[str]:
    """The names under which what listens on `host`, at a URL, may be asked for, each with its port; and some more."""
    port = urlsplit(url).port
    own = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    return frozenset({f"{name}:{port}" for name in own} | {name.lower() for name in more})
