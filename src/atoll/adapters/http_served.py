"""One connection of a server: requests in, one after the other, and their answers out.

llhttp parses, strictly. A request that is not clean is answered once and the connection ends, so that two parsers can
never disagree about where the next one begins.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, cast

import httptools
import msgspec

from atoll.calls import Lines, Request, Response, decode_query
from atoll.calls.http import (
    HEADERS,
    LAST_CHUNK,
    chunk_bytes,
    context_of,
    head_bytes,
    not_begun,
    stream_head_bytes,
)
from atoll.contract import (
    InternalError,
    MethodNotAllowed,
    Operation,
    PayloadTooLarge,
    Problem,
    UnsupportedMediaType,
    to_wire,
)
from atoll.kernel import Entropy, Tasks
from atoll.resilience import Timer

Page = Callable[[], Awaitable[tuple[int, bytes]]]
"""What is answered at a path that is no operation: a status and JSON."""


class ServerLimits(msgspec.Struct, frozen=True):
    """What a server puts up with. Spans are in seconds."""

    head_bytes_max: int = 64 * 1024
    headers_max: int = 100
    body_bytes_max: int = 8 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    write_s: float = 30.0
    connections_max: int = 4_096
    pipelined_max: int = 64


class BadRequest(Problem, status=400, code="bad_request", detail="{reason}"):
    """The request is no clean HTTP/1.1."""

    reason: str


class Server(Protocol):
    """What a connection asks of the server that it belongs to."""

    limits: ServerLimits
    is_draining: bool
    connections: "set[Served]"
    tasks: Tasks
    entropy: Entropy

    def find(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation of a request."""
        ...

    def page(self, path: str) -> Page | None:
        """What is answered at a path that is no operation."""
        ...

    def send(self, request: Request) -> Awaitable[Response]:
        """The answer to a request."""
        ...

    def ended(self) -> None:
        """A request or a connection has ended."""
        ...


class Asked:
    """One request as it arrived."""

    __slots__ = ("body", "headers", "is_last", "method", "refusal", "url")

    def __init__(self) -> None:
        self.method = ""
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.is_last = False
        self.refusal: tuple[int, Problem] | None = None


class Served(asyncio.Protocol):
    """One connection. Owns the task of the request in progress, and the timer for its deadlines."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._limits = server.limits
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._timer = Timer()
        self._asked = Asked()
        self._count = 0
        self._head_bytes = 0
        self._since = 0.0
        self._is_receiving = False
        self._has_head = False
        self._queue: deque[Asked] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_paused = False
        self._is_ending = False
        self._is_gone = False
        self._drained: asyncio.Future[None] | None = None
        self._blocked_since: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a request is in progress, or an answer is being written."""
        return self._task is not None or self._blocked_since is not None

    def drain(self) -> None:
        """Take no new request: an idle client is told to send its next one elsewhere."""
        if self._task is None and not self._is_receiving:
            self._say_goodbye("the instance is stopping")

    def close(self) -> None:
        """End it, and what is in progress; what was written is sent, unless the other side does not read."""
        is_idle = self._task is None and self._blocked_since is None
        self._is_ending = True
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            (self._transport.close if is_idle else self._transport.abort)()

    def look(self, now: float) -> None:
        """End it where the other side is too slow: to send, to read, or to send another request."""
        if self._blocked_since is not None and now - self._blocked_since > self._limits.write_s:
            self.close()
        elif self._is_ending:
            if now - self._since > self._limits.head_s and self._transport is not None:
                self._transport.abort()
        elif self._is_receiving:
            limit_s = self._limits.body_s if self._has_head else self._limits.head_s
            if now - self._since > limit_s:
                self._refuse(408, BadRequest(reason=f"the request did not arrive within {limit_s:g} s"))
        elif self._task is None and now - self._since > self._limits.idle_s:
            self._say_goodbye("nobody has used the connection for long")

    # --- asyncio's protocol ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are transports without being derived from it
        self._since = asyncio.get_running_loop().time()
        self._server.connections.add(self)
        if len(self._server.connections) > self._limits.connections_max:
            self._write_response(not_begun("too many connections are open", 503), is_last=True)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self._is_ending:
            return  # what comes after the last answer is read, so that the answer is not lost, and passed over
        if not self._has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, BadRequest(reason="connections are not upgraded here: ask without `Upgrade`"))
        except httptools.HttpParserError as error:
            said = str(error.__context__ or error)
            self._refuse(400, BadRequest(reason=f"this is no HTTP/1.1 request: {said.lower()}"))
        if not self._has_head and self._head_bytes > self._limits.head_bytes_max and not self._is_ending:
            self._refuse(431, BadRequest(reason=f"the head has more than {self._limits.head_bytes_max} bytes"))

    def eof_received(self) -> bool:
        """The other side sends no more: whoever has gone waits for no answer, and nobody can tell the two apart."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has gone: nobody waits for what is in progress."""
        self._is_gone = self._is_ending = True
        self._blocked_since = None
        self._server.connections.discard(self)
        self._server.ended()
        self._timer.close()
        if self._task is not None:
            self._task.cancel()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The other side reads slower than is written."""
        self._drained = asyncio.get_running_loop().create_future()
        self._blocked_since = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._blocked_since = None
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # --- httptools' callbacks ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._asked = Asked()
        self._count = 0
        self._has_head = False
        self._is_receiving = True
        self._since = asyncio.get_running_loop().time()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._asked.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count += 1
        name = name.lower()
        if name in HEADERS:
            asked = self._asked
            if name in asked.headers:
                asked.refusal = asked.refusal or (400, BadRequest(reason=f"`{name.decode()}` is sent twice"))
            asked.headers[name] = value
        if self._count > self._limits.headers_max:
            self._asked.refusal = (431, BadRequest(reason=f"there are more than {self._limits.headers_max} headers"))

    def on_headers_complete(self) -> None:
        """The end of the head: what can be refused by the head alone is refused now."""
        asked = self._asked
        self._has_head = True
        self._head_bytes = 0
        asked.method = self._parser.get_method().decode()
        asked.is_last = not self._parser.should_keep_alive()
        if asked.refusal is None:
            asked.refusal = self._amiss(asked)
        if asked.refusal is not None and not self._queue and self._task is None:
            self._refuse(*asked.refusal)
        elif asked.headers.get(b"expect", b"").lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._is_ending:
            return
        asked = self._asked
        asked.body = asked.body + body if asked.body else body
        if len(asked.body) > self._limits.body_bytes_max:
            asked.body = b""
            self._refuse(413, PayloadTooLarge(limit_bytes=self._limits.body_bytes_max))

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._is_receiving = False
        self._has_head = False
        self._head_bytes = 0
        if self._is_ending:
            return
        if self._task is None:
            self._begin(self._asked)
            return
        self._queue.append(self._asked)
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        if len(self._queue) > self._limits.pipelined_max:
            self.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _amiss(self, asked: Asked) -> tuple[int, Problem] | None:
        """What is wrong with a head that llhttp has let pass."""
        headers = asked.headers
        if b"host" not in headers and self._parser.get_http_version() != "1.0":
            return 400, BadRequest(reason="the header `host` is missing (RFC 9112, 3.2)")
        length = headers.get(b"content-length")
        coding = headers.get(b"transfer-encoding")
        if coding is not None and (length is not None or coding.strip().lower() != b"chunked"):
            return 400, BadRequest(reason="the only transfer coding is `chunked`, without `content-length`")
        if length is not None and not length.isdigit():
            return 400, BadRequest(reason="`content-length` is no number")
        if length is not None and int(length) > self._limits.body_bytes_max:
            return 413, PayloadTooLarge(limit_bytes=self._limits.body_bytes_max)
        return None

    def _begin(self, asked: Asked) -> None:
        """Answer a request in a task of its own."""
        if asked.refusal is not None:
            self._refuse(*asked.refusal)
        elif self._server.is_draining:
            self._write_response(not_begun("the instance is stopping", 421), is_last=True)
        else:
            work: Coroutine[Any, Any, None] = self._answer(asked)  # Any: a coroutine's own send types
            self._task = self._server.tasks.spawn(work, "request", awaited=True)

    async def _answer(self, asked: Asked) -> None:
        """One request, from its head to the last byte of its answer."""
        operation: Operation | None = None
        try:
            try:
                response, operation = await self._respond(asked)
            except Problem as problem:
                allow = _allow(problem)
                response = Response(problem.status, to_wire(problem, None))
                self._write_response(response, is_last=asked.is_last, is_head=asked.method == "HEAD", more=allow)
            else:
                if response.stream is not None:
                    await self._write_stream(response.stream, is_last=asked.is_last)
                else:
                    self._write_response(response, is_last=asked.is_last, is_head=asked.method == "HEAD")
            if self._drained is not None:
                await self._drained
        except asyncio.CancelledError:
            if not self._is_gone and not self._is_ending:  # nobody has gone: the handler cancelled its own task
                failed = InternalError(operation=operation.id if operation is not None else "unknown")
                self._write_response(Response(failed.status, to_wire(failed, None)), is_last=True)
            raise
        finally:
            self._task = None
            self._since = asyncio.get_running_loop().time()
            self._server.ended()
            self._go_on()

    async def _respond(self, asked: Asked) -> tuple[Response, Operation | None]:
        path, _, query = asked.url.decode("latin-1").partition("?")
        method = "GET" if asked.method == "HEAD" else asked.method
        page = self._server.page(path)
        if page is not None and method == "GET":
            status, body = await page()
            return Response(status, body), None
        operation, words = self._server.find(method, path)
        if asked.body and not _is_json(asked.headers.get(b"content-type", b"")):
            raise UnsupportedMediaType(media_type=_shown(asked.headers.get(b"content-type", b"")) or "nothing")
        now = asyncio.get_running_loop().time()
        context = context_of(asked.headers, operation, now, self._server.entropy.bits)
        pairs = decode_query(query) if query else ()
        request = Request(operation, words, pairs, asked.body, context, False, None, self._timer)
        return await self._server.send(request), operation

    def _go_on(self) -> None:
        """Take the next request, where one has come already."""
        if self._is_gone or self._is_ending:
            return
        while self._queue and self._task is None and not self._is_ending:
            self._begin(self._queue.popleft())
        if self._task is None and self._server.is_draining and not self._is_receiving:
            self._say_goodbye("the instance is stopping")
        if self._is_paused and not self._queue and self._transport is not None and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    # --- answers -----------------------------------------------------------------------------------------------------

    def _write_response(self, response: Response, *, is_last: bool, is_head: bool = False, more: bytes = b"") -> None:
        if self._transport is None or self._transport.is_closing():
            return
        is_last = is_last or self._server.is_draining
        head = head_bytes(response.status, len(response.body), is_last=is_last, more=more)
        self._transport.write(head if is_head else head + response.body)
        if is_last:
            self._end()

    async def _write_stream(self, stream: Lines, *, is_last: bool) -> None:
        """Line by line, as fast as the other side reads."""
        transport = self._transport
        assert transport is not None
        transport.write(stream_head_bytes(is_last=is_last))
        try:
            while True:
                try:
                    line = await stream.__anext__()
                except StopAsyncIteration:
                    break
                transport.write(chunk_bytes(line))
                if self._drained is not None:
                    await self._drained
            transport.write(LAST_CHUNK)
        finally:
            await stream.aclose()
        if is_last:
            self._end()

    def _refuse(self, status: int, problem: Problem) -> None:
        """Answer what cannot be understood, or will not be taken, and end the connection."""
        if self._is_ending:
            return
        if self._task is not None:  # the answer to the request before goes first, and is the last one
            self._queue.clear()
            self._asked.refusal = (status, problem)
            self._queue.append(self._asked)
            return
        self._write_response(Response(status, to_wire(problem, None)), is_last=True)

    def _say_goodbye(self, reason: str) -> None:
        """Tell a client that the connection ends; a request that is on its way may be sent elsewhere."""
        if not self._is_ending:
            self._write_response(not_begun(reason, 408), is_last=True)

    def _end(self) -> None:
        """The last byte is written: say so, and read on until the other side has it (RFC 9112, 9.6)."""
        self._is_ending = True
        self._queue.clear()
        self._since = asyncio.get_running_loop().time()
        assert self._transport is not None
        if self._transport.can_write_eof():
            self._transport.write_eof()
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
        else:
            self._transport.close()


def _is_json(content_type: bytes) -> bool:
    media_type = content_type.partition(b";")[0].strip().lower()
    return media_type == b"application/json" or media_type.endswith(b"+json")


def _shown(content_type: bytes) -> str:
    return content_type.partition(b";")[0].decode("latin-1").strip()[:100]


def _allow(problem: Problem) -> bytes:
    """The methods that a path takes (RFC 9110, 15.5.6)."""
    if isinstance(problem, MethodNotAllowed):
        return b"allow: %b\r\n" % problem.allowed.encode()
    return b""
