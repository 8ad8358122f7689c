"""One request as it arrives at a server: what of it is kept, and what of it is amiss though llhttp has let it pass."""

import httptools
import msgspec

from atoll.calls.sizes import BODY_BYTES_MAX
from atoll.contract import PayloadTooLarge, Problem, UnsupportedMediaType

EVENT = b"ce-"
"""How headers begin that are attributes of an event (CloudEvents 1.0, HTTP protocol binding)."""


class ServerLimits(msgspec.Struct, frozen=True):
    """What a server puts up with. Spans are in seconds."""

    head_bytes_max: int = 64 * 1024
    headers_max: int = 100
    body_bytes_max: int = BODY_BYTES_MAX
    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    write_s: float = 30.0
    connections_max: int = 4_096
    pipelined_max: int = 64


class BadRequest(Problem, status=400, code="bad_request", detail="{reason}"):
    """The request is no clean HTTP/1.1."""

    reason: str


class Asked:
    """One request as it arrived. `is_old`: it is HTTP/1.0, whose client can read no chunks and keeps no connection."""

    __slots__ = ("body", "headers", "is_last", "is_old", "method", "refusal", "url")

    def __init__(self) -> None:
        self.method = ""
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.body: bytes | bytearray = b""
        self.is_last = False
        self.is_old = False
        self.refusal: tuple[int, Problem] | None = None

    def add(self, body: bytes) -> None:
        """Take a part of the body; however many parts there are, none is copied often."""
        if not self.body:
            self.body = body
        elif isinstance(self.body, bytearray):
            self.body += body
        else:
            self.body = bytearray(self.body) + body

    @property
    def waits(self) -> bool:
        """Whether its client sends the body when it is told to go on (RFC 9110, 10.1.1)."""
        return not self.is_old and self.headers.get(b"expect", b"").lower() == b"100-continue"

    def target(self) -> tuple[str, str]:
        """The path, percent-encoded, and the query; of an address in absolute form, too (RFC 9112, 3.2.2)."""
        path, _, query = self.url.decode("latin-1").partition("?")
        if path[:1] != "/" and "://" in path:
            path = "/" + path.partition("://")[2].partition("/")[2]
        return path, query

    def event_headers(self) -> tuple[tuple[str, str], ...]:
        """What says of an event that is posted what it is: its content type, and the headers that are attributes."""
        return tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self.headers.items()
            if name == b"content-type" or name[:3] == EVENT
        )

    def refuse_body_that_is_no_json(self) -> None:
        """Check what the body is said to be, before anybody reads it.

        Raises:
            UnsupportedMediaType: there is one, and it is not said to be JSON.
        """
        content_type = self.headers.get(b"content-type", b"")
        media_type = content_type.partition(b";")[0].strip().lower()
        if media_type != b"application/json" and not media_type.endswith(b"+json"):
            raise UnsupportedMediaType(media_type=media_type.decode("latin-1")[:100] or "nothing")

    def end_head(self, parser: httptools.HttpRequestParser, limits: ServerLimits) -> tuple[int, Problem] | None:
        """Take what the parser knows of the head; what is wrong with it, as a status and a problem."""
        self.method = parser.get_method().decode()
        self.is_last = not parser.should_keep_alive()
        version = "1.1"
        if self.is_last or b"connection" in self.headers:  # else the parser has seen that it is 1.1
            version = parser.get_http_version()
            self.is_old = version == "1.0"
            self.is_last = self.is_last or self.is_old
        if self.refusal is None and parser.should_upgrade():
            return 400, BadRequest(
                reason="connections are not upgraded here: ask without `Upgrade`, and not by CONNECT"
            )
        return self.refusal or self._amiss(version, limits)

    def _amiss(self, version: str, limits: ServerLimits) -> tuple[int, Problem] | None:
        headers = self.headers
        if version not in ("1.1", "1.0"):
            return 400, BadRequest(reason=f"HTTP/{version} is not spoken here: ask by HTTP/1.1")
        if b"host" not in headers and version == "1.1":
            return 400, BadRequest(reason="the header `host` is missing (RFC 9112, 3.2)")
        length = headers.get(b"content-length")
        coding = headers.get(b"transfer-encoding")
        if coding is not None and (length is not None or coding.lower() != b"chunked" or version == "1.0"):
            return 400, BadRequest(
                reason="the only transfer coding is `chunked`, by HTTP/1.1, without `content-length`"
            )
        if length is not None and not length.isdigit():
            return 400, BadRequest(reason="`content-length` is no number")
        if length is not None and int(length) > limits.body_bytes_max:
            return 413, PayloadTooLarge(limit_bytes=limits.body_bytes_max)
        return None
