"""What every request passes: who asks, by which page, for what; and what browsers are told."""

import logging
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from atoll.console.sessions import Session, Sessions

COOKIE, CSRF = "atoll-console", "x-atoll-csrf"
BODY_MAX = 1024 * 1024

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
"""Content Security Policy (level 3): own files only, no inline script, in nobody's frame."""

HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]

_log = logging.getLogger("atoll.console")

Facts = dict[str, Any]  # Any: JSON
"""What an answer says."""

T = TypeVar("T", bound=msgspec.Struct)

Api = Callable[[Request, Session], Awaitable[object]]


class Refused(Exception):
    """An answer that is no result: a status, a code, and what to do."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def problem(status: int, code: str, detail: str) -> Response:
    """A problem as JSON (RFC 9457)."""
    body = {"title": code.replace("_", " "), "status": status, "code": code, "detail": detail}
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/problem+json")


class Door:
    """Answers calls of the API, for whoever has logged in; changes only for operators."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def api(self, call: Api, asked: Collection[str] = ()) -> Callable[[Request], Awaitable[Response]]:
        """A call as a route. `asked` are the names that its query may have: with a slip in one, more would be shown."""

        async def answer(request: Request) -> Response:
            try:
                session = self._session(request)
                _refuse_nul(request)
                _refuse_unknown(request, asked)
                return _json(await call(request, session))
            except Refused as refused:
                return problem(refused.status, refused.code, refused.detail)
            except Exception:  # noqa: BLE001  # a fault of the console itself is an answer too
                _log.exception("the console failed at %s", request.url.path)
                return problem(500, "internal_error", "the console failed at this: its log says why")

        return answer

    def _session(self, request: Request) -> Session:
        session = self._sessions.session(request.cookies.get(COOKIE, ""))
        if session is None:
            detail = "you are not logged in, or not any more: `atoll console` prints a link that logs in"
            raise Refused(HTTPStatus.UNAUTHORIZED, "not_logged_in", detail)
        if request.method not in ("GET", "HEAD"):
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "send application/json")
            if request.headers.get(CSRF) != self._sessions.csrf(session):
                raise Refused(HTTPStatus.FORBIDDEN, "not_from_the_page", f"the header {CSRF} is missing, or another's")
            if session.role != "operator":
                raise Refused(
                    HTTPStatus.FORBIDDEN, "read_only", "you may look, and change nothing: ask for another link"
                )
        return session


def _refuse_nul(request: Request) -> None:
    """No key, name or text holds one, and not every database can be asked for it."""
    if any("\0" in said for said in (request.scope["path"], *request.query_params.values())):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", "what is asked for holds a NUL: leave it out")


def _refuse_unknown(request: Request, asked: Collection[str]) -> None:
    """As the gateway does: what is passed over is a wish that nobody heard."""
    unknown = [f"`{name}`" for name in request.query_params if name not in asked]
    if unknown:
        known = f"it may have {', '.join(f'`{name}`' for name in asked)}" if asked else "it may have none"
        detail = f"the query has {', '.join(unknown)}, which is not asked for here: {known}"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail)


async def body_of(request: Request, kind: type[T]) -> T:
    """The body of a request, as a record.

    Raises:
        Refused: it is too long, or does not fit.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_long", f"a body may have {BODY_MAX} bytes")
    try:
        return msgspec.json.decode(bytes(body) or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", str(error)) from None


def _json(content: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(content), 200, headers, media_type="application/json")
