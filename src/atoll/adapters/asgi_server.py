"""Operations served by ASGI: Atoll inside an application of another framework, or below any ASGI server.

An operation is served at `/{id}/v{major}{path}` below the path at which it is mounted, with the headers of
`calls.http`. Who asks is the business of whoever is around it: strangers can call what is public, and cannot say in
whose name.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec
from starlette.types import Receive, Scope, Send

from atoll.calls import Lines, Request, Response, Routers, Transport, decode_query
from atoll.calls.http import answer_lines, context_of, is_strict
from atoll.contract import (
    MEDIA_TYPE,
    Contract,
    Fault,
    InvalidInput,
    MethodNotAllowed,
    Operation,
    PayloadTooLarge,
    Problem,
    UnsupportedMediaType,
    to_wire,
)
from atoll.kernel import Context, Cut, Entropy, Tasks

T = TypeVar("T")

_log = logging.getLogger("atoll.asgi")

UserOf = Callable[[Scope], str | None]
"""Says in whose name a request is made, from what the application around it has found out (`scope["user"]`, say)."""

FIELDS_MAX = 1_000
"""How many fields a stranger's query may have."""

_FROM_STRANGERS = frozenset({b"traceparent", b"atoll-timeout", b"idempotency-key"})


class Trusting(msgspec.Struct, frozen=True):
    """How far those who call are trusted.

    Strangers (the default) reach public operations only, are checked strictly, and are who `user_of` says. With
    `is_inside` they are services of one's own: they reach everything and say themselves for whom they ask.
    """

    is_inside: bool = False
    user_of: UserOf | None = None
    body_bytes_max: int = 1024 * 1024


Pairs = list[tuple[bytes, bytes]]
"""Headers, as ASGI has them."""


class AsgiServer:
    """Answers HTTP requests of an ASGI server. Owns the tasks of those in progress."""

    def __init__(
        self,
        answering: Transport,
        contracts: Sequence[Contract],
        entropy: Entropy,
        trusting: Trusting | None = None,
    ) -> None:
        self._answering = answering
        self._trusting = trusting or Trusting()
        self._bits = entropy.bits
        self._tasks = Tasks("asgi")
        self._routers = Routers(
            {
                contract.name: [each for each in contract.operations if each.public or self._trusting.is_inside]
                for contract in contracts
            }
        )

    async def close(self) -> None:
        """End what is in progress."""
        await self._tasks.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            response = await self._respond(scope, receive)
        except Problem as problem:
            response = Response(problem.status, to_wire(problem, None))
            headers = [(b"allow", problem.allowed.encode())] if isinstance(problem, MethodNotAllowed) else []
            await _send(send, response, scope["method"], headers)
        except Cut:
            return  # nobody is left to be answered
        else:
            told = _pairs(answer_lines(response))
            if response.stream is not None:
                await self._send_lines(send, receive, response.stream, told)
            else:
                await _send(send, response, scope["method"], told)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        path = _path_below(scope)
        operation, words = self._routers.find("GET" if scope["method"] == "HEAD" else scope["method"], path)
        headers = {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
        now = asyncio.get_running_loop().time()
        context = self._context(scope, headers, operation, now)
        is_outside = not self._trusting.is_inside
        limit = FIELDS_MAX if is_outside else None
        query = decode_query(bytes(scope.get("query_string", b"")).decode("latin-1"), limit)
        if is_outside and not {".", ".."}.isdisjoint(words):  # a proxy may have read them otherwise
            raise InvalidInput(errors=(Fault(pointer="", detail="`.` and `..` are no words", place="path"),))
        body = await self._body(receive, headers)
        request = Request(operation, words, query, body, context, is_outside or is_strict(headers))
        return await self._tasks.unless(_gone(receive), self._carried(request))

    async def _carried(self, request: Request) -> Response:
        return await self._answering.send(request)

    def _context(self, scope: Scope, headers: dict[bytes, bytes], operation: Operation, now: float) -> Context:
        if self._trusting.is_inside:
            return context_of(headers, operation, now, self._bits)
        known = {name: value for name, value in headers.items() if name in _FROM_STRANGERS}
        context = context_of(known, operation, now, self._bits)
        user = self._trusting.user_of(scope) if self._trusting.user_of is not None else None
        return msgspec.structs.replace(context, user=user)

    async def _body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        limit = self._trusting.body_bytes_max
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise PayloadTooLarge(limit_bytes=limit)
        body = bytearray()
        is_whole = False
        while not is_whole:
            message = await receive()
            if message["type"] != "http.request":
                raise Cut
            body += message.get("body", b"")
            if len(body) > limit:
                raise PayloadTooLarge(limit_bytes=limit)
            is_whole = not message.get("more_body", False)
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        if body and media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType(media_type=media_type or "nothing")
        return bytes(body)

    async def _send_lines(self, send: Send, receive: Receive, lines: Lines, told: Pairs) -> None:
        try:
            await send(_head(200, [(b"content-type", b"application/x-ndjson"), *told]))
            await self._tasks.unless(_gone(receive), _send_all(send, lines))
        except Cut:
            return
        finally:
            await lines.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _path_below(scope: Scope) -> str:
    """The path below the place where it is mounted, percent-encoded as it came."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    given = scope.get("raw_path")
    raw: str = bytes(given).decode("latin-1") if given else quote(path, safe="/!$&'()*+,;=:@~-._")
    if not root or not unquote(raw).startswith(f"{root}/"):
        return raw
    return "/" + "/".join(raw.split("/")[root.count("/") + 1 :])


def _head(status: int, headers: Pairs) -> dict[str, Any]:  # Any: a message
    return {"type": "http.response.start", "status": status, "headers": headers}


def _pairs(lines: bytes) -> Pairs:
    """Lines of a head as ASGI has them."""
    named = (line.partition(b": ") for line in lines.splitlines())
    return [(name, value) for name, _, value in named]


async def _send(send: Send, response: Response, method: str, headers: Pairs | None = None) -> None:
    told = list(headers or [])
    if response.status != 204:
        media_type = "application/json" if response.status < 300 else MEDIA_TYPE
        told += [(b"content-type", media_type.encode()), (b"content-length", str(len(response.body)).encode())]
    await send(_head(response.status, told))
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


async def _send_all(send: Send, lines: Lines) -> None:
    while True:
        try:
            line = await lines.__anext__()
        except StopAsyncIteration:
            break
        await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})
        await asyncio.sleep(0)  # neither of the two may have to wait: whoever has gone is noticed
    await send({"type": "http.response.body", "body": b""})
