"""The edge as an ASGI application: who asks, within which limits, and for which operation."""

import asyncio
import logging
import math
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atoll import (
    AtollError,
    Context,
    DeadlineExceeded,
    Entropy,
    Fault,
    Forbidden,
    InvalidInput,
    Problem,
    Unauthenticated,
    Unavailable,
    openapi,
)
from atoll.edge import (
    Catalog,
    Criticality,
    Cut,
    Doorkeeper,
    Exposition,
    Operation,
    Principal,
    Rate,
    Rates,
    Tasks,
    Trace,
)
from atoll.gateway.answers import WithHeaders, gone, http_response, problem_response, rate_headers
from atoll.gateway.callers import METRICS, Callers
from atoll.gateway.pages import reference_pages
from atoll.gateway.raw import raw_body
from atoll.gateway.settings import GatewaySettings
from atoll.problems import (
    InternalError,
    MethodNotAllowed,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    UnsupportedMediaType,
)

_log = logging.getLogger("atoll.gateway")
_access_log = logging.getLogger("atoll.access")

TIMEOUT = "atoll-timeout"
"""The header in which a caller says how many seconds it will wait: relative, so that clocks need not agree."""


_RATE_HEADERS = ("ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")

_OPERATION = re.compile(r"/[^/]+/v[0-9]+(/|$)")
"""The paths of operations; a service may well be called `reference`."""


Exposed = Callable[[str], Awaitable[Exposition]]
"""The figures of the application, in the format that an `Accept` header asks for."""


class Edge:
    """Turns HTTP into calls of public operations. Holds no state but whether it takes requests."""

    def __init__(
        self, catalog: Catalog, callers: Callers, entropy: Entropy, settings: GatewaySettings, exposed: Exposed
    ) -> None:
        self._exposed = exposed
        self._catalog = catalog
        self._callers = callers
        self._entropy = entropy
        self._settings = settings
        self._tasks = Tasks("gateway")
        self._rates = Rates(Rate(settings.requests_per_s, settings.requests_burst))
        self._doorkeeper: Doorkeeper = catalog.doorkeeper
        self.is_ready = False
        self._has_open = any(each.anyone for listing in catalog.listings for each in listing.contract.operations)

    async def close(self) -> None:
        """End what is still in progress."""
        await self._tasks.close()

    def app(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            Route("/livez", self._live, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/openapi.json", self._openapi, methods=["GET"]),
            Route("/problems/{code}", self._problem, methods=["GET"]),
            Route("/", self._home, methods=["GET"]),
            Mount("/reference", reference_pages(), name="reference"),
        ]
        pages = Starlette(routes=routes)
        own = {"livez", "readyz", "openapi.json", "problems", "reference"}

        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            path: str = scope["path"]
            first = path.partition("/")[2].partition("/")[0]
            is_page = path == "/" or (first in own and not _OPERATION.match(path))
            await (pages if is_page else self._asked)(scope, receive, send)

        return self._with_cors(_WithRequestId(edge, self._entropy))

    def _with_cors(self, app: ASGIApp) -> ASGIApp:
        """Let pages of the origins that were set call, and no others."""
        if not self._settings.cors_origins:
            return app
        return CORSMiddleware(
            app,
            allow_origins=self._settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", TIMEOUT, "traceparent", "x-request-id"],
            expose_headers=["x-request-id", "deprecation", "sunset", "atoll-degraded", "retry-after", *_RATE_HEADERS],
        )

    async def _asked(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of somebody who has to say who he is, from its headers to the last byte of its answer."""
        request = Request(scope, receive)
        trace = Trace.parse(request.headers.get("traceparent", "")) or Trace(self._entropy.bits(128) or 1, 0, 0, True)
        answer: ASGIApp
        told: dict[str, str] = {}
        try:
            answer = await self._answer(request, trace, told)
        except Problem as problem:
            answer = problem_response(problem, trace)
        except (ClientDisconnect, Cut):
            return  # nobody is left to be answered
        except Exception:  # noqa: BLE001  # a fault of the edge itself: it answers like any service that has one
            _log.exception("the gateway failed", extra={"trace_id": trace.id})
            answer = problem_response(InternalError(operation="gateway"), trace)
        await (WithHeaders(answer, told) if told else answer)(scope, receive, send)

    async def _answer(self, request: Request, trace: Trace, told: dict[str, str]) -> ASGIApp:
        if (open_to_all := self._open_to_all(request)) is not None:
            operation, words = open_to_all
            self._bound(f"anyone at {operation.id}", told)  # so that a flood of one holds up no other
            return await self._admitted(request, trace, None, operation, words)
        principal = await self._principal(request, trace)
        self._bound(principal.user, told)
        if request.scope["path"] == f"/{METRICS}":
            return await self._metrics(request, trace, principal)
        return await self._operation(request, trace, principal)

    async def _principal(self, request: Request, trace: Trace) -> Principal:
        try:
            return await self._callers.principal_of(request.headers.get("authorization"))
        except Unauthenticated as refused:
            noted = {"trace_id": trace.id, "caller": "gateway", "reason": refused.reason}
            _access_log.info("refused: nobody knows who asks: %s", refused.reason, extra=noted)
            raise

    async def _metrics(self, request: Request, trace: Trace, principal: Principal) -> ASGIApp:
        """The figures of all processes, for those whose key names them: they show who is inside, and how it fares."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(path=f"/{METRICS}", method=request.method, allowed="GET, HEAD")
        if not principal.names("gateway", METRICS):
            raise _not_opened(principal, f"gateway.{METRICS}", trace)
        try:
            exposed = await self._exposed(request.headers.get("accept", ""))
        except AtollError as error:  # the store cannot be read, or all threads are busy
            _log.warning("the figures cannot be told: %s", error, extra={"trace_id": trace.id})
            raise Unavailable(service="gateway", reason="its figures cannot be read") from None
        return HttpResponse(exposed.body, headers={"content-type": exposed.media_type, "cache-control": "no-store"})

    async def _operation(self, request: Request, trace: Trace, principal: Principal) -> ASGIApp:
        operation, words = self._found(request)
        if not principal.may(operation):
            raise _not_opened(principal, operation.id, trace)
        return await self._admitted(request, trace, principal.user, operation, words)

    def _found(self, request: Request) -> tuple[Operation, tuple[str, ...]]:
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        method = "GET" if request.method == "HEAD" else request.method
        return self._catalog.find(method, raw_path.decode("ascii", errors="replace"))

    def _open_to_all(self, request: Request) -> tuple[Operation, tuple[str, ...]] | None:
        """The operation that a request is for, where that asks for no key. Of all others a stranger learns nothing."""
        if not self._has_open:
            return None
        try:
            found = self._found(request)
        except Problem:
            return None
        return found if found[0].anyone else None

    async def _admitted(
        self, request: Request, trace: Trace, user: str | None, operation: Operation, words: tuple[str, ...]
    ) -> ASGIApp:
        if operation.is_streamed:
            return await self._called(request, trace, user, operation, words)
        if not self._doorkeeper.admits(Criticality.NORMAL, asyncio.get_running_loop().time()):
            raise Overloaded(service="gateway", reason="it has let in as many requests as it can answer")
        try:
            return await self._called(request, trace, user, operation, words)
        finally:
            self._doorkeeper.ended(operation, None)  # how long a stranger takes to send a body says nothing about us

    async def _called(
        self, request: Request, trace: Trace, user: str | None, operation: Operation, words: tuple[str, ...]
    ) -> ASGIApp:
        deadline_at = asyncio.get_running_loop().time() + self._timeout_s(request)
        try:
            async with asyncio.timeout_at(deadline_at):
                body = await self._body(request, takes_raw=operation.takes_raw)
        except TimeoutError:
            raise DeadlineExceeded(operation=operation.id) from None
        context = Context(
            trace=trace,
            deadline_at=deadline_at,
            user=user,
            idempotency_key=request.headers.get("idempotency-key"),
        )
        if operation.takes_raw:
            body = raw_body(request.headers, body, is_for_anyone=operation.anyone)
        query = request.scope["query_string"].decode("ascii", errors="replace")
        # The answer to somebody who has gone is of no use: stop the work when the connection ends.
        work = self._catalog.invoke(operation, words, query, body, context)
        response = await self._tasks.unless(gone(request.receive), work)
        return http_response(operation, response, self._tasks)

    def _bound(self, user: str, told: dict[str, str]) -> None:
        """Refuse who asks too often; `told` is given the headers that say how much is left.

        Raises:
            RateLimited: he has asked more often than he may.
        """
        verdict = self._rates.ask(user, asyncio.get_running_loop().time())
        told |= rate_headers(self._rates.rate, verdict)
        if not verdict.is_admitted:
            wait_s = math.ceil(verdict.retry_after_s * 1_000) / 1_000
            raise RateLimited(per_s=self._rates.rate.per_s, retry_after_s=wait_s)

    async def _body(self, request: Request, *, takes_raw: bool) -> bytes:
        limit = self._settings.body_max_bytes
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise PayloadTooLarge(limit_bytes=limit)
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise PayloadTooLarge(limit_bytes=limit)
        if takes_raw:
            return bytes(body)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType(media_type=media_type or "nothing")
        return bytes(body)

    def _timeout_s(self, request: Request) -> float:
        asked = request.headers.get(TIMEOUT)
        if asked is None:
            return self._settings.timeout_s
        try:
            timeout_s = float(asked)
        except ValueError:
            timeout_s = -1.0
        if not 0 < timeout_s < float("inf"):
            fault = Fault(pointer=f"/{TIMEOUT}", detail=f"`{asked}` is not a number of seconds", place="header")
            raise InvalidInput(errors=(fault,))
        return min(timeout_s, self._settings.timeout_s)

    async def _live(self, _: Request) -> HttpResponse:
        return JSONResponse({"status": "live"})

    async def _ready(self, _: Request) -> HttpResponse:
        status = HTTPStatus.OK if self.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"status": "ready" if self.is_ready else "stopping"}, status)

    async def _home(self, _: Request) -> HttpResponse:
        return RedirectResponse("/reference/")

    async def _problem(self, request: Request) -> HttpResponse:
        return RedirectResponse(f"/reference/#problem/{request.path_params['code']}")

    async def _openapi(self, _: Request) -> HttpResponse:
        listings = [
            listing
            for listing in self._catalog.listings
            if any(operation.public for operation in listing.contract.operations)
        ]
        document = openapi(
            [listing.contract for listing in listings],
            title=self._catalog.application,
            version=self._catalog.version,
            description=self._catalog.description,
            owners={listing.contract.id: listing.owner for listing in listings},
            public_only=True,
        )
        return JSONResponse(document)


def _not_opened(principal: Principal, operation: str, trace: Trace) -> Forbidden:
    """The refusal of somebody whose key is for other operations, and a record of it."""
    opens = "public operations" if principal.operations is None else ", ".join(sorted(principal.operations))
    reason = f"the {principal.proof} opens {opens}, and not {operation}"
    noted = {"trace_id": trace.id, "caller": "gateway", "user": principal.user}
    noted |= {"operation": operation, "reason": reason}
    _access_log.warning("refused: %s may not call %s: %s", principal.user, operation, reason, extra=noted)
    return Forbidden(reason=reason)


class _WithRequestId:
    """Gives each request an id, its caller's own where that is fit to be logged, and answers with it."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], entropy: Entropy) -> None:
        self._app = app
        self._entropy = entropy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        fit = 0 < len(given) <= 128 and all(33 <= byte < 127 for byte in given)
        request_id = given if fit else str(self._entropy.uuid()).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id)]}
            await send(message)

        await self._app(scope, receive, send_with_id)
