"""The console as an ASGI application: login, the API, and the pages."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from atoll.console.events import EventsApi
from atoll.console.files import pages
from atoll.console.guarding import COOKIE, Door, Facts, problem
from atoll.console.seen import SeenApi
from atoll.console.services import ServicesApi
from atoll.console.sessions import Session, Sessions
from atoll.edge import Home

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXPIRED = "This link was used already, or is too old: `atoll console` prints a new one.\n"

ASKED: Mapping[str, Sequence[str]] = {
    "/traces": ("service", "name", "key", "outcome", "failed", "min_ms", "since", "until", "turns", "limit"),
    "/logs": ("service", "level", "trace", "text", "since", "until", "after", "limit"),
    "/events/dead": ("service", "key", "type", "limit"),
    "/events/messages": ("service", "key", "limit"),
    "/audit": ("limit",),
}
"""What the query of a path may ask for; that of all others asks for nothing."""


class Pages:
    """Everything that the console answers."""

    def __init__(
        self, home: Home, sessions: Sessions, services: ServicesApi, seen: SeenApi, events: EventsApi, session_s: float
    ) -> None:
        self._home = home
        self._sessions = sessions
        self._services = services
        self._seen = seen
        self._events = events
        self._session_s = session_s

    def app(self) -> Starlette:
        """The ASGI application."""
        door = Door(self._sessions)
        services, seen, events = self._services, self._seen, self._events
        looks = {
            "/session": self._session,
            "/map": services.map,
            "/services/{name}": services.service,
            "/services/{name}/openapi.json": services.document,
            "/traces": seen.traces,
            "/traces/{trace_id}": seen.trace,
            "/logs": seen.logs,
            "/events": events.overview,
            "/events/dead": events.dead,
            "/events/messages": events.messages,
            "/story/{key:path}": self._story,
            "/audit": events.audit,
        }
        changes = {
            "/services/{name}/stop": services.stop,
            "/services/{name}/start": services.start,
            "/services/{name}/restart": services.restart,
            "/services/{name}/scale": services.scale,
            "/services/{name}/operations/{operation}/call": services.attempt,
            "/events/replay": events.replay,
            "/events/drop": events.drop,
        }
        routes: list[BaseRoute] = [
            Route("/login", self._login, methods=["GET"]),
            Route("/livez", _live, methods=["GET"]),
        ]
        routes += [
            Route(f"/api{path}", door.api(call, ASKED.get(path, ())), methods=["GET"]) for path, call in looks.items()
        ]
        routes += [Route(f"/api{path}", door.api(call), methods=["POST"]) for path, call in changes.items()]
        routes += [Route("/api/{path:path}", _nothing, methods=METHODS), Mount("/", pages())]
        return Starlette(routes=routes)

    async def _session(self, _: Request, session: Session) -> Facts:
        application = self._home.application
        return {
            "application": application.name,
            "version": application.version,
            "topology": await self._services.topology(),
            "user": session.user,
            "role": session.role,
            "csrf": self._sessions.csrf(session),
        }

    async def _story(self, request: Request, _: Session) -> Facts:
        key = request.path_params["key"]
        return await self._seen.story(key) | {"dead": await self._events.of_key(key)}

    async def _login(self, request: Request) -> Response:
        """A link that is used once: it becomes a cookie, and leaves the address.

        Whoever is logged in and opens theirs again, by a second click say, is shown the pages.
        """
        cookie = self._sessions.enter(request.query_params.get("token", ""))
        if cookie is None and self._sessions.session(request.cookies.get(COOKIE, "")) is not None:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
        if cookie is None:
            return PlainTextResponse(EXPIRED, HTTPStatus.FORBIDDEN, {"cache-control": "no-store"})
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
        answer.set_cookie(COOKIE, cookie, max_age=int(self._session_s), httponly=True, samesite="strict", path="/")
        return answer


async def _live(_: Request) -> Response:
    return PlainTextResponse("live\n")


async def _nothing(request: Request) -> Response:
    return problem(HTTPStatus.NOT_FOUND, "no_such_path", f"the console answers no {request.method} here")
