"""One kept-alive connection of a client: a request, its answer, the next request."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools

from atoll.adapters.certificates import names_of_peer
from atoll.calls import Again, Response
from atoll.calls.http import NOT_BEGUN, RETRIED, degraded_in, head_says, retry_after_in
from atoll.calls.sizes import ANSWER_BYTES_MAX, too_long
from atoll.calls.streams import told_in_stream
from atoll.contract import BrokenContract, Operation, Unavailable, to_wire
from atoll.kernel import Trace

STREAM_BYTES_MAX = 64 * 1024
"""How much of a stream may wait for its reader before the other side is told to wait."""

STATUS_MAX = 599
"""Others are in no class (RFC 9110, 15), and no server of ours could pass them on."""

HEAD_BYTES_MAX = 64 * 1024


class Lost(Exception):
    """The connection ended before the answer. `may_have_begun`: a handler may have begun to work on the request."""

    def __init__(self, reason: str, *, may_have_begun: bool = True) -> None:
        super().__init__(reason)
        self.may_have_begun = may_have_begun


class Stale(Lost):
    """A connection that had been idle ended as the request was sent: that says nothing about the instance."""


class NotBegun(Lost):
    """No handler has seen the request, says the instance; `is_goodbye`: only because the connection had been idle."""

    def __init__(self, *, is_goodbye: bool) -> None:
        super().__init__("it takes no new request", may_have_begun=False)
        self.is_goodbye = is_goodbye


class Connection(asyncio.Protocol):
    """Carries one request at a time. Tells `free` when it can be used again, and `gone`, once, when it is closed."""

    def __init__(
        self,
        free: "Callable[[Connection], None]",
        gone: "Callable[[Connection], None]",
        answer_bytes_max: int,
        *,
        is_own: bool,
    ) -> None:
        self.used_at = 0.0
        self._free = free
        self._gone = gone
        self._answer_bytes_max = answer_bytes_max
        self._is_own = is_own
        self._transport: asyncio.Transport | None = None
        self.peer_names: tuple[str, ...] = ()
        """The services that the other side is by its certificate."""
        self._parser = httptools.HttpResponseParser(self)
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[Response] | None = None
        self._operation: Operation | None = None
        self._trace = Trace()
        self._lines: ReceivedLines | None = None
        self._body: bytes | bytearray = b""
        self._head = b""
        self._interim = 0
        self._has_answered = False
        self._has_head = False
        self._closed = False

    @property
    def is_usable(self) -> bool:
        """Whether a request can be sent on it."""
        return not self._closed and self._waiting is None and self._lines is None

    def ask(self, sent: bytes, operation: Operation, trace: Trace) -> asyncio.Future[Response]:
        """The answer to a request, which will come; whoever stops to wait for it leaves it.

        Raises:
            Lost: the connection was closed before anything was sent. The answer may be `Lost`, too.
        """
        if self._closed or self._transport is None:
            raise Lost("the connection was closed", may_have_begun=False)
        waiting = self._waiting = self._loop.create_future()
        self._operation = operation
        self._trace = trace
        self._transport.write(sent)
        return waiting

    def leave(self, answer: asyncio.Future[Response]) -> None:
        """Nobody waits for an answer any more. Where it has come already, another may use the connection by now."""
        if (
            not answer.done()
            or answer.cancelled()
            or (answer.exception() is None and answer.result().stream is not None)
        ):
            self.close()

    def close(self) -> None:
        """End it, whatever is under way."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def released(self) -> None:
        """The stream has come to its end, read or not."""
        self._lines = None
        self.pause(paused=False)
        self._go_free()

    def _go_free(self) -> None:
        if not self._closed:
            self.used_at = self._loop.time()
            self._free(self)

    def pause(self, *, paused: bool) -> None:
        """Let the other side wait, or go on."""
        if self._transport is not None and not self._closed:
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    # --- asyncio's protocol ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are transports without being derived from it
        self.peer_names = names_of_peer(transport)
        if self._closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        if self._has_head:
            self._feed(data)
            return
        self._head = self._head + data if self._head else data
        beyond = len(self._head) - HEAD_BYTES_MAX
        if beyond <= 0:
            self._feed(data)
            return
        self._feed(data[:-beyond])
        if self._head and not self._has_head:  # no head has ended
            self._fail(f"the head of its answer has more than {HEAD_BYTES_MAX} bytes")
        else:
            self._feed(data[-beyond:])

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"it answered with what is no HTTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._closed = True
        if exc is None and self._ends_with_connection():
            self.on_message_complete()
        reason = "the connection was lost before its answer" + (f" ({exc})" if exc else self._hint())
        if self._waiting is not None and not self._waiting.done():
            is_stale = self._has_answered and not self._head and not self._has_head
            self._waiting.set_exception(Stale(reason) if is_stale else Lost(reason))
        if self._lines is not None:
            self._lines.end(Unavailable(service=self._service, reason="the connection was lost within its answer"))
        self._gone(self)

    def _hint(self) -> str:
        """What it may be, where nothing was ever answered: neither TLS 1.3 nor a plain client is told."""
        if self._has_answered or self._transport is None:
            return ""
        if self._transport.get_extra_info("sslcontext") is not None:
            return " (it may ask for a certificate that it trusts)"
        return " (it may expect https)" if isinstance(self._transport.get_extra_info("peername"), tuple) else ""

    def _ends_with_connection(self) -> bool:
        """Whether the end of the connection is the end of the answer, because its head does not say how long it is."""
        if not self._has_head or self._parser.get_status_code() in (204, 304):
            return False
        head = self._last_head()
        return not head_says(head, b"content-length") and not head_says(head, b"transfer-encoding")

    def _last_head(self) -> bytes:
        """The head of the answer that is being read, behind those of interim answers."""
        return self._head.split(b"\r\n\r\n", self._interim + 1)[self._interim]

    # --- httptools' callbacks ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of an answer. One that nobody has asked for must not become the answer to the next request."""
        if self._waiting is None or self._waiting.done():
            self.close()

    def on_headers_complete(self) -> None:
        """The head of an answer: a stream can be read from here on."""
        self._has_head = True
        operation, waiting = self._operation, self._waiting
        if waiting is None or operation is None or waiting.done():
            return
        if (status := self._parser.get_status_code()) > STATUS_MAX:
            self._fail(f"it answered with what is no HTTP: the status {status}")
        elif operation.is_streamed and status == 200:
            self._lines = ReceivedLines(self, self._trace.id)
            self._waiting = None
            degraded = degraded_in(self._last_head()) if self._is_own else ()
            waiting.set_result(Response(200, stream=self._lines, degraded=degraded))

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._lines is not None:
            self._lines.feed(body)
            return
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body) + body
        if len(self._body) > self._answer_bytes_max:
            self._refuse_length()

    def on_message_complete(self) -> None:
        """The end of an answer."""
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer: the other one follows
            self._has_head = False
            self._interim += 1
            return
        again = Again.IF_IDEMPOTENT
        degraded: tuple[str, ...] = ()
        if self._is_own:
            degraded = degraded_in(self._head)
            if status in NOT_BEGUN and head_says(self._last_head(), b"atoll-not-begun"):
                again = Again.ANYWAY
            elif status >= 500 and head_says(self._last_head(), b"atoll-again"):
                again = Again.NO
        retry_after_s = retry_after_in(self._last_head(), time.time()) if status in RETRIED else None
        self._has_head = False
        self._head = b""
        self._interim = 0
        self._has_answered = True
        if not self._parser.should_keep_alive():
            self._closed = True
            if self._transport is not None:
                self._transport.close()
        body, self._body = self._body, b""
        waiting, self._waiting = self._waiting, None
        if self._lines is not None:
            self._lines.end(None)
        elif waiting is None or waiting.done():
            return
        elif again is Again.ANYWAY and retry_after_s is None:  # else it stays, and says when it takes more
            self.close()
            waiting.set_exception(NotBegun(is_goodbye=status == 408))
        else:
            whole = body if isinstance(body, bytes) else bytes(body)
            waiting.set_result(Response(status, whole, None, retry_after_s, again, degraded))
            self._go_free()

    # --- failures ----------------------------------------------------------------------------------------------------

    @property
    def _service(self) -> str:
        return self._operation.service if self._operation is not None else "the service"

    def _fail(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Lost(reason))
        if self._lines is not None:
            self._lines.end(Unavailable(service=self._service, reason=reason))
        self.close()

    def _refuse_length(self) -> None:
        fault = too_long(self._answer_bytes_max)
        operation = self._operation.id if self._operation is not None else "an operation"
        problem = BrokenContract(operation=operation, errors=(fault,))
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Response(problem.status, to_wire(problem, self._trace.id)))
        self._closed = True
        if self._transport is not None:
            self._transport.abort()


class ReceivedLines:
    """The lines of a stream that arrives. The other side waits while too much of it is unread."""

    def __init__(self, connection: Connection, trace_id: str) -> None:
        self._connection = connection
        self._trace_id = trace_id
        self._lines: deque[bytes] = deque()
        self._rest = bytearray()
        self._bytes = 0
        self._is_paused = False
        self._is_over = False
        self._is_closed = False
        self._waiting: asyncio.Future[None] | None = None

    async def __anext__(self) -> bytes:
        """The next line; one that tells of `Unavailable` is the last where the connection was lost."""
        while not self._lines:
            if self._is_over or self._is_closed:
                raise StopAsyncIteration
            waiting = self._waiting = asyncio.get_running_loop().create_future()
            try:
                await waiting
            finally:
                self._waiting = None
        line = self._lines.popleft()
        self._bytes -= len(line) + 1
        if self._is_paused and self._bytes < STREAM_BYTES_MAX // 2:
            self._is_paused = False
            self._connection.pause(paused=False)
        return line

    async def aclose(self) -> None:
        """Read no further: the connection is closed where the stream has not ended, which ends the work behind it."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_over:
            self._connection.released()
        else:
            self._connection.close()

    def feed(self, data: bytes) -> None:
        """Bytes that have arrived."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
            self._lines.extend(lines)
            self._bytes += sum(map(len, lines)) + len(lines)
        self._rest += rest
        if len(self._rest) > STREAM_LINE_BYTES_MAX:
            self._connection.close()
        elif self._bytes > STREAM_BYTES_MAX and not self._is_paused:
            self._is_paused = True
            self._connection.pause(paused=True)
        self._wake()

    def end(self, problem: Unavailable | None) -> None:
        """Nothing more will come; with a problem, because the connection was lost."""
        if self._is_over:
            return
        self._is_over = True
        if self._rest and problem is None:
            self._lines.append(bytes(self._rest))
        if problem is not None:
            self._lines.append(told_in_stream(problem, self._trace_id))
        self._rest.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


STREAM_LINE_BYTES_MAX = ANSWER_BYTES_MAX
"""A longer line ends the connection."""
