"""A network in memory: every request and every answer passes as the bytes of HTTP/1.1, parsed by llhttp at both ends.

It is the oracle of remote semantics. Nothing but bytes goes from one side to the other; the server's side runs in a
task and a context of its own, and learns that its client has gone by a closed connection. There are no sockets.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote, unquote

import httptools

from atoll.calls import Request, Response, Router, Transport, decode_query
from atoll.contract import Contract, InternalError, NoSuchOperation, Operation, Problem, Unavailable, to_wire
from atoll.kernel import Context, Criticality, Tasks, Trace

CRLF = b"\r\n"


class Wire:
    """A transport that carries HTTP/1.1 to a server, behind which another transport answers."""

    def __init__(self, answering: Transport, contracts: Sequence[Contract]) -> None:
        self._answering = answering
        self._routers = {contract.name: Router(contract.operations) for contract in contracts}
        self._tasks = Tasks("wire")

    async def send(self, request: Request) -> Response:
        """The answer to one request, over a connection of its own."""
        if f"{request.operation.service}/v{request.operation.major}" not in self._routers:
            return _unavailable(request.operation.service, "nobody knows its address")
        connection = _Connection()
        remaining_s = request.context.remaining_s
        connection.to_server(_request_bytes(request, remaining_s))
        serving = contextvars.Context().run(self._tasks.spawn, self._serve(connection), "server")
        connection.serving = serving
        try:
            return await _Answer(connection).read()
        except BaseException:
            connection.close()
            raise

    async def _serve(self, connection: "_Connection") -> None:
        """What a server does with one connection, until its client has gone or the answer is written."""
        response: Response | None = None
        received = _Received(connection.received)
        try:
            response = await self._respond(received)
            connection.to_client(_head_bytes(response))
            if response.stream is None:
                connection.to_client(response.body)
            else:
                async for line in _lines_of(response):
                    chunk = line + b"\n"
                    await connection.to_client_in_turn(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                connection.to_client(b"0\r\n\r\n")
        except asyncio.CancelledError:
            if connection.is_closed:
                raise
            # Nobody closed the connection: the handler has cancelled the task that runs it.
            problem = InternalError(operation=received.operation or "unknown")
            answer = Response(500, to_wire(problem, received.context.trace.id))
            connection.to_client(_head_bytes(answer) + answer.body)
        finally:
            if response is not None and response.stream is not None:
                await response.stream.aclose()

    async def _respond(self, received: "_Received") -> Response:
        try:
            operation, words = self._route(received.method, received.path)
            received.operation = operation.id
            query = decode_query(received.query)
        except Problem as problem:
            return Response(problem.status, to_wire(problem, received.context.trace.id))
        return await self._answering.send(Request(operation, words, query, received.body, received.context))

    def _route(self, method: str, raw_path: str) -> tuple[Operation, tuple[str, ...]]:
        _, service, major, rest = f"{raw_path}/".split("/", 3)
        router = self._routers.get(f"{service}/{major}")
        if router is None:
            raise NoSuchOperation(path=raw_path)
        return router.find(method, f"/{rest[:-1]}")


def _unavailable(service: str, reason: str) -> Response:
    problem = Unavailable(service=service, reason=reason)
    return Response(problem.status, to_wire(problem, None))


class _Connection:
    """Two streams of bytes, and the server's task. Bytes for the client wait until it takes them."""

    def __init__(self) -> None:
        self.received = b""
        self.serving: asyncio.Task[None] | None = None
        self.is_closed = False
        self._sent = bytearray()
        self._readable = asyncio.Event()
        self._taken = asyncio.Event()

    def to_server(self, data: bytes) -> None:
        self.received += data

    def to_client(self, data: bytes) -> None:
        self._sent += data
        self._readable.set()

    async def to_client_in_turn(self, data: bytes) -> None:
        """Send, and wait until the client has taken it: a network buffers, but not without end."""
        self._taken.clear()
        self.to_client(data)
        await self._taken.wait()

    async def read(self) -> bytes:
        """What has come for the client; nothing when the server has ended."""
        while not self._sent:
            assert self.serving is not None
            if self.serving.done():
                if not self.serving.cancelled() and (error := self.serving.exception()) is not None:
                    raise error
                return b""
            self.serving.add_done_callback(lambda _: self._readable.set())
            self._readable.clear()
            await self._readable.wait()
        data = bytes(self._sent)
        self._sent.clear()
        self._taken.set()
        return data

    def close(self) -> None:
        """The client goes; the server is told."""
        self.is_closed = True
        if self.serving is not None:
            self.serving.cancel()


def _request_bytes(request: Request, remaining_s: float | None) -> bytes:
    operation, context = request.operation, request.context
    words = iter(request.path)
    segments = [quote(next(words), safe="") if part.startswith("{") else part for part in operation.path.split("/")]
    target = f"/{operation.service}/v{operation.major}{'/'.join(segments)}"
    if request.query:
        target += "?" + "&".join(f"{quote(name, safe='')}={quote(word, safe='')}" for name, word in request.query)
    headers = {
        "host": operation.service,
        "content-type": "application/json",
        "traceparent": str(context.trace),
        "atoll-caller": quote(context.caller),
        "atoll-tenant": quote(context.tenant),
        "atoll-criticality": context.criticality,
    }
    if request.body:
        headers["content-length"] = str(len(request.body))
    if remaining_s is not None:
        headers["atoll-timeout"] = repr(remaining_s)
    if context.user is not None:
        headers["atoll-user"] = quote(context.user)
    if context.idempotency_key is not None:
        headers["idempotency-key"] = quote(context.idempotency_key)
    lines = [f"{operation.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


class _Received:
    """A request as the server's parser gives it."""

    def __init__(self, data: bytes) -> None:
        self.operation = ""
        self.body = b""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._is_complete = False
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        assert self._is_complete
        self.method = parser.get_method().decode()
        self.path, _, self.query = self._url.decode().partition("?")
        self.context = self._context()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self._is_complete = True

    def _context(self) -> Context:
        headers = self._headers
        trace = Trace.parse(headers["traceparent"])
        assert trace is not None
        timeout = headers.get("atoll-timeout")
        user, key = headers.get("atoll-user"), headers.get("idempotency-key")
        return Context(
            trace=trace,
            deadline_at=None if timeout is None else asyncio.get_running_loop().time() + float(timeout),
            caller=unquote(headers["atoll-caller"]),
            user=None if user is None else unquote(user),
            tenant=unquote(headers["atoll-tenant"]),
            criticality=Criticality(headers["atoll-criticality"]),
            idempotency_key=None if key is None else unquote(key),
        )


def _head_bytes(response: Response) -> bytes:
    kind = "application/problem+json" if response.status >= 400 else "application/json"
    lines = [f"HTTP/1.1 {response.status} Said".encode()]
    if response.stream is not None:
        lines += [b"content-type: application/x-ndjson", b"transfer-encoding: chunked"]
    elif response.status != 204:
        lines += [b"content-type: " + kind.encode(), b"content-length: %d" % len(response.body)]
    return CRLF.join([*lines, b"", b""])


async def _lines_of(response: Response) -> AsyncIterator[bytes]:
    assert response.stream is not None
    while True:
        try:
            line = await response.stream.__anext__()
        except StopAsyncIteration:
            return
        yield line


class _Answer:
    """An answer as the client's parser gives it, and the lines of its stream."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._is_chunked = False
        self._has_head = False
        self._is_complete = False

    async def read(self) -> Response:
        """The whole answer, or its head where a stream follows."""
        while not self._is_complete and not (self._has_head and self._is_chunked):
            if not await self._feed():
                return _unavailable("the server", "it closed the connection")
        status = self._parser.get_status_code()
        return Response(status, stream=self) if self._is_chunked else Response(status, bytes(self._body))

    async def __anext__(self) -> bytes:
        while b"\n" not in self._body:
            if self._is_complete or not await self._feed():
                raise StopAsyncIteration
        line, _, rest = bytes(self._body).partition(b"\n")
        self._body = bytearray(rest)
        return line

    async def aclose(self) -> None:
        self._connection.close()

    async def _feed(self) -> bool:
        data = await self._connection.read()
        self._parser.feed_data(data)
        return bool(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._is_chunked |= (name, value) == (b"transfer-encoding", b"chunked")

    def on_headers_complete(self) -> None:
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._is_complete = True
