"""One connection of a server: requests in, one after the other, and their answers out.

llhttp parses, strictly. A request that is not clean is answered once and the connection ends, so that two parsers can
never disagree about where the next one begins.
"""

import asyncio
import contextlib
from collections import deque
from typing import cast

import httptools

from atoll.adapters.certificates import names_of_peer
from atoll.adapters.http_asked import EVENT, Asked, BadRequest
from atoll.adapters.http_owner import Server
from atoll.calls import Lines, Request, Response, decode_query
from atoll.calls.http import (
    HEADERS,
    LAST_CHUNK,
    NOT_BEGUN_LINE,
    OK_HEAD,
    allow_line,
    answer_lines,
    attempt_of,
    chunk_bytes,
    head_bytes,
    is_strict,
    not_begun,
    stream_head_bytes,
)
from atoll.contract import InternalError, Operation, PayloadTooLarge, Problem, to_wire
from atoll.kernel import Lane
from atoll.resilience import Timer


class Served(asyncio.Protocol):
    """One connection. Owns the lane in which its requests are answered, and the timer for their deadlines."""

    def __init__(self, server: "Server[Served]") -> None:
        self._server = server
        self._limits = server.limits
        self._headers_max = server.limits.headers_max
        self._send = server.answering.send
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._timer = Timer()
        self._asked = Asked()
        self._count = self._bytes = 0
        self._since = 0.0
        self._is_receiving = self._has_head = False
        self._queue: deque[Asked] = deque()
        self._loop = asyncio.get_running_loop()
        self._lane = Lane(server.tasks, "requests", self._ended)
        self._is_paused = self._is_deaf = self._is_ending = self._is_gone = False
        self._is_going_on = self._is_closed = False
        self._drained: asyncio.Future[None] | None = None
        self._blocked_since: float | None = None
        self._peer_names: tuple[str, ...] = ()

    @property
    def is_busy(self) -> bool:
        """Whether a request arrives or is in progress, or an answer is being written."""
        return self._lane.is_busy or self._blocked_since is not None or self._is_receiving

    def drain(self) -> None:
        """Take no new request: an idle client is told to send its next one elsewhere."""
        if not self._lane.is_busy and not self._is_receiving:
            self._say_goodbye("the instance is stopping")

    def close(self) -> None:
        """End it, and what is in progress; what was written is sent, unless the other side does not read it in time."""
        is_idle = not self._lane.is_busy and self._blocked_since is None and not self._is_closed
        self._is_deaf = self._is_ending = self._is_closed = True
        self._lane.cancel()
        if self._transport is not None:
            (self._transport.close if is_idle else self._transport.abort)()

    def look(self, now: float) -> None:
        """End it where the other side is too slow: to send, to read, or to send another request."""
        if self._blocked_since is not None and now - self._blocked_since > self._limits.write_s:
            self.close()
        elif self._is_ending:
            if now - self._since > self._limits.head_s and self._transport is not None:
                self._transport.abort()
        elif self._is_receiving and not self._is_paused:
            limit_s = self._limits.body_s if self._has_head else self._limits.head_s
            if now - self._since > limit_s:
                self._refuse(408, BadRequest(reason=f"the request did not arrive within {limit_s:g} s"))
        elif not self._lane.is_busy and now - self._since > self._limits.idle_s:
            self._say_goodbye("nobody has used the connection for long")

    # --- asyncio's protocol ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are transports without being derived from it
        self._peer_names = names_of_peer(transport)
        self._lane.make_ready()
        self._since = self._loop.time()
        if len(self._server.connections) >= self._limits.connections_max:
            self._is_deaf = self._is_ending = True
            told = not_begun("too many connections are open", 503)
            self._transport.write(
                head_bytes(told.status, len(told.body), is_last=True, more=NOT_BEGUN_LINE) + told.body
            )
            self._transport.close()
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self._is_deaf:
            return  # what comes after the last request is read, so that the answer is not lost, and passed over
        self._bytes += len(data)
        if self._has_head:
            self._feed(data)
            if self._bytes > self._limits.head_bytes_max + 2 * len(self._asked.body) and self._has_head:
                self._refuse(400, BadRequest(reason="there is more around the chunks than in them"))
            return
        beyond = self._bytes - self._limits.head_bytes_max
        if beyond <= 0:
            self._feed(data)
            return
        self._feed(data[:-beyond])
        if self._bytes:  # no head has ended
            self._refuse(431, BadRequest(reason=f"the head has more than {self._limits.head_bytes_max} bytes"))
        else:
            self.data_received(data[-beyond:])

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:  # an upgrade is refused by its head
            said = str(error.__context__ or error)
            self._refuse(400, BadRequest(reason=f"this is no HTTP/1.1 request: {said.lower()}"))

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
        self._lane.cancel()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The other side reads slower than is written."""
        self._drained = self._loop.create_future()
        self._blocked_since = self._loop.time()

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
        self._since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._asked.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; one behind the body is passed over, for it may not say what a head says (RFC 9110, 6.5.1)."""
        self._count += 1
        if name not in HEADERS:  # ours are written as they are known
            name = name.lower()
        is_read = name in HEADERS or name[:3] == EVENT
        if self._count > self._headers_max or self._has_head or not is_read:
            self._on_other_header()
            return
        asked = self._asked
        if name in asked.headers:
            asked.refusal = asked.refusal or (400, BadRequest(reason=f"`{name.decode('latin-1')}` is sent twice"))
        asked.headers[name] = value

    def _on_other_header(self) -> None:
        if self._count > self._headers_max and not self._has_head:
            self._asked.refusal = (431, BadRequest(reason=f"there are more than {self._headers_max} headers"))

    def on_headers_complete(self) -> None:
        """The end of the head: what can be refused by the head alone is refused now."""
        asked = self._asked
        self._has_head = True
        self._bytes = 0
        if self._is_deaf:
            return
        refusal = asked.end_head(self._parser, self._limits)
        if refusal is not None:
            self._refuse(*refusal)
        elif b"expect" in asked.headers and asked.waits and not self._lane.is_busy and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._is_deaf:
            return
        self._asked.add(body)
        if len(self._asked.body) > self._limits.body_bytes_max:
            self._refuse(413, PayloadTooLarge(limit_bytes=self._limits.body_bytes_max))

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._is_receiving = False
        self._has_head = False
        self._bytes = 0
        if self._is_deaf:
            return
        if not self._lane.is_busy:
            self._begin(self._asked)
            return
        self._queue.append(self._asked)
        waiting = len(self._queue)
        if waiting > self._limits.pipelined_max // 4 or len(self._asked.body) > self._limits.head_bytes_max:
            self._pause()
        if waiting > self._limits.pipelined_max:
            reason = f"more than {self._limits.pipelined_max} requests wait"
            self._refuse(400, BadRequest(reason=reason))

    def _pause(self) -> None:
        """Read no more for now; as long as it can be afforded there is reading, for it tells whether they are there."""
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _begin(self, asked: Asked) -> None:
        """Answer a request."""
        if asked.refusal is not None:
            status, problem = asked.refusal
            self._write_response(Response(status, to_wire(problem, None)), is_last=True)
        elif self._server.is_draining:
            self._write_response(not_begun("the instance is stopping", 421), is_last=True, more=NOT_BEGUN_LINE)
        else:
            self._lane.begin(self._answer(asked))

    async def _answer(self, asked: Asked) -> None:
        """One request, from its head to the last byte of its answer."""
        operation: Operation | None = None
        try:
            more = b""
            try:
                operation, words, query = self._found(asked)
                if operation is None:
                    response = await self._page(asked)
                else:
                    headers = asked.event_headers() if operation.is_raw else ()
                    if asked.body and not operation.is_raw:
                        asked.refuse_body_that_is_no_json()
                    context = self._server.context_of(asked.headers, operation, self._loop.time(), self._peer_names)
                    body = asked.body if isinstance(asked.body, bytes) else bytes(asked.body)
                    attempt, timer, strict = attempt_of(asked.headers), self._timer, is_strict(asked.headers)
                    response = await self._send(
                        Request(operation, words, query, body, context, strict, None, timer, True, headers, attempt)
                    )
                    more = answer_lines(response)
            except Problem as problem:
                response = Response(problem.status, to_wire(problem, None))
                more = allow_line(problem)
            if response.stream is not None:
                await self._write_stream(response.stream, asked, more)
            else:
                self._write_response(response, is_last=asked.is_last, is_head=asked.method == "HEAD", more=more)
            if self._drained is not None:
                await self._drained
        except BaseException:
            if not self._is_gone and not self._is_ending:  # nobody has gone: a page failed, or a handler cancelled us
                failed = InternalError(operation=operation.id if operation is not None else "unknown")
                self._write_response(Response(failed.status, to_wire(failed, None)), is_last=True)
            raise

    def _found(self, asked: Asked) -> tuple[Operation | None, tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The operation that is asked for, the words of its path and its query; None where a page is.

        Raises:
            Problem: there is none, or the address cannot be read.
        """
        plain = self._server.plain.get((asked.method, asked.url))
        if plain is not None:
            return plain, (), ()
        path, query = asked.target()
        method = "GET" if asked.method == "HEAD" else asked.method
        if method == "GET" and path in self._server.pages:
            return None, (), ()
        operation, words = self._server.find(method, path)
        return operation, words, decode_query(query) if query else ()

    async def _page(self, asked: Asked) -> Response:
        status, body = await self._server.pages[asked.target()[0]]()
        return Response(status, body)

    def _ended(self) -> None:
        """A request has been answered."""
        self._since = self._loop.time()
        if self._queue or self._server.is_draining or self._is_paused:
            self._server.ended()
            self._go_on()

    def _go_on(self) -> None:
        """Take the next request, where one has come already."""
        if self._is_gone or self._is_ending or self._is_going_on:
            return
        self._is_going_on = True  # one that is answered at once must not take the next one from within
        while self._queue and not self._lane.is_busy and not self._is_ending:
            self._begin(self._queue.popleft())
        self._is_going_on = False
        if not self._lane.is_busy and self._server.is_draining and not self._is_receiving:
            self._say_goodbye("the instance is stopping")
        if self._is_paused and not self._queue and self._transport is not None and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    # --- answers -----------------------------------------------------------------------------------------------------

    def _write_response(self, response: Response, *, is_last: bool, is_head: bool = False, more: bytes = b"") -> None:
        if self._transport is None or self._transport.is_closing():
            return
        is_last = is_last or self._server.is_draining
        body = response.body
        if response.status == 200 and not (is_last or is_head or more):
            self._transport.write(OK_HEAD % (len(body), body))
            return
        head = head_bytes(response.status, len(body), is_last=is_last, more=more)
        self._transport.write(head if is_head else head + body)
        if is_last:
            self._end()

    async def _write_stream(self, stream: Lines, asked: Asked, more: bytes) -> None:
        """Line by line, as fast as the other side reads; an old client reads to the end of the connection."""
        transport = self._transport
        assert transport is not None
        transport.write(stream_head_bytes(is_last=asked.is_last, in_chunks=not asked.is_old, more=more))
        try:
            while asked.method != "HEAD":
                try:
                    line = await stream.__anext__()
                except StopAsyncIteration:
                    break
                transport.write(line + b"\n" if asked.is_old else chunk_bytes(line))
                if self._drained is not None:
                    await self._drained
            if asked.method != "HEAD" and not asked.is_old:
                transport.write(LAST_CHUNK)
        except BaseException:
            self._is_deaf = self._is_ending = True
            transport.abort()  # so that nobody takes a part for the whole
            raise
        finally:
            await stream.aclose()
        if asked.is_last:
            self._end()

    def _refuse(self, status: int, problem: Problem) -> None:
        """Answer what cannot be understood, or will not be taken, and end the connection; first the answers before."""
        if self._is_deaf:
            return
        self._is_deaf = True
        self._is_receiving = False
        if self._lane.is_busy:
            refused = Asked()
            refused.refusal = (status, problem)
            self._queue.append(refused)
        else:
            self._write_response(Response(status, to_wire(problem, None)), is_last=True)

    def _say_goodbye(self, reason: str) -> None:
        """Tell a client that the connection ends; a request that is on its way may be sent elsewhere."""
        if not self._is_ending:
            self._write_response(not_begun(reason, 408), is_last=True, more=NOT_BEGUN_LINE)

    def _end(self) -> None:
        """The last byte is written: say so, and read on until the other side has it (RFC 9112, 9.6)."""
        self._is_deaf = self._is_ending = True
        self._is_receiving = False
        self._queue.clear()
        self._since = self._loop.time()
        assert self._transport is not None
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the other side has gone, and the loop has not noticed yet
                self._transport.write_eof()
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
        else:
            self._transport.close()
